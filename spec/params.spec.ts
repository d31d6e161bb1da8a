import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Entries } from '../lib/entries.ts';
import { ParamSet, pick } from '../lib/params.ts';
import { entries, size } from './arbitraries.ts';
import { flat } from './numbers.ts';

/** Shapes by name, in any order. */
const shapes = fc
  .uniqueArray(fc.tuple(fc.constantFrom('W', 'b', 'V', 'U', 'c'), fc.tuple(size(3), size(3))), {
    minLength: 1,
    selector: ([name]) => name,
  })
  .map(list => Object.fromEntries(list));

/** Parameters with values and gradients. */
const filled: fc.Arbitrary<ParamSet> = shapes.chain(own => {
  const { size: count } = ParamSet.of(own);
  return fc.tuple(entries(count), entries(count)).map(([values, grads]) => {
    const params = ParamSet.of(own);
    params.values.set(values);
    params.grads.set(grads);
    return params;
  });
});

const parts = fc.dictionary(fc.constantFrom('rnn', 'readout', 'a', 'z'), filled, { minKeys: 1 });

/** Every number of the parameters' matrices, matrix after matrix. */
const valuesOf = (params: ParamSet): number[] => Object.values(params.named()).flatMap(flat);
const gradsOf = (params: ParamSet): number[] => Object.values(params.namedGrads()).flatMap(flat);

/** Fills an array with `first`, twice `first`, three times `first`, … */
const count = (numbers: Float64Array, first = 1): void => numbers.set(Array.from(numbers, (_, i) => first * (i + 1)));

describe('parameters', () => {
  it('begin at zero, as large as their shapes', () => {
    fc.assert(
      fc.property(shapes, own => {
        const params = ParamSet.of(own);
        const numbers = Object.values(own).reduce((sum, [rows, columns]) => sum + rows * columns, 0);
        expect(params.size).toBe(numbers);
        expect(params.values).toEqual(new Float64Array(numbers));
        expect(params.grads).toEqual(new Float64Array(numbers));
      }),
    );
  });

  it('lie in the order of their names, row after row, gradients alike', () => {
    fc.assert(
      fc.property(shapes, own => {
        const params = ParamSet.of(own);
        count(params.values);
        count(params.grads, -1);
        for (const matrices of [params.named(), params.namedGrads()]) {
          const made = Object.entries(matrices).map(([name, { rows, columns }]) => [name, [rows, columns]]);
          expect(made).toEqual(Object.entries(own));
        }
        expect(valuesOf(params)).toEqual(Array.from(params.values));
        expect(gradsOf(params)).toEqual(Array.from(params.grads));
      }),
    );
  });

  it('share memory with their matrices, values and gradients apart', () => {
    const params = ParamSet.of({ b: [1, 2], W: [2, 2] });
    params.named().W.set(1, 0, 5);
    params.namedGrads().b.set(0, 1, 7);
    expect(Array.from(params.values)).toEqual([0, 0, 0, 0, 5, 0]);
    expect(Array.from(params.grads)).toEqual([0, 7, 0, 0, 0, 0]);
  });

  it('lose their gradients, not their values, at zeroGrads', () => {
    fc.assert(
      fc.property(filled, params => {
        const before = params.values.slice();
        params.zeroGrads();
        expect(params.grads).toEqual(new Float64Array(params.size));
        expect(params.values).toEqual(before);
      }),
    );
  });

  it.each([
    ['W rows', [0, 1]],
    ['W columns', [1, -1]],
    ['W rows', [1.5, 2]],
    ['W columns', [1, Number.NaN]],
    ['W rows', [Number.POSITIVE_INFINITY, 1]],
  ] as const)('of a bad shape are refused: %s of %j', (argument, bad) => {
    expect(() => ParamSet.of({ b: [1, 1], W: bad })).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
  });

  it('that memory does not hold are refused, with how many they are', () => {
    const refusal = { name: 'MemoryError', argument: 'params', got: `${2 ** 45}` };
    expect(() => ParamSet.of({ W: [2 ** 20, 2 ** 25] })).toThrow(expect.objectContaining(refusal));
  });
});

