/** What derivations only define, beside the library's own functions of the same numbers. */
import { Matrix } from 'ml-matrix';
import { readingOf } from '../../lib/derivation/lines.ts';
import { inFloats } from '../../lib/derivation/numbers.ts';
import { sizesOf } from '../../lib/derivation/sizes.ts';
import { systemsOf } from '../../lib/derivation/systems.ts';
import { World } from '../../lib/derivation/world.ts';
import { correlation } from '../../lib/flow/cells-correlation.ts';
import { binaryCrossEntropy } from '../../lib/losses/binary-cross-entropy.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { rankingLoss } from '../../lib/losses/ranking.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import { choose } from '../../lib/models/choice.ts';
import { beamSearch, type Writer } from '../../lib/models/decoding.ts';
import { hmm } from '../../lib/models/hmm.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { bleu } from '../../lib/training/bleu.ts';
import { accuracy, argmax, confusion, perClass } from '../../lib/training/classes.ts';
import { bitsPerSymbol, mae, perplexity, rmse } from '../../lib/training/metrics.ts';

/** The values of names, at a step where they have one, row after row. */
export interface Values {
  /** Steps that are run. */
  readonly T: number;
  of(key: string, time?: number): readonly number[];
}

/** Values of names; those of a column in their order. */
type Given = Readonly<Record<string, number | readonly number[]>>;

/** That of a leaf, which is a key, a step and an element. */
function valueIn(given: Given, leaf: string): number | undefined {
  const [key = '', , element] = leaf.split(' ');
  const value = given[key];
  return typeof value === 'object' ? value[Number(element)] : value;
}

/** What is given is drawn from 0 to 1, but for what has a value here. */
export function valuesOf(text: string, prefix: string, T: number, given: Given = {}): Values {
  const system = systemsOf(readingOf(text), []).for(prefix);
  const drawn = inFloats(7);
  const ground = { ...drawn, leaf: (name: string) => valueIn(given, name) ?? Math.abs(drawn.leaf(name)) };
  const world = new World({ system, sizes: sizesOf(system), ground, last: T });
  return { T, of: (key, time) => world.value({ key, time }, { key: '', step: 0 }).data.map(({ value }) => value) };
}

export const steps = (values: Values, key: string): number[] =>
  Array.from({ length: values.T }, (_, t) => values.of(key, t + 1)).flat();
const whole = (values: Values, key: string) => Int32Array.from(steps(values, key), y => y - 1);
const sequence = (values: Values, key: string) =>
  Sequence.dense(steps(values, key), { T: values.T, F: values.of(key, 1).length });
const weights = (values: Values) => ({ weights: steps(values, 'w') });
const predicted = (values: Values) => argmax(sequence(values, '𝐛o'));
const table = (values: Values) =>
  confusion(predicted(values), whole(values, 'y'), { classes: values.of('𝐛o', 1).length });

/** A model with the parameters that were drawn. */
function model(values: Values) {
  const [N, C] = [values.of('π').length, values.of('B').length / values.of('π').length];
  const made = hmm({ N, C });
  made.params.values.set([...values.of('z^π'), ...values.of('z^A'), ...values.of('z^B')]);
  return made;
}

/** What beam search that keeps all beginnings says of the symbols that were drawn, where logits are those of the step whatever went before; one more is the stop, which is never written. */
function hypothesis(values: Values) {
  const C = values.of('𝐛o', 1).length;
  const next: Writer['next'] = (symbols, _, { n = Matrix.zeros(1, 1) }) => {
    const logits = [...values.of('𝐛o', n.get(0, 0) + 1), -1e9];
    return { logits: new Matrix(Array.from(symbols, () => logits)), s: { n: Matrix.add(n, 1) } };
  };
  const memory = Sequence.zeros({ T: 1, B: 1, F: 1 });
  const writer: Writer = {
    inputs: C + 1,
    outputs: C + 1,
    begin: () => ({ memory, s: { n: Matrix.zeros(1, 1) } }),
    next,
  };
  const [lengthNormalisation = 0] = values.of('λ');
  const options = { start: 0, stop: C, maxLength: values.T, width: C ** values.T, lengthNormalisation };
  const wanted = whole(values, 'y').join();
  return beamSearch(writer, memory, options)[0]?.find(({ symbols }) => symbols.join() === wanted);
}

/** The ranking loss of the logits and activities that were drawn. */
function ranked(values: Values) {
  const [[mu = 0], [lambda = 0]] = [values.of('μ'), values.of('λ_r')];
  const loss = rankingLoss({ kind: mu === 0 ? 's' : 'm', lambda });
  return loss.forward(sequence(values, '𝐛o'), whole(values, 'y'), weights(values)).loss;
}

