/** The dimensions that places are on: of letters that count them, and of names whose values are some. */
import { keyIn } from './definitions.ts';
import { type Dimension, type Form, ONE, rootOf } from './dimensions.ts';
import type { Expression, Name } from './expression.ts';
import type { Meetings } from './meetings.ts';
import type { Vocabulary } from './names.ts';

/** How the shapes of names and of expressions are found. */
interface Found {
  formOf(key: string): Form;
  infer(of: Expression): Form;
}

export class Sides {
  readonly #vocabulary: Vocabulary;
  readonly #meetings: Meetings;
  readonly #found: Found;
  /** Names that stand for places: how many there are; and the same of the letters that are bound at the moment. */
  readonly #wholes = new Map<string, Dimension>();
  #placed = new Map<string, Dimension>();

  constructor(vocabulary: Vocabulary, meetings: Meetings, found: Found) {
    this.#vocabulary = vocabulary;
    this.#meetings = meetings;
    this.#found = found;
  }

  /** How many places there are that a name stands for. */
  wholeOf(key: string): Dimension | undefined {
    return this.#wholes.get(key);
  }

  /** How many places a letter counts. */
  placesOf(letter: string): Dimension | undefined {
    return this.#placed.get(letter);
  }

  /** Where letters are bound that may stand for places outside, too. */
  within<T>(letters: readonly string[], f: () => T): T {
    const outside = this.#placed;
    this.#placed = new Map([...outside].filter(([letter]) => !letters.includes(letter)));
    try {
      return f();
    } finally {
      this.#placed = outside;
    }
  }

  /** The shape of an element, which is none, or of a row or a column. */
  element({ of, places }: Expression & { kind: 'element' }): Form {
    const sides = this.#sidesOf(of);
    for (const [n, place] of places.entries()) {
      const side = sides[n];
      if (side && place) this.#place(place, side);
    }
    const [rows, columns] = places.map((place, n) => (place ? ONE : (sides[n] ?? ONE)));
    return places.includes(undefined) && rows && columns ? [rows, columns] : 'number';
  }

  /** What is compared with a place is one. */
  compared({ left, right }: Expression & { kind: 'holds' }): void {
    for (const [a, b] of [
      [left, right],
      [right, left],
    ] as const) {
      const side = a.kind === 'place' ? this.#placed.get(a.letter) : undefined;
      if (side && b.kind === 'name') this.#place(b, side);
    }
  }

  /** The dimensions that places of a value are on. */
  #sidesOf(of: Expression): readonly Dimension[] {
    const sides = (name: Name) => {
      const form = this.#found.formOf(keyIn(name, this.#vocabulary));
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
        const form = this.#found.infer(of);
        return form === 'number' ? [] : form.filter(side => !rootOf(side).one);
      }
    }
  }

  /** A letter or a name that stands for a place on a side. */
  #place(place: Expression, side: Dimension): void {
    const [places, key] =
      place.kind === 'place'
        ? [this.#placed, place.letter]
        : [this.#wholes, place.kind === 'name' ? keyIn(place.name, this.#vocabulary) : ''];
    const known = places.get(key);
    if (known) this.#meetings.unify(known, side, place, 'a place');
    else if (key !== '') places.set(key, side);
  }
}
