/** A derivation, line by line. */
import { ValueError } from '../errors.ts';
import { requireInteger, requireKnown, requireList, requireName } from '../require.ts';
import type { Difference } from './bench.ts';
import type { Instance } from './definitions.ts';
import type { Stock } from './edits.ts';
import { type Expression, walk } from './expression.ts';
import { Judge } from './judge.ts';
import { type Line, readingOf, reasonOf } from './lines.ts';
import { type Place, placesIn } from './markdown.ts';
import type { Manner } from './readings.ts';
import type { Layout } from './scope.ts';
import { latexOf } from './show.ts';
import { sizesOf } from './sizes.ts';
import type { System } from './system.ts';
import { type Systems, systemsOf } from './systems.ts';
import { type Judged, type Mended, type Verdict, worse } from './verdict.ts';

/** One display equation, judged. */
export interface JudgedLine {
  /** The tag, or the number of the display in parentheses. */
  readonly name: string;
  readonly tag?: string;
  /** Where it begins; of what is not read, where that shows. */
  readonly place: Place;
  readonly verdict: Verdict;
  /** Why it is not read, or which shapes cannot fit. */
  readonly reason?: string;
  /** Where its sides differ first, and by what. */
  readonly difference?: Difference;
  /** A right line that is one edit away from a wrong one. */
  readonly mended?: Mended;
}

export interface DerivationReport {
  /** Whether no line is wrong. */
  readonly ok: boolean;
  /** Whether the gradient of a column is written as a row, as the lecture does, or as a column. */
  readonly layout: Layout;
  readonly lines: readonly JudgedLine[];
}

export interface CheckDerivationOptions {
  /** Other derivations, whose forward equations hold where this one does not define a name. */
  readonly given?: readonly string[];
  /** Fixes the numbers that are drawn; 1 unless given. */
  readonly seed?: number;
}

/** Characters of a derivation. */
const LONGEST = 1_000_000;

/**
 * A derivation judged line by line: Markdown with display equations.
 *
 * Forward equations define a system, run for three steps. Every other line is judged by itself: true gradients stand for those that
 * it mentions, and both sides have to be the same; first as elements of a finite field, where that is no accident, and, where an
 * identity of a function is used that the field does not know, in floats to nine digits. So a wrong line is named, and the right
 * ones after it are not. A column's gradient may be a row or a column: which, is recognised.
 *
 * The loss is what `L` is defined as; else random cotangents times whatever no equation of the same step uses, and times every
 * state whose gradient is said to be handed in (`d\\mathbf c`). No text is ever run as code.
 *
 * @param text Markdown with LaTeX: `$$…$$`, `\\[…\\]` or `align`, with or without `\\tag{…}`.
 * @throws ValueError when `text` is no string or longer than a million characters, or an option is unknown. What cannot be read
 * is a verdict, and no error.
 *
 * @example
 * ```ts
 * import { checkDerivation } from 'bptt/check';
 *
 * const { ok, lines } = checkDerivation(String.raw`
 * $$a_t = W h_{t-1} + U x_t + b$$
 * $$h_t = \tanh(a_t)$$
 * $$\frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial h_t} \odot (1 - h_t)$$
 * `);
 * console.log(ok); // → false
 * console.log(lines[2]?.verdict); // → wrong
 * console.log(lines[2]?.mended?.what); // → a square
 * ```
 */
export function checkDerivation(text: string, options: CheckDerivationOptions = {}): DerivationReport {
  const { given = [], seed = 1 } = requireKnown('options', options, ['given', 'seed']);
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  const texts = [text, ...requireList('given', given, 'a list of texts')];
  for (const [n, one] of texts.entries()) {
    const argument = n === 0 ? 'text' : `given[${n - 1}]`;
    if (requireName(argument, one).length > LONGEST) {
      throw new ValueError(argument, `at most ${LONGEST} characters`, `${one.length}`);
    }
  }
  const reading = readingOf(text);
  const systems = systemsOf(reading, given.map(readingOf));
  const { layout, found, mend } = mannered(systems, seed);
  const placeOf = placesIn(text);
  const lines = systems.lines.map((line): JudgedLine => {
    const judgement = found.get(line) ?? { verdict: 'not read' as const, reason: 'there is no equation' };
    const { at = line.start, reading: _, ...rest } = judgement;
    const right = judgement.verdict === 'wrong' ? mend(line) : undefined;
    const head = { name: line.name, ...(line.tag !== undefined && { tag: line.tag }) };
    return { ...head, place: placeOf(line.offset + at), ...rest, ...(right && { mended: right }) };
  });
  return { ok: lines.every(({ verdict }) => verdict !== 'wrong'), layout, lines };
}