/** How often each class is drawn, of the logits that were drawn: what the choice hands to its random numbers. */
function drawnFrom(values: Values): readonly number[] {
  let weights: readonly number[] = [];
  const rng = new Random(1);
  rng.index = all => {
    weights = Array.from(all);
    return 0;
  };
  const [[topK], [topP]] = [values.of('N'), values.of('P')];
  choose(values.of('𝐛o'), { temperature: values.T, topK, topP }, rng);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map(weight => weight / whole);
}

/** Texts that are shorter than what they are held against, of one to three words at a time. */
const BLEU = bleu(
  [
    ['a', 'b', 'c', 'a'],
    ['b', 'd'],
  ],
  [
    [['a', 'b', 'c', 'd', 'c']],
    [
      ['b', 'd', 'a'],
      ['d', 'b', 'a'],
    ],
  ],
  { order: 3 },
);

export interface Compared {
  readonly file: string;
  readonly tag: string;
  readonly key: string;
  /** Names that have a value of their own. */
  readonly given?: Given;
  /** What the library makes of the same numbers. */
  readonly library: (values: Values) => number | readonly number[];
  /** What is misprinted, and how. */
  readonly misprint: readonly [right: string, wrong: string];
}

export const COMPARED: readonly Compared[] = [
  {
    file: 'encoder-decoder',
    tag: 'BS-F1',
    key: 'l',
    library: values => hypothesis(values)?.logProbability ?? Number.NaN,
    misprint: ['\\log p_{t,y_t} \\tag{BS-F1}', '\\log p_{t-1,y_t} \\tag{BS-F1}'],
  },
  {
    file: 'encoder-decoder',
    tag: 'BS-F2',
    key: 'score',
    library: values => hypothesis(values)?.score ?? Number.NaN,
    misprint: ['\\mathrm{score} = \\tau^{-\\lambda}', '\\mathrm{score} = \\tau^{-1}'],
  },
  {
    file: 'metrics',
    tag: 'MT-F1',
    key: 'y\u0302',
    library: values => [...predicted(values)].map(k => k + 1),
    misprint: ['\\arg\\max', '\\arg\\min'],
  },
  {
    file: 'metrics',
    tag: 'MT-F2',
    key: 'N',
    library: values => table(values).to1DArray(),
    misprint: ['y_t = i,\\ \\hat y_t = j', 'y_t = j,\\ \\hat y_t = i'],
  },
  {
    file: 'metrics',
    tag: 'MT-F3',
    key: 'accuracy',
    library: values => accuracy(predicted(values), whole(values, 'y')),
    misprint: ['{\\sum_k N_{kk}}', '{\\sum_{ij} N_{ij}}'],
  },
  {
    file: 'metrics',
    tag: 'MT-F4',
    key: 'precision',
    library: values => perClass(table(values)).map(({ precision }) => precision),
    misprint: ['{\\sum_i N_{ik}} \\tag', '{\\sum_i N_{ki}} \\tag'],
  },
  {
    file: 'metrics',
    tag: 'MT-F5',
    key: 'recall',
    library: values => perClass(table(values)).map(({ recall }) => recall),
    misprint: ['{\\sum_j N_{kj}} \\tag', '{\\sum_j N_{jk}} \\tag'],
  },
  {
    file: 'metrics',
    tag: 'MT-F6',
    key: 'F_1',
    library: values => perClass(table(values)).map(({ f1 }) => f1),
    misprint: ['\\frac{2\\,N_{kk}}', '\\frac{N_{kk}}'],
  },
  {
    file: 'metrics',
    tag: 'MT-F7',
    key: 'H',
    library: values => bitsPerSymbol(values.of('L')[0] ?? 0),
    misprint: ['\\frac{L}{\\log 2}', '\\frac{L}{\\log 3}'],
  },
  {
    file: 'metrics',
    tag: 'MT-F8',
    key: 'perplexity',
    library: values => perplexity(values.of('L')[0] ?? 0),
    misprint: ['= e^{L} = 2^{H}', '= e^{L} = 3^{H}'],
  },
  {
    file: 'metrics',
    tag: 'MT-F9',
    key: 'RMSE',
    library: values => rmse(sequence(values, '𝐛u'), sequence(values, '𝐛v'), weights(values)),
    misprint: ['{F\\,\\sum_t w_t}}', '{\\sum_t w_t}}'],
  },
  {
    file: 'metrics',
    tag: 'MT-F10',
    key: 'MAE',
    library: values => mae(sequence(values, '𝐛u'), sequence(values, '𝐛v'), weights(values)),
    misprint: ['\\mathbf v_t\\|_1', '\\mathbf v_t\\|'],
  },
  {
    file: 'metrics',
    tag: 'BL-F4',
    key: 'BP',
    given: { c: BLEU.length, r: BLEU.referenceLength },
    library: () => BLEU.brevity,
    misprint: ['e^{1-r/c}', 'e^{1-c/r}'],
  },
  {
    file: 'metrics',
    tag: 'BL-F5',
    key: 'BLEU',
    given: { c: BLEU.length, r: BLEU.referenceLength, p: BLEU.precisions },
    library: () => BLEU.bleu,
    misprint: ['\\tfrac1K\\log p_n', '\\log p_n'],
  },
  ...(
    [
      ['SA-F2', '[o_j>o_k], ', '[o_j<o_k], '],
      ['SA-F3', '[r_j<r_k] < P', '[r_j\\le r_k] < P'],
      ['SA-F4', "\\frac{q_k\\,s'_k}", '\\frac{q_k\\,s_k}'],
    ] as const
  ).map(([tag, right, wrong]) => ({
    file: 'sampling',
    tag,
    key: '𝐛π',
    given: { N: 2, P: 0.5 },
    library: drawnFrom,
    misprint: [right, wrong] as const,
  })),
  {
    file: 'interpretable-cells',
    tag: 'CELL-F2',
    key: 'r',
    given: { n: 12 },
    library: values => correlation(Float64Array.from(steps(values, 'a')), Float64Array.from(steps(values, 's'))),
    misprint: ['\\sum_t (s_t-\\bar s)^2}}', '\\sum_t (a_t-\\bar a)^2}}'],
  },
  {
    file: 'losses',
    tag: 'SE-F1',
    key: 'L',
    library: values => squaredError.forward(sequence(values, '𝐛o'), sequence(values, '𝐛y'), weights(values)).loss,
    misprint: ['\\tfrac12\\,\\|\\mathbf o_t-', '\\|\\mathbf o_t-'],
  },
  {
    file: 'losses',
    tag: 'BCE-F2',
    key: 'L',
    library: values => binaryCrossEntropy.forward(sequence(values, '𝐛o'), sequence(values, '𝐛y'), weights(values)).loss,
    misprint: ['\\mathrm{softplus}(-o_{tk})\\big)', '\\mathrm{softplus}(o_{tk})\\big)'],
  },
  ...(
    [
      ['RK-F1', 1, '\\mathrm{softmax}(\\mathbf o_t) \\tag{RK-F1}', '\\sigma(\\mathbf o_t) \\tag{RK-F1}'],
      ['RK-F2', 1, '\\max_{j\\ne k} p_{tj} \\tag', '\\max_{j} p_{tj} \\tag'],
      ['RK-F3', 0, '\\gamma_t = [t>1]\\,[y_t=y_{t-1}]', '\\gamma_t = [t>1]'],
      ['RK-F4', 0, '\\gamma_t\\,\\max\\big(s_t^*,\\;', '\\gamma_t\\,\\min\\big(s_t^*,\\;'],
      ['RK-F5', 1, '\\kappa_t\\,s_{t,y_{t-1}},', '\\kappa_t\\,s_{t,y_t},'],
      ['RK-F6', 0, '\\lambda_r\\,(u_t+v_t)', '\\lambda_r\\,(u_t-v_t)'],
    ] as const
  ).map(([tag, mu, right, wrong]) => ({
    file: 'losses',
    tag,
    key: 'L',
    given: { μ: mu },
    library: ranked,
    misprint: [right, wrong] as const,
  })),
  {
    file: 'readout',
    tag: 'CE-F4',
    key: 'L',
    library: values => crossEntropy.forward(sequence(values, '𝐛o'), whole(values, 'y'), weights(values)).loss,
    misprint: ['-\\mu_t} \\tag', '+\\mu_t} \\tag'],
  },
  {
    file: 'hmm',
    tag: 'HMM-F6',
    key: 'L',
    library: values => model(values).forward(whole(values, 'x')).loss,
    misprint: ['\\sum_i\\hat\\alpha_{t-1,i}\\,A_{ij}', '\\sum_i\\hat\\alpha_{t-1,i}\\,A_{ji}'],
  },
  {
    file: 'hmm',
    tag: 'HMM-M1',
    key: 'A′',
    library: values => {
      const made = model(values);
      made.reestimate([whole(values, 'x')], values.of('κ')[0] ?? 0);
      const { A } = made.params.named();
      return A.to2DArray().flatMap(row => {
        const e = row.map(Math.exp);
        return e.map(x => x / e.reduce((a, b) => a + b, 0));
      });
    },
    misprint: ['{\\sum_v(n_{iv}+\\kappa)}', '{\\sum_v n_{iv}+\\kappa}'],
  },
];
