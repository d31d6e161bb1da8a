/**
 * What holds of every right pair of passes, whatever the numbers: laws that need no finite difference, or one only, and
 * that say where a gradient breaks them. They catch what a gradient check on one problem cannot: state that is kept
 * between calls, memory that is overwritten, sequences that look at each other, steps that are taken twice.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { Random } from '../random.ts';
import { requireBoolean, requireKnown, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { adjointLaw } from './dot-test.ts';
import { type Deviation, differing, type Law, law } from './law.ts';
import { isOf32Bits } from './noise.ts';
import {
  type Cotangent,
  combine,
  type Gradients,
  gradients,
  inHalves,
  type Passes,
  passes,
  permuted,
  spoilt,
  summed,
} from './passes.ts';
import { numbersIn, raggedLengths, randomClasses, randomParameters, randomSequence, randomState } from './problem.ts';
import type { Scope } from './scope.ts';
import { ungiven } from './ungiven.ts';

/** The problem that laws are tried on. */
export interface CheckLawsOptions {
  readonly T?: number;
  readonly B?: number;
  readonly seed?: number;
  /**
   * Whether the sequences of a batch have nothing to do with each other; true unless given. It is false of a layer that
   * treats a sequence by its place in the batch, as dropout does with a mask drawn for it.
   */
  readonly independent?: boolean;
  /**
   * Whether the layer carries all it knows of earlier steps in its state. Unless given, that is tried, and the law of
   * the two halves left out where it is not so, as of a bidirectional layer.
   */
  readonly recurrent?: boolean;
}

/** Sums in another order differ by rounding: |a − b| ≤ this times the largest |b| of the tensor, or 1. */
const ROUNDING = 1e-11;

/** The same for numbers of 32 bits: what the engine promises of them. */
const ROUNDING_32 = 1e-4;

/**
 * Tries the laws of a layer's passes. Backward is linear in the cotangents, zero for zero ones, adds to what is there,
 * gives the same bits a second time and changes nothing else. Both passes are blind to padding; no lengths are all steps,
 * no state is zeros, and classes are rows of one 1; a batch is the sum of its sequences, in any order; and two halves in turn
 * are the whole. Every step moves with what goes in. And ⟨dy, Jv⟩ = ⟨Jᵀdy, v⟩ over five times as many steps of twice as many
 * sequences, and on inputs four times as large: see {@link dotTest}. The layer's parameters are overwritten.
 *
 * @throws ValueError when a size or the seed is none.
 *
 * @example
 * ```ts
 * import { gru, unroll } from 'bptt';
 * import { checkLaws } from 'bptt/check';
 *
 * console.log(checkLaws(unroll(gru, { d: 2, m: 3 })).every(({ ok }) => ok)); // → true
 * ```
 */
export function checkLaws(layer: Layer, options: CheckLawsOptions = {}): readonly Law[] {
  return lawsOf(layer, options);
}

/** What is asked of laws. */
interface Trying {
  /** Whether the dot test is among them: not where differences have shown already that a gradient is wrong. */
  readonly differentiated: boolean;
  readonly scope?: Scope;
  /** Whether x is of classes: such a one is not moved, spoilt or cut up, so that half of the laws are left out. */
  readonly oneHot?: boolean;
}