describe('joined parameters', () => {
  it('keep values and gradients, and are named by part', () => {
    fc.assert(
      fc.property(parts, own => {
        const names = Object.entries(own).flatMap(([part, { shapes }]) =>
          Object.entries(shapes).map(([name, shape]) => [`${part}.${name}`, shape]),
        );
        const values = Object.values(own).flatMap(valuesOf);
        const grads = Object.values(own).flatMap(gradsOf);
        const joined = ParamSet.join(own);
        expect(Object.entries(joined.shapes)).toEqual(names);
        expect([valuesOf(joined), gradsOf(joined)]).toEqual([values, grads]);
        expect(Object.values(own).flatMap(valuesOf)).toEqual(values);
        expect(Object.values(own).flatMap(gradsOf)).toEqual(grads);
      }),
    );
  });

  it('and their parts see what is written to either', () => {
    fc.assert(
      fc.property(parts, own => {
        const joined = ParamSet.join(own);
        count(joined.values);
        count(joined.grads, -1);
        expect(Object.values(own).flatMap(valuesOf)).toEqual(Array.from(joined.values));
        expect(Object.values(own).flatMap(gradsOf)).toEqual(Array.from(joined.grads));
        for (const part of Object.values(own)) {
          count(part.values, 2);
          part.zeroGrads();
        }
        expect(valuesOf(joined)).toEqual(Object.values(own).flatMap(({ values }) => Array.from(values)));
        expect(joined.grads).toEqual(new Float64Array(joined.size));
      }),
    );
  });

  it('can be joined again, and all levels see the same memory', () => {
    fc.assert(
      fc.property(filled, filled, filled, (a, b, c) => {
        const values = [c, a, b].flatMap(valuesOf);
        const inner = ParamSet.join({ a, b });
        const outer = ParamSet.join({ c, inner });
        expect(Object.keys(outer.shapes).map(name => name.split('.').slice(0, -1).join('.'))).toEqual([
          ...Object.keys(c.shapes).map(() => 'c'),
          ...Object.keys(a.shapes).map(() => 'inner.a'),
          ...Object.keys(b.shapes).map(() => 'inner.b'),
        ]);
        expect(valuesOf(outer)).toEqual(values);
        count(outer.values);
        count(outer.grads, -1);
        expect([c, inner].flatMap(valuesOf)).toEqual(Array.from(outer.values));
        expect([c, a, b].flatMap(valuesOf)).toEqual(Array.from(outer.values));
        expect([c, a, b].flatMap(gradsOf)).toEqual(Array.from(outer.grads));
        b.values.fill(7);
        expect(Array.from(outer.values.slice(-b.size))).toEqual(valuesOf(b));
        expect(Array.from(inner.values.slice(-b.size))).toEqual(valuesOf(b));
      }),
    );
  });
});

it('parameters joined twice, or under one name, are refused', () => {
  const [p, q] = [ParamSet.of({ c: [1, 1] }), ParamSet.of({ 'b.c': [1, 1] })];
  const refusal = expect.objectContaining({ name: 'ValueError', argument: 'parts' });
  expect(() => ParamSet.join({ a: p, b: p })).toThrow(refusal);
  expect(() => ParamSet.join({ 'a.b': p, a: q })).toThrow(refusal);
  expect(() => ParamSet.join({ 1: p, 0: q })).toThrow(refusal);
  expect(() => ParamSet.join({ p, q: new Proxy(q, {}) })).toThrow('parts.q: expected a ParamSet');
  expect([p, q].map(({ place }) => place)).toEqual(['', '']); // and can be joined: nothing is half done
  ParamSet.join({ p });
  expect(() => ParamSet.join({ again: p })).toThrow('parts.again: expected parameters that are part of no other set');
});

describe('pick', () => {
  const named = ParamSet.of({ W: [1, 1], b: [1, 2] }).named();

  it('takes a matrix by name', () => {
    expect(pick(named, 'b')).toBe(named.b);
  });

  it('names what there is where there is none', () => {
    expect(() => pick(named, 'w')).toThrow('name: expected one of W, b, got "w"');
    expect(() => pick(named, 'toString')).toThrow('name: expected one of W, b, got "toString"');
  });
});

it.each(['1', '0', '', '__proto__'])('%j names no parameter: JavaScript would put it elsewhere', name => {
  const shapes = Object.fromEntries([
    ['W', [1, 2] as const],
    [name, [3, 4] as const],
  ]);
  expect(() => ParamSet.of(shapes)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'shapes' }));
});

