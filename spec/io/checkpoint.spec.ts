/** Checkpoints: a run that is taken up again goes on to the last bit, and no wrong content is taken for a checkpoint. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { rnnRelu } from '../../lib/cells/rnn.ts';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { resumeTrainer } from '../../lib/io/resume-trainer.ts';
import { type Tensor, writeSafetensors } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { evaluate, sample } from '../../lib/models/char-model.ts';
import {
  type CharTrainerOptions,
  laterOptions,
  type OptimiserName,
  optimiserNames,
  type RateSchedule,
} from '../../lib/models/char-options.ts';
import { CharTrainer, type TrainingStep } from '../../lib/models/char-trainer.ts';
import { DivergenceError } from '../../lib/models/divergence.ts';
import { Random } from '../../lib/random.ts';
import { cpuSeconds } from '../cpu-time.ts';

/** 41 symbols to train on and four held out: ten chunks of four a sweep, or thirteen of three and one symbol left. */
const TEXT = 'abracadabra 🎭 hocus pocus 🎭 abracadabra, hocu';
const CHUNKS = 10;
const FILE = 'run.safetensors';
const SMALL: Partial<CharTrainerOptions> = { hidden: 3, chunk: 4, heldOut: 0.1, learningRate: 0.05, initStd: 0.3 };

/** A run of k steps that is saved, taken up again, and goes on for n. */
interface RunCase {
  readonly cell: Cell;
  readonly layers: number;
  readonly optimiser: OptimiserName;
  readonly clipNorm: number | null;
  readonly seed: number;
  readonly chunk: number;
  readonly batch: number;
  readonly embedding: number | null;
  readonly dropout: number;
  readonly schedule: RateSchedule | null;
  readonly k: number;
  readonly n: number;
}

describe('a run that is saved and taken up again', () => {
  const run: fc.Arbitrary<RunCase> = fc.record({
    cell: fc.constantFrom(...Object.values(cells)),
    layers: fc.integer({ min: 1, max: 2 }),
    optimiser: fc.constantFrom(...optimiserNames),
    clipNorm: fc.constantFrom(null, 0.5),
    seed: fc.nat(1000),
    chunk: fc.constantFrom(4, 3),
    batch: fc.constantFrom(1, 1, 2, 3),
    embedding: fc.constantFrom(null, 2),
    dropout: fc.constantFrom(0, 0.4),
    schedule: fc.constantFrom(null, { shape: 'cosine', steps: 2 * CHUNKS, warmUp: 3 }),
    k: fc.nat(2 * CHUNKS + 2),
    n: fc.integer({ min: 1, max: CHUNKS + 2 }),
  });
  const places = [0, 1, CHUNKS - 1, CHUNKS, CHUNKS + 1, 2 * CHUNKS];
  const examples = places.flatMap(k =>
    (['adagrad', 'sgd'] as const).flatMap(optimiser =>
      Object.values(cells).map((cell): [RunCase] => [
        { ...laterOptions, cell, layers: 1, optimiser, clipNorm: null, seed: 1, chunk: 4, k, n: 3 },
      ]),
    ),
  );

  test('goes on to the last bit: losses, parameters, memory, state and draws', () => {
    fc.assert(
      fc.property(run, ({ k, n, ...options }) => {
        const trainer = trained(k, options);
        sample(trainer.model, { prompt: trainer.nextSymbol, length: 3, rng: trainer.random });
        expect(trainer.optimiser.learningRate).toBe(0.05); // whatever a schedule makes of it
        const resumed = resumeTrainer(decodeCheckpoint(encodeCheckpoint(trainer)), TEXT);
        expectSame(resumed, trainer);
        const [losses, own] = [trainer, resumed].map(each => steps(each, n));
        expect(own).toEqual(losses);
        expectSame(resumed, trainer);
      }),
      { examples },
    );
  });

  test('may be saved after every step', () => {
    const trainer = trained(0);
    let resumed = trained(0);
    for (let n = 0; n < 2 * CHUNKS + 3; n++) {
      resumed = resumeTrainer(decodeCheckpoint(encodeCheckpoint(resumed)), TEXT);
      expect(resumed.step()).toEqual(trainer.step());
    }
    expectSame(resumed, trainer);
  });

  test('is the same bytes when it is saved again', () => {
    const bytes = encodeCheckpoint(trained(7), { from: 'a test' });
    const checkpoint = decodeCheckpoint(bytes);
    expect(encodeCheckpoint(resumeTrainer(checkpoint, TEXT), checkpoint.note)).toEqual(bytes);
  });

  test('leaves bytes and checkpoint as they are: both can be taken up again', () => {
    const trainer = trained(3);
    const bytes = encodeCheckpoint(trainer);
    const copy = bytes.slice();
    const losses = steps(trainer, 5);
    const checkpoint = decodeCheckpoint(bytes);
    for (let n = 0; n < 2; n++) expect(steps(resumeTrainer(checkpoint, TEXT), 5)).toEqual(losses);
    expect(bytes).toEqual(copy);
  });

  test('lies at any place in memory', () => {
    const bytes = encodeCheckpoint(trained(3));
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expectSame(resumeTrainer(decodeCheckpoint(shifted), TEXT), trained(3));
  });

  test('has every option', () => {
    const options: CharTrainerOptions = {
      level: 'byte',
      cell: rnnRelu,
      hidden: 2,
      layers: 2,
      embedding: 3,
      dropout: 0.1,
      chunk: 5,
      batch: 2,
      optimiser: 'sgd',
      learningRate: 0.1 + 0.2,
      schedule: { shape: 'cosine', steps: 9, warmUp: 2 },
      clipValue: null,
      clipNorm: 1.5,
      initStd: 0.25,
      heldOut: 0,
      seed: 4294967295,
    };
    const { options: own } = resumeTrainer(decodeCheckpoint(encodeCheckpoint(new CharTrainer(TEXT, options))), TEXT);
    expect(own).toEqual(options);
  });
});

