/**
 * What is known of a file by who made it. It stands beside the file, where the W3C's "Metadata Vocabulary for Tabular Data" has what is
 * said of a table: `temperatures.csv-metadata.json` is of `temperatures.csv`.
 */
import { FormatError } from '../../errors.ts';
import { parseJson } from '../../io/json.ts';
import { readText } from '../../io/node/files.ts';
import { isThere } from '../../io/node/folders.ts';
import { describe } from '../../require.ts';
import type { About } from '../../tasks/task.ts';

/** What is said of the file at a path; nothing where nothing is. */
export function aboutOf(path: string): About {
  const beside = `${path}-metadata.json`;
  if (!isThere(beside)) return {};
  const text = readText(beside, { regular: true });
  const json = parseJson(text, (expected, got) => new FormatError(beside, expected, got));
  const { noiseFloor } = { ...(json as { readonly noiseFloor?: unknown } | null) };
  if (noiseFloor === undefined) return {};
  if (typeof noiseFloor === 'number' && Number.isFinite(noiseFloor) && noiseFloor >= 0) return { noiseFloor };
  throw new FormatError(beside, 'a noiseFloor that is a number ≥ 0', describe(noiseFloor));
}
