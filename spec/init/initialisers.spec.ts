import fc from 'fast-check';
import { determinant, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { gru } from '../../lib/cells/gru.ts';
import { gruResetBefore } from '../../lib/cells/gru-reset-before.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmCoupled } from '../../lib/cells/lstm-coupled.ts';
import { lstmNoForget } from '../../lib/cells/lstm-no-forget.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { trace } from '../../lib/cells/trace.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ValueError } from '../../lib/errors.ts';
import {
  forgetBias,
  glorot,
  type Initialiser,
  identity,
  normal,
  orthogonal,
  uniform,
  uniformOverRoot,
  zeros,
} from '../../lib/init/initialisers.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { ParamSet, pick } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import type { FlatMatrix } from '../../lib/views.ts';
import { size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';

/** What an initialiser makes of a matrix that is not zero. */
const made = (initialise: Initialiser, rows: number, columns: number, seed = 1): Matrix => {
  const matrix = Matrix.ones(rows, columns).mul(7);
  initialise(matrix, new Random(seed));
  return matrix;
};

const all: [string, Initialiser][] = [
  ['zeros', zeros],
  ['normal', normal(0.5)],
  ['identity', identity(3)],
  ['orthogonal', orthogonal(2)],
  ['uniform', uniform(0.3)],
  ['uniformOverRoot', uniformOverRoot(5)],
  ['glorot', glorot()],
];

describe.each(all)('%s', (_, initialise) => {
  const shapes = { W: [3, 3], U: [3, 2], b: [1, 4] } as const;

  it('fills a set of parameters as it fills its matrices one after the other, and no gradients', () => {
    const params = ParamSet.of(shapes);
    params.values.fill(7);
    params.grads.fill(5);
    initialise(params, new Random(1));
    const rng = new Random(1);
    const alone = Object.values(shapes).flatMap(([rows, columns]) => {
      const matrix = Matrix.ones(rows, columns);
      initialise(matrix, rng);
      return flat(matrix);
    });
    expect(Array.from(params.values)).toEqual(alone);
    expect(params.grads).toEqual(new Float64Array(params.size).fill(5));
  });

  it('gives the same bits for the same seed', () => {
    expect(flat(made(initialise, 4, 3, 5))).toEqual(flat(made(initialise, 4, 3, 5)));
  });

  it('needs a Random', () => {
    const act = () => initialise(Matrix.zeros(1, 1), undefined as unknown as Random);
    expect(act).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'rng' }));
  });
});

it('zeros are zeros', () => {
  expect(flat(made(zeros, 2, 2))).toEqual([0, 0, 0, 0]);
});

describe('normal', () => {
  it('has mean 0 and the given standard deviation, and is normal', () => {
    const std = 0.01;
    const xs = flat(made(normal(std), 300, 300)).map(x => x / std);
    const moment = (power: number) => xs.reduce((sum, x) => sum + x ** power, 0) / xs.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.014); // 4 standard deviations, here and below
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.019);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.14);
  });

  it('is other numbers for another seed', () => {
    expect(flat(made(normal(1), 2, 2, 1))).not.toEqual(flat(made(normal(1), 2, 2, 2)));
  });
});