describe('a run on an odd text', () => {
  test.each([
    ['one symbol', 'a'.repeat(40)],
    ['one symbol of two code units', '🎭'.repeat(20)],
    ['both halves of a surrogate pair, apart', 'b\udfadab\ud83ca\udfad\ud83ca\udfad'],
    ['half a pair before a whole one', 'a\udfad🎭\ud83c🎭a\ud83c\ud83c🎭'],
    ['zeros and marks', '\0\ufeff"\\\u2028\0\ufeff"\\\u2028\0'],
  ])('of %s goes on to the last bit', (_, text) => {
    const options = { hidden: 2, chunk: 3, heldOut: 0, initStd: 0.3 };
    const trainer = new CharTrainer(text, options);
    for (let n = 0; n < 4; n++) trainer.step();
    const checkpoint = decodeCheckpoint(encodeCheckpoint(trainer));
    expect(checkpoint.model.vocabulary.symbols).toEqual(trainer.model.vocabulary.symbols);
    const resumed = resumeTrainer(checkpoint, text);
    for (let n = 0; n < 4; n++) expect(resumed.step()).toEqual(trainer.step());
    expectSame(resumed, trainer);
  });

  test('is not taken for one on a text that looks the same in UTF-8', () => {
    const [own, other, third] = ['a\ud800a\ud800a', 'a\ud801a\ud801a', 'a\ufffda\ufffda'];
    const checkpoint = decodeCheckpoint(encodeCheckpoint(new CharTrainer(own, { hidden: 1, chunk: 2, heldOut: 0 })));
    expect(() => resumeTrainer(checkpoint, own)).not.toThrow();
    for (const text of [other, third]) expect(() => resumeTrainer(checkpoint, text)).toThrow(ValueError);
  });
});

describe('a cell that is called as one of the library’s and is another', () => {
  const mine: Cell = {
    ...(cells.rnn as Cell),
    forward: (p, x, prev) => (cells['rnn-relu'] as Cell).forward(p, x, prev),
  };

  test('is not saved as it', () => {
    const trainer = trained(1, { cell: mine });
    expect(() => encodeCheckpoint(trainer)).toThrow(
      "options.cell: expected the library's rnn, or a cell with a name of its own, got another cell called rnn",
    );
  });

  test('is not what a saved one is read as', () => {
    expect(() => decodeCheckpoint(encodeCheckpoint(trained(1)), FILE, { rnn: mine })).toThrow(ValueError);
    expect(() => decodeCheckpoint(encodeCheckpoint(trained(1)), FILE, { rnn: cells.lstm as Cell })).toThrow(
      "known.rnn: expected the library's rnn",
    );
  });

  test('with a name of its own is saved, and read where it is known', () => {
    const named = { ...mine, name: 'mine' };
    const bytes = encodeCheckpoint(trained(3, { cell: named }));
    expect(() => decodeCheckpoint(bytes)).toThrow(FormatError);
    const resumed = resumeTrainer(decodeCheckpoint(bytes, FILE, { ...cells, mine: named }), TEXT);
    expect(steps(resumed, 3)).toEqual(steps(trained(3, { cell: named }), 3));
  });
});

