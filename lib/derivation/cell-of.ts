/** A complete derivation is a cell. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Cell, CellSize, State } from '../cells/cell.ts';
import { FormatError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { addColumnSums, addTTimes } from '../matrix.ts';
import { requireKnown, requireName } from '../require.ts';
import type { Matrices, Shape, Shapes } from '../shape.ts';
import { type Anatomy, anatomyOf, type Gradient } from './anatomy.ts';
import { plus, type Term } from './batch.ts';
import { checkDerivation } from './check.ts';
import { Unread } from './latex.ts';
import { columnsOf, remembered, type Source, stepped } from './step.ts';

export interface CellOfOptions {
  /** What the cell is called; `derivation` unless given. */
  readonly name?: string;
  /** Which equations it is made of, where tags have several prefixes: `GRB`. The first unless given. */
  readonly prefix?: string;
}

type Tape = Readonly<Record<string, AbstractMatrix>>;

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
  const { name = 'derivation', prefix } = requireKnown('options', options, ['name', 'prefix']);
  requireName('options.name', name);
  const { lines, layout } = checkDerivation(text);
  const wrong = lines.find(({ verdict }) => verdict === 'wrong');
  if (wrong)
    throw new FormatError(
      'derivation',
      'lines that are right',
      `${shown(wrong.name)} (line ${wrong.place.line}), which is wrong`,
    );
  const anatomy = refusing(() =>
    anatomyOf(text, prefix === undefined ? undefined : requireName('options.prefix', prefix), layout),
  );
  const cell = madeOf(name, anatomy);
  refusing(() => tryOnce(cell, anatomy));
  return cell;
}

/** What is no equation of a cell is what is wrong with the text. */
function refusing<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    throw new FormatError('derivation', 'equations that make a cell', error.message);
  }
}

function madeOf(name: string, anatomy: Anatomy): Cell {
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
        if (term.kind === 'samples' || term.kind === 'vector') tape[key] = term.of;
      }
      const next = Object.fromEntries(states.map(({ key, code }) => [code, tape[key]]));
      return { next: next as State<string>, tape };
    },

    backward(p, tape, dnext, dp) {
      const known = tape as Tape;
      const prev = Object.fromEntries(states.map(({ code }) => [code, known[`${code}Prev`]]));
      const values = valuesOf(anatomy, p, known.x as AbstractMatrix, prev as Matrices, known);
      const gradients = gradientsOf(anatomy, values, dnext);
      for (const { key, code } of parameters) {
        for (const { of } of anatomy.gradientsIn(key, undefined))
          added(dp[code] as AbstractMatrix, stepped(of, system, gradients), of.at);
      }
      const dx = samplesOf(summed(anatomy.gradientsIn(input.key, 0), gradients, anatomy));
      const dprev = Object.fromEntries(
        states.map(({ key, code }) => [code, samplesOf(summed(anatomy.gradientsIn(key, -1), gradients, anatomy))]),
      );
      return { dx, dprev: dprev as State<string> };
    },
  };
}

/** The values of a step by their keys: those of the tape, or computed. */
function valuesOf(
  { system, parameters, states, input, offsetOf }: Anatomy,
  p: Matrices,
  x: AbstractMatrix,
  prev: Matrices,
  tape: Tape = {},
): (key: string, back?: 0 | -1) => Term {
  const computed: (key: string) => Term = remembered(key => {
    if (key === input.key) return columnsOf(x);
    const parameter = parameters.find(one => one.key === key);
    const own = parameter && p[parameter.code];
    if (parameter && own) {
      return parameter.isMatrix
        ? { kind: 'matrix', of: own, transposed: false }
        : { kind: 'vector', of: own, row: false };
    }
    const definition = system.definitions.get(key)?.find(({ fixed }) => fixed === undefined);
    const stored = tape[key];
    if (stored) {
      return definition?.offset === undefined ? { kind: 'vector', of: stored, row: false } : columnsOf(stored);
    }
    if (!definition) throw new Unread(`${key} is defined nowhere`, 0);
    return stepped(definition.of, system, source);
  });
  const value = (key: string, back: 0 | -1 = 0): Term => {
    if (back === 0) return computed(key);
    const state = states.find(one => one.key === key);
    const of = state && prev[state.code];
    if (!of) throw new Unread(`${key} of the step before is no part of the state`, 0);
    return columnsOf(of);
  };
  const source: Source = {
    value: (key, time) => value(key, time === undefined ? 0 : ((time - offsetOf(key)) as 0 | -1)),
    gradient: (_key, _time, _kind, name) => {
      throw new Unread('a gradient in an equation of the forward pass', name.at);
    },
  };
  return value;
}

/** The gradients of a step: each by the line that gives it, or handed in. */
function gradientsOf(anatomy: Anatomy, value: (key: string, back?: 0 | -1) => Term, dnext: Matrices): Source {
  const { system, states, offsetOf } = anatomy;
  const handed = (key: string): Term | undefined => {
    const state = states.find(one => one.key === key);
    const of = state && dnext[state.code];
    return of && { kind: 'samples', of, row: anatomy.layout === 'rows' };
  };
  const whole = remembered(key => {
    const given = anatomy.gradientsIn(key, 0);
    const term = given.length > 0 ? summed(given, source, anatomy) : handed(key);
    if (!term) throw new Unread(`no line gives the gradient in ${key}`, 0);
    return term;
  });
  const shorthand = remembered(key => {
    const [definition] = system.definitions.get(key) ?? [];
    if (!definition) throw new Unread(`${key} is defined nowhere`, 0);
    return stepped(definition.of, system, source);
  });
  const source: Source = {
    value: (key, time) =>
      anatomy.isShorthand(key)
        ? shorthand(key)
        : value(key, time === undefined ? 0 : ((time - offsetOf(key)) as 0 | -1)),
    gradient(key, time, kind, name) {
      const of = anatomy.aliased(key);
      if (time !== undefined && time !== offsetOf(of))
        throw new Unread(`the gradient in ${key} of another step`, name.at);
      const term = kind === 'given' ? (handed(of) ?? whole(of)) : whole(of);
      return term;
    },
  };
  return source;
}

function summed(gradients: readonly Gradient[], source: Source, { system }: Anatomy): Term {
  const [first, ...others] = gradients.map(({ of }) => stepped(of, system, source));
  if (!first) throw new Unread('no line gives a gradient', 0);
  return others.reduce((sum, term) => plus(sum, term, 1, 0), first);
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