describe.each<[string, Initialiser, number]>([
  ['uniform', uniform(0.3), 0.3],
  ['uniformOverRoot', uniformOverRoot(16), 1 / 4],
  ['glorot', glorot(), Math.sqrt(6 / 500)],
  ['glorot with a gain', glorot({ gain: 2 }), 2 * Math.sqrt(6 / 500)],
])('%s', (_, initialise, limit) => {
  const xs = flat(made(initialise, 300, 200)).map(x => x / limit);

  it('keeps within its limits and reaches them', () => {
    expect(Math.max(...xs)).toBeLessThan(1);
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...xs)).toBeGreaterThan(0.9998); // 1 in 400 does not, here and below
    expect(Math.min(...xs)).toBeLessThan(-0.9998);
  });

  it('is uniform in between', () => {
    const moment = (power: number) => xs.reduce((sum, x) => sum + x ** power, 0) / xs.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.0095); // 4 standard deviations, here and below
    expect(Math.abs(moment(2) - 1 / 3)).toBeLessThan(0.0049);
    expect(Math.abs(moment(4) - 1 / 5)).toBeLessThan(0.0044);
    const tenths = Array.from({ length: 10 }, (_, k) => xs.filter(x => Math.floor(5 * (x + 1)) === k).length);
    for (const tenth of tenths) expect(Math.abs(tenth - 6000)).toBeLessThan(294);
  });

  it('is other numbers for another seed', () => {
    expect(flat(made(initialise, 2, 2, 1))).not.toEqual(flat(made(initialise, 2, 2, 2)));
  });
});

it('glorot goes by each matrix of a set, and keeps the scale of what passes through it', () => {
  const params = ParamSet.of({ W: [200, 200], U: [200, 50] });
  glorot()(params, new Random(1));
  const { W, U } = params.named();
  const variance = (a: FlatMatrix) => flat(a).reduce((sum, x) => sum + x * x, 0) / (a.rows * a.columns);
  expect(variance(W) * 200).toBeGreaterThan(0.982);
  expect(variance(W) * 200).toBeLessThan(1.018); // 4 standard deviations; Var = 2 / (rows + columns)
  expect(Math.abs(variance(U) * 125 - 1)).toBeLessThan(0.036);
});

describe('forgetBias', () => {
  const shapes = { W_f: [2, 2], b_f: [1, 2], b_i: [1, 2], xb_f: [1, 1], b_fo: [1, 1] } as const;
  const filled = () => {
    const params = ParamSet.of(shapes, { keeps: { b_f: 1 } });
    params.values.fill(7);
    params.grads.fill(5);
    return params;
  };

  it('sets what keeps the state and nothing else, to 1 unless given', () => {
    const params = filled();
    forgetBias(params);
    expect(Array.from(params.values)).toEqual([7, 7, 7, 7, 1, 1, 7, 7, 7, 7]);
    forgetBias(params, -0.5);
    expect(Array.from(params.values)).toEqual([7, 7, 7, 7, -0.5, -0.5, 7, 7, 7, 7]);
    expect(params.grads).toEqual(new Float64Array(10).fill(5));
  });

  it('finds all of them in a stack, and a stack in a stack', () => {
    const [one, two] = [filled(), filled()];
    const all = ParamSet.join({ one, deep: ParamSet.join({ two }) });
    forgetBias(all, 2);
    for (const params of [one, two]) expect(flat(params.named().b_f)).toEqual([2, 2]);
    expect(all.values.filter(x => x === 2)).toHaveLength(4);
  });

  it('goes by what is declared and not by a name, and the other way where less is more', () => {
    const params = ParamSet.of({ b_f: [1, 2], b_u: [1, 2] }, { keeps: { b_u: -1 } });
    forgetBias(ParamSet.join({ one: ParamSet.join({ cell: params }) }), 2);
    expect(Array.from(params.values)).toEqual([0, 0, -2, -2]);
  });

  it('finds the gate of every gated cell, on either engine', () => {
    for (const make of [unroll, recurrent]) {
      for (const [cell, gate] of [
        [lstm, 'b_f'],
        [lstmCoupled, 'b_f'],
        [lstmPeephole, 'b_f'],
        [gru, 'b_z'],
        [gruResetBefore, 'b_z'],
        [conditioned(gru as Cell, { k: 1 }), 'b_z'],
      ] as const) {
        const { params } = make(cell as Cell, { d: 2, m: 3 });
        forgetBias(params, 2);
        expect(Array.from(params.values.filter(value => value !== 0))).toEqual([2, 2, 2]);
        expect(flat(pick(params.named(), gate))).toEqual([2, 2, 2]);
      }
      for (const cell of [rnn, trace, lstmNoForget] as readonly Cell[]) {
        expect(() => forgetBias(make(cell, { d: 2, m: 3 }).params)).toThrow(ValueError);
      }
    }
  });

  it('refuses parameters without any, and a value that is none', () => {
    expect(() => forgetBias(ParamSet.of({ W: [1, 1], xb_f: [1, 1] }))).toThrow(
      /^params: expected a bias of a gate that keeps the state, got W, xb_f$/,
    );
    expect(() => forgetBias(filled(), Number.NaN)).toThrow(/^value: expected a finite number/);
  });
});