describe('a cell of one’s own', () => {
  const [rnn, relu] = [cells.rnn, cells['rnn-relu']] as [Cell, Cell];
  const mine: Cell = { ...rnn, name: 'mine' };
  const opaque: Cell = {
    ...mine,
    forward(p, x, prev) {
      x.get(0, 0); // a look at a single element
      return rnn.forward(p, x, prev);
    },
  };
  const read = (bytes: Uint8Array, cell: Cell) => decodeCheckpoint(bytes, FILE, { ...cells, mine: cell });
  const saved = (cell: Cell) => encodeCheckpoint(trained(2, { cell }));
  const hashOf = (bytes: Uint8Array) => readSealed(bytes, FILE).metadata.get('equations');

  test('is known by its equations, wherever they are written', () => {
    const again: Cell = { ...mine, forward: (p, x, prev) => rnn.forward(p, x, prev) };
    expect(hashOf(saved(mine))).toMatch(/^[\da-f]{64}$/);
    expect(hashOf(saved(again))).toBe(hashOf(saved(mine)));
    expect(read(saved(mine), again).model.cell).toBe(again);
  });

  test.each([
    ['forward', { ...mine, forward: relu.forward }],
    ['backward', { ...mine, backward: relu.backward }],
  ])('with another %s pass is refused', (_, other) => {
    expect(() => read(saved(mine), other as Cell)).toThrow(
      `${FILE}: expected equations to be those of the cell mine that it was trained with, got other equations`,
    );
  });

  test('whose equations are no longer recorded is refused, and the reason is said', () => {
    expect(() => read(saved(mine), opaque)).toThrow(/got none that can be recorded: /);
  });

  test('whose equations cannot be recorded has no hash, and is known by its name and its shapes', () => {
    const bytes = saved(opaque);
    expect(hashOf(bytes)).toBeUndefined();
    expect(read(bytes, opaque).model.cell).toBe(opaque);
    expect(read(bytes, mine).model.cell).toBe(mine);
    expect(() => read(bytes, { ...(cells.lstm as Cell), name: 'mine' })).toThrow(
      /^.*: expected param to be \d+ numbers/,
    );
  });

  test('the library’s are known by their names, without a hash', () => {
    expect(hashOf(saved(relu))).toBeUndefined();
  });
});

test('options that are none of a trainer are refused, and not written', () => {
  for (const beside of [{ toJSON: () => 'nothing' }, { more: 1n }]) {
    expect(() => trained(1, beside as Partial<CharTrainerOptions>)).toThrow(ValueError);
    const trainer = trained(1);
    Object.assign(trainer.options, beside);
    expect(() => encodeCheckpoint(trainer)).toThrow(ValueError);
  }
});

test('a note that would not be read again is refused', () => {
  const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
  expect(decodeCheckpoint(encodeCheckpoint(trained(0), nested(64))).note).toEqual(nested(64));
  for (const depth of [65, 100_000]) {
    expect(() => encodeCheckpoint(trained(0), nested(depth))).toThrow(ValueError);
  }
});

// Looking for each tensor among all others took 21 s.
test('16,000 tensors are read in one pass', () => {
  const options = { hidden: 1, layers: 4000, chunk: 1, heldOut: 0 };
  const trainer = new CharTrainer('abab', options);
  const bytes = encodeCheckpoint(trainer);
  const seconds = cpuSeconds(() => {
    expect(decodeCheckpoint(bytes).model.net.params.values).toEqual(trainer.model.net.params.values);
  });
  expect(seconds).toBeLessThan(10);
});

