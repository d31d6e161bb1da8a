/** A judged derivation as text. */
import { greatest } from '../extremes.ts';
import { shown } from '../foreign.ts';
import { requireList, requireObject } from '../require.ts';
import type { DerivationReport, JudgedLine } from './check.ts';
import type { Verdict } from './verdict.ts';

const SAYS: Readonly<Record<Verdict, string>> = {
  defines: 'defines',
  proven: 'proven',
  'holds numerically': 'holds numerically',
  wrong: 'WRONG',
  'not read': 'not read',
};

/**
 * Every line with its verdict; of a wrong one both sides, and the nearest right line.
 *
 * @throws ValueError when `report` is none.
 */
export function formatDerivation(report: DerivationReport): string {
  const { lines, layout } = requireObject('report', report);
  requireList('report.lines', lines, 'a list of lines');
  const wide = greatest([0, ...lines.map(({ name }) => Math.min(name.length, 24))]);
  return [...lines.map(line => formatLine(line, wide)), summary(lines, layout)].join('\n');
}

function formatLine({ name, place, verdict, reason, difference, mended }: JudgedLine, wide: number): string {
  const where = `${place.line}:${place.column}`;
  const head = `${shown(name, 24).padEnd(wide)}  ${where.padEnd(8)} ${SAYS[verdict]}`;
  const indent = ' '.repeat(wide + 11);
  const { where: when = '', element = '', left = 0, right = 0 } = difference ?? {};
  const at = [when, element].filter(Boolean).join(', ');
  return [
    `${head}${reason === undefined ? '' : `: ${shown(reason)}`}`,
    ...(difference
      ? [`${indent}the left side is ${digits(left)}, the right side ${digits(right)}${at && ` (${at})`}`]
      : []),
    ...(mended ? [`${indent}${mended.what}: ${shown(mended.latex, 500)}`] : []),
  ].join('\n');
}

function digits(x: number): string {
  return x.toPrecision(6);
}

function summary(lines: readonly JudgedLine[], layout: DerivationReport['layout']): string {
  const count = (verdict: Verdict) => lines.filter(line => line.verdict === verdict).length;
  const counts = (['wrong', 'proven', 'holds numerically', 'defines', 'not read'] as const)
    .map(verdict => ({ verdict, n: count(verdict) }))
    .filter(({ n }) => n > 0)
    .map(({ verdict, n }) => `${n} ${COUNTED[verdict]}`);
  if (lines.length === 0) return 'no display equation';
  return `${lines.length} equation${lines.length === 1 ? '' : 's'}: ${counts.join(', ')}; gradients of columns are ${layout}`;
}

const COUNTED: Readonly<Record<Verdict, string>> = {
  wrong: 'WRONG',
  proven: 'proven',
  'holds numerically': 'hold numerically',
  defines: 'define',
  'not read': 'not read',
};
