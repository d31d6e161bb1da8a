/** One step of the cell that a derivation says: its values forward, and its gradients by the lines that give them. */
import type { AbstractMatrix } from 'ml-matrix';
import type { Matrices } from '../shape.ts';
import type { Anatomy, Gradient } from './anatomy.ts';
import { plus, type Term } from './batch.ts';
import type { Definition } from './definitions.ts';
import { Unread } from './latex.ts';
import type { Line } from './lines.ts';
import { shownKey } from './names.ts';
import { columnsOf, remembered, type Source, stepped } from './step.ts';
import type { System } from './system.ts';

/** What the backward pass needs of the forward pass, by name. */
export type Tape = Readonly<Record<string, AbstractMatrix>>;

/** The values of a step by their keys: those of the tape, or computed. */
export function valuesOf(
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
    const definition = definedBy(system, key);
    const stored = tape[key];
    if (stored) {
      return definition?.offset === undefined ? { kind: 'vector', of: stored, row: false } : columnsOf(stored);
    }
    if (!definition) throw new Unread(`${shownKey(key)} is defined nowhere`, 0);
    return inLine(definition.line, () => stepped(definition.of, system, source));
  });
  const value = (key: string, back: 0 | -1 = 0): Term => {
    if (back === 0) return computed(key);
    const state = states.find(one => one.key === key);
    const of = state && prev[state.code];
    if (!of) throw new Unread(`${shownKey(key)} of the step before is no part of the state`, 0);
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

/** What no cell can be made of, with the line that it is in. */
export class UnreadLine extends Unread {
  readonly line: Line;

  constructor(error: Unread, line: Line) {
    super(error.message, error.at);
    this.line = line;
  }
}

/** @throws UnreadLine where what is made of a line throws Unread. */
export function inLine<T>(line: Line, made: () => T): T {
  try {
    return made();
  } catch (error) {
    if (!(error instanceof Unread) || error instanceof UnreadLine) throw error;
    throw new UnreadLine(error, line);
  }
}

/** The equation that makes a name in every step. */
export function definedBy(system: System, key: string): Definition | undefined {
  return system.definitions.get(key)?.find(({ fixed }) => fixed === undefined);
}

/** The gradients of a step: each by the line that gives it, or handed in. */
export function gradientsOf(
  anatomy: Anatomy,
  value: (key: string, back?: 0 | -1) => Term,
  dnext: Matrices,
  told: (tag: string | undefined, key: string, value: AbstractMatrix) => void,
): Source {
  const { system, states, offsetOf } = anatomy;
  const handed = (key: string): Term | undefined => {
    const state = states.find(one => one.key === key);
    const of = state && dnext[state.code];
    return of && { kind: 'samples', of, row: anatomy.layout === 'rows' };
  };
  const whole = remembered(key => {
    const given = anatomy.gradientsIn(key, 0);
    const term = given.length > 0 ? summed(given, source, anatomy) : handed(key);
    if (!term) throw new Unread(`no line gives the gradient in ${shownKey(key)}`, 0);
    if (given.length > 0 && term.kind === 'samples') told(given[0]?.line.tag, key, term.of);
    return term;
  });
  const shorthand = remembered(key => {
    const [definition] = system.definitions.get(key) ?? [];
    if (!definition) throw new Unread(`${shownKey(key)} is defined nowhere`, 0);
    return inLine(definition.line, () => stepped(definition.of, system, source));
  });
  const source: Source = {
    value: (key, time) =>
      anatomy.isShorthand(key)
        ? shorthand(key)
        : value(key, time === undefined ? 0 : ((time - offsetOf(key)) as 0 | -1)),
    gradient(key, time, kind, name) {
      const of = anatomy.aliased(key);
      if (time !== undefined && time !== offsetOf(of))
        throw new Unread(`the gradient in ${shownKey(key)} of another step`, name.at);
      const term = kind === 'given' ? (handed(of) ?? whole(of)) : whole(of);
      return term;
    },
  };
  return source;
}

/** What some lines give together. */
export function summed(gradients: readonly Gradient[], source: Source, { system }: Anatomy): Term {
  const [first, ...others] = gradients.map(({ of, line }) => inLine(line, () => stepped(of, system, source)));
  if (!first) throw new Unread('no line gives a gradient', 0);
  return others.reduce((sum, term) => plus(sum, term, 1, 0), first);
}
