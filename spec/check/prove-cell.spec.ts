/** Cells proven: the library's, cells drawn at random, and wrong ones, which are not. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import type { Cell, CellSize, State } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { cells } from '../../lib/cells/index.ts';
import { traceFixed } from '../../lib/cells/trace.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { format } from '../../lib/check/format.ts';
import { proveCell } from '../../lib/check/prove-cell.ts';
import { proveEquations } from '../../lib/check/prove-equations.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import * as algebra from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { cellOf, type Recipe, recipes } from '../random-cells.ts';

const { add, addTTimes, copy, mul, scale, shift, sigmoid, sigmoidSlope, softplus, times, timesT } = algebra;

type Backward = ReturnType<Cell['backward']>;

/** The cell with something done to what backward gives, or in place of it. */
const spoilt = (cell: Cell, spoil: (back: Backward, dp: Matrices, before: Matrices) => Backward): Cell => ({
  ...cell,
  backward(p, tape, dnext, dp) {
    return spoil(cell.backward(p, tape, dnext, dp), dp, p);
  },
});

const named = (name: string) => cells[name] as Cell;
const of = (matrices: Matrices, name: string) => matrices[name] as AbstractMatrix;
const wrongIn = (cell: Cell) => proveCell(cell).tensors.flatMap(({ name, ok }) => (ok ? [] : [name]));

describe('the cells of the library', () => {
  test.each(Object.values(cells).map(cell => [cell.name, cell] as const))('%s is proven', (name, cell) => {
    const proof = proveCell(cell);
    const { tensors } = checkCell(cell, { T: 1, B: 1 });
    expect(proof).toMatchObject({ ok: true, verdict: 'proven', name, draws: 3, cases: 9, suspects: [] });
    expect(proof.chance).toBeLessThan(1e-14);
    expect(proof.chance).toBeGreaterThan(0);
    expect(proof.degree).toBeGreaterThan(1);
    expect(proof.tensors.map(tensor => tensor.name)).toEqual(
      tensors.map(tensor => tensor.name).filter((own, n, all) => own !== 'V' && !(own === 'c' && all[n - 1] === 'V')),
    );
  });

  test('cells made of them are, one of them in the one size that it has', () => {
    expect(proveCell(conditioned(named('lstm'), { k: 2 })).verdict).toBe('proven');
    expect(proveCell(conditioned(named('rnn'), { k: 3, when: 'first' })).verdict).toBe('proven');
    const four = traceFixed([0.5, 0.8, 0.9, 0.99]);
    expect(() => proveCell(four)).toThrow(ShapeError);
    expect(proveCell(four, { m: 4 }).verdict).toBe('proven');
    expect(checkCell(four, { m: 4 })).toMatchObject({ ok: true, restsOn: 'proof' });
  });

  test('a seed fixes everything that is drawn, and another draws something else', () => {
    const [wrong] = [spoilt(named('gru'), back => ({ ...back, dx: scale(back.dx, -1) }))];
    expect(proveCell(wrong, { seed: 3 })).toEqual(proveCell(wrong, { seed: 3 }));
    for (let seed = 2; seed < 4; seed++) {
      expect(proveCell(named('gru'), { seed }).verdict).toBe('proven');
      expect(proveCell(wrong, { seed }).verdict).toBe('wrong');
    }
  });
});

