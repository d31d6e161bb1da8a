/**
 * The examples of the README and of the doc comments: where they are, what they state, and what they do.
 *
 * An example is a `ts` code block, of a Markdown file or below an `@example`. What it prints stands in it, line after
 * line, as `// → text`, behind the code or in lines of its own. A block fenced as `ts no-run` is only type-checked.
 */
import { Console } from 'node:console';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { ended } from './ended.ts';

/** The repository's root. */
export const ROOT: string = fileURLToPath(new URL('..', import.meta.url));

/** One code block. */
export interface Example {
  /** The file it stands in and which of its blocks it is, such as `lib/params.ts #1`. */
  readonly name: string;
  readonly code: string;
  /** Whether it may be run. */
  readonly runs: boolean;
}

/**
 * The examples of one file: all blocks of a Markdown file, those below an `@example` of a TypeScript file.
 *
 * @throws Error when an `@example` has no block: nothing would check it.
 */
export function examplesOf(path: string, text: string): Example[] {
  const places = path.endsWith('.md') ? [text] : exampleTags(text);
  const blocks = places.flatMap(place => {
    const found = Array.from(place.matchAll(/^```ts( no-run)?\n(.*?)^```$/gms));
    if (found.length === 0 && place !== text) throw new Error(`${path}: an @example without a \`\`\`ts block`);
    return found;
  });
  return blocks.map(([, noRun, code = ''], n) => ({ name: `${path} #${n + 1}`, code, runs: noRun === undefined }));
}

/** The lines that an example says it prints. */
function statedOutput(code: string): string[] {
  return Array.from(code.matchAll(/\/\/ →(?: (.*))?$/gm), ([, line = '']) => line.trimEnd());
}

/** How the output of an example differs from what it states, line by line. */
export function outputProblems(code: string, output: string): string[] {
  const stated = statedOutput(code);
  const printed = output === '' ? [] : output.replace(/\n$/, '').split('\n');
  return Array.from({ length: Math.max(stated.length, printed.length) }).flatMap((_, n) => {
    const [expected, got] = [stated[n], printed[n]?.trimEnd()];
    return expected === got ? [] : [`output line ${n + 1}: states ${quoted(expected)}, prints ${quoted(got)}`];
  });
}

/**
 * Type-checks and runs all examples, each a file of its own.
 *
 * @param folder where to put the files, inside the repository; emptied first, and where relative paths that an example
 * writes to lead.
 * @param beside files that lie beside them, by their names.
 * @returns the problems of each example, by its name: an empty list where there are none.
 */
export async function checkExamples(
  folder: string,
  examples: readonly Example[],
  beside: Readonly<Record<string, string>> = {},
): Promise<ReadonlyMap<string, readonly string[]>> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(beside)) writeFileSync(join(folder, name), text);
  for (const example of examples) writeFileSync(join(folder, fileOf(example)), example.code);
  const base = relative(folder, join(ROOT, 'tsconfig.json')).replaceAll('\\', '/');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: base, include: ['*.ts'] }));

  const problems = new Map<string, readonly string[]>();
  const errors = examples.length > 0 ? typeErrors(folder) : [];
  for (const example of examples) {
    const own = errors.filter(error => error.startsWith(`${fileOf(example)}(`));
    problems.set(example.name, example.runs ? [...own, ...(await runProblems(folder, example))] : own);
  }
  return problems;
}

/** Every error that the project's compiler reports of a folder with a tsconfig.json, such as `a.ts(1,2): error …`. */
function typeErrors(folder: string): string[] {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout, stderr } = ended(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
  });
  const errors = stdout.split(/\n(?=\S)/).filter(error => error.trim() !== '');
  const unplaced = errors.filter(error => !/^.+\(\d+,\d+\): error /.test(error));
  if (unplaced.length > 0 || (status !== 0 && errors.length === 0)) throw new Error(`tsc failed: ${unplaced}${stderr}`);
  return errors.map(error => error.trimEnd());
}

/** Runs an example inside this process, where `bptt` leads to lib/, with a console that writes as Node's does. */
async function runProblems(folder: string, example: Example): Promise<string[]> {
  let output = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      output += chunk;
      done();
    },
  });
  const before = process.cwd();
  vi.stubGlobal('console', new Console({ stdout, stderr: process.stderr }));
  process.chdir(folder);
  try {
    await import(/* @vite-ignore */ join(folder, fileOf(example)));
  } catch (error) {
    return [`throws ${error}`];
  } finally {
    process.chdir(before);
    vi.unstubAllGlobals();
  }
  return outputProblems(example.code, output);
}

/** `lib/params.ts #1` is in `lib-params-1.ts`. */
function fileOf({ name }: Example): string {
  return `${name.replace(/\.\w+ #/, '-').replaceAll('/', '-')}.ts`;
}

/** The text below every `@example` of a file's doc comments, up to the next tag, without the leading asterisks. */
function exampleTags(text: string): string[] {
  return Array.from(text.matchAll(/^ *\/\*\*$(.*?)\*\/$/gms), ([, comment = '']) => comment.replace(/^ *\* ?/gm, ''))
    .flatMap(comment => comment.split(/^@/m))
    .filter(tag => tag.startsWith('example'));
}

function quoted(line: string | undefined): string {
  return line === undefined ? 'nothing' : JSON.stringify(line);
}
