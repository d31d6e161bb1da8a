/** A complete derivation is a cell. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Cell, CellSize, State } from '../cells/cell.ts';
import { FormatError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { addColumnSums, addTTimes } from '../matrix.ts';
import { requireFunction, requireKnown, requireName } from '../require.ts';
import type { Matrices, Shape, Shapes } from '../shape.ts';
import { type Anatomy, anatomyOf, type Gradient } from './anatomy.ts';
import type { Term } from './batch.ts';
import { definedBy, gradientsOf, inLine, summed, type Tape, UnreadLine, valuesOf } from './cell-step.ts';
import { checkDerivation, type JudgedLine } from './check.ts';
import { Unread } from './latex.ts';
import { shownKey } from './names.ts';
import { stepped } from './step.ts';

export interface CellOfOptions {
  /** What the cell is called; `derivation` unless given. */
  readonly name?: string;
  /** Which equations it is made of, where tags have several prefixes: `GRB`. The first unless given. */
  readonly prefix?: string;
  /** Is told what every line makes while the cell runs, in the order in which it is made. */
  readonly watch?: (made: MadeByLine) => void;
}

/** What a line of a derivation makes in one step of its cell. */
export interface MadeByLine {
  /** The tag of the line; without one of those that have none. */
  readonly tag?: string;
  readonly pass: 'forward' | 'backward';
  /** What is made: forward a value, backward the gradient in it, by the name that the derivation has for it. */
  readonly name: string;
  /** The name of that parameter or part of the state in the cell, `x` of the input; without one of what is between. */
  readonly part?: string;
  /** A row for each sample; of a parameter's gradient, what this step adds. */
  readonly value: AbstractMatrix;
}

/**
 * The cell that a derivation says. What it computes are its own equations, the backward pass too: nothing is differentiated. It is
 * written in the algebra of the library, so that it is recorded, proven and fused as any other.
 *
 * The derivation is complete where forward equations make $h_t$ of $h_{t-1}$, what else is carried, one input $x_t$ and parameters, and where
 * a line gives the gradient in every parameter, in $x_t$ and in every part of the state at t − 1.
 *
 * @throws FormatError when a line is wrong, a gradient is missing, or an equation is none that a cell can be made of.
 *
 * @example
 * ```ts
 * import { cellOf } from 'bptt/check';
 *
 * const cell = cellOf(String.raw`
 * $$a_t = W h_{t-1} + U x_t + b$$
 * $$h_t = \tanh(a_t)$$
 * $$\frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial h_t} \odot (1 - h_t^2)$$
 * $$\frac{\partial L}{\partial W} = \sum_t \Big(\frac{\partial L}{\partial a_t}\Big)^\top h_{t-1}^\top$$
 * $$\frac{\partial L}{\partial U} = \sum_t \Big(\frac{\partial L}{\partial a_t}\Big)^\top x_t^\top$$
 * $$\frac{\partial L}{\partial b} = \sum_t \frac{\partial L}{\partial a_t}$$
 * $$\frac{\partial L}{\partial x_t} = \frac{\partial L}{\partial a_t} U$$
 * $$\frac{\partial L}{\partial h_{t-1}} \mathrel{+}= \frac{\partial L}{\partial a_t} W$$
 * `);
 * console.log(Object.keys(cell.params({ d: 2, m: 3 })).join()); // → W,U,b
 * ```
 */
export function cellOf(text: string, options: CellOfOptions = {}): Cell {
  const { name = 'derivation', prefix, watch } = requireKnown('options', options, ['name', 'prefix', 'watch']);
  requireName('options.name', name);
  if (watch !== undefined) requireFunction('options.watch', watch);
  const { lines, layout } = checkDerivation(text);
  const wrong = lines.find(({ verdict }) => verdict === 'wrong');
  if (wrong) throw new FormatError('derivation', 'lines that are right', `${numbered(wrong)}, which is wrong`);
  const anatomy = refusing(lines, () =>
    anatomyOf(text, prefix === undefined ? undefined : requireName('options.prefix', prefix), layout),
  );
  const cell = madeOf(name, anatomy);
  refusing(lines, () => tryOnce(cell, anatomy));
  return watch ? madeOf(name, anatomy, watch) : cell;
}

/** What is no equation of a cell is what is wrong with the text: which line it is in, or the first that was not read at all. */
function refusing<T>(lines: readonly JudgedLine[], f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    const own = error instanceof UnreadLine && lines.find(({ name }) => name === error.line.name);
    const unread = lines.find(({ verdict }) => verdict === 'not read');
    const where = own ? `, in ${numbered(own)}` : '';
    const why = unread && unread !== own ? `; ${numbered(unread)} is not read: ${unread.reason}` : '';
    throw new FormatError('derivation', 'equations that make a cell', `${error.message}${where}${why}`);
  }
}

function numbered({ name, place }: JudgedLine): string {
  return `${shown(name)} (line ${place.line})`;
}

