/** The grammar of a derivation: from a formula's tree to the equations in it. What is not of it is refused with its place. */

import { arrowOf, clausesOf, nest, tagsIn } from './clauses.ts';
import { conditionOf, isRange, where } from './conditions.ts';
import type { Condition, Equation, Expression, Relation } from './expression.ts';
import { NEW_ROW, type Node, Unread } from './latex.ts';
import { allNames, lettersOf } from './names.ts';
import { isEquals, split } from './pieces.ts';
import { Reader } from './reader.ts';
import { RELATIONS } from './signs.ts';
import { isSign } from './spelling.ts';

/** A statement of a display: an equation, and the words before it. */
export interface Statement extends Equation {
  readonly words: string;
  /** How the first side is to the last, where they are not said to be equal. */
  readonly relation?: Relation;
  /** What it follows from: equations that hold for it, and for nothing else. */
  readonly under?: readonly Statement[];
  /** Tags of equations that it is said to rest on. */
  readonly cites?: readonly string[];
}

/** The statements of a display, in their order. A row without an arrow below one that has one follows from the same. */
export function equationsOf(nodes: readonly Node[]): readonly Statement[] {
  const rows = split(nest(nodes), node => node.kind === 'symbol' && node.text === NEW_ROW);
  const statements: Statement[] = [];
  let under: readonly Statement[] | undefined;
  for (const row of rows) {
    const said = rowOf(row);
    if (row.some(node => arrowOf(node) === 'one way')) under = said[0]?.under;
    for (const one of said) statements.push(under && !one.under ? { ...one, under } : one);
  }
  return statements;
}

/** Those of a row. What follows from others has them with it; of what is so both ways, each side follows from the other. */
function rowOf(nodes: readonly Node[]): readonly Statement[] {
  const [arrow, another] = nodes.filter(node => arrowOf(node) !== undefined);
  const cites = tagsIn(nodes.flatMap(node => (node.kind === 'word' && node.prose ? [node.text] : [])).join(' '));
  const resting = (one: Statement): Statement => (cites.length > 0 ? { ...one, cites } : one);
  if (!arrow) return listed(nodes).map(resting);
  if (another) throw new Unread('it says more than once what follows from what', another.at);
  const [left = [], right = []] = split(nodes, node => node === arrow).map(listed);
  if (left.length === 0 || right.length === 0) throw new Unread('it says what follows from what', arrow.at);
  const follows = (from: readonly Statement[], to: readonly Statement[]) =>
    to.map(one => resting({ ...one, under: from }));
  return [...follows(left, right), ...(arrowOf(arrow) === 'both ways' ? follows(right, left) : [])];
}

/** Statements between commas, those before a condition under it. What is there but no equation, such as the inequality behind a comma, is in none. */
function listed(nodes: readonly Node[]): readonly Statement[] {
  const clauses = clausesOf(nodes).filter((clause, n, all) => !isRange(clause.nodes, all, n));
  const other = clauses.find(({ words }, n) => n > 0 && /\bor\b/.test(words));
  if (other) throw new Unread('it says two things, of which one holds', other.nodes[0]?.at ?? 0);
  let [statements, open]: [Statement[], Statement[]] = [[], []];
  for (const [n, { nodes: clause, words }] of clauses.entries()) {
    const condition = conditionOf(clause, words);
    if (!condition) for (const statement of statementsOf(clause, words, n === 0)) open.push(statement);
    else {
      const isMeant = open.some(statement => speaksOf(statement, condition));
      statements = [
        ...statements,
        ...open.map(one => (isMeant && !speaksOf(one, condition) ? one : where(condition, one))),
      ];
      open = [];
    }
  }
  return [...statements, ...open];
}

/** Whether a statement has all letters of what is asked of steps: the j and the t of “where j < t”. */
function speaksOf({ members }: Statement, condition: Condition): boolean {
  const own = new Set(members.flatMap(allNames).flatMap(name => [name.letter, ...lettersOf(name)]));
  return allNames(condition).every(({ letter }) => own.has(letter) || !/^[a-z]$/.test(letter));
}

/** What stands between two commas or words says. */
function statementsOf(clause: readonly Node[], words: string, isFirst: boolean): readonly Statement[] {
  const isChained = clause.some(isEquals) || isFirst;
  const signs = clause.filter(node => isEquals(node) || (isChained && relationOf(node)));
  const [first] = clause;
  if (signs.length === 0 || !first) return [];
  const adds = clause.some(node => isEquals(node) && before(clause, node) === '+');
  const subtracts = clause.some(node => isEquals(node) && /^[-−]$/.test(before(clause, node) ?? ''));
  const members = split(
    clause.filter((node, n) => !(isSign(node, '+-−:') && isEqualsAt(clause, n + 1))),
    node => signs.includes(node),
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
  const whole = { adds: adds || subtracts, at: first.at, words };
  return related(read, signs.map(relationOf)).flatMap(({ members: sides, relation }) =>
    partwise(sides).map(parts => ({ ...whole, members: parts, ...(relation && { relation }) })),
  );
}

/** A chain of sides, cut where they are related in another way than by an equals sign. */
function related(
  sides: readonly Expression[],
  relations: readonly (Relation | undefined)[],
): readonly { readonly members: readonly Expression[]; readonly relation?: Relation }[] {
  const equal: Expression[][] = [sides.slice(0, 1)];
  const others: { members: readonly Expression[]; relation: Relation }[] = [];
  for (const [n, relation] of relations.entries()) {
    const [left, right] = [sides[n], sides[n + 1]];
    if (!left || !right) continue;
    if (!relation) equal.at(-1)?.push(right);
    else {
      equal.push([right]);
      others.push({ members: [left, right], relation });
    }
  }
  return [...equal.filter(members => members.length > 1).map(members => ({ members })), ...others];
}

/** `(a, b) = (c, d)` is a = c and b = d. */
function partwise(sides: readonly Expression[]): readonly (readonly Expression[])[] {
  const parts = sides.map(partsOfList);
  const [first] = parts;
  if (!first || parts.some(part => part?.length !== first.length)) return [sides];
  return first.map((_, n) => parts.flatMap(part => part?.slice(n, n + 1) ?? []));
}

/** The parts of a list, or of −(a, b). */
function partsOfList(of: Expression): readonly Expression[] | undefined {
  if (of.kind === 'stack') return of.columns === undefined ? of.parts : undefined;
  const [only, ...others] = of.kind === 'sum' ? of.terms : [];
  return only && others.length === 0 && only.sign < 0 ? partsOfList(only.of)?.map(negative) : undefined;
}

/** A formula that is a single expression. */
export function expressionOf(nodes: readonly Node[]): Expression {
  return new Reader(nest(nodes)).expression();
}

/** A relation that is no equality. */
function relationOf(node: Node): Relation | undefined {
  return node.kind === 'symbol' && !isEquals(node) ? RELATIONS[node.text] : undefined;
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
