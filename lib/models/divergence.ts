/** Divergence: a loss, a gradient or a parameter that is no longer finite, and how the gradient grew before. */
import { ValueError } from '../errors.ts';
import { norm } from '../optim/norm.ts';
import type { ParamSet } from '../params.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';

/** How many norms are remembered. */
export const REMEMBERED = 5;

/** The largest number of 32 bits. */
const MOST = (2 - 2 ** -23) * 2 ** 127;

/** Training that has come to numbers that are not finite. */
export class DivergenceError extends ValueError {
  override readonly name: string = 'DivergenceError';
  /** The update that could not be made. */
  readonly step: number;
  /** The first tensor seen that is not finite, or has a gradient that is not; undefined where only the loss is not. */
  readonly tensor: string | undefined;
  /** ‖g‖ of the steps before, five at most, the last one last. */
  readonly norms: readonly number[];

  constructor(step: number, tensor: string | undefined, norms: readonly number[], got: string) {
    super(`training at step ${step}`, 'finite numbers (a smaller learning rate or clipping may help)', got);
    this.step = step;
    this.tensor = tensor;
    this.norms = norms;
  }

  /** The same error, with more to say. */
  with(text: string): DivergenceError {
    return new DivergenceError(this.step, this.tensor, this.norms, `${this.got}; ${text}`);
  }
}

/**
 * The norms to remember after a step: those before it and ‖g‖, of all gradients together and not yet clipped.
 *
 * @param step the update about to be made.
 * @param loss its loss.
 * @param params the parameters, with the gradient of that loss.
 * @param norms those before it.
 * @throws DivergenceError when the loss, a parameter or a gradient is not finite, or ‖g‖² overflows, which optimisers
 * take of what they are given.
 */
export function withNorm(step: number, loss: number, params: ParamSet, norms: readonly number[]): readonly number[] {
  const size = norm(params.grads);
  const fits = Number.isFinite(size ** 2);
  if (Number.isFinite(loss) && fits) return norms.slice(1 - REMEMBERED).concat(size);
  requireFiniteMatrices(step, params.named(), norms);
  const [tensor, x] = firstNotFinite(params.namedGrads()) ?? [];
  const gradient = tensor === undefined ? 'a gradient too large for a norm' : `${x} in the gradient of ${tensor}`;
  const parts = [...(Number.isFinite(loss) ? [] : [`a loss of ${loss}`]), ...(fits ? [] : [gradient])];
  throw diverged(step, tensor, norms, parts.join(', '));
}

/** @throws DivergenceError naming the first of the matrices that holds a number that is not finite. */
export function requireFiniteMatrices(step: number, matrices: Matrices, norms: readonly number[]): void {
  const [tensor, x] = firstNotFinite(matrices) ?? [];
  if (tensor !== undefined) throw diverged(step, tensor, norms, `${x} in ${tensor}`);
}

/**
 * Whether an error says that a number has come which is not finite, or too large for 32 bits: what it got is that number.
 * Any other error has another reason, and so has one that already says that training diverged.
 */
export function isNotFinite(error: unknown): error is ValueError {
  if (!(error instanceof ValueError) || error instanceof DivergenceError) return false;
  const x = Number(error.got);
  return `${x}` === error.got && !(Math.abs(x) <= MOST);
}

/** The error, with the norms of the steps before in its message. */
export function diverged(
  step: number,
  tensor: string | undefined,
  norms: readonly number[],
  what: string,
): DivergenceError {
  const course = norms.length > 0 ? norms.map(norm => `${Number(norm.toPrecision(3))}`).join(', ') : 'none';
  return new DivergenceError(step, tensor, norms, `${what}; norms of the gradient in the steps before: ${course}`);
}

function firstNotFinite(matrices: Matrices): readonly [name: string, x: number] | undefined {
  for (const [name, matrix] of Object.entries(matrices)) {
    const x = matrix instanceof FlatMatrix ? inFlat(matrix) : matrix.to1DArray().find(x => !Number.isFinite(x));
    if (x !== undefined) return [name, x];
  }
  return undefined;
}

function inFlat({ data, offset, rows, columns }: FlatMatrix): number | undefined {
  for (let i = offset; i < offset + rows * columns; i++) {
    if (!Number.isFinite(data[i])) return data[i];
  }
  return undefined;
}
