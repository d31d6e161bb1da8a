/** A complete derivation is a cell: it is checked, recorded and trained as any other, and what is missing in it is said. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import type { Cell, CellSize, State } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { checkCell } from '../../lib/check/index.ts';
import { cellOf, type MadeByLine } from '../../lib/derivation/index.ts';
import { record } from '../../lib/equations/record.ts';
import { FormatError } from '../../lib/errors.ts';
import { Random } from '../../lib/random.ts';
import { ROOT } from '../examples.ts';

const ownText = (file: string) =>
  readFileSync(join(ROOT, `derivations/${file}.md`), 'utf8').replaceAll(
    /\bg('?)\(\\mathbf a_t\)/g,
    '\\tanh$1(\\mathbf a_t)',
  );

describe.each([
  ['rnn', 'rnn', 'RNN'],
  ['lstm', 'lstm', 'LSTM'],
  ['gru', 'gru', 'GRU'],
  ['gru-reset-before', 'gru', 'GRB'],
  ['lstm-coupled', 'lstm-coupled', 'LCF'],
  ['lstm-no-forget', 'lstm-no-forget', 'LNF'],
  ['lstm-peephole', 'lstm-peephole', 'LPH'],
  ['mgu', 'mgu', 'MGU'],
  ['min-gru', 'min-gru', 'MINGRU'],
  ['min-lstm', 'min-lstm', 'MINLSTM'],
  ['slstm', 'slstm', 'SLSTM'],
  ['trace', 'trace', 'ETM'],
])('the derivation of %s', (name, file, prefix) => {
  const cell = cellOf(ownText(file), { name: 'mine', prefix });
  const own = cells[name] as Cell;
  const size = { d: 3, m: 4 };

  test('has the parameters and the state of the cell that is written in TypeScript', () => {
    const byName = (shapes: object) => Object.fromEntries(Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(byName(cell.params(size))).toEqual(byName(own.params(size)));
    expect(byName(cell.state(size))).toEqual(byName(own.state(size)));
    expect(byName(cell.equations ?? {})).toEqual(byName(own.equations ?? {}));
  });

  test('is a right cell', () => {
    expect(checkCell(cell, { T: 3, B: 2, d: 2, m: 3 }).verdict).toBe('ok');
  });

  test('can be recorded', () => {
    expect(record(cell, size).reason).toBeUndefined();
  });

  test('tells what every line makes: the state, and what it gives back, under the tags of their gradients', () => {
    const told: MadeByLine[] = [];
    const watched = cellOf(ownText(file), { prefix, watch: made => told.push(made) });
    expect(told).toEqual([]);
    const { next, dx, dprev, dp } = stepOf(watched, size);
    const at = (pass: string, part: string) => told.findLast(made => made.pass === pass && made.part === part);
    for (const [part, value] of Object.entries(next)) expect(at('forward', part)?.value).toBe(value);
    const back = told.filter(made => made.pass === 'backward');
    for (const [part, value] of Object.entries({ x: dx, ...dprev })) {
      const made = back.findLast(one => one.part === part);
      expect(made?.value).toBe(value);
      expect(made?.tag).toBe(own.equations?.[part]);
    }
    for (const [part, gradient] of Object.entries(dp)) {
      const adds = back.filter(one => one.part === part).map(({ value }) => value.to2DArray());
      expect(
        adds.reduce<Matrix>((sum, one) => Matrix.add(sum, one), Matrix.zeros(gradient.rows, gradient.columns)),
      ).toEqual(new Matrix(gradient.to2DArray()));
    }
    expect(back.filter(({ tag }) => tag === undefined)).toEqual([]);
  });

  test('gives what that one gives, forward and back', () => {
    const [a, b] = [run(cell, size), run(own, size)];
    for (const [what, numbers] of Object.entries(b)) {
      expect(a[what], what).toHaveLength(numbers.length);
      for (const [n, x] of numbers.entries()) expect(a[what]?.[n], what).toBeCloseTo(x, 12);
    }
  });
});

/** All that a step gives, of numbers that are drawn by what they are called. */
function run(cell: Cell, size: CellSize): Readonly<Record<string, readonly number[]>> {
  const { next, dx, dprev, dp } = stepOf(cell, size, 1); // it is added to
  const all = { dx, ...named('next', next), ...named('dprev', dprev), ...named('dp', dp) };
  return mapped(all, (_, matrix) => matrix.to1DArray());
}

