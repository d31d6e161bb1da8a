/** The shapes of names: as a table says, as what they are made of, or as their letters do. */
import { isOfMany, keyIn } from './definitions.ts';
import { type Dimension, type Form, ONE } from './dimensions.ts';
import { type Expression, isLossKey, walk } from './expression.ts';
import type { System } from './system.ts';

export class Forms {
  readonly #system: System;
  readonly #infer: (of: Expression) => Form;
  readonly #letters = new Map<string, Dimension>();
  readonly #forms = new Map<string, Form>();
  /** Names whose shapes are being found. */
  readonly #made = new Set<string>();
  readonly #columns: ReadonlySet<string>;
  /** Whether letters say by their face what they are. */
  readonly bold: boolean;
  /** Whether small letters go with the time: then a capital one that does is a column among columns, and no batch of them. */
  readonly #hasSmall: boolean;
  /** Capital letters that stand before a name in a product: K of K q is a matrix, and counts nothing. */
  readonly #factors: ReadonlySet<string>;

  /** @param infer the shape of what a name is made of. */
  constructor(system: System, infer: (of: Expression) => Form) {
    this.#system = system;
    this.#infer = infer;
    const keys = [...system.definitions.keys(), ...system.leaves];
    const all = [...system.definitions.values()].flat();
    this.#columns = new Set(
      all.flatMap(({ of }) =>
        walk(of).flatMap(part =>
          part.kind === 'call' && isOfMany(part)
            ? part.args.flatMap(arg => (arg.kind === 'name' ? [keyIn(arg.name, system.vocabulary)] : []))
            : [],
        ),
      ),
    );
    this.bold = keys.some(key => key.startsWith('𝐛'));
    this.#hasSmall = keys.some(key => /^\p{Ll}/u.test(key) && system.vocabulary.isTimed(key));
    this.#factors = new Set(
      all.flatMap(({ of }) =>
        walk(of).flatMap(part => {
          const [first, second] = part.kind === 'product' ? part.factors : [];
          const isBefore = first?.kind === 'name' && second?.kind === 'name';
          return isBefore ? [keyIn(first.name, system.vocabulary)] : [];
        }),
      ),
    );
  }

  /** Those that are known by now. */
  known(): readonly Form[] {
    return [...this.#forms.values()];
  }

  /** A bold small letter is a column, a capital a matrix, and a plain small one a number; a column where no letter is bold. */
  of(key: string): Form {
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
    if (this.bold || this.#system.said.size === 0 || !definition) return undefined;
    return this.#infer(definition.of);
  }

  #formSaid(key: string): Form {
    const [rows, columns] = this.#system.said.get(key) ?? ['1', '1'];
    if (rows === '1' && columns === '1') return 'number';
    return [this.lettered(rows), this.lettered(columns)];
  }

  /** The dimension that a letter of a table stands for. */
  lettered(letter: string): Dimension {
    if (letter === '1') return ONE;
    const known = this.#letters.get(letter) ?? { one: false };
    this.#letters.set(letter, known);
    return known;
  }

  /** Whether a name is made of inner products alone: e = vᵀtanh(…), and what is made of such. */
  #isNumber(key: string, within: Set<string>): boolean {
    const [definition] = this.#system.definitions.get(key) ?? [];
    if (!definition || within.has(key)) return false;
    within.add(key);
    const isOne = (of: Expression): boolean => {
      switch (of.kind) {
        case 'name':
          return this.#isNumber(keyIn(of.name, this.#system.vocabulary), within);
        case 'product': {
          const [first, last] = [of.factors[0], of.factors.at(-1)];
          const isRow =
            first?.kind === 'transpose' && first.of.kind === 'name' && /^\p{Ll}/u.test(first.of.name.letter);
          return isRow && last !== first && last?.kind !== 'transpose';
        }
        case 'call':
          return /^(exp|log|tanh|σ|relu|softplus)$/.test(of.name) && of.args.every(isOne);
        case 'each':
          return isOne(of.left) && isOne(of.right);
        case 'sum':
          return of.terms.every(term => isOne(term.of));
        default:
          return false;
      }
    };
    const found = isOne(definition.of);
    within.delete(key);
    return found;
  }

  #guessed(key: string): Form {
    const bold = key.startsWith('𝐛');
    const [letter = ''] = bold ? key.slice('𝐛'.length) : key;
    if (this.#system.dimensions.has(key) && !this.#system.definitions.has(key)) return 'number';
    if (isLossKey(key) || /^([τT]|τ′|[τTK]_[a-z])$/.test(key)) return 'number';
    if (/^[KM]$/.test(key) && !this.#factors.has(key)) return 'number';
    const capital = letter !== letter.toLowerCase();
    const isTimed = this.#system.vocabulary.isTimed(key);
    const isColumn = isTimed && (bold || (!this.bold && this.#hasSmall));
    if (capital && !isColumn) return [{ one: false }, { one: false }];
    if (!bold && !this.bold && this.#isNumber(key, new Set())) return 'number';
    if (bold || this.#columns.has(key) || (!this.bold && !/^[εληlπ]$/.test(letter))) return [{ one: false }, ONE];
    return 'number';
  }
}
