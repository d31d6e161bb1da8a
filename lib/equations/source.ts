/** The line of a program that an equation stands on, and what it says there: the variable, and the tag in its comment. */

/** Where an operation was called. */
export interface Place {
  /** As the stack names it: a path, or an address. */
  readonly file: string;
  readonly line: number;
}

/** What stands there, where the text can be read. */
export interface SourceLine extends Place {
  /** The variable that the line assigns to. */
  readonly variable?: string;
  /** The tag in the comment at the statement's end, such as LSTM-F5. */
  readonly tag?: string;
}

/**
 * The place in the cell that a stack comes from: the first that is in none of the library's own files of the language,
 * which are those of the innermost calls.
 */
export function placeOf({ stack = '' }: Error): Place | undefined {
  const frames = Array.from(
    stack.matchAll(/^\s*at .*?\(?((?:file:\/\/|https?:\/\/|\/|[A-Z]:\\)[^()\n]*?):(\d+):\d+\)?$/gm),
  );
  const found = frames.find(([, file = '']) => !OWN.test(file) && !file.includes('/node_modules/'));
  const [, file, line] = found ?? [];
  return file && line ? { file: file.replace(/^file:\/\//, '').replace(/\?.*$/, ''), line: Number(line) } : undefined;
}

/** The files whose functions cells call. */
const OWN = /\/lib\/(?:equations\/\w[\w-]*|matrix)\.[jt]s(?:\?.*)?$/;

/** What the line of a place says; in a browser, which reads no files, the place alone. */
export function sourceLineOf(trace: Error): SourceLine | undefined {
  const place = placeOf(trace);
  if (!place) return undefined;
  const lines = linesOf(place.file);
  const own = lines[place.line - 1] ?? '';
  const variable = /^\s*(?:const|let)\s+(\w+)\s*=/.exec(own)?.[1];
  const ended = lines.slice(place.line - 1, place.line + 20).find(text => text.includes(';'));
  const tag = /\/\/\s*([A-Z][A-Z\d]*-[A-Z]?\d+)/.exec(ended ?? '')?.[1];
  return { ...place, ...(variable && { variable }), ...(tag && { tag }) };
}

const texts = new Map<string, readonly string[]>();

function linesOf(file: string): readonly string[] {
  const known = texts.get(file);
  if (known) return known;
  const fs = (globalThis as { readonly process?: NodeJS.Process }).process?.getBuiltinModule?.('node:fs');
  let lines: readonly string[] = [];
  try {
    lines = fs?.readFileSync(file, 'utf8').split('\n') ?? [];
  } catch {
    // a file that is no longer there, or never was one: its text says nothing
  }
  texts.set(file, lines);
  return lines;
}