describe('what is read', () => {
  test('a model that writes and foretells as the one that was saved', () => {
    const trainer = trained(25);
    const { model, state, file } = decodeCheckpoint(encodeCheckpoint(trainer), FILE);
    const written = [trainer, { model, state }].flatMap(({ model, state }) =>
      [undefined, state].map(s0 => sample(model, { prompt: 'abra', length: 60, rng: new Random(9), s0 })),
    );
    expect(written.slice(2)).toEqual(written.slice(0, 2));
    expect(evaluate(model, trainer.heldOut)).toBe(evaluate(trainer.model, trainer.heldOut));
    expect(file).toBe(FILE);
  });

  test('no state at the start of the text, one after a step', () => {
    expect(decodeCheckpoint(encodeCheckpoint(trained(0))).state).toBeUndefined();
    expect(Object.keys(decodeCheckpoint(encodeCheckpoint(trained(1))).state ?? {})).toEqual(
      Object.keys(trained(1).state ?? {}),
    );
  });

  test('the note, any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), note => {
        const { note: own } = decodeCheckpoint(encodeCheckpoint(trained(0), note));
        expect(JSON.stringify(own)).toBe(JSON.stringify(note));
      }),
      { numRuns: 50 },
    );
    expect(decodeCheckpoint(encodeCheckpoint(trained(0))).note).toBeNull();
  });
});

/** The contents of a valid checkpoint, to be made wrong. */
interface Contents {
  readonly tensors: Map<string, Tensor>;
  /** The metadata: strings, most of them JSON. */
  readonly metadata: Record<string, string>;
}

type Wrong = readonly [name: string, change: (contents: Contents) => void];

const valid = encodeCheckpoint(trained(3), { from: 'a test' });

describe('what is no checkpoint: a FormatError that names the file', () => {
  test('bytes cut off, altered, or not sealed', () => {
    const { tensors, metadata } = readSealed(valid);
    const middle = Math.floor(valid.length / 2);
    for (const bytes of [
      new Uint8Array(),
      valid.subarray(0, middle),
      valid.subarray(0, -1),
      valid.map((byte, n) => (n === middle ? byte ^ 4 : byte)),
      writeSafetensors(tensors, Object.fromEntries(metadata)),
      new TextEncoder().encode(TEXT),
    ]) {
      expectRefused(() => decodeCheckpoint(bytes, FILE));
    }
  });

  test.each<Wrong>([
    ['a vocabulary nested deep', set('vocabulary', `${'['.repeat(20_000)}${']'.repeat(20_000)}`)],
    ['a vocabulary of lists', set('vocabulary', `[${'['.repeat(60)}${']'.repeat(60)}]`)],
    ['no format', ({ metadata }) => delete metadata.format],
    ['another format', set('format', 'bptt-word-model')],
    ['no version', ({ metadata }) => delete metadata.version],
    ['another version', set('version', '3')],
    ...['vocabulary', 'options', 'position', 'note'].flatMap((key): Wrong[] => [
      [`no ${key}`, ({ metadata }) => delete metadata[key]],
      [`a ${key} that is not JSON`, set(key, '{')],
    ]),

    ['a vocabulary that is no list', set('vocabulary', '"abc"')],
    ['a vocabulary that is null', set('vocabulary', 'null')],
    ['an empty vocabulary', set('vocabulary', '[]')],
    ['a symbol twice', edit('vocabulary', symbols => Object.assign(symbols, [' ', ' ']))],
    ['symbols out of order', edit('vocabulary', symbols => symbols.reverse())],
    ['a symbol of two characters', edit('vocabulary', symbols => Object.assign(symbols, [' ,']))],
    ['a symbol of none', edit('vocabulary', symbols => Object.assign(symbols, ['']))],
    ['a symbol that is a number', edit('vocabulary', symbols => Object.assign(symbols, [0]))],
    ['a symbol more', edit('vocabulary', symbols => Object.assign(symbols, { [symbols.length]: '🏁' }))],
    ['a symbol less', edit('vocabulary', symbols => symbols.slice(1))],

    ['options that are null', set('options', 'null')],
    ['options that are a list', set('options', '[]')],
    ['an unknown cell', option('cell', 'lstmx')],
    ['a cell named as Object is', option('cell', 'constructor')],
    ['a cell that is no text', option('cell', 7)],
    ['a cell that cannot be made a text', option('cell', { toString: 1 })],
    ['a random state that cannot be made a number', placed('random', [{ valueOf: 1, toString: 1 }, 1, 2, 3])],
    ['no cell', option('cell', undefined)],
    ['more hidden units', option('hidden', 4)],
    ['no hidden units', option('hidden', 0)],
    ['more hidden units than fit', option('hidden', 1e9)],
    ['another level', option('level', 'word')],
    ['a level that is none', option('level', 'line')],
    ['another batch', option('batch', 2)],
    ['no batch', option('batch', 0)],
    ['an embedding', option('embedding', 3)],
    ['an embedding of nothing', option('embedding', 0)],
    ['all dropped', option('dropout', 1)],
    ['a schedule that is a name', option('schedule', 'cosine')],
    ['a schedule of another shape', option('schedule', { shape: 'square', steps: 5, warmUp: 0 })],
    ['a schedule that goes up only', option('schedule', { shape: 'cosine', steps: 5, warmUp: 5 })],

    ['no cell beside the options', ({ metadata }) => delete metadata.cell],
    ['another cell than in the options', set('cell', 'gru')],
    ['other sizes than in the options', field('sizes', 'm', 4)],
    ['no learning rate', placed('learningRate', undefined)],
    ['a learning rate below 0', placed('learningRate', -0.1)],
    ['no norms', placed('norms', undefined)],
    ['a norm that is no number', placed('norms', [1, null])],
    ['a symbol that is an object', edit('vocabulary', symbols => Object.assign(symbols, [{ toString: 1 }]))],
    ['options with another prototype', set('options', '{"__proto__":{"cell":"rnn"}}')],
    ['infinitely many layers', option('layers', 1e15)],

    ['no parameter', ({ tensors }) => tensors.delete('param.cell.W')],
    ['no parameters', ({ tensors }) => tensors.clear()],
    ['a parameter transposed', reshape('param.cell.U', shape => shape.toReversed())],
    ['a parameter in one row', reshape('param.cell.W', () => [9])],
    ['a parameter with a row more', ({ tensors }) => tensors.set('param.cell.W', zeros(4, 3))],
    ['a parameter that is NaN', put('param.cell.W', Number.NaN)],
    ['a parameter that is infinite', put('param.readout.c', Number.NEGATIVE_INFINITY)],
    ['a parameter too many', ({ tensors }) => tensors.set('param.cell.Z', zeros(3, 3))],
    ['a tensor of no known kind', ({ tensors }) => tensors.set('picture', zeros(3, 3))],

    ['a state that is too long', ({ tensors }) => tensors.set('state.cell.h', zeros(1, 4))],
    ['a state of another name', rename('state.cell.h', 'state.cell.c')],
    ['a state that is NaN', put('state.cell.h', Number.NaN)],
  ])('%s', (_, change) => {
    const bytes = changed(change);
    expectRefused(() => decodeCheckpoint(bytes, FILE));
  });
});