function madeOf(name: string, anatomy: Anatomy, watch?: (made: MadeByLine) => void): Cell {
  const { system, parameters, states, input, dimensions } = anatomy;
  const sizeOf = (dimension: 'd' | 'm' | 1, size: CellSize): number => (dimension === 1 ? 1 : size[dimension]);
  return {
    name,
    equations: anatomy.tags,
    params: size =>
      Object.fromEntries(
        parameters.map(({ key, code, isMatrix }): [string, Shape] => {
          const [rows, columns] = dimensions(key);
          return [code, isMatrix ? [sizeOf(rows, size), sizeOf(columns, size)] : [1, sizeOf(rows, size)]];
        }),
      ) as Shapes<string>,
    state: size =>
      Object.fromEntries(states.map(({ key, code }) => [code, sizeOf(dimensions(key)[0], size)])) as Record<
        string,
        number
      >,

    forward(p, x, prev) {
      const value = valuesOf(anatomy, p, x, prev);
      const tape: Record<string, AbstractMatrix> = { x };
      for (const { code } of states) tape[`${code}Prev`] = prev[code] as AbstractMatrix;
      for (const key of anatomy.computed) {
        const term = value(key);
        if (term.kind !== 'samples' && term.kind !== 'vector') continue;
        tape[key] = term.of;
        watch?.({
          ...tagged(definedBy(system, key)?.line.tag),
          pass: 'forward',
          ...namedAs(key, states),
          value: term.of,
        });
      }
      const next = Object.fromEntries(states.map(({ key, code }) => [code, tape[key]]));
      return { next: next as State<string>, tape };
    },

    backward(p, tape, dnext, dp) {
      const known = tape as Tape;
      const prev = Object.fromEntries(states.map(({ code }) => [code, known[`${code}Prev`]]));
      const values = valuesOf(anatomy, p, known.x as AbstractMatrix, prev as Matrices, known);
      const told = (tag: string | undefined, key: string, part: string | undefined, value: AbstractMatrix) =>
        watch?.({ ...tagged(tag), pass: 'backward', name: shownKey(key), ...(part !== undefined && { part }), value });
      const gradients = gradientsOf(anatomy, values, dnext, (tag, key, value) => told(tag, key, undefined, value));
      for (const { key, code } of parameters) {
        for (const { of, line } of anatomy.gradientsIn(key, undefined)) {
          const gradient = dp[code] as AbstractMatrix;
          const term = inLine(line, () => {
            const given = stepped(of, system, gradients);
            added(gradient, given, of.at);
            return given;
          });
          if (!watch) continue;
          const alone = Matrix.zeros(gradient.rows, gradient.columns);
          added(alone, term, of.at);
          told(line.tag, key, code, alone);
        }
      }
      const leaving = (key: string, back: 0 | -1, code: string): AbstractMatrix => {
        const lines = anatomy.gradientsIn(key, back);
        const [{ line }] = lines as readonly [Gradient];
        const value = inLine(line, () => samplesOf(summed(lines, gradients, anatomy)));
        told(line.tag, key, code, value);
        return value;
      };
      const dx = leaving(input.key, 0, 'x');
      const dprev = Object.fromEntries(states.map(({ key, code }) => [code, leaving(key, -1, code)]));
      return { dx, dprev: dprev as State<string> };
    },
  };
}

function tagged(tag: string | undefined): { readonly tag?: string } {
  return tag === undefined ? {} : { tag };
}

/** What a name is called in the derivation, and in the cell where it is a part of its state. */
function namedAs(key: string, states: Anatomy['states']): Pick<MadeByLine, 'name' | 'part'> {
  const state = states.find(one => one.key === key);
  return { name: shownKey(key), ...(state && { part: state.code }) };
}

/** Adds what a step gives to a parameter's gradient. */
function added(gradient: AbstractMatrix, term: Term, at: number): void {
  if (term.kind === 'outer') addTTimes(gradient, term.left, term.right);
  else if (term.kind === 'samples') addColumnSums(gradient, term.of);
  else throw new Unread(`a ${term.kind} in place of a parameter's gradient`, at);
}

function samplesOf(term: Term): AbstractMatrix {
  if (term.kind !== 'samples') throw new Unread(`a ${term.kind} in place of a gradient of every sample`, 0);
  return term.of;
}

/** A step forward and back, so that what cannot be computed shows at once. */
function tryOnce(cell: Cell, { isSquare }: Anatomy): void {
  const size = { d: isSquare ? 3 : 2, m: 3 };
  const zeros = (shapes: Shapes<string>) =>
    Object.fromEntries(Object.entries(shapes).map(([name, [rows, columns]]) => [name, Matrix.ones(rows, columns)]));
  const state = () =>
    Object.fromEntries(
      Object.entries(cell.state(size)).map(([name, columns]) => [name, Matrix.ones(2, columns)]),
    ) as unknown as State<string>;
  const p = zeros(cell.params(size));
  const { tape } = cell.forward(p, Matrix.ones(2, size.d), state());
  cell.backward(p, tape, state(), zeros(cell.params(size)));
}
