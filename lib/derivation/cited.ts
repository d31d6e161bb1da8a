/** Equations that a line says it rests on: “… by LSTM-F1 to LSTM-F5”. They hold for it before all others. */
import type { Statement } from './grammar.ts';
import type { Line, Reading } from './lines.ts';

/** The readings, in whose first each statement that cites tags has their equations among those that it follows from. */
export function withCited(first: Reading, more: readonly Reading[]): Reading {
  const tagged = new Map(
    [first, ...more].flatMap(({ lines }) => lines.map((line): [string | undefined, Line] => [line.tag, line])),
  );
  const citing = ({ cites = [], ...statement }: Statement): Statement => {
    const from = cites.flatMap(tag => tagged.get(tag)?.statements ?? []).filter(({ under }) => under === undefined);
    return from.length > 0 ? { ...statement, under: [...(statement.under ?? []), ...from] } : statement;
  };
  const isUnknown = (tag: string) => tagged.get(tag)?.statements.length === 0 || !tagged.has(tag);
  const again = (line: Line): Line => {
    const unknown = line.statements.flatMap(({ cites = [] }) => cites).find(isUnknown);
    if (unknown !== undefined) return { ...line, statements: [], unread: { reason: `${unknown} is not known`, at: 0 } };
    return { ...line, statements: line.statements.map(citing) };
  };
  return { ...first, lines: first.lines.map(again) };
}
