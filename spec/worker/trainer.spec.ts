/** A language model that is trained at the other end of a channel. */
import { afterEach, expect, it } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { resumeTrainer } from '../../lib/io/resume-trainer.ts';
import { evaluate, sample } from '../../lib/models/char-model.ts';
import type { CharTrainerOptions } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { DivergenceError } from '../../lib/models/divergence.ts';
import { Random } from '../../lib/random.ts';
import { connect } from '../../lib/worker/connect.ts';
import { type ConnectTrainerOptions, connectTrainer, type RemoteTrainer } from '../../lib/worker/connect-trainer.ts';
import { expose } from '../../lib/worker/expose.ts';
import type { TrainerUpdate } from '../../lib/worker/messages.ts';
import type { Port } from '../../lib/worker/port.ts';

interface Given extends Omit<Partial<CharTrainerOptions>, 'cell'> {
  readonly text: string;
  readonly cell: keyof typeof cells;
}

const TEXT = 'so long as men can breathe or eyes can see\nso long lives this and this gives life to thee\n'.repeat(4);
const given: Given = { text: TEXT, cell: 'lstm', hidden: 7, chunk: 10, batch: 2, dropout: 0.2, optimiser: 'adam' };

const made = ({ text, cell, ...options }: Given) => new CharTrainer(text, { ...options, cell: cells[cell] ?? lstm });

const open: { close(): void }[] = [];

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

function port(make: (given: Given) => unknown = made): Port {
  const { port1, port2 } = new MessageChannel();
  expose(make as typeof made, port2);
  open.push(port1);
  return port1;
}

function remote(options: ConnectTrainerOptions = {}, data: unknown = given): RemoteTrainer {
  return connectTrainer(port(), data, options);
}

async function all(trainer: RemoteTrainer): Promise<TrainerUpdate[]> {
  const updates: TrainerUpdate[] = [];
  for await (const update of trainer) updates.push(update);
  return updates;
}

/** The trainer that it would be here, after so many steps. */
function here(steps: number): CharTrainer {
  const trainer = made(given);
  for (let n = 0; n < steps; n++) trainer.step();
  return trainer;
}

it('makes every update that it would make here, and is done when they are made', async () => {
  const trainer = made(given);
  const remotely = remote({ steps: 12 });
  const updates = await all(remotely);
  expect(updates).toHaveLength(12);
  for (const update of updates) {
    expect(update).toEqual({ ...trainer.step(), norm: trainer.position.norms.at(-1) });
  }
  expect(await all(remotely)).toEqual([]);
});

it('saves the checkpoint that it would save here, to the last byte, with a note', async () => {
  const remotely = remote({ steps: 5 });
  await all(remotely);
  expect(await remotely.save({ of: 'mine' })).toEqual(encodeCheckpoint(here(5), { of: 'mine' }));
  expect(decodeCheckpoint(await remotely.save()).note).toBe(null);
});

it('goes on from a checkpoint to the same bytes', async () => {
  const first = remote();
  for await (const { step } of first) if (step === 3) break;
  const from = await first.save();
  expect(decodeCheckpoint(from).position.step).toBeGreaterThanOrEqual(3);
  const steps = decodeCheckpoint(from).position.step + 9;
  const second = remote({ from, steps });
  expect(await all(second)).toHaveLength(9);
  expect(await second.save()).toEqual(encodeCheckpoint(here(steps)));
  expect(encodeCheckpoint(resumeTrainer(decodeCheckpoint(from), TEXT))).toEqual(from);
});

it('writes what its model writes, judges held-out text, and is not changed by it', async () => {
  const remotely = remote({ steps: 20 });
  await all(remotely);
  const before = await remotely.save();
  const { model, heldOut } = here(20);
  const options = { prompt: 'so', length: 30, temperature: 0.8, topK: 9, topP: 0.9 };
  expect(await remotely.sample({ ...options, seed: 3 })).toBe(sample(model, { ...options, rng: new Random(3) }));
  const plain = sample(model, { prompt: '\n', length: 30, rng: new Random(1) });
  expect(await remotely.sample({ length: 30 })).toBe(plain);
  expect(await remotely.evaluate()).toBe(evaluate(model, heldOut));
  const part = evaluate(model, heldOut.subarray(0, 20), 3);
  expect(await remotely.evaluate({ symbols: 20, streams: 3 })).toBe(part);
  expect(part).not.toBe(evaluate(model, heldOut));
  expect(await remotely.save()).toEqual(before);
});

