/** Shapes of names, found by what the forward equations put together. */

import { type Definition, functionKey, isOfMany, keyIn } from './definitions.ts';
import { type Dimension, exactly, type Form, ONE, rootOf } from './dimensions.ts';
import { type Expression, walk } from './expression.ts';
import { Forms } from './forms.ts';
import { Unread } from './latex.ts';
import type { Line } from './lines.ts';
import { Meetings } from './meetings.ts';
import { allNames, shownKey } from './names.ts';
import { Sides } from './sides.ts';
import type { System } from './system.ts';

/** Rows and columns. */
export type Size = readonly [rows: number, columns: number];

/** Sizes that dimensions get, all different, so that what does not fit shows. */
const SIZES: readonly number[] = [3, 2, 4, 5, 6, 7, 8, 9];

/** The size of every name, and the definitions whose shapes cannot fit those before them. */
export interface Sizes {
  of(key: string): Size;
  /** How much a letter of those shapes is that a table says. */
  dimension(letter: string): number;
  /** Of a name that stands for places, and whose values are whole numbers: how many there are. */
  wholeOf(key: string): number | undefined;
  readonly misfits: ReadonlyMap<Line, Misfitting>;
}

/** Why the shapes of a line cannot fit. */
export interface Misfitting {
  readonly reason: string;
  readonly at: number;
  /** Whether it is certain what the shapes are: letters may be numbers, or elements by their indices. */
  readonly certain: boolean;
}

/** Sizes that are small, and different wherever nothing says that two are the same. */
export function sizesOf(system: System): Sizes {
  const shapes = new Shapes(system);
  const misfits = new Map<Line, Misfitting>();
  const first = new Set(system.forward);
  for (const definition of [...first, ...[...system.definitions.values()].flat()]) {
    const { key, of, line } = definition;
    if (walk(of).some(({ kind }) => kind === 'gradient' || kind === 'given')) continue;
    try {
      shapes.equate(key, of);
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      // What is not of the forward equations may not fit: that shows where it is judged.
      if (first.has(definition) && !misfits.has(line))
        misfits.set(line, { reason: error.message, at: error.at, certain: shapes.areCertain(definition) });
    }
  }
  shapes.see(system.joint?.of);
  return { ...shapes.sizes(), misfits };
}

class Shapes {
  readonly #system: System;
  readonly #forms: Forms;
  readonly #meetings: Meetings;
  readonly #sides: Sides;

  constructor(system: System) {
    this.#system = system;
    const infer = (of: Expression) => this.#infer(of);
    this.#forms = new Forms(system, infer);
    this.#meetings = new Meetings(system.vocabulary);
    this.#sides = new Sides(system.vocabulary, this.#meetings, { formOf: key => this.#forms.of(key), infer });
  }

