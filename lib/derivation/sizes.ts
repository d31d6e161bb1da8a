/** Shapes of names, found by what the forward equations put together. */

import { type Definition, functionKey, isOfMany, keyIn } from './definitions.ts';
import { type Dimension, exactly, type Form, isPartOf, ONE, rootOf } from './dimensions.ts';
import { type Expression, isLossKey, type Name, walk } from './expression.ts';
import { Unread } from './latex.ts';
import type { Line } from './lines.ts';
import { allNames, shownKey } from './names.ts';
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
    if ([...walk(of)].some(({ kind }) => kind === 'gradient' || kind === 'given')) continue;
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
  readonly #bold: boolean;
  readonly #letters = new Map<string, Dimension>();
  readonly #forms = new Map<string, Form>();
  /** Names whose shapes are being found. */
  readonly #made = new Set<string>();
  readonly #columns: ReadonlySet<string>;
  /** Names that stand for places: how many there are; and the same of the letters that are bound at the moment. */
  readonly #wholes = new Map<string, Dimension>();
  #placed = new Map<string, Dimension>();
  readonly #changed: Dimension[] = [];

  constructor(system: System) {
    this.#system = system;
    const keys = [...system.definitions.keys(), ...system.leaves];
    const all = [...system.definitions.values()].flat();
    this.#columns = new Set(
      all.flatMap(({ of }) =>
        [...walk(of)].flatMap(part =>
          part.kind === 'call' && isOfMany(part)
            ? part.args.flatMap(arg => (arg.kind === 'name' ? [keyIn(arg.name, system.vocabulary)] : []))
            : [],
        ),
      ),
    );
    this.#bold = keys.some(key => key.startsWith('𝐛'));
  }

  equate(key: string, of: Expression): void {
    this.#changed.length = 0;
    try {
      const left = this.#formOf(key);
      const right = this.#infer(of);
      if (left === 'number' || right === 'number') return;
      this.#same(left, right, of, `${shownKey(key)} =`);
    } catch (error) {
      for (const dimension of this.#changed) delete dimension.same; // what does not fit says nothing of other lines
      throw error;
    }
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
    if (!this.#bold && ![...definitions.keys(), ...leaves].some(other => vocabulary.isTimed(other))) return false;
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
    for (const form of this.#forms.values()) if (form !== 'number') form.forEach(sizeOf);
    return {
      of: key => {
        const form = this.#formOf(key);
        return form === 'number' ? [1, 1] : [sizeOf(form[0]), sizeOf(form[1])];
      },
      dimension: letter => sizeOf(this.#lettered(letter)),
      wholeOf: key => {
        const places = this.#wholes.get(key);
        return places && sizeOf(places);
      },
    };
  }

  /** A bold small letter is a column, a capital a matrix, and a plain small one a number; a column where no letter is bold. */
  #formOf(key: string): Form {
    const known = this.#forms.get(key);
    if (known) return known;
    if (this.#made.has(key)) return 'number'; // of itself
    this.#made.add(key);
    const form = this.#system.said.has(key) ? this.#formSaid(key) : (this.#formMade(key) ?? this.#guessed(key));
    this.#made.delete(key);
    this.#forms.set(key, form);
    return form;
  }

  /** Where a table says shapes and no letter is bold, what an equation defines has the shape of what it is made of. */
  #formMade(key: string): Form | undefined {
    const [definition] = this.#system.definitions.get(key) ?? [];
    if (this.#bold || this.#system.said.size === 0 || !definition) return undefined;
    return this.#infer(definition.of);
  }

  #formSaid(key: string): Form {
    const [rows, columns] = this.#system.said.get(key) ?? ['1', '1'];
    if (rows === '1' && columns === '1') return 'number';
    return [this.#lettered(rows), this.#lettered(columns)];
  }

  #lettered(letter: string): Dimension {
    if (letter === '1') return ONE;
    const known = this.#letters.get(letter) ?? { one: false };
    this.#letters.set(letter, known);
    return known;
  }

  #guessed(key: string): Form {
    const bold = key.startsWith('𝐛');
    const [letter = ''] = bold ? key.slice('𝐛'.length) : key;
    if (this.#system.dimensions.has(key) && !this.#system.definitions.has(key)) return 'number';
    if (isLossKey(key) || /^([τTKM]|τ′|τ_[a-z])$/.test(key)) return 'number';
    const capital = letter !== letter.toLowerCase();
    if (capital && (!bold || !this.#system.vocabulary.isTimed(key))) return [{ one: false }, { one: false }];
    if (bold || this.#columns.has(key) || (!this.#bold && !/^[εληlπ]$/.test(letter))) return [{ one: false }, ONE];
    return 'number';
  }

  #infer(of: Expression): Form {
    switch (of.kind) {
      case 'name':
        return this.#formOf(keyIn(of.name, this.#system.vocabulary));
      case 'sum':
        return this.#alike(
          of.terms.map(term => term.of),
          of,
          '+',
        );
      case 'each':
        return this.#alike([of.left, of.right], of, of.operation);
      case 'holds':
        this.#compared(of);
        return this.#alike([of.left, of.right], of, of.relation);
      case 'product':
        return of.factors.map(factor => this.#infer(factor)).reduce((a, b) => this.#times(a, b, of));
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
        return this.#within([of.range.index], () => {
          if (of.range.where) this.#infer(of.range.where);
          return this.#infer(of.of);
        });
      case 'element':
        return this.#element(of);
      case 'array':
        return this.#within(of.letters, () => {
          this.#infer(of.like);
          const form = this.#infer(of.of);
          const each = isOfNumbers(of.of) ? 'number' : form;
          const [rows, columns] = of.letters.map(letter => this.#placed.get(letter) ?? { one: false });
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
        const [above, below] = [of.of, of.by].map(name => this.#formOf(keyIn(name, this.#system.vocabulary)));
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
    const rows: Dimension = known ? this.#lettered(size) : { one: false };
    return [rows, name === '1' ? ONE : rows];
  }

  /** Where letters are bound that may stand for places outside, too. */
  #within<T>(letters: readonly string[], f: () => T): T {
    const outside = this.#placed;
    this.#placed = new Map([...outside].filter(([letter]) => !letters.includes(letter)));
    try {
      return f();
    } finally {
      this.#placed = outside;
    }
  }

  #element({ of, places }: Expression & { kind: 'element' }): Form {
    const sides = this.#sidesOf(of);
    for (const [n, place] of places.entries()) {
      const side = sides[n];
      if (side && place) this.#place(place, side);
    }
    const [rows, columns] = places.map((place, n) => (place ? ONE : (sides[n] ?? ONE)));
    return places.includes(undefined) && rows && columns ? [rows, columns] : 'number';
  }

  /** The dimensions that places of a value are on. */
  #sidesOf(of: Expression): readonly Dimension[] {
    const sides = (name: Name) => {
      const form = this.#formOf(keyIn(name, this.#system.vocabulary));
      return form === 'number' ? [] : form.filter(side => !rootOf(side).one);
    };
    switch (of.kind) {
      case 'name':
        return sides(of.name);
      case 'gradient':
        return sides(of.by);
      case 'given':
        return sides(of.of);
      case 'jacobian':
        return [...sides(of.of), ...sides(of.by)];
      case 'along':
        return this.#sidesOf(of.of);
      default: {
        const form = this.#infer(of);
        return form === 'number' ? [] : form.filter(side => !rootOf(side).one);
      }
    }
  }

  /** What is compared with a place is one. */
  #compared({ left, right }: Expression & { kind: 'holds' }): void {
    for (const [a, b] of [
      [left, right],
      [right, left],
    ] as const) {
      const side = a.kind === 'place' ? this.#placed.get(a.letter) : undefined;
      if (side && b.kind === 'name') this.#place(b, side);
    }
  }

  /** A letter or a name that stands for a place on a side. */
  #place(place: Expression, side: Dimension): void {
    const [places, key] =
      place.kind === 'place'
        ? [this.#placed, place.letter]
        : [this.#wholes, place.kind === 'name' ? keyIn(place.name, this.#system.vocabulary) : ''];
    const known = places.get(key);
    if (known) this.#unify(known, side, place, 'a place');
    else if (key !== '') places.set(key, side);
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
        if (b !== 'number') this.#same(a, b, of, what);
        return a;
      }, 'number' as Form);
  }

  #times(a: Form, b: Form, of: Expression): Form {
    if (a === 'number') return b;
    if (b === 'number') return a;
    this.#unify(a[1], b[0], of, 'times');
    return rootOf(a[0]).one && rootOf(b[1]).one ? 'number' : [a[0], b[1]];
  }

  #same(a: Form & object, b: Form & object, of: Expression, what: string): void {
    this.#unify(a[0], b[0], of, what);
    this.#unify(a[1], b[1], of, what);
  }

  #unify(a: Dimension, b: Dimension, of: Expression, what: string): void {
    const [first, second] = [rootOf(a), rootOf(b)];
    if (first === second || (first.one && second.one)) return;
    if (first.one || second.one) {
      const names = allNames(of).map(name => shownKey(keyIn(name, this.#system.vocabulary)));
      const matters = `a column meets a row or a number at ${what} (${[...new Set(names)].slice(0, 6).join(', ')})`;
      throw new Unread(`the shapes cannot fit: ${matters}`, of.at);
    }
    if (isPartOf(first, second) || isPartOf(second, first))
      throw new Unread('the shapes cannot fit: a part is as large as the whole', of.at);
    const [from, to] = second.parts && !first.parts ? [first, second] : [second, first];
    from.same = to;
    this.#changed.push(from);
  }
}

/** Whether each of what an array is made of is a number, and no row or column. */
function isOfNumbers(of: Expression): boolean {
  return ![...walk(of)].some(part => part.kind === 'element' && part.places.includes(undefined));
}