describe('what is wrong is seen:', () => {
  test.each(['rnn', 'lstm', 'gru'])('one unit in one element of every gradient of %s', name => {
    const cell = named(name);
    const names = Object.keys(cell.params({ d: 1, m: 1 }));
    for (const param of names) {
      const wrong = spoilt(cell, (back, dp) => {
        const matrix = of(dp, param);
        const unit = Matrix.zeros(matrix.rows, matrix.columns).set(matrix.rows - 1, matrix.columns - 1, 1);
        algebra.addTo(matrix, unit);
        return back;
      });
      expect(wrongIn(wrong)).toEqual([param]);
    }
    const last = ({ columns }: AbstractMatrix) =>
      Matrix.rowVector(Array.from({ length: columns }, (_, j) => (j === columns - 1 ? 1 : 0)));
    const plus = (gradient: AbstractMatrix) => algebra.addRow(gradient, last(gradient));
    expect(wrongIn(spoilt(cell, back => ({ ...back, dx: plus(back.dx) })))).toEqual(['x']);
    for (const part of Object.keys(cell.state({ d: 1, m: 1 }))) {
      const wrong = spoilt(cell, back => ({
        ...back,
        dprev: { ...back.dprev, [part]: plus(of(back.dprev, part)) } as State<string>,
      }));
      const { verdict, tensors } = proveCell(wrong);
      expect(verdict).toBe('wrong');
      expect(tensors.filter(({ ok }) => !ok).map(tensor => tensor.name)).toEqual([`${part}0`]);
    }
  });

  test('a gradient that is not added but set, a transposed one, one of the mean, one by a millionth', () => {
    const rnn = named('rnn');
    const set: Cell = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        const before = { W: copy(of(dp, 'W')), U: of(dp, 'U'), b: of(dp, 'b') };
        const back = rnn.backward(p, tape, dnext, dp);
        algebra.addTo(of(dp, 'W'), scale(before.W, -1));
        return back;
      },
    };
    expect(wrongIn(set)).toEqual(['W']);
    const turned: Cell = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        const dh = of(dnext, 'h');
        const { x, hPrev, h: own } = tape as { x: AbstractMatrix; hPrev: AbstractMatrix; h: AbstractMatrix };
        const da = mul(dh, algebra.tanhSlope(own));
        addTTimes(of(dp, 'W'), hPrev, da);
        addTTimes(of(dp, 'U'), da, x);
        algebra.addColumnSums(of(dp, 'b'), da);
        return { dx: times(da, of(p, 'U')), dprev: { h: timesT(da, of(p, 'W')) } };
      },
    };
    expect(wrongIn(turned)).toEqual(['W', 'h0']);
    expect(wrongIn(spoilt(rnn, back => ({ ...back, dx: scale(back.dx, 1 + 1e-6) })))).toEqual(['x']);
    expect(wrongIn(spoilt(rnn, back => ({ ...back, dx: scale(back.dx, 1 / back.dx.rows) })))).toEqual(['x']);
  });

  test('a mistake in forward, in the line of backward that is not its gradient', () => {
    const mgu = named('mgu');
    const wrong: Cell = {
      ...mgu,
      forward(p, x, prev) {
        const { next, tape } = mgu.forward(p, x, prev);
        return { next: { h: add(of(next, 'h'), mul((tape as { f: AbstractMatrix }).f, of(prev, 'h'))) }, tape };
      },
    };
    const { verdict, suspects } = proveCell(wrong);
    expect(verdict).toBe('wrong');
    expect(suspects.map(({ tag }) => tag)).toContain('MGU-B8');
  });
});

