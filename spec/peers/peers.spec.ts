/**
 * Gradients that no one here wrote, put through the gradient checker: recurrent-js has them right, brain.js has some of
 * them wrong, by the mistakes of `mistakes.ts` and no others. The figures in derivations/verification.md are made here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AbstractMatrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkCell } from '../../lib/check/check-cell.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { raggedLengths, randomSequence, randomState } from '../../lib/check/problem.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { ROOT } from '../examples.ts';
import { deviation } from '../numbers.ts';
import { type BrainKind, brainJs, brainNetwork, lstmWithoutCell, type Network } from './brain-js.ts';
import { named, type Size } from './foreign.ts';
import { mistaken } from './mistakes.ts';
import { recurrentJs } from './recurrent-js.ts';

const ONE = { d: 3, hidden: [3], C: 4 };
const TWO = { d: 3, hidden: [4, 3], C: 4 };
const WITH_NUMBERS: readonly BrainKind[] = ['RNNTimeStep', 'GRUTimeStep', 'LSTMTimeStep'];
const WITH_CLASSES: readonly BrainKind[] = ['RNN', 'GRU', 'LSTM'];
const KINDS: readonly BrainKind[] = [...WITH_NUMBERS, ...WITH_CLASSES];

const verification = readFileSync(join(ROOT, 'derivations/verification.md'), 'utf8');

describe.each(['LSTM', 'RNN'] as const)('recurrent-js %s', kind => {
  it('computes what ours does, and has the same gradients', () => {
    const { theirs, ours } = recurrentJs(kind, TWO);
    expect(differing(passes(theirs), passes(ours), 1e-13)).toEqual([]);
  });

  it('passes the gradient check', () => {
    const report = checkLayer(recurrentJs(kind, TWO).theirs);
    expect(report.ok).toBe(true);
    expect(verification).toContain(print(`| recurrent-js ${kind}, two layers | all ${report.tensors.length} | |`));
  });
});

describe.each(KINDS)('brain.js %s', kind => {
  const oneHot = WITH_CLASSES.includes(kind);

  it('computes what ours does', () => {
    const { theirs, ours } = brainJs(kind, TWO);
    const different = differing(passes(theirs, { oneHot }), passes(ours, { oneHot }), 1e-14);
    expect(different.filter(isResult)).toEqual([]);
    expect(different).toContain('readout.c');
  });

  it.each([ONE, TWO])('has the gradients of ours with its mistakes, with $hidden hidden units', size => {
    const { theirs } = brainJs(kind, size);
    expect(differing(passes(theirs, { oneHot }), passes(mistaken(kind, size), { oneHot }), 1e-13)).toEqual([]);
  });

  it('fails the gradient check in what they spoil, the GRU over one step already', () => {
    const { tensors, smallest } = checkLayer(brainJs(kind, ONE).theirs, { oneHot });
    const right = tensors.filter(({ ok }) => ok).map(({ name }) => short(name));
    const wrong = tensors.filter(({ ok }) => !ok).map(({ name, maxRel }) => `${short(name)} ${percent(maxRel)}`);
    expect(verification).toContain(print(`| brain.js ${kind} | ${right.join(', ')} | ${wrong.join(', ')} |`));
    const isGru = kind.startsWith('GRU');
    expect(smallest?.problem).toEqual({ T: isGru ? 1 : 2, B: 1, seed: 1 });
    if (!isGru) return;
    const overOne = smallest?.tensors.filter(({ ok }) => !ok).map(({ name }) => short(name));
    expect(overOne).toEqual([...(oneHot ? ['E'] : []), 'W_z', 'U_z', 'b_z', ...(oneHot ? [] : ['x']), 'h0']);
  });

  it('has the same gradients in its own float32, to 1e-6', () => {
    const float32 = brainJs(kind, ONE, { float64: false }).theirs;
    const float64 = brainJs(kind, ONE).theirs;
    expect(differing(passes(float32, { oneHot }), passes(float64, { oneHot }), 1e-6)).toEqual([]);
    expect(differing(passes(float32, { oneHot }), passes(float64, { oneHot }), 1e-10)).not.toEqual([]);
  });
});

describe('brain.js, for classes', () => {
  it.each(WITH_CLASSES)('%s: the row of a class used once in a sequence is right where all else is', kind => {
    const { theirs, ours } = brainJs(kind, ONE);
    const wrongRows = (classes: readonly number[]) => {
      const x = Sequence.oneHot(classes, { T: 4, classes: 4 });
      const [a, b] = [theirs, ours].map(layer => named(passes(layer, { x }), 'embedding.E'));
      return [0, 1, 2, 3].filter(row => !a || !b || deviation(a.getRowVector(row), b.getRowVector(row)) > 1e-13);
    };
    expect(wrongRows([2, 0, 3, 1])).toEqual(kind === 'GRU' ? [0, 1, 2, 3] : []);
    expect(wrongRows([2, 0, 2, 0])).toEqual([0, 2]);
    expect(wrongRows([2, 0, 3, 2])).toEqual(kind === 'GRU' ? [0, 2, 3] : [2]);
  });

  it.each(WITH_CLASSES)('%s: the row of a class that a pattern has not keeps the gradient of an earlier one', kind => {
    const rows = (...patterns: readonly (readonly number[])[]) => {
      const network = parametrised(kind, ONE);
      for (const pattern of patterns) {
        network.trainInput(pattern);
        network.backpropagate(pattern);
      }
      const [E] = network.model.allMatrices;
      return (row: number) => [...(E?.deltas ?? [])].slice(row * ONE.d, (row + 1) * ONE.d);
    };
    const [first, then, alone] = [rows([0]), rows([0], [1]), rows([1])];
    expect(then(2)).toEqual(alone(2)); // the row of class 1: row 0 is that of the beginning
    expect(then(1)).toEqual(first(1));
    expect(alone(1)).toEqual([0, 0, 0]);
    expect(first(1)).not.toEqual([0, 0, 0]);
  });
});

describe('brain.js, for numbers', () => {
  const size = { d: 3, hidden: [3], C: 3 }; // it ends a pattern with an input as long as the output
  const pattern = (T: number, seed: number) => randomSequence({ T, F: size.d }, new Random(seed)).rows().to2DArray();
  const [short, other, long] = [pattern(3, 1), pattern(3, 2), pattern(6, 3)];

  it.each(WITH_NUMBERS)('%s: steps that only a longer pattern before it had are gone back through again', kind => {
    const gradient = (network: Network, ...patterns: readonly (readonly number[][])[]) => {
      for (const each of patterns) {
        network.trainArrayOfArray(each);
        network.backpropagate();
      }
      return network.model.allMatrices.map(({ deltas }) => [...deltas]);
    };
    const right = gradient(parametrised(kind, size), short);
    expect(gradient(parametrised(kind, size), other, short)).toEqual(right);

    const cut = parametrised(kind, size);
    gradient(cut, long);
    cut.model.equations.splice(short.length);
    cut.model.equationConnections.splice(short.length);
    expect(gradient(cut, short)).toEqual(right);

    const after = gradient(parametrised(kind, size), long, short).flat();
    const off = length(after.map((value, i) => value - (right.flat()[i] ?? Number.NaN))) / length(right.flat());
    expect(verification).toContain(print(`| brain.js ${kind} | ${percent(off)} |`));
  });
});

it('the LSTM that brain.js has is a cell with right gradients', () => {
  expect(checkCell(lstmWithoutCell).ok).toBe(true);
});

/** Everything that both passes give on a random problem, by name: y, sT.h, …; then dx, parameters' gradients, ds0.h, … */
function passes(
  layer: Layer,
  { oneHot = false, x: given }: { readonly oneHot?: boolean; readonly x?: Sequence } = {},
): Record<string, AbstractMatrix> {
  const rng = new Random(7);
  normal(0.5)(layer.params, rng);
  const [T, B] = [5, 3];
  const extent = { T, B, lengths: raggedLengths(T, B) };
  const classes = Array.from({ length: T * B }, () => Math.floor(rng.uniform() * layer.inputs));
  const drawn = oneHot
    ? Sequence.oneHot(classes, { ...extent, classes: layer.inputs })
    : randomSequence({ ...extent, F: layer.inputs }, rng);
  const x = given ?? drawn;
  const { y, sT, tape } = layer.forward(x, randomState(layer, x.B, rng));
  const dy = randomSequence({ ...y.extent(), F: y.F }, rng);
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, dy, randomState(layer, x.B, rng));
  return Object.fromEntries([
    ['y', y.rows()] as const,
    ...Object.entries(sT).map(([name, part]) => [`sT.${name}`, part] as const),
    ...(oneHot || given ? [] : [['dx', dx.rows()] as const]),
    ...Object.entries<AbstractMatrix>(layer.params.namedGrads()),
    ...Object.entries(ds0).map(([name, part]) => [`ds0.${name}`, part] as const),
  ]);
}

const isResult = (name: string): boolean => name === 'y' || name.startsWith('sT.');

/** The names of what deviates by more than the bound, or is not there. */
function differing(
  actual: Readonly<Record<string, AbstractMatrix>>,
  expected: Readonly<Record<string, AbstractMatrix>>,
  bound: number,
): string[] {
  return Object.entries(expected)
    .filter(([name, matrix]) => !(deviation(named(actual, name), matrix) <= bound))
    .map(([name]) => name);
}

/** A network of brain.js as it comes, with parameters of our drawing. */
function parametrised(kind: BrainKind, size: Size): Network {
  const network = brainNetwork(kind, size);
  const rng = new Random(2);
  for (const { weights } of network.model.allMatrices) weights.set(Array.from(weights, () => 0.5 * rng.normal()));
  return network;
}

/** √Σ a². */
function length(a: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, value) => sum + value ** 2, 0));
}

/** `layer1.W_f` without its layer. */
function short(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

/** Two digits. */
function percent(part: number): string {
  return `${Number((100 * part).toPrecision(2))} %`;
}

/** Shows a line that the document must hold. */
function print(line: string): string {
  process.stdout.write(`${line}\n`);
  return line;
}
