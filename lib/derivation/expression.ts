/** What the formulas of a derivation are read as. */

/** A part of a subscript or superscript: a letter with an offset (t − 1), or a number. */
export type Index =
  | {
      readonly letter: string;
      readonly offset: number;
      /** Letters that are added to it, or taken off: the k of t + k. */
      readonly plus?: readonly { readonly letter: string; readonly sign: 1 | -1 }[];
      /** The whole of it where it is a name with indices of its own: the y_t of p_{t,y_t}. */
      readonly name?: Name;
    }
  | { readonly letter?: undefined; readonly number: number };

/** A name as it is written. Which of its indices are the time, and which belong to the name, shows in the whole text. */
export interface Name {
  /** The letter, with its accents and primes: `h`, `h̃`, `f′`. */
  readonly letter: string;
  readonly bold: boolean;
  readonly sup: readonly Index[];
  readonly sub: readonly Index[];
  readonly at: number;
}

/** What a sum, product or maximum runs over: from a number or time to another, or a set that the text names, or nothing that is said. */
export interface Range {
  readonly index: string;
  readonly from?: Expression;
  readonly to?: Expression;
  /** Whether it counts down, as J_t J_{t−1} ⋯ J_1 does. */
  readonly down?: boolean;
  /** Which of them it leaves out the others of: max_{k≠j}. */
  readonly where?: Expression;
}

/** What is made of many: a sum, a product, the largest or the smallest, and where that is. */
export type Many = 'Σ' | 'Π' | '…' | 'max' | 'min' | 'argmax' | 'argmin';

/** What a probability is of: that a name has a value, or the one that it has; or all from a name to another of a later step. */
export interface Event {
  readonly name: Name;
  readonly to?: Name;
  readonly value?: Expression;
}

export type Expression = { readonly at: number } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: Name }
  /** Terms, each with its sign. */
  | { readonly kind: 'sum'; readonly terms: readonly Term[] }
  /** Side by side: a matrix product, from left to right; of a number with anything, a multiple. */
  | { readonly kind: 'product'; readonly factors: readonly Expression[] }
  /** a ⊙ b, a ⊘ b. A fraction is the second. */
  | { readonly kind: 'each'; readonly operation: '⊙' | '⊘'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'transpose'; readonly of: Expression }
  | { readonly kind: 'power'; readonly of: Expression; readonly exponent: Expression }
  /** A function of one argument or more; `order` counts the primes of its slope. */
  | { readonly kind: 'call'; readonly name: string; readonly order: number; readonly args: readonly Expression[] }
  /** ∂L/∂v, as a name. */
  | { readonly kind: 'gradient'; readonly by: Name }
  /** `d` before a name: what arrives at v from later steps and from above. */
  | { readonly kind: 'given'; readonly of: Name }
  /** ∂a/∂b; with a plus, the immediate one. */
  | {
      readonly kind: 'jacobian';
      readonly of: Name;
      readonly by: Name;
      readonly immediate: boolean;
      /** Whether b is stacked to a vector, row by row. */
      readonly vec: boolean;
    }
  | { readonly kind: 'over'; readonly operation: Many; readonly range: Range; readonly of: Expression }
  /** 1 where it holds, else 0. */
  | { readonly kind: 'holds'; readonly relation: Relation; readonly left: Expression; readonly right: Expression }
  /** Columns one below the other; matrices side by side, or below each other; numbers in rows of so many columns. */
  | {
      readonly kind: 'stack';
      readonly parts: readonly Expression[];
      readonly below: boolean;
      readonly columns?: number;
    }
  /** ℛ{a}: how a changes as all parameters move along one direction. */
  | { readonly kind: 'along'; readonly of: Expression }
  /** One of several parts, all as long, of a column or a matrix: what stands in the list that it is said to be. */
  | {
      readonly kind: 'part';
      readonly of: Expression;
      readonly part: number;
      readonly parts: number;
      /** Whether the parts of a matrix are below each other, and not beside. */
      readonly below: boolean;
      /** Whether each is one element. */
      readonly single?: boolean;
    }
  /** P(… | …), by the joint probability that the text says. */
  | { readonly kind: 'probability'; readonly events: readonly Event[]; readonly given: readonly Event[] }
  /**
   * An element of a column or a matrix; a row or a column of it, where a place is not said: (A)_{i·}, (A)_{·j}. Its places are numbers,
   * letters that run over all of them, or names whose values are whole numbers.
   */
  | { readonly kind: 'element'; readonly of: Expression; readonly places: readonly (Expression | undefined)[] }
  /** A letter that counts the places of a column or of a side of a matrix. */
  | { readonly kind: 'place'; readonly letter: string }
  /** The column or matrix whose elements are as an expression says, for all places of one letter or two; as many as there are in `like`, too. */
  | {
      readonly kind: 'array';
      readonly letters: readonly string[];
      readonly of: Expression;
      readonly like: Expression;
    }
  /** One of some steps alone: there is nothing where the condition does not hold. */
  | { readonly kind: 'where'; readonly of: Expression; readonly condition: Condition }
  /** What of a gradient in a list belongs to one name in the list. */
  | { readonly kind: 'share'; readonly of: Expression; readonly name: Name }
  /** I, of whatever size fits or, where that is a letter of a shape that a table says, of that; 𝟏, a column of ones; 𝟎. */
  | { readonly kind: 'constant'; readonly name: 'I' | '1' | '0'; readonly size?: string }
);

/** What is asked of steps: t < τ. */
export type Condition = Expression & { readonly kind: 'holds' };

export interface Term {
  readonly sign: 1 | -1;
  readonly of: Expression;
}

export type Relation = '<' | '>' | '≤' | '≥' | '=' | '≠';

/** Expressions that are said to be equal, in the order they are written. */
export interface Equation {
  readonly members: readonly Expression[];
  /** `+=`: more is added elsewhere. */
  readonly adds: boolean;
  readonly at: number;
}

/** Whether a key is the loss's. */
export function isLossKey(key: string): boolean {
  return key === 'L' || key === 'ℒ';
}

/** The expressions that one is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'sum':
      return expression.terms.map(({ of }) => of);
    case 'product':
      return expression.factors;
    case 'each':
    case 'holds':
      return [expression.left, expression.right];
    case 'transpose':
    case 'part':
    case 'along':
    case 'array':
    case 'where':
    case 'share':
      return [expression.of];
    case 'element':
      return [expression.of, ...expression.places.filter(place => place !== undefined)];
    case 'probability':
      return [...expression.events, ...expression.given].flatMap(({ value }) => (value ? [value] : []));
    case 'power':
      return [expression.of, expression.exponent];
    case 'call':
      return expression.args;
    case 'over':
      return [...boundsOf(expression.range), expression.of];
    case 'stack':
      return expression.parts;
    default:
      return [];
  }
}

/** What is said of a range. */
export function boundsOf({ from, to, where }: Range): readonly Expression[] {
  return [from, to, where].filter(bound => bound !== undefined);
}

/** The names that an expression mentions itself, in whatever way. */
export function namesOf(expression: Expression): readonly Name[] {
  switch (expression.kind) {
    case 'name':
      return [expression.name];
    case 'gradient':
      return [expression.by];
    case 'given':
      return [expression.of];
    case 'jacobian':
      return [expression.of, expression.by];
    default:
      return [];
  }
}

/** The expression and all that it is made of, each before its parts. */
export function walk(expression: Expression): readonly Expression[] {
  const found: Expression[] = [];
  addParts(expression, found);
  return found;
}

function addParts(expression: Expression, to: Expression[]): void {
  to.push(expression);
  for (const part of partsOf(expression)) addParts(part, to);
}
