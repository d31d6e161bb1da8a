/** The systems of a text: of every prefix, and of what an equation follows from. */

import { citedFor, inChapters, keysDefinedBy } from './chapters.ts';
import { withClock } from './clock.ts';
import { type Instance, inT, isBackward, isUnconditional, namesIn } from './definitions.ts';
import { withElements } from './elements.ts';
import { Unread } from './latex.ts';
import type { Line, Reading } from './lines.ts';
import { Vocabulary } from './names.ts';
import { knownKeys, Sets } from './sets.ts';
import { latexOf } from './show.ts';
import { type System, systemOf } from './system.ts';
import { dimensionsOf } from './table.ts';

/** All instances of a reading, and the system for the lines of every prefix. */
export interface Systems {
  readonly lines: readonly Line[];
  readonly instances: readonly Instance[];
  for(prefix: string): System;
  /** That of its prefix, with what it follows from. */
  of(instance: Instance): System;
  /** Lines of which a set of letters could not be made out. */
  readonly unread: ReadonlyMap<Line, { readonly reason: string; readonly at: number }>;
}

function vocabularyOf(readings: readonly Reading[]): Vocabulary {
  const lines = readings.flatMap(({ lines: own, abbreviations }) => [...own, ...abbreviations]);
  return new Vocabulary(lines.flatMap(({ statements }) => statements.flatMap(namesIn)));
}

/** @param given readings whose forward equations hold too, where this one does not define the name. */
export function systemsOf(text: Reading, more: readonly Reading[]): Systems {
  const all = [text, ...more].map(withClock);
  const { readings, said } = withElements(all, vocabularyOf(all));
  const timed = vocabularyOf(readings);
  const [reading = text, ...given] = readings.map(other => inT(other, timed));
  const lines = [reading, ...given].flatMap(({ lines: own, abbreviations }) => [...own, ...abbreviations]);
  const vocabulary = vocabularyOf([reading, ...given]);
  const known = knownKeys(lines);
  const sets = new Sets(reading.sets, known);
  const unread = new Map<Line, { reason: string; at: number }>();
  const expanded = (own: readonly Line[], report: boolean, by: Sets = sets) =>
    own.flatMap(line =>
      line.statements.flatMap((statement): readonly Instance[] => {
        try {
          const found = by.instances(line, statement, vocabulary);
          vocabulary.learn(found.flatMap(instance => namesIn(instance.statement)));
          return found;
        } catch (error) {
          if (!(error instanceof Unread)) throw error;
          if (report) unread.set(line, { reason: error.message, at: error.at });
          return [];
        }
      }),
    );
  const { instances, unsure } = inChapters(reading.lines, expanded(reading.lines, true), vocabulary);
  for (const [line, why] of unsure) unread.set(line, why);
  const chapters = new Map(instances.map(({ line }) => [line.name, line]));
  const abbreviations = expanded(reading.abbreviations, false);
  const others = given.map(other => {
    const own = other.sets.length > 0 ? new Sets(other.sets, known) : sets;
    return { lines: expanded(other.lines, false, own), abbreviations: expanded(other.abbreviations, false, own) };
  });
  sets.learn(instances);
  const whole = { vocabulary, sets, said, dimensions: dimensionsOf(said) };
  const systems = new Map<string, System>();
  /** Of what is given, the equations of one network: those that the text cites before others, and none that define a name again. */
  const givenTo = (cited: ReadonlySet<string>) => {
    const lines = others.flatMap(other => other.lines);
    const taken = new Set<string>();
    const kept = new Set(
      [...new Set(lines.map(({ line }) => line.prefix))]
        .sort((a, b) => Number(cited.has(b)) - Number(cited.has(a)))
        .filter(other => {
          const own = lines.filter(({ line }) => line.prefix === other && (line.letter === 'F' || line.letter === ''));
          const keys = keysDefinedBy(own, vocabulary);
          if (keys.some(key => taken.has(key))) return false;
          for (const key of keys) taken.add(key);
          return true;
        }),
    );
    const isKept = ({ line }: Instance) => kept.has(line.prefix);
    return [...kept]
      .flatMap(other => lines.filter(({ line }) => line.prefix === other))
      .concat(others.flatMap(other => (other.lines.some(isKept) ? other.abbreviations : [])));
  };
  const made = (prefix: string, supposed: readonly Instance[]) => {
    const sides = supposed.flatMap(({ statement }) => statement.members.map(latexOf).join('='));
    const name = [prefix, ...sides].join(', ');
    const known = systems.get(name);
    if (known) return known;
    const cited = citedFor(prefix, reading);
    const more = { instances: givenTo(cited), cited };
    const system = systemOf(prefix, instances, abbreviations, more, whole, supposed);
    systems.set(name, system);
    return system;
  };
  return {
    lines: reading.lines.map(line => (unread.has(line) ? line : (chapters.get(line.name) ?? line))),
    instances,
    unread,
    for: prefix => made(prefix, []),
    of: ({ line, statement: { under = [], cites = [] } }) =>
      made(line.prefix, [
        ...under.map(statement => ({ line, statement, of: '' })),
        ...cites.flatMap(tag => cited(tag, [instances, ...others.map(other => other.lines)])),
      ]),
  };
}

/** The equations of the forward pass of a tag, in the first text that has it. */
function cited(tag: string, texts: readonly (readonly Instance[])[]): readonly Instance[] {
  const found = texts.map(all => all.filter(({ line }) => line.tag === tag)).find(all => all.length > 0);
  if (!found) throw new Unread(`${tag} is not known`, 0);
  return found.filter(one => isUnconditional(one) && !one.statement.members.some(isBackward));
}
