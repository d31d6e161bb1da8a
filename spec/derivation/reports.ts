/** The derivations of this repository, and what is said of each: found once for all specs of a worker. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenTo } from '../../derivations/.site/given.ts';
import { checkDerivation, type DerivationReport } from '../../lib/derivation/index.ts';
import { type Reading, readingOf } from '../../lib/derivation/lines.ts';
import { ROOT } from '../examples.ts';

export function textOf(file: string): string {
  return readFileSync(join(ROOT, `derivations/${file}.md`), 'utf8');
}

/** What a file may refer to of others. */
export function othersOf(file: string): readonly Reading[] {
  const readings = others.get(file) ?? givenTo(file).map(other => readingOf(textOf(other)));
  others.set(file, readings);
  return readings;
}

export function reportOf(file: string): DerivationReport {
  const report = reports.get(file) ?? checkDerivation(textOf(file), { given: givenTo(file).map(textOf) });
  reports.set(file, report);
  return report;
}

const others = new Map<string, readonly Reading[]>();
const reports = new Map<string, DerivationReport>();
