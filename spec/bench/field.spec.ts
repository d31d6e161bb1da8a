/** Peers: held against our result before they are timed, left out where they fail, absent where they are not installed. */
import { describe, expect, it } from 'vitest';
import { reference, wasm } from '../../bench/backends.ts';
import { layerCase } from '../../bench/cases/layers.ts';
import { openField } from '../../bench/field.ts';
import { stacked, transposed, unstacked } from '../../bench/peers/gates.ts';
import { chosenFamilies, families } from '../../bench/peers/index.ts';
import { installed } from '../../bench/peers/installed.ts';
import type { Family, Peer } from '../../bench/peers/peer.ts';
import { decoded, encoded, Python } from '../../bench/peers/python.ts';
import { ValueError } from '../../lib/errors.ts';

const which = layerCase('gru', [3, 4, 2, 5]);
const opened = which.open();
const expected = opened.ours(wasm, 'f64').result({ states: false });
const race = {
  ...{ name: which.name, precision: 'f64' as const, work: which.work, opened },
  backends: [wasm],
  expected: () => expected,
};

const peer = (name: string, more: Partial<Peer>): Peer => ({
  ...{ name, precision: 'f64', pace: 1e9, takes: () => true },
  prepare: async () => ({ result: expected, run: () => 1 }),
  ...more,
});

const family = (name: string, open: Family['open']): Family => ({ name, open, close() {} });
const fieldOf = (...peers: readonly Peer[]) =>
  openField({ families: [family('some', async () => peers)], reference: false }, { python: undefined, patience: 5 });

describe('a peer', () => {
  it('that computes the same is verified; one that does not, or cannot say, is not', async () => {
    const off = { ...expected, dx: (expected.dx ?? new Float64Array()).map(value => 1.0001 * value) };
    const field = await fieldOf(
      peer('right', {}),
      peer('wrong', { prepare: async () => ({ result: off, run: () => 1 }) }),
      peer('silent', { prepare: async () => ({ differs: 'it is another function', run: () => 1 }) }),
      peer('besides', { prepare: async () => ({ result: expected, differs: 'it does more', run: () => 1 }) }),
    );
    const { rivals } = await field.invite(race);
    expect(rivals.map(({ name, verified, note }) => [name, verified, note])).toEqual([
      ['right', true, null],
      ['wrong', false, 'its dx deviates by 1.0e-4'],
      ['silent', false, 'it is another function'],
      ['besides', true, 'it does more'],
    ]);
  });

  it('that fails or would take too long is left out; of another precision or kind it is not asked', async () => {
    const fails = async () => {
      throw new Error('out of memory');
    };
    const field = await fieldOf(
      peer('failing', { prepare: fails }),
      peer('slow', { pace: which.work.flops / 60 }),
      peer('single', { precision: 'f32', prepare: fails }),
      peer('narrow', { takes: () => false, prepare: fails }),
    );
    const { rivals, leftOut } = await field.invite(race);
    expect(rivals).toEqual([]);
    expect(leftOut.map(({ who, why }) => [who, why])).toEqual([
      ['failing', 'out of memory'],
      ['slow', 'would take 60 s or so each time'],
    ]);
  });

  it('is the reference too, in f64, unless it is one of us', async () => {
    const field = await openField({ families: [], reference: true }, { python: undefined, patience: 5 });
    const names = async (more: object) => (await field.invite({ ...race, ...more })).rivals.map(({ name }) => name);
    expect(await names({})).toEqual(['reference']);
    expect(await names({ backends: [reference] })).toEqual([]);
    expect(await names({ precision: 'f32' })).toEqual([]);
  });
});

describe('a family', () => {
  it('that is not there is named with the reason', async () => {
    const chosen = [
      family('gone', async () => 'not installed'),
      family('broken', async () => {
        throw new Error('it does not start');
      }),
    ];
    const { absent } = await openField({ families: chosen, reference: false }, { python: undefined, patience: 5 });
    expect(absent).toEqual([
      { family: 'gone', why: 'not installed' },
      { family: 'broken', why: 'it does not start' },
    ]);
  });

  it('is chosen by name', () => {
    expect(chosenFamilies(['none'])).toEqual({ families: [], reference: false });
    expect(chosenFamilies(['all'])).toEqual({ families, reference: true });
    expect(chosenFamilies(['tfjs', 'reference'])).toMatchObject({ families: [{ name: 'tfjs' }], reference: true });
    expect(() => chosenFamilies(['all', 'tfsj'])).toThrow(ValueError);
  });

  it('of a library that is not installed says how to install it', () => {
    const missing = Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
    const absent = installed(() => {
      throw missing;
    });
    expect(absent).toBe('not installed (npm run bench:peers)');
  });
});

describe('Python', () => {
  it('that is not there, or does not run the script, is told by its reason', async () => {
    await expect(Python.start('no-such-python')).rejects.toThrow('there is no no-such-python');
    await expect(Python.start(process.execPath)).rejects.toThrow();
  });

  it('gets and gives numbers to the last bit', () => {
    const tensors = { a: Float64Array.of(0.1, -0, Number.MIN_VALUE, 1e308), b: new Float64Array() };
    expect(decoded(encoded(tensors))).toEqual(tensors);
  });
});

describe('stacked gates', () => {
  const params = { 'low.W_i': Float64Array.of(1, 2), 'low.W_f': Float64Array.of(3, 4) };

  it('come apart as they were put together', () => {
    const all = stacked(params, 'low.', 'W', ['f', 'i']);
    expect([...all]).toEqual([3, 4, 1, 2]);
    expect(unstacked(all, 'low.', 'W', ['f', 'i'])).toEqual({
      'dlow.W_f': params['low.W_f'],
      'dlow.W_i': params['low.W_i'],
    });
  });

  it('are transposed', () => {
    expect([...transposed(Float64Array.of(1, 2, 3, 4, 5, 6), 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });
});
