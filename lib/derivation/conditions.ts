/** Of which steps an equation holds: `t < \\tau`, “where $t>\\tau_b$”; and what letters run over: `j = 1,\\dots,\\tau`. */
import type { Clause } from './clauses.ts';
import type { Condition, Equation, Expression } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { isEquals } from './pieces.ts';
import { Reader } from './reader.ts';
import { RELATIONS } from './signs.ts';
import { isDots } from './spelling.ts';

/**
 * The condition that a clause without an equals sign is; nothing where it is none.
 *
 * @throws Unread where it is a condition of something else than steps.
 */
export function conditionOf(clause: readonly Node[], words: string): Condition | undefined {
  if (clause.some(isEquals)) return undefined;
  const [first, ...others] = clause;
  const found = clause.findIndex(node => node.kind === 'symbol' && RELATIONS[node.text] !== undefined);
  const sign = clause[found];
  const isSaid = /\b(where|if|when|unless)\b/.test(words);
  const isOfSteps = first?.kind === 'symbol' && first.text === 't' && sign === others[0];
  if (!isSaid && !isOfSteps) return undefined;
  if (sign?.kind !== 'symbol' || /\bunless\b/.test(words))
    throw new Unread('it holds under a condition', first?.at ?? 0);
  const at = first?.at ?? sign.at;
  const left = new Reader(clause.slice(0, found)).expression();
  const right = new Reader(clause.slice(found + 1)).expression();
  if (!isCount(left) || !isCount(right)) throw new Unread('it holds under a condition', at);
  return { kind: 'holds', relation: RELATIONS[sign.text] ?? '=', left, right, at };
}

/** Whether an expression can be a number of steps: t + 1, τ_b, N. */
function isCount(of: Expression): boolean {
  if (of.kind === 'sum') return of.terms.every(term => isCount(term.of));
  if (of.kind !== 'name') return of.kind === 'number';
  const { letter, bold, sup, sub } = of.name;
  return !bold && (/^[τTK]$/.test(letter) || sup.length + sub.length === 0);
}

/** An equation of which every side but the first is there under a condition alone. */
export function where<E extends Equation>(condition: Condition, equation: E): E {
  const members = equation.members.map(
    (of, n): Expression => (n === 0 ? of : { kind: 'where', of, condition, at: of.at }),
  );
  return { ...equation, members };
}

/** Whether a clause says what a letter runs over, as a whole or as the first of three: t = 1, …, τ. */
export function isRange(clause: readonly Node[], all: readonly Clause[], n: number): boolean {
  const [letter, sign, from, ...rest] = clause;
  const isLetter = letter?.kind === 'symbol' && /^[a-z]$/.test(letter.text);
  if (!isLetter || !isEquals(sign) || from?.kind !== 'symbol' || !/^\d$/.test(from.text)) return false;
  const [dots] = rest.length > 0 ? rest : (all[n + 1]?.nodes ?? []);
  return dots !== undefined && isDots(dots);
}