describe('a file of version 1', () => {
  /** What the version before wrote. */
  const old = changed(({ metadata }) => {
    const { learningRate, norms, ...position } = JSON.parse(metadata.position ?? '') as Record<string, unknown>;
    expect([learningRate, norms]).toEqual([0.05, expect.any(Array)]);
    metadata.position = JSON.stringify(position);
    metadata.version = '1';
    for (const key of ['library', 'cell', 'sizes']) delete metadata[key];
  });

  test('is read: its learning rate is that of its options, its norms are forgotten', () => {
    const checkpoint = decodeCheckpoint(old, FILE);
    expect(checkpoint).toMatchObject({ library: undefined, position: { learningRate: 0.05, norms: [] } });
    expect(steps(resumeTrainer(checkpoint, TEXT), 12)).toEqual(steps(trained(3), 12));
  });
});

test('one without the options there were not before is of a run that had none of them', () => {
  const before = changed(({ metadata }) => {
    const { level, batch, embedding, dropout, schedule, ...options } = JSON.parse(
      metadata.options ?? '',
    ) as CharTrainerOptions;
    expect({ level, batch, embedding, dropout, schedule }).toEqual(laterOptions);
    metadata.options = JSON.stringify(options);
  });
  const checkpoint = decodeCheckpoint(before, FILE);
  expect(checkpoint.options).toEqual(trained(0).options);
  expect(steps(resumeTrainer(checkpoint, TEXT), 12)).toEqual(steps(trained(3), 12));
});

