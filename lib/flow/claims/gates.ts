/** Claims on gates and memories. */
import { gru } from '../../cells/gru.ts';
import { lstm } from '../../cells/lstm.ts';
import { rnn } from '../../cells/rnn.ts';
import { trace } from '../../cells/trace.ts';
import { greatest } from '../../extremes.ts';
import { unroll } from '../../layers/unroll.ts';
import { Random } from '../../random.ts';
import { memoryDepth } from '../gradients.ts';
import { probe, randomDirections } from '../networks.ts';
import { lstmPathNorms } from '../paths.ts';
import {
  type Claim,
  type Effort,
  FADING,
  fadingOfKind,
  type Kind,
  lastOf,
  median,
  medianLine,
  SURVIVES,
  VANISHED,
} from './claim.ts';

const uniform = (cell: Kind['cell'], forgetBias: number | null = null): Kind => ({ cell, init: 'uniform', forgetBias });

/** Biases that a picture goes over: of a forget gate, or of a trace's decay. */
const BIASES = [0, 0.5, 1, 1.5, 2, 2.5, 3];

/** The claims. */
export const gateClaims: readonly Claim[] = [
  {
    name: 'elementwise',
    source: 'MIT 6.S191 and P-ITEEA-0011 Lecture 9, “LSTM gradient flow”',
    says: 'Backpropagation from c_t to c_{t−1} requires only elementwise multiplication: no matrix, hence no vanishing.',
    verdict: 'needs a condition',
    because:
      'It is one of two ways (ERR-8): the other goes through h and all W_k, and is as long. And the elementwise one vanishes too, where forget gates are not open.',
    measure(effort) {
      const [shut, open] = [paths(0, effort), paths(Math.log(effort.length), effort)];
      const [shutEnd, openEnd] = [shut.at(-1) ?? failing, open.at(-1) ?? failing];
      const line = (of: typeof shut, part: 'alongC' | 'throughH') => of.map((norms, n) => [n, norms[part]] as const);
      return {
        shown: shutEnd.alongC < VANISHED && openEnd.alongC > SURVIVES && openEnd.throughH > 0.1 * openEnd.alongC,
        figures: {
          'along c, bias 0': shutEnd.alongC,
          'along c, bias ln T': openEnd.alongC,
          'through h, bias ln T': openEnd.throughH,
        },
        chart: {
          x: 'distance back (steps)',
          y: 'norm of the gradient in c',
          log: true,
          series: [
            { name: 'through h, bias ln T', points: line(open, 'throughH') },
            { name: 'along c, bias ln T', points: line(open, 'alongC') },
            { name: 'through h, bias 0', points: line(shut, 'throughH') },
            { name: 'along c, bias 0', points: line(shut, 'alongC') },
          ],
        },
      };
    },
  },
  {
    name: 'uninterrupted',
    source: 'MIT 6.S191 and P-ITEEA-0011 Lecture 9, “Uninterrupted gradient flow!”',
    says: 'Along c the gradient flows uninterrupted, through multiplications with numbers smaller than 1 though.',
    verdict: 'needs a condition',
    because:
      'It fades as ∏ f: with a forget bias b the depth of that memory is σ(b)/(1−σ(b)) = e^b steps (FLOW-D2), 2.7 for the customary b = 1. For T steps take b = ln T.',
    measure(effort) {
      const long = { ...effort, length: 4 * effort.length };
      const depth = (b: number) => memoryDepth(alongC(b, long));
      const points = BIASES.map(b => [b, depth(b)] as const);
      const off = greatest(points.map(([b, steps]) => Math.abs(steps / Math.exp(b) - 1)));
      return {
        shown: off < 0.1,
        figures: {
          'depth at b = 0': depth(0),
          'at b = 1': depth(1),
          'at b = 3': depth(3),
          'largest part off e^b': off,
        },
        chart: {
          x: 'bias b of the forget gate',
          y: 'depth of the memory along c (steps)',
          log: true,
          series: [
            { name: 'measured', points },
            { name: 'e^b', points: BIASES.map(b => [b, Math.exp(b)]) },
          ],
        },
      };
    },
  },
  {
    name: 'lstm-gru',
    source: 'DD2424 Lecture 9, its last slide; “Sequence Models”, “LSTM / GRU: Solution”',
    says: 'Vanishing is controlled with additive interactions: LSTM and GRU are the solution to short-term memory.',
    verdict: 'needs a condition',
    because:
      'That the gates are open. At first they are half shut, and both vanish like the tanh network; with a bias of ln T on f, or on z, both survive. Training has to find that, or be given it.',
    measure(effort) {
      const b = Math.log(effort.length);
      const lines = [
        { name: 'LSTM, bias ln T', all: fadingOfKind(uniform(lstm, b), effort) },
        { name: 'GRU, bias ln T', all: fadingOfKind(uniform(gru, b), effort) },
        { name: 'LSTM, bias 1', all: fadingOfKind(uniform(lstm, 1), effort) },
        { name: 'GRU, bias 0', all: fadingOfKind(uniform(gru, 0), effort) },
        { name: 'LSTM, bias 0', all: fadingOfKind(uniform(lstm, 0), effort) },
        { name: 'tanh RNN', all: fadingOfKind(uniform(rnn), effort) },
      ];
      const ends = lines.map(({ name, all }) => [name, median(lastOf(all))] as const);
      return {
        shown: ends.every(([name, end]) => (name.endsWith('ln T') ? end > SURVIVES : end < 1e-5)),
        figures: Object.fromEntries(ends),
        chart: { ...FADING, series: lines.map(({ name, all }) => ({ name, points: medianLine(all) })) },
      };
    },
  },
  {
    name: 'trace',
    source: '“Sequence Modeling”, “Vanishing gradients”',
    says: 'Special architectures address vanishing gradients: exponential trace memory is one.',
    verdict: 'needs a condition',
    because:
      'The gradient fades as μ^d exactly, whatever the inputs: a depth of μ/(1−μ) = e^ν steps, and nothing beyond a few of these.',
    measure(effort) {
      const long = { ...effort, length: 4 * effort.length, seeds: 1 };
      const depth = (nu: number) => {
        const [curve = []] = fadingOfKind({ cell: trace, init: 'uniform' }, long, ({ params }) => {
          params.named().nu?.fill(nu);
        });
        return memoryDepth(curve);
      };
      const points = BIASES.map(nu => [nu, depth(nu)] as const);
      const off = greatest(points.map(([nu, steps]) => Math.abs(steps / Math.exp(nu) - 1)));
      return {
        shown: off < 1e-3,
        figures: { 'depth at ν = 0': depth(0), 'at ν = 3': depth(3), 'largest part off e^ν': off },
        chart: {
          x: 'decay ν, of μ = σ(ν)',
          y: 'depth of the memory (steps)',
          log: true,
          series: [
            { name: 'measured', points },
            { name: 'e^ν', points: BIASES.map(nu => [nu, Math.exp(nu)]) },
          ],
        },
      };
    },
  },
];

