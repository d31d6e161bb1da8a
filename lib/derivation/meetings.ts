/** Shapes that meet, and so are the same. */
import { keyIn } from './definitions.ts';
import { type Dimension, type Form, isPartOf, rootOf } from './dimensions.ts';
import type { Expression } from './expression.ts';
import { Unread } from './latex.ts';
import { allNames, shownKey, type Vocabulary } from './names.ts';

export class Meetings {
  readonly #vocabulary: Vocabulary;
  readonly #changed: Dimension[] = [];

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** All that something says, or nothing where it does not fit: what does not fit says nothing of other lines. */
  whole(say: () => void): void {
    this.#changed.length = 0;
    try {
      say();
    } catch (error) {
      for (const dimension of this.#changed) delete dimension.same;
      throw error;
    }
  }

  /** The shape of a product. */
  times(a: Form, b: Form, of: Expression): Form {
    if (a === 'number') return b;
    if (b === 'number') return a;
    this.unify(a[1], b[0], of, 'times');
    return rootOf(a[0]).one && rootOf(b[1]).one ? 'number' : [a[0], b[1]];
  }

  same(a: Form & object, b: Form & object, of: Expression, what: string): void {
    this.unify(a[0], b[0], of, what);
    this.unify(a[1], b[1], of, what);
  }

  unify(a: Dimension, b: Dimension, of: Expression, what: string): void {
    const [first, second] = [rootOf(a), rootOf(b)];
    if (first === second || (first.one && second.one)) return;
    if (first.one || second.one) {
      const names = allNames(of).map(name => shownKey(keyIn(name, this.#vocabulary)));
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