describe('the metadata', () => {
  test('says what wrote it, and the cell and the sizes in plain words', () => {
    const { metadata } = readSealed(valid);
    expect(metadata.get('library')).toMatch(/^bptt \d+\.\d+\.\d+/);
    expect(metadata.get('cell')).toBe('rnn');
    const C = decodeCheckpoint(valid).model.vocabulary.size;
    expect(JSON.parse(metadata.get('sizes') ?? '')).toEqual({ d: C, m: 3, layers: 1, C });
    expect(decodeCheckpoint(valid).library).toBe(metadata.get('library'));
  });

  test('has the learning rate as it is now, and the norms of the last steps', () => {
    const trainer = trained(3);
    trainer.optimiser.learningRate = 0.0125;
    const resumed = resumeTrainer(decodeCheckpoint(encodeCheckpoint(trainer)), TEXT);
    expect(resumed.optimiser.learningRate).toBe(0.0125);
    expect(resumed.position.norms).toEqual(trainer.position.norms);
    expect(resumed.position.norms).toHaveLength(3);
    expect(steps(resumed, 4)).toEqual(steps(trainer, 4));
    expect(steps(trained(3), 4)).not.toEqual(
      steps(resumeTrainer(decodeCheckpoint(encodeCheckpoint(trainer)), TEXT), 4),
    );
  });
});

test('what a file asks memory for, it holds: a small one that says it is large is refused at once', () => {
  const liar = (hidden: number) =>
    changed(contents => {
      field('options', 'hidden', hidden)(contents);
      field('sizes', 'm', hidden)(contents);
    });
  // 8 000 hidden units would take a gigabyte.
  for (const hidden of [8_000, 1e9, 2 ** 53 - 1]) {
    const bytes = liar(hidden);
    const before = process.memoryUsage();
    expectRefused(() => decodeCheckpoint(bytes, FILE));
    const { arrayBuffers } = process.memoryUsage();
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 20);
  }
});

test.each<[string, (trainer: CharTrainer) => Float64Array | undefined]>([
  ['a parameter', ({ model }) => model.net.params.values],
  ['memory of the optimiser', ({ optimiser }) => optimiser.memory.mem],
])('%s that is not finite is not saved', (_, dataOf) => {
  const trainer = trained(2);
  dataOf(trainer)?.set([Number.NaN], 4);
  expect(() => encodeCheckpoint(trainer)).toThrow(DivergenceError);
});

describe('what cannot be gone on with: a FormatError that names the file', () => {
  test.each<Wrong>([
    ['a position that is null', set('position', 'null')],
    ['a position that is empty', set('position', '{}')],
    ['a position beyond the text', placed('position', 41)],
    ['a position before the text', placed('position', -4)],
    ['a position between two symbols', placed('position', 0.5)],
    ['a step before the first', placed('step', -1)],
    ['no step', placed('step', undefined)],
    ['a loss that is no number', placed('smoothed', 'low')],
    ['a loss that is negative', placed('smoothed', -1)],
    ['no random state', placed('random', undefined)],
    ['a random state that is null', placed('random', null)],
    ['a random state of zeros', placed('random', [0, 0, 0, 0])],
    ['a random state cut short', placed('random', [1, 2, 3])],
    ['a random state of text', placed('random', ['1', '2', '3', '4'])],

    ['no optimiser memory', ({ tensors }) => tensors.delete('optimiser.mem')],
    ['optimiser memory of another name', rename('optimiser.mem', 'optimiser.velocity')],
    ['optimiser memory cut short', ({ tensors }) => tensors.set('optimiser.mem', zeros(1, 5))],
    ['optimiser memory that is NaN', put('optimiser.mem', Number.NaN)],
    ['no state in the middle of the text', ({ tensors }) => tensors.delete('state.cell.h')],

    ['an unknown optimiser', option('optimiser', 'newton')],
    ['a learning rate of 0', option('learningRate', 0)],
    ['a chunk of 0', option('chunk', 0)],
    ['nothing to train on', option('heldOut', 1)],
    ['a clip that is text', option('clipValue', 'five')],
    ['a seed that is none', option('seed', -1)],
  ])('%s', (_, change) => {
    const bytes = changed(change);
    expectRefused(() => resumeTrainer(decodeCheckpoint(bytes, FILE), TEXT));
  });

  test('the same contents, sealed anew, can be', () => {
    expectSame(resumeTrainer(decodeCheckpoint(changed(() => {})), TEXT), trained(3));
  });
});

