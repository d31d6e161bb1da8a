/**
 * From a cell's equations to what the engine does: where every value lies and for how long, which kernels and products a
 * step has, and what is done for many steps at once.
 *
 * | when     | what |
 * |----------|------|
 * | before   | rows that all samples share and that are computed of parameters: once a pass |
 * | hoisted  | products by x: before the steps of a span, all at once |
 * | forward, backward | a step: kernels, and between them the products that wait for one and that the next waits for |
 * | after    | products that only gradients of parameters and of x are made of: behind the steps of a span |
 *
 * A kernel is all that can be done element by element before a product is needed. Products by one operand are one product
 * where their results, and their parameters, are neighbours; so are products that are added up. Of forward's values
 * backward finds those that are dear again, products and functions beyond a few sums; what is cheap it computes again. A
 * value that is kept takes the place of the sum that it is made of.
 */
import type { Cell, CellSize } from '../cells/cell.ts';
import { type Equations, record } from '../equations/record.ts';
import { keepingOf } from './planning/keeping.ts';
import { type Graph, graphOf, mapValues, Unfused } from './planning/nodes.ts';
import { placesOf } from './planning/places.ts';
import { stagesOf } from './planning/stages.ts';
import type { Plan, Recorded, Ref, Work } from './planning/work.ts';
import { worksOf } from './planning/works.ts';

/** A plan, or why there is none, in half a sentence. */
export type Planned =
  | { readonly plan: Plan; readonly reason?: undefined }
  | { readonly plan?: undefined; readonly reason: string };

/** A plan, and the passes that it was made of. */
interface Known {
  readonly passes: Pick<Cell, 'forward' | 'backward'>;
  readonly made: Planned;
}

const planned = new WeakMap<object, Map<string, Known>>();

/** The plan of a cell of that size; the same when asked again, unless its passes are others by now. */
export function plannedOf(cell: Cell, size: CellSize): Planned {
  const ofCell = planned.get(cell) ?? new Map<string, Known>();
  planned.set(cell, ofCell);
  const key = `${size.d} ${size.m}`;
  const { forward, backward } = cell;
  const known = ofCell.get(key);
  if (known?.passes.forward === forward && known.passes.backward === backward) return known.made;
  const made = newPlan(cell, size);
  ofCell.set(key, { passes: { forward, backward }, made });
  return made;
}

function newPlan(cell: Cell, size: CellSize): Planned {
  const { equations, reason } = record(cell, size);
  if (!equations) return { reason };
  try {
    return { plan: planOf(graphOf(equations), declaredIn(equations)) };
  } catch (error) {
    if (error instanceof Unfused) return { reason: error.message };
    throw error;
  }
}

/** What the cell said of itself when it was recorded: it is not asked twice, since it might say something else. */
function declaredIn({ size, next, values }: Equations): Recorded {
  const parameters = values.flatMap(({ input, shape }) => (input?.role === 'p' ? [[input.name, shape] as const] : []));
  return { size, state: mapValues(next, ({ shape }) => shape[1]), shapes: Object.fromEntries(parameters) };
}

function planOf(graph: Graph, declared: Recorded): Plan {
  const stages = stagesOf(graph);
  const keeping = keepingOf(graph, stages);
  const places = placesOf(graph, stages, keeping, declared);
  const works = worksOf(graph, stages, keeping, places);
  const { sums, dxAfter } = stages;
  const { blocks, parameters, constants } = places;
  const hoisted = works.products(
    sums.filter(({ backward }) => !backward),
    true,
  );
  const [forward, backward] = [works.step(false), works.step(true)];
  const after = works.gradients();
  const plan = { before: works.rows(), hoisted, forward, backward, after };
  return {
    declared,
    blocks,
    parameters,
    constants,
    ...plan,
    dx: dxAfter ? works.products([graph.dx], false) : [],
    readsX: [...hoisted, ...forward, ...backward, ...after].some(work => readsX(work, declared.size.d)),
  };
}

/** Whether a work needs the numbers of x: indices are enough for a product by all of it with a parameter's columns. */
function readsX(work: Work, d: number): boolean {
  const isX = (ref?: Ref) => ref?.block === 'x';
  if (work.kind === 'kernel') return [...work.found.values()].some(isX);
  if (work.kind === 'product') return isX(work.left) && !(work.transposed && !work.accumulate && work.K === d);
  if (work.kind === 'per sample') return isX(work.left) || isX(work.right);
  return isX(work.left) || (isX(work.right) && (work.elementwise || work.N !== d));
}