/** See {@link checkLaws}. */
export function lawsOf(
  layer: Layer,
  options: CheckLawsOptions,
  { differentiated, scope = {}, oneHot = false }: Trying = { differentiated: true },
): readonly Law[] {
  requireLayer('layer', layer);
  const {
    T = 5,
    B = 3,
    seed = 1,
    independent = true,
    recurrent,
  } = requireKnown('options', options, ['T', 'B', 'seed', 'independent', 'recurrent']);
  requireBoolean('independent', independent);
  if (recurrent !== undefined) requireBoolean('recurrent', recurrent);
  requireSize('T', T);
  requireSize('B', B);
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  randomParameters(layer, 0.5, rng);
  const classes = layer.inputs;
  const x = oneHot
    ? Sequence.oneHot(randomClasses(T * B, classes, rng), { T, B, classes, lengths })
    : randomSequence({ T, B, F: classes, lengths }, rng);
  const s0 = randomState(layer, B, rng);
  const given = () => numbersIn([x, s0, layer.params.values]);
  const untouched = given();
  const { y, tape } = layer.forward(x, s0);
  const left = given();
  const cotangent = (): Cotangent => ({
    dy: randomSequence({ ...y.extent(), F: y.F }, rng),
    ds: randomState(layer, B, rng),
  });
  const [first, second] = [cotangent(), cotangent()];
  const [a, b] = [1.75, -0.5];
  const problem = { x, s0, cotangent: first };

  let of32Bits: boolean | undefined;
  const single = () => {
    of32Bits ??= [1, 2, 3].some(n => computesIn32Bits(layer, x, new Random(seed + n)));
    return of32Bits;
  };
  const summing = (name: string, deviations: () => readonly Deviation[]): Law => {
    const strict = law(name, ROUNDING, deviations);
    return strict.ok || !single() ? strict : { ...law(name, ROUNDING_32, deviations), bits: 32 };
  };

  const snapshot = () => numbersIn([tape, x, s0, first, layer.params.values]);
  const before = snapshot();
  const g = gradients(layer, tape, first);
  const after = snapshot();
  const whole = passes(layer, problem);
  layer.params.zeroGrads();
  layer.backward(tape, first.dy, first.ds);
  layer.backward(tape, first.dy, first.ds);
  const twice = { params: [...layer.params.grads] };

  const laws = [
    law('the same bits a second time', 0, () => differing(gradients(layer, tape, first), g)),
    law('nothing but the gradients changed', 0, () =>
      differing({ [GIVEN]: left, [CHANGED]: after }, { [GIVEN]: untouched, [CHANGED]: before }),
    ),
    summing('added to the gradients there are', () => differing(twice, scaled({ params: g.params ?? [] }, 2))),
    law('zero for zero cotangents', 0, () =>
      differing(gradients(layer, tape, combine(first, first, 1, -1)), scaled(g, 0)),
    ),
    summing('linear in the cotangents', () =>
      differing(
        gradients(layer, tape, combine(first, second, a, b)),
        summed(scaled(g, a), scaled(gradients(layer, tape, second), b)),
      ),
    ),
    summing('what is not given is what stands for it', () => ungiven(layer, problem, oneHot)),
  ];
  if (oneHot) return laws;
  laws.push(law('blind to padding', 0, () => differing(spoilt(layer, problem, rng), whole)));
  if (independent) {
    const order = Array.from({ length: B }, (_, n) => (n + 1) % B);
    const alone = () => order.map(n => permuted(layer, problem, [n])).reduce(summed);
    laws.push(
      summing('the same for sequences in any order', () => differing(permuted(layer, problem, order), whole)),
      summing('a batch is the sum of its sequences', () => differing(alone(), whole)),
    );
  }
  if (T > 1 && recurrent !== false) {
    const full = unended(problem, rng);
    const halves = () => differing(inHalves(layer, full, Math.ceil(T / 2)), passes(layer, full));
    const apart = (bound: number) => halves().some(({ name, deviation }) => isResult(name) && deviation > bound);
    const carried = recurrent || !apart(ROUNDING) || (single() && !apart(ROUNDING_32));
    if (carried) laws.push(summing('two halves in turn are the whole', halves));
  }
  const other = () => {
    randomParameters(layer, 0.5, rng);
    return layer.forward(randomSequence({ ...x.extent(), F: x.F }, rng), randomState(layer, B, rng)).y;
  };
  laws.push(law('no step stands still', 0, () => still(y, other)));
  if (!differentiated) return laws;
  const many = independent ? 2 * B : B;
  laws.push(adjointLaw(layer, { T: 5 * T, B: many, seed, scope }), adjointLaw(layer, { T, B, seed, scale: 4, scope }));
  return laws;
}

/** Whether the layer has numbers of 32 bits on the way from any of its parameters, or of another input, to its outputs. */
function computesIn32Bits(layer: Layer, given: Sequence, rng: Random): boolean {
  const { T, B, F, data } = given;
  const isOfClasses = data instanceof Int32Array;
  const [x, s0] = [isOfClasses ? given : randomSequence({ T, B, F }, rng), randomState(layer, B, rng)];
  const outputs = () => numbersIn(layer.forward(x, s0).y.rows());
  const all = [
    ...(isOfClasses ? [] : [x.rows()]),
    ...Object.values(s0),
    ...Object.values<AbstractMatrix>(layer.params.named()),
  ];
  return all.some(values => isOf32Bits(outputs, [values]));
}

const GIVEN = 'inputs, initial state or parameters, by forward';
const CHANGED = 'tape, inputs, cotangents or parameters';

/** Outputs and states of a forward pass are `y` and `h_T`; all else is a gradient. */
const isResult = (name: string): boolean => name === 'y' || name.endsWith('_T');

/** The problem with no sequence ending early. */
function unended({ x, s0, cotangent: { dy, ds } }: Passes, rng: Random): Passes {
  const long = ({ T, B, F }: Sequence) => randomSequence({ T, B, F }, rng);
  return { x: long(x), s0, cotangent: { dy: long(dy), ds } };
}

/** How many draws may leave a step where it is, as those that leave a small layer of ReLUs dead do. */
const DRAWS = 30;

/** Which steps are the same whatever goes in: deviation 0 where they move, infinite where not. */
function still(y: Sequence, other: () => Sequence): Deviation[] {
  const first = numbersIn(y.rows());
  const width = y.B * y.F;
  const moves = new Array<boolean>(y.T).fill(false);
  for (let n = 0; n < DRAWS && moves.includes(false); n++) {
    for (const [i, value] of numbersIn(other().rows()).entries()) {
      if (value !== first[i]) moves[Math.floor(i / width)] = true;
    }
  }
  return moves.map((moved, t) => ({ name: `y at t=${t}`, deviation: moved ? 0 : Number.POSITIVE_INFINITY }));
}

function scaled(g: Gradients, factor: number): Gradients {
  return Object.fromEntries(Object.entries(g).map(([name, values]) => [name, values.map(value => factor * value)]));
}
