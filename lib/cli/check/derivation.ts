/** `bptt check my-cell.md`: a derivation, line by line. */
import { FormatError } from '../../errors.ts';
import { readText } from '../../io/node/files.ts';
import { print, printJson, type Verbosity } from '../terminal.ts';

interface Options extends Verbosity {
  readonly given?: readonly string[];
  readonly seed: number;
}

/**
 * Judges a derivation and prints its verdicts; exit code 1 where a line is wrong.
 *
 * @throws FormatError when there is no line to judge.
 */
export async function showDerivation(path: string, { given = [], seed, json, quiet }: Options): Promise<void> {
  const { checkDerivation, formatDerivation } = await import('../../derivation/index.ts'); // and a parser of LaTeX, which no other check waits for
  const report = checkDerivation(readText(path), { given: given.map(other => readText(other)), seed });
  if (report.lines.length === 0) throw new FormatError(path, 'a display equation ($$…$$, \\[…\\] or align)', 'none');
  if (!report.ok) process.exitCode = 1;
  if (json) {
    printJson({ derivation: path, ...report });
    return;
  }
  const text = formatDerivation(report);
  print(quiet ? (text.split('\n').at(-1) ?? '') : text);
}
