/** A derivation, line by line. */
import { requireName } from '../require.ts';
import type { Stock } from './edits.ts';
import { type Expression, walk } from './expression.ts';
import { Judge, type Judged, type Mended, type Verdict, worse } from './judge.ts';
import { type Line, type Reading, readingOf, reasonOf } from './lines.ts';
import { type Place, placesIn } from './markdown.ts';
import type { Manner } from './readings.ts';
import { latexOf } from './show.ts';
import { sizesOf } from './sizes.ts';
import { type Instance, type System, type Systems, systemsOf } from './system.ts';
import type { Layout } from './truth.ts';

export interface JudgedLine extends Omit<Judged, 'at' | 'reading'> {
  /** The tag, or the number of the display in parentheses. */
  readonly name: string;
  readonly tag?: string;
  readonly place: Place;
}

export interface DerivationReport {
  /** Whether no line is wrong. */
  readonly ok: boolean;
  readonly layout: Layout;
  readonly lines: readonly JudgedLine[];
}

export function checkDerivation(text: string, given: readonly string[] = []): DerivationReport {
  const reading = readingOf(requireName('text', text));
  const systems = systemsOf(reading, given.map(readingOf));
  const { layout, found, mend } = mannered(reading, systems);
  const placeOf = placesIn(text);
  const lines = reading.lines.map((line): JudgedLine => {
    const judgement = found.get(line) ?? { verdict: 'not read' as const, reason: 'there is no equation' };
    const { at = 0, reading: _, ...rest } = judgement;
    const right = judgement.verdict === 'wrong' ? mend(line) : undefined;
    const head = { name: line.name, ...(line.tag !== undefined && { tag: line.tag }) };
    return { ...head, place: placeOf(line.offset + at), ...rest, ...(right && { mended: right }) };
  });
  return { ok: lines.every(({ verdict }) => verdict !== 'wrong'), layout, lines };
}

/** The manner in which most of it is right: the lecture's, unless another is better. */
function mannered(reading: Reading, systems: Systems): Found & { readonly layout: Layout } {
  const count = ({ found }: Found, is: (judgement: Judged) => boolean) => [...found.values()].filter(is).length;
  const isMisfit = ({ reason }: Judged) => reason?.includes('shapes cannot fit') ?? false;
  const isWrong = ({ verdict }: Judged) => verdict === 'wrong';
  const usual: Manner = { layout: 'rows', given: 'given' };
  let best = { manner: usual, found: judged(reading, systems, usual) };
  const better = (manner: Manner, is: (judgement: Judged) => boolean) => {
    const found = judged(reading, systems, manner);
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

function judged(reading: Reading, systems: Systems, manner: Manner): Found {
  const firstWrong = new Map<Line, Instance>();
  const found = new Map<Line, Judged>();
  const judges = new Map<string, Judge | Judged>();
  for (const line of reading.lines) {
    const unread = line.unread ?? systems.unread.get(line);
    if (unread) found.set(line, { verdict: 'not read', ...unread });
  }
  for (const instance of systems.instances) {
    const { line } = instance;
    if (line.unread || systems.unread.has(line)) continue;
    const known = judges.get(line.prefix) ?? judgeOf(systems.for(line.prefix), manner);
    judges.set(line.prefix, known);
    const verdict = known instanceof Judge ? known.judge(instance) : known;
    const before = found.get(line);
    if (verdict.verdict === 'wrong' && before?.verdict !== 'wrong') firstWrong.set(line, instance);
    found.set(line, before ? worse(before, verdict) : verdict);
  }
  return { found, mend: line => mended(firstWrong.get(line), judges, systems) };
}

/** What an instance that is wrong may have been meant as. */
function mended(
  instance: Instance | undefined,
  judges: ReadonlyMap<string, Judge | Judged>,
  { instances }: Systems,
): Mended | undefined {
  const judge = instance && judges.get(instance.line.prefix);
  if (!instance || !(judge instanceof Judge)) return undefined;
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

function judgeOf(system: System, manner: Manner): Judge | Judged {
  try {
    return new Judge(system, sizesOf(system, new Map()), manner, 1);
  } catch (error) {
    return { verdict: 'not read', ...reasonOf(error) };
  }
}

export type { Instance, Verdict };