describe('another text: a ValueError', () => {
  test.each([
    ['of other symbols', TEXT.replace('🎭', '字')],
    ['with a symbol more', `${TEXT}!`],
    ['without some', 'abracadabra'],
    ['shorter than a chunk', TEXT.slice(0, 3)],
    ['of the same symbols, twice as long', TEXT.repeat(2)],
    ['of the same symbols, in another order', [...TEXT].reverse().join('')],
    ['with one symbol changed for another', TEXT.replace('pocus', 'pucus')],
  ])('%s', (_, text) => {
    const error = thrown(() => resumeTrainer(decodeCheckpoint(valid, FILE), text));
    expect(error).toBeInstanceOf(ValueError);
    expect((error as ValueError).argument).toBe('text');
  });
});

/** A trainer on TEXT after k steps. */
function trained(k: number, options: Partial<CharTrainerOptions> = {}): CharTrainer {
  const trainer = new CharTrainer(TEXT, { ...SMALL, ...options });
  steps(trainer, k);
  return trainer;
}

function steps(trainer: CharTrainer, n: number): TrainingStep[] {
  return Array.from({ length: n }, () => trainer.step());
}

/** Both stand at the same place with the same numbers, to the last bit. */
function expectSame(a: CharTrainer, b: CharTrainer): void {
  const [one, two] = [a, b].map(({ model, optimiser, state, position, options, random }) => ({
    params: bits(model.net.params.values),
    memory: Object.entries(optimiser.memory).map(([name, data]) => [name, bits(data)]),
    state: state && Object.entries(state).map(([name, matrix]) => [name, bits(matrix.to1DArray())]),
    position,
    options,
    random: random.state(),
  }));
  expect(one).toEqual(two);
  expect(encodeCheckpoint(a)).toEqual(encodeCheckpoint(b));
}

function bits(data: ArrayLike<number>): BigUint64Array {
  return new BigUint64Array(Float64Array.from(data).buffer);
}

function changed(change: (contents: Contents) => void): Uint8Array {
  const { tensors, metadata } = readSealed(valid);
  const contents = { tensors, metadata: Object.fromEntries(metadata) };
  change(contents);
  return writeSealed(contents.tensors, contents.metadata);
}

/** Writes `text` at `key` of the metadata. */
function set(key: string, text: string): Wrong[1] {
  return ({ metadata }) => {
    metadata[key] = text;
  };
}

/** Changes the list at `key` of the metadata. */
function edit(key: string, change: (list: unknown[]) => unknown): Wrong[1] {
  return ({ metadata }) => {
    metadata[key] = JSON.stringify(change(JSON.parse(metadata[key] ?? '') as unknown[]));
  };
}

/** Sets a field of the object at `key` of the metadata. */
function field(key: string, name: string, value: unknown): Wrong[1] {
  return ({ metadata }) => {
    metadata[key] = JSON.stringify({ ...(JSON.parse(metadata[key] ?? '') as object), [name]: value });
  };
}

function option(name: string, value: unknown): Wrong[1] {
  return field('options', name, value);
}

function placed(name: string, value: unknown): Wrong[1] {
  return field('position', name, value);
}

/** Gives a tensor another shape for the same numbers. */
function reshape(name: string, change: (shape: readonly number[]) => readonly number[]): Wrong[1] {
  return ({ tensors }) => {
    const { shape, data } = tensorOf(tensors, name);
    tensors.set(name, { shape: change(shape), data });
  };
}

/** Sets one number of a tensor. */
function put(name: string, x: number): Wrong[1] {
  return ({ tensors }) => {
    const { data } = tensorOf(tensors, name);
    data[data.length - 1] = x;
  };
}

function rename(name: string, other: string): Wrong[1] {
  return ({ tensors }) => {
    tensors.set(other, tensorOf(tensors, name));
    tensors.delete(name);
  };
}

function tensorOf(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no tensor ${name} among ${[...tensors.keys()].join(', ')}`);
  return tensor;
}

function zeros(rows: number, columns: number): Tensor {
  return { shape: [rows, columns], data: new Float64Array(rows * columns) };
}

function expectRefused(read: () => unknown): void {
  const error = thrown(read);
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).argument).toBe(FILE);
}

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