it('shows the gradient of the last update by the names of the parameters', async () => {
  const remotely = remote({ steps: 4 });
  for (const dW of Object.values(await remotely.gradients())) expect(dW.max()).toBe(0);
  await all(remotely);
  const grads = here(4).model.net.params.namedGrads();
  const shown = await remotely.gradients();
  expect(Object.keys(shown)).toEqual(Object.keys(grads));
  for (const [name, dW] of Object.entries(grads)) expect(shown[name]?.to2DArray()).toEqual(dW.to2DArray());
  expect(shown['readout.c']?.norm()).toBeGreaterThan(0);
});

it('answers while it runs, between two updates, and stands when it is told to', async () => {
  const remotely = remote();
  remotely.resume();
  const stepNow = async () => decodeCheckpoint(await remotely.save()).position.step;
  const first = await stepNow();
  let step = first;
  while (step === first) step = await stepNow();
  expect(step).toBeGreaterThan(first);
  remotely.pause();
  const bytes = await remotely.save();
  await new Promise(resolve => setTimeout(resolve, 20));
  expect(await remotely.save()).toEqual(bytes);
});

it('throws in the loop what the trainer threw, and stands before the update', async () => {
  const remotely = remote({}, { ...given, cell: 'rnn-relu', optimiser: 'sgd', learningRate: 1e200, clipValue: null });
  const error = await all(remotely).catch(error => error);
  expect(error).toBeInstanceOf(DivergenceError);
  const { step } = error as DivergenceError;
  expect(step).toBeGreaterThan(1);
  await expect(remotely.sample({ length: 3 })).rejects.toThrow(Error);
});

it('refuses another checkpoint, with other options, of another text', async () => {
  const from = encodeCheckpoint(here(1));
  const other = (data: Partial<Given>) => all(remote({ from, steps: 2 }, { ...given, ...data }));
  await expect(other({ hidden: 8 })).rejects.toThrow('hidden: expected 7, as from has it, got 8');
  await expect(other({ cell: 'gru' })).rejects.toThrow('cell: expected "lstm", as from has it, got "gru"');
  await expect(other({ schedule: { shape: 'cosine', steps: 9, warmUp: 0 } })).rejects.toThrow(/^schedule: expected /);
  await expect(other({ text: `${TEXT}?` })).rejects.toThrow('text: expected the text that from was trained on');
  await expect(all(remote({ from: from.slice(9), steps: 2 }))).rejects.toThrow(FormatError);
  await expect(other({})).resolves.toHaveLength(1);
});

it('knows a cell of one’s own by what the worker has made', async () => {
  const own = { ...lstm, name: 'mine' };
  const make = ({ text }: Given) => new CharTrainer(text, { cell: own, hidden: 3 });
  const first = connectTrainer(port(make), given, { steps: 1 });
  await all(first);
  expect(await all(connectTrainer(port(make), given, { from: await first.save(), steps: 3 }))).toHaveLength(2);
});

it('refuses what it is not', async () => {
  await expect(connect(port(), given).snapshot()).rejects.toThrow('make(given): expected a Training, got a');
  const none = connectTrainer(
    port(() => ({})),
    given,
  );
  await expect(none.save()).rejects.toThrow('make(given): expected a CharTrainer, got an object');
  expect(() => connectTrainer(port(), given, { steps: 0 })).toThrow('steps: expected a positive integer, got 0');
  expect(() => connectTrainer(port(), given, { step: 1 } as never)).toThrow(ValueError);
  expect(() => connectTrainer({} as never)).toThrow('worker: expected a Worker');
  const remotely = remote();
  expect(() => remotely.sample({ length: 0 })).toThrow(/^length: /);
  expect(() => remotely.sample({ length: 1, seeds: 3 } as never)).toThrow(/^options: /);
  expect(() => remotely.sample({ length: 1, prompt: [] } as never)).toThrow(
    'prompt: expected a text, got Array of length 0',
  );
  expect(() => remotely.sample({ length: 1, topP: 2 })).toThrow(/^topP: /);
  expect(() => remotely.evaluate({ symbols: -1 })).toThrow(/^symbols: /);
  await expect(remotely.sample({ length: 1, prompt: '?' })).rejects.toThrow(/^prompt: /);
  await expect(remotely.evaluate({ streams: 1000 })).rejects.toThrow(/^streams: /);
  await expect(remotely.save({ deep: 1n })).rejects.toThrow(/^note: /);
  await expect(remotely.save(() => 1)).rejects.toThrow(/^note: expected data that can be sent/);
});
