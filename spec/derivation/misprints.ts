/** Misprints that are planted in a derivation's equations, and whether they are caught. */
import type { Instance } from '../../lib/derivation/definitions.ts';
import { Judge } from '../../lib/derivation/judge.ts';
import { type Reading, readingOf } from '../../lib/derivation/lines.ts';
import type { Layout } from '../../lib/derivation/scope.ts';
import { sizesOf } from '../../lib/derivation/sizes.ts';
import type { System } from '../../lib/derivation/system.ts';
import { systemsOf } from '../../lib/derivation/systems.ts';

/**
 * Whether a backward line is wrong itself; of a forward one, whether any line of its system is.
 *
 * @param unread tags that are not read as it is: another one that is not read now is caught too.
 */
export function isCaught(
  text: string,
  given: readonly Reading[],
  tag: string,
  of: string,
  unread?: readonly string[],
): boolean {
  const systems = systemsOf(readingOf(text), given);
  const judges = new Map<System, Judge>();
  return itselfFirst(systems.instances, tag).some(instance => {
    const { prefix, name } = instance.line;
    const isOther = /-B/.test(tag) || prefix.split(' ')[0] !== of || instance.statement.under;
    if (instance.line.tag !== tag && isOther) return false;
    const system = systems.of(instance);
    const judge = judges.get(system) ?? new Judge(system, sizesOf(system), { layout: 'rows', given: 'given' }, 1);
    judges.set(system, judge);
    const { verdict } = judge.judge(instance);
    return verdict === 'wrong' || (verdict === 'not read' && unread !== undefined && !unread.includes(name));
  });
}

/** All of them, those of a tag before the others: a misprint is most often seen where it is. */
function itselfFirst(instances: readonly Instance[], tag: string): readonly Instance[] {
  const isItself = ({ line }: Instance) => line.tag === tag;
  return [...instances.filter(isItself), ...instances.filter(instance => !isItself(instance))];
}

/** The same formula with a mistake in it: a sign, a factor dropped, t for t − 1, a letter. */
export function misprintsOf(latex: string): readonly string[] {
  const equals = latex.replace(/\[[^\]]*\]/g, inner => '·'.repeat(inner.length)).lastIndexOf('=');
  const [left, right] = [latex.slice(0, equals + 1), latex.slice(equals + 1)];
  const changes: readonly ((side: string) => string)[] = [
    side => side.replace('+', '-'),
    side => side.replace(' - ', ' + '),
    side => ` -${side.trimStart().replace(/^-/, '')}`,
    side => side.replace(/\\odot\\mathbf [a-z](_t|_\{t-1\})/, ''),
    side => side.replace(/(\\mathbf [chmnx])_\{t-1\}/, '$1_t'),
    side => side.replace(/(\\mathbf [chmnx])_t(?!\^)/, '$1_{t-1}'),
    side => side.replace(/\\odot\(1-\\mathbf [a-z]_t(\^2)?\)/, ''),
    side => side.replace('\\tanh', '\\sigma'),
    side => side.replace('W_k', 'W_k^\\top'),
  ];
  const printed = changes.map(change => left + change(right));
  const isOther = (changed: string) => changed !== latex && !/=\s*-\s*0\]/.test(changed) && !isTautology(changed);
  return [...new Set(printed.filter(isOther))];
}

/** Whether both sides are the same. */
function isTautology(latex: string): boolean {
  const [left = '', right = ''] = latex.replace(/\\tag\{.*?\}/, '').split('=');
  return left.trim() === right.trim();
}

/** What a relation is turned to. */
const TURNED: Readonly<Record<string, string>> = { '\\le': '\\ge', '\\ge': '\\le' };

/** The same formula with the sign of a first term turned behind an equals sign, or that of a later term, in what follows; or with a relation turned. */
export function signsTurned(latex: string): readonly string[] {
  const found: string[] = [];
  const main = latex.replace(/_\{[^{}]*\}/g, '').replace(/\\text\{\s*where\s*\}.*/s, ''); // neither below a sum, nor of which steps it is
  if (/\\(neq?|le|ge)\b/.test(main)) return [latex.replace(/\\(neq?|le|ge)\b(?![^{]*\})/, sign => TURNED[sign] ?? '=')];
  const arrow = latex.search(/\\(Long)?rightarrow|\\Rightarrow/i);
  let [depth, within] = [0, 0];
  for (const [n, sign] of [...latex].entries()) {
    if (/[{[]/.test(sign)) depth++;
    if (/[}\]]/.test(sign)) depth--;
    if (/[()]/.test(sign)) within += sign === '(' ? 1 : -1;
    const isInside = depth > 0 || (sign === '=' && within > 0);
    if (n < arrow || isInside || !/[=+]/.test(sign) || /^.=/.test(latex.slice(n))) continue;
    const [before, after] = [latex.slice(0, n), latex.slice(n + 1)];
    if (sign === '=' && /^\s*(0\b|\\mathbf 0\b|\d+\s*,?\s*\\[lc]?dots)/.test(after)) continue;
    if (sign === '+') found.push(`${before}-${after}`);
    else if (/^\s*-/.test(after)) found.push(`${before}=${after.replace('-', '')}`);
    else if (!/^\s*\[?\\mathbf.*,/s.test(after)) found.push(`${before}=-${after}`);
  }
  return found;
}

/** Whether the line of a tag is wrong itself, or any line with a tag that begins like it. */
export function isWrong(text: string, given: readonly Reading[], tag: string, prefix: string, layout: Layout): boolean {
  const systems = systemsOf(readingOf(text), given);
  const judges = new Map<System, Judge>();
  return itselfFirst(systems.instances, tag).some(instance => {
    const { line } = instance;
    if (line.tag !== tag && line.prefix !== prefix) return false;
    const system = systems.of(instance);
    const judge = judges.get(system) ?? new Judge(system, sizesOf(system), { layout, given: 'given' }, 1);
    judges.set(system, judge);
    return judge.judge(instance).verdict === 'wrong';
  });
}

/** The same formula with another step in it: t for t − 1, or t − 1 for the last t; with 1 for 0 where there is no step. */
export function stepsTurned(latex: string): readonly string[] {
  const equals = latex.indexOf('=');
  const [left, right] = [latex.slice(0, equals + 1), latex.slice(equals + 1)];
  const last = right.lastIndexOf('_t');
  const turned = right.includes('_{t-1}')
    ? right.replace('_{t-1}', '_t')
    : last < 0
      ? right.replace(/^ 0\b/, ' 1')
      : `${right.slice(0, last)}_{t-1}${right.slice(last + '_t'.length)}`;
  return turned === right ? [] : [left + turned];
}

/** Whether a sign before a function that nothing defines is all that differs: that is another such function, and no mistake. */
export function isOfAny(misprint: string): boolean {
  return /=-\s*(f|g|\\varphi|\\psi)\b\s*(\\[bB]ig)?\(/.test(misprint);
}