const failing = { alongC: Number.NaN, throughH: Number.NaN };

/** The norms of both parts of a last step's gradient in c, at 0, 1, … T−1 steps back: medians over the seeds. */
function paths(
  bias: number,
  { seeds, length, d, m }: Effort,
): { readonly alongC: number; readonly throughH: number }[] {
  const runs = Array.from({ length: seeds }, (_, n) => {
    const { layer, x } = probe({ ...uniform(lstm, bias), d, m, seed: n + 1 }, length);
    return lstmPathNorms(layer.params.values, { d, m }, x, randomDirections(1, m, new Random(n + 1)).at(0));
  });
  return Array.from({ length }, (_, n) => ({
    alongC: median(runs.map(({ alongC }) => alongC[n] ?? Number.NaN)),
    throughH: median(runs.map(({ throughH }) => throughH[n] ?? Number.NaN)),
  }));
}

/** The root mean square over units of ∏ f, at 0, 1, … steps back: the way along c alone, at h's end. */
function alongC(bias: number, { length, d, m }: Effort): number[] {
  const { layer: fast, x } = probe({ ...uniform(lstm, bias), d, m, seed: 1 }, length);
  const layer = unroll(lstm, { d, m });
  layer.params.values.set(fast.params.values);
  const products = Array.from({ length: m }, () => 1);
  return layer
    .forward(x)
    .tape.steps.toReversed()
    .map(({ f }) => {
      const norm = Math.sqrt(products.reduce((sum, product) => sum + product * product, 0) / m);
      products.forEach((product, i) => {
        products[i] = product * f.get(0, i);
      });
      return norm;
    });
}
