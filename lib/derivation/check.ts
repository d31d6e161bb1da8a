/** A derivation, line by line. */
import { requireName } from '../require.ts';
import { Judge, type Judged, type Verdict, worse } from './judge.ts';
import { type Line, type Reading, readingOf, reasonOf } from './lines.ts';
import { type Place, placesIn } from './markdown.ts';
import { sizesOf } from './sizes.ts';
import { type Instance, type System, systemsOf } from './system.ts';
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
  const rows = judged(reading, systems, 'rows');
  const columns = judged(reading, systems, 'columns');
  const misfits = (all: ReadonlyMap<Line, Judged>) =>
    [...all.values()].filter(({ reason }) => reason?.includes('shapes cannot fit')).length;
  const layout: Layout = misfits(columns) < misfits(rows) ? 'columns' : 'rows';
  const chosen = layout === 'rows' ? rows : columns;
  const placeOf = placesIn(text);
  const lines = reading.lines.map((line): JudgedLine => {
    const {
      at = 0,
      reading: _,
      ...rest
    } = chosen.get(line) ?? { verdict: 'not read' as const, reason: 'there is no equation' };
    return {
      name: line.name,
      ...(line.tag !== undefined && { tag: line.tag }),
      place: placeOf(line.offset + at),
      ...rest,
    };
  });
  return { ok: lines.every(({ verdict }) => verdict !== 'wrong'), layout, lines };
}

function judged(reading: Reading, systems: ReturnType<typeof systemsOf>, layout: Layout): ReadonlyMap<Line, Judged> {
  const found = new Map<Line, Judged>();
  const judges = new Map<string, Judge | Judged>();
  for (const line of reading.lines) {
    const unread = line.unread ?? systems.unread.get(line);
    if (unread) found.set(line, { verdict: 'not read', ...unread });
  }
  for (const instance of systems.instances) {
    const { line } = instance;
    if (line.unread || systems.unread.has(line)) continue;
    const known = judges.get(line.prefix) ?? judgeOf(systems.for(line.prefix), layout);
    judges.set(line.prefix, known);
    const verdict = known instanceof Judge ? known.judge(instance) : known;
    const before = found.get(line);
    found.set(line, before ? worse(before, verdict) : verdict);
  }
  return found;
}

function judgeOf(system: System, layout: Layout): Judge | Judged {
  try {
    return new Judge(system, sizesOf(system, new Map()), layout, 1);
  } catch (error) {
    return { verdict: 'not read', ...reasonOf(error) };
  }
}

export type { Instance, Verdict };