describe('what cannot be proven says why, and rests on finite differences:', () => {
  type Functions = readonly [(a: AbstractMatrix) => AbstractMatrix, (a: AbstractMatrix) => AbstractMatrix];
  const through = ([f, slope]: Functions): Cell =>
    ({
      name: 'through',
      params: ({ d, m }: CellSize) => ({ U: [m, d] as const }),
      state: ({ m }: CellSize) => ({ h: m }),
      forward(p: Matrices, x: AbstractMatrix) {
        const a = timesT(x, of(p, 'U'));
        return { next: { h: f(a) }, tape: { x, a } };
      },
      backward(p: Matrices, { x, a }: { x: AbstractMatrix; a: AbstractMatrix }, dnext: State<string>, dp: Matrices) {
        const dh = of(dnext, 'h');
        const da = mul(dh, slope(a));
        addTTimes(of(dp, 'U'), da, x);
        return { dx: times(da, of(p, 'U')), dprev: { h: scale(dh, 0) } };
      },
    }) as unknown as Cell;

  test.each<[string, Functions, string]>([
    ['a function of JavaScript', [a => algebra.map(a, Math.sin), a => algebra.map(a, Math.cos)], 'it uses map'],
    [
      'a slope by another identity',
      [softplus, sigmoid],
      'it rests on more than the slopes of its functions, in dU, dx',
    ],
    [
      'a symmetry of σ',
      [sigmoid, a => mul(sigmoid(a), sigmoid(scale(a, -1)))],
      'it rests on more than the slopes of its functions, in dU, dx',
    ],
  ])('%s', (_, functions, reason) => {
    const cell = through(functions);
    expect(proveCell(cell)).toMatchObject({ ok: false, verdict: 'not provable', reason, suspects: [] });
    const report = checkCell(cell, { T: 2, B: 2, d: 2, m: 2 });
    expect(report).toMatchObject({ restsOn: 'finite differences', proof: { reason } });
    expect(report.tensors.every(({ ok }) => ok)).toBe(true);
    expect(format(report)).toMatch(`not provable: ${reason}; rests on finite differences\n`);
  });

  test('a wrong slope of the same kind is wrong', () => {
    expect(proveCell(through([softplus, a => sigmoid(scale(a, -1))])).verdict).toBe('wrong');
    expect(proveCell(through([sigmoid, a => sigmoidSlope(a)])).verdict).toBe('wrong');
  });

  test('a cell that looks at elements', () => {
    const rnn = named('rnn');
    const looks: Cell = { ...rnn, forward: (p, x, prev) => rnn.forward(p, scale(x, x.get(0, 0) > 9 ? 1 : 2), prev) };
    expect(proveCell(looks)).toMatchObject({ verdict: 'not provable', draws: 0, chance: 1, tensors: [] });
    expect(proveCell(looks).reason).toMatch(/^it looks at the single element \[0,0\] of a matrix/);
  });

  test('a division by what is zero everywhere', () => {
    const none = through([a => algebra.div(a, scale(a, 0)), a => a]);
    expect(proveCell(none)).toMatchObject({ verdict: 'not provable', reason: 'it divides by zero' });
  });

  test('what is no cell, no size and no seed is refused', () => {
    expect(() => proveCell({} as Cell)).toThrow(ValueError);
    expect(() => proveCell(named('rnn'), { seed: -1 })).toThrow(ValueError);
    expect(() => proveCell(named('rnn'), { m: 0.5 })).toThrow(ValueError);
    expect(() => proveCell(named('rnn'), { T: 3 } as never)).toThrow('no names but d, m, seed');
  });
});

describe('cells drawn at random', () => {
  /** One recipe in whatever size it is asked for; some of a parameter's rows are given no gradient on purpose. */
  const made = ({ instructions, parts, ends, unused }: Recipe): Cell => {
    const known = new Map<string, Cell>();
    const sized = (size: CellSize): Cell => {
      const key = `${size.d} ${size.m}`;
      const cell = known.get(key) ?? cellOf(instructions, parts, ends, size, unused);
      known.set(key, cell);
      return cell;
    };
    return {
      name: 'random',
      params: size => sized(size).params(size),
      state: size => sized(size).state(size),
      forward: (p, x, prev) => sized({ d: x.columns, m: of(prev, 'h').columns }).forward(p, x, prev),
      backward(p, tape, dnext, dp) {
        const { v0 } = tape as { readonly v0: AbstractMatrix };
        return sized({ d: v0.columns, m: of(dnext, 'h').columns }).backward(p, tape, dnext, dp);
      },
    };
  };
  const right = recipes(10).filter(({ instructions }) => instructions.every(({ op }) => op !== 'parameterRow'));

  /** `RANDOM_CELLS=1000 npx vitest run spec/check/prove-cell.spec.ts` proves so many. */
  const numRuns = Number(process.env.RANDOM_CELLS ?? 12);

  test('are proven: no false alarm', () => {
    fc.assert(
      fc.property(right, fc.nat(1000), (recipe, seed) => {
        expect(proveCell(made(recipe), { seed })).toMatchObject({ verdict: 'proven' });
      }),
      { numRuns },
    );
  });

  test('are wrong with one gradient doubled', () => {
    fc.assert(
      fc.property(right, recipe => {
        const cell = made(recipe);
        const wrong = spoilt(cell, back => ({ ...back, dx: shift(scale(back.dx, 2), 1) }));
        expect(wrongIn(wrong)).toEqual(['x']);
      }),
      { numRuns: 5 },
    );
  });
});

