/** Finite differences of everything that has a gradient in a scene, off the page's thread: the newest question only. */
import { type AbstractMatrix, type Cell, cells } from 'bptt';
import {
  type Differing,
  inputDifferences,
  parameterDifferences,
  stateDifferences,
  valueDifferences,
} from './differences.ts';
import { gradientsAt, type Passes, passesOf } from './passes.ts';
import type { Differences, TimeAnswer, TimeQuestion, TimeStop } from './time-messages.ts';

const worker = self as unknown as {
  onmessage: (event: MessageEvent<TimeQuestion | TimeStop>) => void;
  postMessage(answer: TimeAnswer): void;
};

let newest = 0;
let own: { readonly text: string; readonly cell: Cell } | undefined;

worker.onmessage = ({ data }) => {
  newest = data.id;
  if (!('view' in data)) return;
  answer(data).catch(error => {
    const why = error instanceof Error ? error.message : String(error);
    worker.postMessage({ id: data.id, kind: 'failed', why });
  });
};

/** Milliseconds after which a newer question is looked for. */
const PATIENCE = 8;

/** All of them, or nothing once they are not wanted any more. */
type Gather = (differing: Differing) => Promise<Float64Array | undefined>;

async function answer(question: TimeQuestion): Promise<void> {
  const { id, view, listing } = question;
  let since = performance.now();
  const gather: Gather = async differing => {
    const numbers: number[] = [];
    for (const number of differing) {
      numbers.push(number);
      if (performance.now() - since < PATIENCE) continue;
      await new Promise(resolve => setTimeout(resolve));
      since = performance.now();
      if (id !== newest) return undefined;
    }
    return Float64Array.from(numbers);
  };
  const passes = passesOf(await cellOf(question), view);
  const { t } = view;
  const states = Object.keys(passes.steps[0]?.next ?? {}).map(
    name => [name, stateDifferences(passes, t, name)] as const,
  );
  const step = await gatherAll({ x: inputDifferences(passes, t), ...Object.fromEntries(states) }, gather);
  if (!step) return;
  worker.postMessage({ id, kind: 'step', differences: step });
  const ids = listing?.rows.flatMap(({ makes }) => makes.flatMap(({ of }) => of ?? [])) ?? [];
  const values: Record<string, Differing> = {};
  for (const value of new Set(ids)) {
    const { input } = listing?.values[value] ?? {};
    if (listing && input?.role !== 'p') values[`#${value}`] = valueDifferences(passes, listing, t, value);
  }
  const ofValues = await gatherAll(values, gather);
  if (!ofValues) return;
  worker.postMessage({ id, kind: 'step', differences: ofValues });
  for (const name of Object.keys(passes.params)) {
    const wanted = {
      [`${name} adds`]: parameterDifferences(passes, t, name, true),
      [`${name} sum`]: parameterDifferences(passes, t, name, false),
    };
    const differences = await gatherAll(wanted, gather);
    if (!differences) return;
    worker.postMessage({ id, kind: 'parameter', differences });
  }
  await compareAll(id, passes, gather);
}

async function gatherAll(
  wanted: Readonly<Record<string, Differing>>,
  gather: Gather,
): Promise<Differences | undefined> {
  const all: Record<string, Float64Array> = {};
  for (const [name, differing] of Object.entries(wanted)) {
    const differences = await gather(differing);
    if (!differences) return undefined;
    all[name] = differences;
  }
  return all;
}

async function compareAll(id: number, passes: Passes, gather: Gather): Promise<void> {
  const { sums } = gradientsAt(passes, 1);
  let [worst, count] = [0, 0];
  for (const [name, gradient] of Object.entries(sums)) {
    const differences = await gather(parameterDifferences(passes, 1, name, false));
    if (!differences) return;
    for (const [n, numeric] of differences.entries()) worst = Math.max(worst, Math.abs(numeric - at(gradient, n)));
    count += differences.length;
  }
  worker.postMessage({ id, kind: 'all', worst, count });
}

const at = (matrix: AbstractMatrix, n: number): number =>
  matrix.get(Math.floor(n / matrix.columns), n % matrix.columns);

async function cellOf({ view, text }: TimeQuestion): Promise<Cell> {
  if (text === undefined) return cells[view.cell] as Cell;
  if (own?.text !== text) {
    const { ownCell } = (await import(new URL('own.js', import.meta.url).href)) as typeof import('./own.ts');
    own = { text, cell: ownCell(text).cell };
  }
  return own.cell;
}
