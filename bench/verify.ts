/**
 * No work is timed whose result is not right: f64 is held against the reference, element by element where that takes less
 * than a second, or against a backend that was found right; f32 against f64.
 */
import type { Precision } from '../lib/engine/precision.ts';
import { type Backend, type Ours, reference, wasm } from './backends.ts';
import type { Opened, Verification, Work } from './cases/case.ts';
import { deviation, type Tensors } from './tensors.ts';

/** Floating-point operations a second of the reference, about. */
export const REFERENCE_PACE = 4e8;

/** What results may deviate by, over the largest number of a tensor: f64 of the same sums in another order; f32. */
export const EXACT = 1e-12;
export const ROUGH = 1e-4;

/** How verifications by a dot test begin to say so. */
export const DOT_TEST = 'dot test';

/** Verifies a case on one backend after another; what several need is computed once. */
export class Verifier {
  readonly #opened: Opened;
  readonly #work: Work;
  readonly #results = new Map<Backend, Tensors>();
  readonly #verified = new Map<Backend, Verification>();

  constructor(opened: Opened, work: Work) {
    this.#opened = opened;
    this.#work = work;
  }

  verify(backend: Backend, precision: Precision): Verification {
    const f64 = this.#verified.get(backend) ?? this.#verifyF64(backend);
    this.#verified.set(backend, f64);
    if (precision === 'f64' || !f64.ok) return f64;
    const ours = resultOf(this.#opened, backend, 'f32');
    return judged(ours, this.#result(backend), ROUGH, 'f64');
  }

  #verifyF64(backend: Backend): Verification {
    const { spotCheck } = this.#opened;
    if (backend === reference) return this.#heldAgainst(wasm, backend);
    if (!spotCheck || this.#work.flops <= REFERENCE_PACE) return this.#heldAgainst(reference, backend);
    const [right] = [...this.#verified].flatMap(([other, { ok }]) => (ok ? other : []));
    return right ? this.#heldAgainst(right, backend) : spotCheck(backend);
  }

  #heldAgainst(standard: Backend, backend: Backend): Verification {
    const by = standard === reference ? 'the reference' : standard.name;
    return judged(this.#result(backend), this.#result(standard), EXACT, by);
  }

  #result(backend: Backend): Tensors {
    const result = this.#results.get(backend) ?? resultOf(this.#opened, backend, 'f64');
    this.#results.set(backend, result);
    return result;
  }
}

/** Our result against another of ours, with states. */
export function against(ours: Ours | undefined, theirs: Ours | undefined, bound: number, by: string): Verification {
  return judged(ours?.result({ states: true }) ?? {}, theirs?.result({ states: true }) ?? {}, bound, by);
}

function judged(ours: Tensors, theirs: Tensors, bound: number, by: string): Verification {
  const { tensor, worst } = deviation(ours, theirs, { whole: true });
  return { ok: worst <= bound, by, worst, tensor, bound };
}

function resultOf(opened: Opened, backend: Backend, precision: Precision): Tensors {
  const ours = opened.ours(backend, precision);
  const result = ours.result({ states: true });
  ours.drop?.();
  return result;
}
