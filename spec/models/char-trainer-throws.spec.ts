/** A step that throws, whatever and wherever: nothing is half done, and the same step may be tried again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryError, ShapeError, ValueError } from '../../lib/errors.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { DivergenceError } from '../../lib/models/divergence.ts';

const TEXT = 'Let me not to the marriage of true minds\nAdmit impediments. ';
const CHUNK = 7;

/** Text of so many chunks and their successor, so that a step beyond them begins anew. */
const trainerOf = (chunks: number) =>
  new CharTrainer(TEXT.slice(0, chunks * CHUNK + 1), { hidden: 3, chunk: CHUNK, heldOut: 0, initStd: 0.4 });

/** All that a step may change, but for the gradients. */
const all = ({ position, state, nextSymbol, model, optimiser }: CharTrainer) => ({
  position,
  state: Object.entries(state ?? {}).map(([name, part]) => [name, part.to1DArray()]),
  nextSymbol,
  values: model.net.params.values.slice(),
  memory: Object.values(optimiser.memory).map(data => data.slice()),
});

const PLACES = ['before forward', 'after forward', 'before backward', 'after backward', 'update'] as const;

/** Lets the next step throw at a place. */
function sabotage({ model: { net }, optimiser }: CharTrainer, place: (typeof PLACES)[number], error: Error): void {
  const { forward, backward } = net;
  const { step } = optimiser;
  const repair = () => Object.assign(net, { forward, backward }) && Object.assign(optimiser, { step });
  const fail = (): never => {
    repair();
    throw error;
  };
  if (place === 'update') optimiser.step = fail;
  if (place === 'before forward') net.forward = fail;
  if (place === 'before backward') net.backward = fail;
  if (place === 'after forward') {
    net.forward = (x, s0) => {
      forward(x, s0);
      return fail();
    };
  }
  if (place === 'after backward') {
    net.backward = (tape, dy, dsT) => {
      backward(tape, dy, dsT);
      return fail();
    };
  }
}

const errors = [
  new MemoryError('memory', 'at most 4294967296 bytes', '5403164736'),
  new ValueError('x', 'a class', '5403164736'),
  new ShapeError('x', 'a 2×2 matrix', 'NaN'),
  new TypeError('no function'),
];

describe('a step that throws', () => {
  it('leaves all as it was, and what comes after is what would have come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(9),
        fc.constantFrom(...PLACES),
        fc.constantFrom(...errors),
        (chunks, steps, place, error) => {
          const [trainer, other] = [trainerOf(chunks), trainerOf(chunks)];
          for (let n = 0; n < steps; n++) expect(trainer.step()).toEqual(other.step());
          const before = all(trainer);
          sabotage(trainer, place, error);
          expect(() => trainer.step()).toThrow(error);
          expect(all(trainer)).toEqual(before);
          for (let n = 0; n < 3; n++) expect(trainer.step()).toEqual(other.step());
          expect(all(trainer)).toEqual(all(other));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(['NaN', 'Infinity', '-Infinity', '1e+39'])('diverges where what came is %s, and only there', got => {
    for (let steps = 0; steps < 6; steps++) {
      const trainer = trainerOf(2);
      for (let n = 0; n < steps; n++) trainer.step();
      const before = all(trainer);
      sabotage(trainer, 'before forward', new ValueError('x[3]', 'a finite number', got));
      expect(() => trainer.step()).toThrow(
        expect.objectContaining({ name: 'DivergenceError', step: steps + 1, tensor: 'x[3]' }),
      );
      expect(all(trainer)).toEqual(before);
    }
  });

  it('says what it is: only a number that is not finite is divergence', () => {
    for (const error of [...errors, new ValueError('x', 'a name', 'NaNcy'), new ValueError('x', 'a name', '')]) {
      const trainer = trainerOf(2);
      sabotage(trainer, 'after forward', error);
      expect(() => trainer.step()).toThrow(error);
      expect(error).not.toBeInstanceOf(DivergenceError);
    }
  });

  it('diverges where a parameter is beyond the 32 bits that its layer computes in', () => {
    const trained = () => new CharTrainer(TEXT, { hidden: 3, chunk: CHUNK, heldOut: 0 }, { precision: 'f32' });
    const names = Object.keys(trained().model.net.params.shapes);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      const trainer = trained();
      trainer.step();
      trainer.model.net.params.named()[name]?.set(0, 2, 1e39);
      const before = all(trainer);
      expect(() => trainer.step(), name).toThrow(
        expect.objectContaining({ name: 'DivergenceError', step: 2, norms: [expect.any(Number)] }),
      );
      expect(all(trainer)).toEqual(before);
    }
  });

  it('gives the tape back', () => {
    const trainer = trainerOf(2);
    const { net } = trainer.model;
    const taken: unknown[] = [];
    const given: unknown[] = [];
    const { forward, release } = net;
    net.forward = (x, s0) => {
      const step = forward(x, s0);
      taken.push(step.tape);
      return step;
    };
    net.release = tape => {
      given.push(tape);
      release?.(tape);
    };
    for (const place of ['before backward', 'after backward', 'update'] as const) {
      sabotage(trainer, place, new TypeError('no function'));
      expect(() => trainer.step()).toThrow(TypeError);
    }
    expect(taken).toHaveLength(3);
    expect(given).toEqual(taken);
  });
});

describe('lists that are too long', () => {
  it.each([6, 2 ** 20, 2 ** 32 - 1])('%d norms are refused before any is looked at', length => {
    const trainer = trainerOf(2);
    trainer.step();
    const before = all(trainer);
    const looked: number[] = [];
    const norms = new Proxy(new Array<number>(length), {
      get(list, key) {
        if (key !== 'length') looked.push(Number(key === Symbol.iterator ? -1 : key));
        return Reflect.get(list, key) as unknown;
      },
    });
    expect(() => trainer.moveTo({ ...trainer.position, norms }, undefined)).toThrow(
      expect.objectContaining({ name: 'ValueError', argument: 'norms', got: `${length}` }),
    );
    expect(looked).toEqual([]);
    expect(all(trainer)).toEqual(before);
  });
});