/** A step forward and back; gradients of parameters begin with that number. */
function stepOf(cell: Cell, size: CellSize, begin: number = 0) {
  const drawn = (name: string, rows: number, columns: number) => {
    const random = new Random([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2 ** 32, 7));
    return new Matrix(
      Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.uniform() - 0.5)),
    );
  };
  const state = (what: string) =>
    mapped(cell.state(size), (name, columns) => drawn(`${what}.${name}`, 2, columns)) as State<string>;
  const p = mapped(cell.params(size), (name, [rows, columns]) => drawn(name, rows, columns));
  const dp = mapped(cell.params(size), (_, [rows, columns]) => Matrix.ones(rows, columns).mul(begin));
  const { next, tape } = cell.forward(p, drawn('x', 2, size.d), state('prev'));
  const { dx, dprev } = cell.backward(p, tape, state('dnext'), dp);
  return { next, dx, dprev, dp };
}

function mapped<V, W>(record: Readonly<Record<string, V>>, f: (name: string, value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(name, value)]));
}

function named(what: string, matrices: Readonly<Record<string, AbstractMatrix>>): Record<string, AbstractMatrix> {
  return Object.fromEntries(Object.entries(matrices).map(([name, matrix]) => [`${what}.${name}`, matrix]));
}

const STUDENT = [
  'a_t = W h_{t-1} + U x_t + b',
  String.raw`h_t = \tanh(a_t)`,
  String.raw`\delta_t = \frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial h_t} \odot (1 - h_t^2)`,
  String.raw`\frac{\partial L}{\partial W} = \sum_t \delta_t h_{t-1}^\top`,
  String.raw`\frac{\partial L}{\partial U} = \sum_t \delta_t x_t^\top`,
  String.raw`\frac{\partial L}{\partial b} = \sum_t \delta_t`,
  String.raw`\frac{\partial L}{\partial x_t} = U^\top \delta_t`,
  String.raw`\frac{\partial L}{\partial h_{t-1}} \mathrel{+}= W^\top \delta_t`,
];
const textOf = (lines: readonly string[]) => lines.map(line => `$$${line}$$\n`).join('\n');

test("a student's, with columns", () => {
  const cell = cellOf(textOf(STUDENT), { name: 'student' });
  expect(cell.name).toBe('student');
  expect(cell.params({ d: 2, m: 3 })).toEqual({ W: [3, 3], U: [3, 2], b: [1, 3] });
  expect(checkCell(cell, { T: 3, B: 2, d: 2, m: 3 }).verdict).toBe('ok');
});

describe('what makes no cell is said', () => {
  const without = (n: number) => STUDENT.filter((_, k) => k !== n);
  test.each([
    [
      'a line that is wrong',
      STUDENT.map(line => line.replace('1 - h_t^2', '1 - h_t')),
      /lines that are right, got \(3\) \(line 5\), which is wrong$/,
    ],
    ['no gradient of a parameter', without(5), /got no line gives the gradient in b$/],
    ['no gradient of the input', without(6), /got no line gives the gradient in x at t$/],
    ['no gradient of the state', without(7), /got no line gives the gradient in h at t − 1$/],
    [
      'a name that is nothing',
      STUDENT.map(line => line.replace(/sum_t .delta_t$/, String.raw`sum_t q_t \odot \delta_t`)),
      /got q is defined nowhere, in \(6\) \(line 11\)$/,
    ],
    [
      'what no cell computes',
      STUDENT.map(line => line.replace('= U', String.raw`= \frac{\det W}{\det W} U`)),
      /got det has no place in a cell, in \(7\) \(line 13\)$/,
    ],
    [
      'a line that is not read, which others rest on',
      STUDENT.map(line => line.replace('1 - h_t^2', String.raw`1 - \int h_t^2`)),
      /got δ is defined nowhere, in \(4\) \(line 7\); \(3\) \(line 5\) is not read: \\int where a name was expected$/,
    ],
    ['no state', ['y_t = x_t'], /got no equation makes h$/],
    [
      'two inputs',
      [...STUDENT.map(line => line.replace('+ b', '+ b + z_t'))],
      /got the inputs are x, z, and have to be one$/,
    ],
  ])('%s', (_, lines, message) => {
    const make = () => cellOf(textOf(lines));
    expect(make).toThrow(FormatError);
    expect(make).toThrow(message);
  });

  test('a prefix that no tag has', () => {
    expect(() => cellOf(ownText('gru'), { prefix: 'LSTM' })).toThrow('got no tag begins with LSTM');
  });
});