describe('equations that are no cell’s', () => {
  const layer = (slope: (a: AbstractMatrix) => AbstractMatrix) =>
    proveEquations({
      inputs: { W: [4, 3], b: [1, 4], x: ['B', 3] },
      forward({ W, b, x }) {
        const y = algebra.softmaxUnits(algebra.addRow(timesT(x, W), b));
        return { results: { y, norm: algebra.sumUnits(mul(y, y)) }, tape: { y } };
      },
      backward({ W, x }, { y }, { y: dy, norm }, gradients) {
        const da = algebra.softmaxUnitsGradient(y, add(dy, slope(algebra.mulColumn(y, norm))));
        addTTimes(gradients.W, da, x);
        algebra.addColumnSums(gradients.b, da);
        return { x: times(da, W) };
      },
    });

  test('are proven, or wrong in what is', () => {
    expect(layer(a => scale(a, 2))).toMatchObject({ ok: true, verdict: 'proven', draws: 3 });
    expect(layer(a => scale(a, 2)).chance).toBeLessThan(1e-12);
    const { verdict, tensors } = layer(a => scale(a, 2.5));
    expect(verdict).toBe('wrong');
    expect(tensors.map(({ name, ok }) => `${name} ${ok}`)).toEqual(['W false', 'b false', 'x false']);
    expect(layer(a => algebra.div(a, scale(a, 0)))).toMatchObject({ reason: 'it divides by zero' });
    expect(layer(a => algebra.map(a, z => 2 * z))).toMatchObject({ verdict: 'not provable', reason: 'it uses map' });
  });

  test('a ReLU is told from its neighbours on both sides', () => {
    const one = (slope: (y: AbstractMatrix) => AbstractMatrix) =>
      proveEquations({
        inputs: { a: ['B', 1] },
        forward: ({ a }) => ({ results: { y: algebra.relu(a) }, tape: {} }),
        backward: ({ a }, _, { y }) => ({ a: mul(y, slope(algebra.relu(a))) }),
      });
    expect(one(algebra.reluSlope)).toMatchObject({ verdict: 'proven' });
    expect(one(algebra.reluSlope).chance).toBeLessThan(1e-12);
    expect(one(y => shift(scale(y, 0), 1)).verdict).toBe('wrong');
    expect(one(y => scale(y, 0)).verdict).toBe('wrong');
  });

  test('refuses what is no shape, and gradients that are none', () => {
    const half = (shape: unknown, dx: (x: AbstractMatrix) => unknown) => () =>
      proveEquations({
        inputs: { x: shape as readonly ['B', number] },
        forward: ({ x }) => ({ results: { y: scale(x, 0.5) }, tape: {} }),
        backward: (_, __, { y }) => ({ x: dx(y) as AbstractMatrix }),
      });
    expect(half(['B', 2], y => scale(y as AbstractMatrix, 0.5))()).toMatchObject({ verdict: 'proven' });
    expect(half(['B'], y => y)).toThrow(ShapeError);
    expect(half(['B', 0.5], y => y)).toThrow(ValueError);
    expect(half(['B', 2], () => undefined)).toThrow('gradients.x: expected a matrix');
    expect(half(['B', 2], y => algebra.columns(y, 0, 1))).toThrow(ShapeError);
  });
});