it('names that all objects have are names like others', () => {
  const params = ParamSet.of({ constructor: [1, 1], toString: [1, 2] });
  params.values.set([1, 2, 3]);
  expect(Object.entries(params.named()).map(([name, matrix]) => [name, ...matrix.to1DArray()])).toEqual([
    ['constructor', 1],
    ['toString', 2, 3],
  ]);
});

it('a set has a place of its own in what it is part of', () => {
  const [a, b, c] = [ParamSet.of({ W: [1, 1] }), ParamSet.of({ W: [1, 2] }), ParamSet.of({})];
  const inner = ParamSet.join({ first: a, second: b });
  expect([a, b, c, inner].map(({ place }) => place)).toEqual(['first', 'second', '', '']);
  ParamSet.join({ net: inner, last: c });
  expect([a, b, c, inner].map(({ place }) => place)).toEqual(['net.first', 'net.second', 'last', 'net']);
});

describe('by name', () => {
  const made = () => {
    const params = ParamSet.of({ b: [1, 2], W: [2, 3] });
    count(params.values);
    return params;
  };

  it('a parameter is read as a copy of its numbers alone', () => {
    const params = made();
    const W = params.get('W');
    expect(W.to2DArray()).toEqual([
      [3, 4, 5],
      [6, 7, 8],
    ]);
    expect(W.data).toEqual(Float64Array.of(3, 4, 5, 6, 7, 8));
    W.set(0, 0, 9);
    expect(params.values[2]).toBe(3);
  });

  it.each<[string, Entries]>([
    ['a matrix', Matrix.from1DArray(2, 3, [9, 8, 7, 6, 5, 4])],
    ['rows', [[9, 8, 7], Float32Array.of(6, 5, 4)]],
    ['numbers', [9, 8, 7, 6, 5, 4]],
    ['an array', Float64Array.of(9, 8, 7, 6, 5, 4)],
  ])('it is written as %s, and nothing beside it', (_, entries) => {
    const params = made();
    params.set('W', entries);
    expect(Array.from(params.values)).toEqual([1, 2, 9, 8, 7, 6, 5, 4]);
  });

  it('is read and written in a joined set, and in the part that it came from', () => {
    fc.assert(
      fc.property(parts, sets => {
        const joined = ParamSet.join(sets);
        for (const [part, params] of Object.entries(sets)) {
          for (const name of Object.keys(params.shapes)) {
            params.set(name, params.get(name).mul(2));
            expect(joined.get(`${part}.${name}`).to2DArray()).toEqual(params.get(name).to2DArray());
            joined.set(`${part}.${name}`, params.get(name).add(1).to2DArray());
            expect(joined.get(`${part}.${name}`).to2DArray()).toEqual(params.get(name).to2DArray());
          }
        }
      }),
    );
  });

  it('all are written at once', () => {
    const params = made();
    params.load([8, 7, 6, 5, 4, 3, 2, 1]);
    expect(params.get('W').to2DArray()).toEqual([
      [6, 5, 4],
      [3, 2, 1],
    ]);
  });

  it.each<[string, (params: ParamSet) => unknown, string]>([
    ['another name', params => params.get('V'), 'name: expected one of b, W, got "V"'],
    ['a name of all objects', params => params.set('toString', [1]), 'name: expected one of b, W, got "toString"'],
    ['fewer numbers', params => params.set('W', [1, 2]), 'W: expected 6 numbers, got 2'],
    ['fewer rows', params => params.set('W', [[1, 2, 3]]), 'W: expected 2 rows, got 1'],
    ['ragged rows', params => params.set('W', [[1, 2, 3], [4]]), 'W[1]: expected 3 numbers, got 1'],
    ['its transpose', params => params.set('W', Matrix.zeros(3, 2)), 'W: expected a 2×3 matrix, got a 3×2 matrix'],
    ['NaN', params => params.set('b', [1, Number.NaN]), 'b[1]: expected a finite number, got NaN'],
    [
      'nothing',
      params => params.set('b', undefined as never),
      'b: expected a 1×2 matrix, its rows or its numbers, got',
    ],
    ['fewer of all', params => params.load([1, 2]), 'numbers: expected 8 numbers, got 2'],
    ['more of all', params => params.load(new Float64Array(9)), 'numbers: expected 8 numbers, got 9'],
  ])('%s: refused, and nothing is written', (_, act, message) => {
    const params = made();
    expect(() => act(params)).toThrow(message);
    expect(params).toEqual(made());
    expect(params.values).toEqual(made().values);
  });
});
