import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { ShapeError } from '../../lib/errors.ts';
import { type Layer, requireLayer, requireState, zeroState } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import type { Matrices } from '../../lib/shape.ts';

const state = { h: 2, c: 3 };

it('a state that is not given is zeros of its shape', () => {
  expect(requireState('s0', undefined, state, 4)).toEqual(zeroState(state, 4));
  expect(zeroState(state, 4)).toEqual({ h: Matrix.zeros(4, 2), c: Matrix.zeros(4, 3) });
});

describe('a layer', () => {
  const right = unroll(rnn, { d: 2, m: 3 }) as Layer;

  it('is given back where it is one, with a function that takes tapes back or without', () => {
    for (const layer of [right, { ...right, release: () => {} }]) expect(requireLayer('net', layer)).toBe(layer);
  });

  it.each<[object, string]>([
    [{ forward: 1 }, 'net.forward: expected a function, got 1'],
    [{ backward: undefined }, 'net.backward: expected a function, got undefined'],
    [{ name: 3 }, 'net.name: expected a string, got 3'],
    [{ release: true }, 'net.release: expected a function, got true'],
    [{ params: {} }, 'net.params: expected'],
    [{ inputs: 0 }, 'net.inputs: expected a positive integer, got 0'],
    [{ outputs: 1.5 }, 'net.outputs: expected a positive integer, got 1.5'],
    [{ equations: 'B1' }, 'net.equations: expected an object'],
    [{ state: 'h' }, 'net.state: expected an object'],
    [{ state: { h: 3, c: 0 } }, 'net.state.c: expected a positive integer, got 0'],
  ])('is refused by the part that is none: %o', (change, message) => {
    expect(() => requireLayer('net', { ...right, ...change } as Layer)).toThrow(message);
  });
});

it('one that fits is given back', () => {
  const s = { h: Matrix.ones(1, 2), c: Matrix.ones(1, 3) };
  expect(requireState('s0', s, state, 1)).toBe(s);
});

it.each<[string, unknown, RegExp]>([
  ['null', null, /^s0: expected a state of parts \{h, c\}, got null$/],
  ['a number', 7, /^s0: expected a state of parts \{h, c\}, got 7$/],
  [
    'a part too many',
    { h: Matrix.zeros(1, 2), c: Matrix.zeros(1, 3), v: 1 },
    /^s0: expected a state of parts \{h, c\}/,
  ],
  ['a part too few', { h: Matrix.zeros(1, 2) }, /^s0\.c: expected a 1×3 matrix, got undefined$/],
  [
    'a part of another size',
    { h: Matrix.zeros(1, 2), c: Matrix.zeros(2, 3) },
    /^s0\.c: expected a 1×3 matrix, got a 2×3/,
  ],
])('what is none is a ShapeError that names it: %s', (_, s, message) => {
  expect(() => requireState('s0', s as Matrices, state, 1)).toThrow(ShapeError);
  expect(() => requireState('s0', s as Matrices, state, 1)).toThrow(message);
});
