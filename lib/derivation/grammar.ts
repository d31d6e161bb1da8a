/** The grammar of a derivation: from a formula's tree to the equations in it. What is not of it is refused with its place. */
import { clausesOf, isConditional, nest } from './clauses.ts';
import type { Equation, Expression } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { isEquals, split } from './pieces.ts';
import { Reader } from './reader.ts';
import { RELATIONS } from './signs.ts';
import { isSign } from './spelling.ts';

/** A statement of a display: an equation, and the words before it. */
export interface Statement extends Equation {
  readonly words: string;
}

/** The equations of a row, in their order. What is in them but no equation, such as an inequality, is in none. */
export function equationsOf(nodes: readonly Node[]): readonly Statement[] {
  const nested = nest(nodes);
  const arrow = nested.find(node => isConditional([node]));
  if (arrow) throw new Unread('it says what follows from what', arrow.at);
  const clauses = clausesOf(nested);
  const condition = clauses.find(
    ({ nodes: clause, words }) =>
      !clause.some(isEquals) && (/\b(where|if|when|unless)\b/.test(words) || isOfSteps(clause)),
  );
  if (condition) throw new Unread('it holds under a condition', condition.nodes[0]?.at ?? 0);
  const other = clauses.find(({ words }, n) => n > 0 && /\bor\b/.test(words));
  if (other) throw new Unread('it says two things, of which one holds', other.nodes[0]?.at ?? 0);
  return clauses.flatMap(({ nodes: clause, words }) => {
    const signs = clause.filter(isEquals);
    const [first] = clause;
    if (signs.length === 0 || !first) return [];
    const adds = clause.some(node => isEquals(node) && before(clause, node) === '+');
    const subtracts = clause.some(node => isEquals(node) && before(clause, node) === '-');
    const members = split(
      clause.filter((node, n) => !(isSign(node, '+-:') && isEqualsAt(clause, n + 1))),
      isEquals,
    );
    const read = members.map((member, n) => {
      const of = new Reader(member).expression();
      return subtracts && n > 0 ? negative(of) : of;
    });
    const [left] = read;
    if (
      (left?.kind === 'gradient' || left?.kind === 'given') &&
      clause.some(node => isEquals(node) && before(clause, node) === ':')
    )
      throw new Unread('it says what a gradient is set to', first.at);
    return [{ members: read, adds: adds || subtracts, at: first.at, words }];
  });
}

/** A formula that is a single expression. */
export function expressionOf(nodes: readonly Node[]): Expression {
  return new Reader(nest(nodes)).expression();
}

/** Whether it says of which steps an equation holds: t < τ. */
function isOfSteps([first, sign]: readonly Node[]): boolean {
  return (
    first?.kind === 'symbol' && first.text === 't' && sign?.kind === 'symbol' && RELATIONS[sign.text] !== undefined
  );
}

function isEqualsAt(nodes: readonly Node[], n: number): boolean {
  return isEquals(nodes[n]);
}

export function before(nodes: readonly Node[], node: Node): string | undefined {
  const previous = nodes[nodes.indexOf(node) - 1];
  return previous?.kind === 'symbol' ? previous.text : undefined;
}

function negative(of: Expression): Expression {
  return { kind: 'sum', terms: [{ sign: -1, of }], at: of.at };
}