/** The manner in which most of it is right: the lecture's, unless another is better. */
function mannered(systems: Systems, seed: number): Found & { readonly layout: Layout } {
  const count = ({ found }: Found, is: (judgement: Judged) => boolean) => [...found.values()].filter(is).length;
  const isMisfit = ({ reason }: Judged) => reason?.includes('shapes cannot fit') ?? false;
  const isWrong = ({ verdict }: Judged) => verdict === 'wrong';
  const usual: Manner = { layout: 'rows', given: 'given' };
  let best = { manner: usual, found: judged(systems, usual, seed) };
  const better = (manner: Manner, is: (judgement: Judged) => boolean) => {
    const found = judged(systems, manner, seed);
    if (count(found, is) < count(best.found, is)) best = { manner, found };
  };
  if (count(best.found, isMisfit) > 0) better({ ...usual, layout: 'columns' }, isMisfit);
  if (count(best.found, isWrong) > 0) better({ ...best.manner, given: 'total' }, isWrong);
  return { ...best.found, layout: best.manner.layout };
}

interface Found {
  readonly found: ReadonlyMap<Line, Judged>;
  mend(line: Line): Mended | undefined;
}

function judged(systems: Systems, manner: Manner, seed: number): Found {
  const firstWrong = new Map<Line, Instance>();
  const found = new Map<Line, Judged>();
  const judges = new Map<System, Judge>();
  for (const line of systems.lines) {
    const unread = line.unread ?? systems.unread.get(line);
    if (unread) found.set(line, { verdict: 'not read', ...unread });
  }
  for (const instance of systems.instances) {
    const { line } = instance;
    if (line.unread || systems.unread.has(line)) continue;
    const judge = judgeOf(instance, systems, judges, manner, seed);
    const verdict = judge instanceof Judge ? judge.judge(instance) : judge;
    const before = found.get(line);
    if (verdict.verdict === 'wrong' && before?.verdict !== 'wrong') firstWrong.set(line, instance);
    found.set(line, before ? worse(before, verdict) : verdict);
  }
  const mend = (line: Line) => {
    const instance = firstWrong.get(line);
    const judge = instance && judgeOf(instance, systems, judges, manner, seed);
    return judge instanceof Judge && instance ? mended(instance, judge, systems) : undefined;
  };
  return { found, mend };
}

/** What an instance that is wrong may have been meant as. */
function mended(instance: Instance, judge: Judge, { instances }: Systems): Mended | undefined {
  const own = instances.filter(({ line }) => line.prefix === instance.line.prefix).map(({ statement }) => statement);
  return judge.mend(instance, stockOf(own.flatMap(({ members }) => members)));
}

/** The names and gradients of a system, each as it is written somewhere. */
function stockOf(sides: readonly Expression[]): Stock {
  const factors = new Map<string, Expression>();
  const terms = new Map<string, Expression>();
  for (const side of sides) {
    for (const part of walk(side)) {
      if (part.kind === 'name') factors.set(latexOf(part), part);
      if (part.kind === 'gradient' || part.kind === 'given') terms.set(latexOf(part), part);
      if (part.kind !== 'gradient') continue;
      const sub = part.by.sub.filter(({ letter }) => letter !== 't');
      const given: Expression = { kind: 'given', of: { ...part.by, sub }, at: part.at };
      if (sub.length < part.by.sub.length) terms.set(latexOf(given), given);
    }
  }
  return { factors: [...factors.values()], terms: [...terms.values()] };
}

/** Who judges an instance; or why nobody can. */
function judgeOf(
  instance: Instance,
  systems: Systems,
  judges: Map<System, Judge>,
  manner: Manner,
  seed: number,
): Judge | Judged {
  try {
    const system = systems.of(instance);
    const judge = judges.get(system) ?? new Judge(system, sizesOf(system), manner, seed);
    judges.set(system, judge);
    return judge;
  } catch (error) {
    return { verdict: 'not read', ...reasonOf(error) };
  }
}
