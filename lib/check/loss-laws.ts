/** What holds of every loss and its gradient, whatever the numbers. */
import type { Loss, Weighting } from '../losses/loss.ts';
import type { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import { alongLaw, movingFrom } from './dot-test.ts';
import type { Law } from './law.ts';
import { numbersIn } from './problem.ts';

/** What a loss is tried on. */
export interface LossProblem<Target> {
  readonly o: Sequence;
  readonly y: Target;
  readonly weighting: Required<Pick<Weighting, 'mask' | 'weights'>>;
  readonly dloss: number;
  readonly rng: Random;
}

/** Sums in another order differ by rounding. */
const ROUNDING = 1e-12;

/** The laws that need no difference. */
export function lossLaws<Target, Tape>(loss: Loss<Target, Tape>, problem: LossProblem<Target>): Law[] {
  const { o, y, weighting, dloss, rng } = problem;
  const run = (outputs: Sequence, factor: number) => {
    const { loss: value, tape } = loss.forward(outputs, y, weighting);
    const once = numbersIn(loss.backward(tape, factor).rows());
    return { value, once, twice: numbersIn(loss.backward(tape, factor).rows()) };
  };
  const { value, once, twice } = run(o, dloss);
  const other = Sequence.dense(Float64Array.from(o.data), { ...o.extent(), F: o.F });
  for (let n = 0; n < other.T * other.B; n++) {
    const unseen = !o.counts(n) || !weighting.mask[n];
    for (let j = 0; j < other.F && unseen; j++) other.rows().set(n, j, 100 * rng.normal());
  }
  const spoilt = run(other, dloss);
  const doubled = once.map(value => 2 * value);
  return [
    law('the same bits a second time', twice, once, 0),
    law('linear in dL/dloss', run(o, 2 * dloss).once, doubled, ROUNDING),
    law('blind to padding and masked steps', [spoilt.value, ...spoilt.once], [value, ...once], 0),
    ungiven(loss, problem),
  ];
}

/** The gradient along one direction in all outputs, of a larger problem. */
export function largerLaw<Target, Tape>(loss: Loss<Target, Tape>, problem: LossProblem<Target>): Law {
  const { o, y, weighting, dloss, rng } = problem;
  const name = `right over ${o.T} steps, of outputs that are larger`;
  const gradient = loss.backward(loss.forward(o, y, weighting).tape, dloss).rows();
  const moving = movingFrom({ values: o.rows(), gradient }, rng);
  return alongLaw(name, () => dloss * loss.forward(o, y, weighting).loss, [moving], 'o');
}

/** What may be left out, and what stands for it. */
const UNGIVEN = ['lengths', 'mask', 'weights', 'reduction', 'dloss'] as const;

/** Every way to leave some of it out, after a problem in which all is otherwise, against all given. */
function ungiven<Target, Tape>(loss: Loss<Target, Tape>, { o, y, weighting, dloss }: LossProblem<Target>): Law {
  const name = 'what is not given is what stands for it';
  const { T, B, F } = o;
  const ones = new Array<number>(T * B).fill(1);
  const run = (given: ReadonlySet<string>) => {
    loss.backward(loss.forward(o, y, { ...weighting, reduction: 'mean' }).tape, dloss);
    const extent = { T, B, F, ...(given.has('lengths') && { lengths: new Array<number>(B).fill(T) }) };
    const weighed: Weighting = {
      ...(given.has('mask') && { mask: ones }),
      ...(given.has('weights') && { weights: ones }),
      ...(given.has('reduction') && { reduction: 'sum' }),
    };
    const bare = Object.keys(weighed).length === 0;
    const outputs = Sequence.dense(Float64Array.from(numbersIn(o.rows())), extent);
    const { loss: value, tape } = bare ? loss.forward(outputs, y) : loss.forward(outputs, y, weighed);
    const gradient = given.has('dloss') ? loss.backward(tape, 1) : loss.backward(tape);
    return [value, ...numbersIn(gradient.rows())];
  };
  const expected = run(new Set(UNGIVEN));
  let worst = 0;
  for (let way = 0; way < 2 ** UNGIVEN.length; way++) {
    const missing = UNGIVEN.filter((_, k) => way & (1 << k));
    const found = law(name, run(new Set(UNGIVEN.filter(part => !missing.includes(part)))), expected, ROUNDING);
    worst = Math.max(worst, found.worst);
    if (!found.ok) return { ...found, broken: `o, no ${missing.join(', no ')}` };
  }
  return { name, ok: true, worst };
}

function law(name: string, as: readonly number[], es: readonly number[], bound: number): Law {
  const scale = es.reduce((largest, e) => Math.max(largest, Math.abs(e)), 1);
  const worst = as.reduce((most, a, i) => Math.max(most, Math.abs(a - (es[i] ?? Number.NaN))), 0) / scale;
  return worst <= bound ? { name, ok: true, worst } : { name, ok: false, worst, broken: 'o' };
}
