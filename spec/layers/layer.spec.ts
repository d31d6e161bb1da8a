import { Matrix } from 'ml-matrix';
import { expect, it } from 'vitest';
import { ShapeError } from '../../lib/errors.ts';
import { requireState, zeroState } from '../../lib/layers/layer.ts';
import type { Matrices } from '../../lib/shape.ts';

const state = { h: 2, c: 3 };

it('a state that is not given is zeros of its shape', () => {
  expect(requireState('s0', undefined, state, 4)).toEqual(zeroState(state, 4));
  expect(zeroState(state, 4)).toEqual({ h: Matrix.zeros(4, 2), c: Matrix.zeros(4, 3) });
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