describe('a first value', () => {
  const set = () => ParamSet.of({ W: [2, 2], g: [1, 2], b: [1, 2] }, { first: { g: 1 } });

  it.each([
    ['zeros', zeros],
    ['normal', normal(0.1)],
    ['uniform', uniform(0.1)],
    ['glorot', glorot()],
    ['identity', identity(3)],
    ['orthogonal', orthogonal(2)],
  ] as const)('is left alone by %s of a whole set, alone or within others, and not of the matrix itself', (_, fill) => {
    const params = set();
    fill(params, new Random(1));
    expect(flat(params.named().g)).toEqual([1, 1]);
    const joined = ParamSet.join({ deep: ParamSet.join({ params }) });
    fill(joined, new Random(1));
    expect(flat(params.named().g)).toEqual([1, 1]);
    fill(params.named().g, new Random(1));
    expect(flat(params.named().g)).not.toEqual([1, 1]);
  });

  it('takes no number from those that are drawn', () => {
    const [params, plain] = [set(), ParamSet.of({ W: [2, 2], b: [1, 2] })];
    normal(1)(params, new Random(3));
    normal(1)(plain, new Random(3));
    expect([...flat(params.named().W), ...flat(params.named().b)]).toEqual([...plain.values]);
  });
});

describe('identity', () => {
  it('has its scale on the diagonal and zeros elsewhere, in any shape', () => {
    fc.assert(
      fc.property(size(5), size(5), fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }), (n, m, scale) => {
        expect(made(identity(scale), n, m).to2DArray()).toEqual(Matrix.eye(n, m, scale ?? 1).to2DArray());
      }),
    );
  });
});

describe('orthogonal', () => {
  const gain = fc.constantFrom(0.5, 1, 3);

  it('has orthonormal rows or columns, whichever are fewer, times its gain', () => {
    fc.assert(
      fc.property(size(8), size(8), gain, fc.nat(1000), (rows, columns, g, seed) => {
        const Q = made(orthogonal(g), rows, columns, seed);
        const few = rows < columns ? Q : Q.transpose();
        const expected = Matrix.eye(few.rows).mul(g * g);
        expect(deviation(few.mmul(few.transpose()), expected)).toBeLessThan(1e-12);
      }),
    );
  });

  it('has a gain of 1 unless given', () => {
    expect(Math.abs(made(orthogonal(), 1, 1).get(0, 0))).toBeCloseTo(1, 14);
  });

  it.each([1, 2, 3, 4])('turns and reflects equally often in %d dimensions', n => {
    const signs = Array.from({ length: 400 }, (_, seed) => Math.sign(determinant(made(orthogonal(), n, n, seed))));
    const turns = signs.filter(sign => sign > 0).length;
    expect(Math.abs(turns - 200)).toBeLessThan(40); // 4 standard deviations
  });
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%d is no standard deviation and no gain', bad => {
  expect(() => normal(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'std' }));
  expect(() => orthogonal(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'gain' }));
  expect(() => glorot({ gain: bad })).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'gain' }));
  expect(() => uniform(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'limit' }));
  expect(() => uniformOverRoot(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'm' }));
});

it.each([Number.NaN, Number.NEGATIVE_INFINITY])('%d is no scale', bad => {
  expect(() => identity(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'scale' }));
});
