/** Equations that are not a cell's, proven exactly: a layer, a loss, a function of some matrices. */

import { AbstractMatrix } from 'ml-matrix';
import { type MatrixSymbol, originOf, Recorder, Unrecordable } from '../equations/symbol.ts';
import { ShapeError } from '../errors.ts';
import { greatest } from '../extremes.ts';
import { describe, requireFunction, requireInteger, requireKnown, requireNamed, requireSize } from '../require.ts';
import type { Matrices, Shape } from '../shape.ts';
import { NoInverse, Unprovable } from './field.ts';
import { type GradientOf, judge } from './judge.ts';
import type { Proof } from './prove-cell.ts';

/** Rows and columns of an input; as many rows as there are samples where they are `'B'`. */
export type InputShape = readonly [rows: number | 'B', columns: number];

/** Some matrices made of others, and the gradients in those. */
export interface ProvableEquations<I extends string = string, R extends string = string, Tape = unknown> {
  readonly inputs: Readonly<Record<I, InputShape>>;
  forward(inputs: Matrices<I>): { readonly results: Matrices<R>; readonly tape: Tape };
  /**
   * The gradients in the inputs that have a row for every sample, from those in the results. Those in the others are ADDED to
   * `gradients`, as a cell does it.
   */
  backward(inputs: Matrices<I>, tape: Tape, dresults: Matrices<R>, gradients: Matrices<I>): Partial<Matrices<I>>;
}

/** The verdict on them, as that on a cell. */
export type EquationsProof = Pick<Proof, 'ok' | 'verdict' | 'reason' | 'draws' | 'degree' | 'chance' | 'tensors'>;

/**
 * Proves the gradients of L = Σ ⟨R, result⟩ with a random cotangent R on every result, as {@link proveCell} does a cell's.
 *
 * @param equations written in the algebra of the library: `forward` and `backward` are called once, with symbols for matrices.
 * @throws ValueError when a part of `equations`, a size or the seed is none; ShapeError when `backward` gives a gradient of
 * another shape than the input's, or none.
 *
 * @example
 * ```ts
 * import { mul, sumUnits, mulColumn, scale } from 'bptt';
 * import { proveEquations } from 'bptt/check';
 *
 * const half = proveEquations({
 *   inputs: { a: ['B', 3] },
 *   forward: ({ a }) => ({ results: { l: scale(sumUnits(mul(a, a)), 0.5) }, tape: {} }),
 *   backward: ({ a }, _, { l: dl }) => ({ a: mulColumn(a, dl) }),
 * });
 * console.log(half.verdict); // → proven
 * ```
 */
export function proveEquations<I extends string, R extends string, Tape>(
  equations: ProvableEquations<I, R, Tape>,
  options: { readonly seed?: number } = {},
): EquationsProof {
  const { inputs, forward, backward } = requireKnown('equations', equations as unknown as ProvableEquations, [
    'inputs',
    'forward',
    'backward',
  ]);
  const { seed = 1 } = requireKnown('options', options, ['seed']);
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  requireFunction('equations.forward', forward);
  requireFunction('equations.backward', backward);
  const shapes = requireNamed('equations.inputs', inputs).map(
    ([name, shape]) => [name, requireInput(name, shape)] as const,
  );
  const samples = 1 + greatest([1000, ...shapes.flatMap(([, shape]) => shape.map(size => (size === 'B' ? 0 : size)))]);
  const recorder = new Recorder(samples);
  const symbols = (role: 'p' | 'dp', some: readonly (readonly [string, InputShape])[]) =>
    Object.fromEntries(
      some.map(([name, [rows, columns]]): [string, MatrixSymbol] => [
        name,
        recorder.input({ role, name }, [rows === 'B' ? samples : rows, columns]),
      ]),
    );
  const given = symbols('p', shapes);
  const added = symbols(
    'dp',
    shapes.filter(([, [rows]]) => rows !== 'B'),
  );
  try {
    const { results, tape } = forward({ ...given });
    const ends = Object.entries(results).map(([name, result]) => {
      const value = recorder.wholeOf(requireMatrix(`results.${name}`, result));
      const { rows, columns } = result;
      return { name, value, cotangent: recorder.input({ role: 'dnext', name }, [rows, columns]) };
    });
    const dresults = Object.fromEntries(ends.map(({ name, cotangent }) => [name, cotangent]));
    const returned = backward({ ...given }, tape, dresults, { ...added });
    const claims = shapes.map(([name]): GradientOf => {
      const of = (given[name] as MatrixSymbol).value;
      const own = added[name]?.value;
      if (own) return { gradient: own, of, before: originOf(own) };
      const gradient = requireMatrix(`gradients.${name}`, returned?.[name]);
      requireShape(`gradients.${name}`, gradient, of.shape);
      return { gradient: recorder.wholeOf(gradient), of };
    });
    const judged = judge(
      { results: ends.map(({ value, cotangent }) => ({ value, cotangent: cotangent.value })), claims },
      seed,
    );
    return verdictOn(
      judged,
      shapes.map(([name]) => name),
    );
  } catch (error) {
    if (error instanceof NoInverse) return unprovable('it divides by zero');
    if (error instanceof Unrecordable || error instanceof Unprovable) return unprovable(error.message);
    throw error;
  }
}

function verdictOn(
  { judgements, draws, degree, chance }: ReturnType<typeof judge>,
  names: readonly string[],
): EquationsProof {
  const tensors = names.map((name, n) => ({ name, ok: judgements[n] === 'right' }));
  const common = { draws, degree, chance, tensors };
  if (tensors.every(({ ok }) => ok)) return { ok: true, verdict: 'proven', ...common };
  if (judgements.includes('wrong')) return { ok: false, verdict: 'wrong', ...common };
  const open = tensors.flatMap(({ name, ok }) => (ok ? [] : [`d${name}`]));
  const reason = `it rests on more than the slopes of its functions, in ${open.join(', ')}`;
  return { ok: false, verdict: 'not provable', reason, ...common };
}

function unprovable(reason: string): EquationsProof {
  return { ok: false, verdict: 'not provable', reason, draws: 0, degree: 0, chance: 1, tensors: [] };
}

function requireInput(name: string, shape: InputShape): InputShape {
  if (!Array.isArray(shape) || shape.length !== 2) {
    throw new ShapeError(`equations.inputs.${name}`, "rows, or 'B', and columns", describe(shape));
  }
  const [rows, columns] = shape as InputShape;
  if (rows !== 'B') requireSize(`equations.inputs.${name}`, rows);
  requireSize(`equations.inputs.${name}`, columns);
  return [rows, columns];
}

function requireMatrix(argument: string, matrix: AbstractMatrix | undefined): AbstractMatrix {
  if (!matrix || !AbstractMatrix.isMatrix(matrix)) throw new ShapeError(argument, 'a matrix', describe(matrix));
  return matrix;
}

function requireShape(argument: string, { rows, columns }: AbstractMatrix, shape: Shape): void {
  if (rows === shape[0] && columns === shape[1]) return;
  throw new ShapeError(argument, `the input's shape, of ${shape[1]} columns`, `one of ${columns} columns`);
}