  equate(key: string, of: Expression): void {
    this.#meetings.whole(() => {
      const [left, right] = [this.#forms.of(key), this.#infer(of)];
      if (left === 'number' || right === 'number') return;
      this.#meetings.same(left, right, of, `${shownKey(key)} =`);
    });
  }

  /** What an expression says of shapes that is no name's value; nothing where it does not fit. */
  see(of: Expression | undefined): void {
    if (!of) return;
    try {
      this.#infer(of);
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
    }
  }

  /** Whether letters say what they are: not where none is bold and nothing goes with the time, nor of an element or a list. */
  areCertain({ key, of }: Definition): boolean {
    const { vocabulary, definitions, leaves } = this.#system;
    const keys = [key, ...allNames(of).map(name => keyIn(name, vocabulary))];
    if (!this.#forms.bold && ![...definitions.keys(), ...leaves].some(other => vocabulary.isTimed(other))) return false;
    const isElement = (other: string) =>
      !other.startsWith('𝐛') && /_[i-n]+$|_[i-n],|_v/.test(other) && !this.#system.said.has(other);
    return !keys.some(isElement) && !(of.kind === 'stack' && /^[A-Z]/.test(key));
  }

  sizes(): Omit<Sizes, 'misfits'> {
    const numbers = new Map<Dimension, number>();
    const sizeOf = (dimension: Dimension): number => {
      const root = rootOf(dimension);
      if (root.one) return 1;
      const known = numbers.get(root);
      if (known !== undefined) return known;
      const size = root.parts?.reduce((sum, part) => sum + sizeOf(part), 0) ?? SIZES[numbers.size % SIZES.length] ?? 3;
      numbers.set(root, size);
      return size;
    };
    for (const form of this.#forms.known()) if (form !== 'number') form.forEach(sizeOf);
    return {
      of: key => {
        const form = this.#forms.of(key);
        return form === 'number' ? [1, 1] : [sizeOf(form[0]), sizeOf(form[1])];
      },
      dimension: letter => sizeOf(this.#forms.lettered(letter)),
      wholeOf: key => {
        const places = this.#sides.wholeOf(key);
        return places && sizeOf(places);
      },
    };
  }

  #infer(of: Expression): Form {
    switch (of.kind) {
      case 'name':
        return this.#forms.of(keyIn(of.name, this.#system.vocabulary));
      case 'sum':
        return this.#alike(
          of.terms.map(term => term.of),
          of,
          '+',
        );
      case 'each':
        return this.#alike([of.left, of.right], of, of.operation);
      case 'holds':
        this.#sides.compared(of);
        return this.#alike([of.left, of.right], of, of.relation);
      case 'product':
        return of.factors.map(factor => this.#infer(factor)).reduce((a, b) => this.#meetings.times(a, b, of));
      case 'transpose': {
        const form = this.#infer(of.of);
        return form === 'number' ? form : [form[1], form[0]];
      }
      case 'power':
      case 'along':
      case 'where':
        return this.#infer(of.of);
      case 'call':
        return this.#call(of);
      case 'over':
        return this.#sides.within([of.range.index], () => {
          if (of.range.where) this.#infer(of.range.where);
          return this.#infer(of.of);
        });
      case 'element':
        return this.#sides.element(of);
      case 'array':
        return this.#sides.within(of.letters, () => {
          this.#infer(of.like);
          const form = this.#infer(of.of);
          const each = isOfNumbers(of.of) ? 'number' : form;
          const [rows, columns] = of.letters.map(letter => this.#sides.placesOf(letter) ?? { one: false });
          if (!rows || each === 'number') return rows ? [rows, columns ?? ONE] : 'number';
          return rootOf(each[0]).one ? [rows, each[1]] : [each[0], rows];
        });
      case 'stack': {
        if (of.columns !== undefined) return [exactly(of.parts.length / of.columns), exactly(of.columns)];
        const forms = of.parts.map(part => this.#infer(part)).filter(form => form !== 'number');
        if (forms.length < of.parts.length) return 'number';
        const [rows] = forms.map(([first]) => first);
        const beside = !of.below && forms.some(([, columns]) => !rootOf(columns).one);
        if (of.below) return [{ one: false, parts: forms.map(([first]) => first) }, forms[0]?.[1] ?? ONE];
        return beside && rows
          ? [rows, { one: false, parts: forms.map(([, columns]) => columns) }]
          : [{ one: false, parts: forms.map(([first]) => first) }, ONE];
      }
      case 'jacobian': {
        const [above, below] = [of.of, of.by].map(name => this.#forms.of(keyIn(name, this.#system.vocabulary)));
        if (!above || !below || above === 'number' || below === 'number') return 'number';
        return rootOf(above[1]).one && rootOf(below[1]).one ? [above[0], below[0]] : 'number';
      }
      case 'part': {
        const whole = this.#infer(of.of);
        if (whole === 'number') return whole;
        const beside = !of.below && !rootOf(whole[1]).one;
        const root = rootOf(whole[beside ? 1 : 0]);
        if (!root.one && !root.parts) {
          const each: Dimension = of.single ? ONE : { one: false };
          root.parts = Array.from({ length: of.parts }, () => each);
        }
        if (root.parts?.length !== of.parts || of.single) return 'number';
        const part = root.parts[of.part] ?? ONE;
        return beside ? [whole[0], part] : [part, whole[1]];
      }
      case 'constant':
        if (of.name === '0') return 'number';
        return this.#fixed(of);
      default:
        return 'number';
    }
  }

  #fixed({ name, size }: Expression & { kind: 'constant' }): Form {
    const known = size !== undefined && this.#system.dimensions.has(size);
    const rows: Dimension = known ? this.#forms.lettered(size) : { one: false };
    return [rows, name === '1' ? ONE : rows];
  }

  #call(of: Expression & { kind: 'call' }): Form {
    if (/^(norm|spectral|inner|kron|tr|det|ρ)$/.test(of.name)) {
      for (const arg of of.args) this.#infer(arg);
      return 'number';
    }
    if (of.name === 'diag') {
      const [argument] = of.args;
      const form = argument ? this.#infer(argument) : 'number';
      return form === 'number' ? form : [form[0], form[0]];
    }
    if (of.name === 'dim') return 'number';
    if (of.name === 'vec') return [{ one: false }, ONE];
    if (isOfMany(of) && !this.#system.functions.has(functionKey(of))) {
      const [first = 'number'] = of.args.map(arg => this.#infer(arg));
      return first;
    }
    return this.#alike(of.args, of, of.name);
  }

  #alike(all: readonly Expression[], of: Expression, what: string): Form {
    return all
      .map(part => this.#infer(part))
      .reduce((a, b) => {
        if (a === 'number') return b;
        if (b !== 'number') this.#meetings.same(a, b, of, what);
        return a;
      }, 'number' as Form);
  }
}

/** Whether each of what an array is made of is a number, and no row or column. */
function isOfNumbers(of: Expression): boolean {
  return !walk(of).some(part => part.kind === 'element' && part.places.includes(undefined));
}
