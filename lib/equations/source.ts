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

/** The place in the cell that a stack comes from: the innermost that is none of the library's own files of the language. */
export function placeOf(trace: Error): Place | undefined {
  return placesOf(trace)[0];
}

/**
 * The places in the cell, from the innermost on: what lies between the functions that it called and the one that runs it,
 * be they of one copy of the library or of two.
 */
function placesOf({ stack = '' }: Error): readonly Place[] {
  const frames = Array.from(
    stack.matchAll(/^\s*at .*?\(?((?:file:\/\/|https?:\/\/|\/|[A-Z]:\\)[^()\n]*?):(\d+):\d+\)?$/gm),
  );
  const places = frames
    .map(([, file = '', line]) => ({ file: pathOf(file), line: Number(line) }))
    .filter(({ file }) => !file.includes('/node_modules/ml-matrix/'));
  const first = places.findIndex(({ file }) => !OWN.test(file));
  if (first < 0) return [];
  const end = places.findIndex(({ file }, n) => n > first && OWN.test(file));
  return places.slice(first, end < 0 ? undefined : end);
}

/** A stack has paths or addresses, in which a space is `%20`, and behind which a loader may have put a query. */
function pathOf(file: string): string {
  const plain = file.replace(/\?.*$/, '');
  return plain.startsWith('file:') ? decodeURIComponent(new URL(plain).pathname).replace(/^\/(?=[A-Z]:)/, '') : plain;
}

/** The files whose functions cells call, and where the package has what is bundled of them. */
const OWN = /\/lib\/(?:equations\/\w[\w-]*|matrix|browser|chunks\/\w+)\.[jt]s$/;

/**
 * What the line of a place says; in a browser, which reads no files, the place alone. Where a function of the cell's author
 * has no tag on its line, that of the line that called it counts, unless its own is asked for.
 */
export function sourceLineOf(trace: Error, isOwn: boolean = false): SourceLine | undefined {
  const places = placesOf(trace);
  const [place] = places;
  if (!place) return undefined;
  const variable = /^\s*(?:const|let)\s+(\w+)\s*=/.exec(linesOf(place.file)[place.line - 1] ?? '')?.[1];
  const tag = (isOwn ? [place] : places).map(tagAt).find(found => found !== undefined);
  return { ...place, ...(variable && { variable }), ...(tag && { tag }) };
}

/** The tags of the lines that a value comes from: that of the one that makes it, and of those that called it. */
export function tagsOf(trace: Error): readonly string[] {
  return placesOf(trace).flatMap(place => tagAt(place) ?? []);
}

/** The tag in the comment at the end of the statement of that line, which may be some lines below. */
function tagAt({ file, line }: Place): string | undefined {
  for (const [n, text] of linesOf(file)
    .slice(line - 1, line + 20)
    .entries()) {
    if (n > 0 && /^\s*(?:const|let|var|return|for|if)\b/.test(text)) return undefined; // the next, where none has a semicolon
    const tag = /\/\/\s*([A-Z][A-Z\d]*-[A-Z]?\d+)/.exec(text)?.[1];
    if (tag !== undefined || text.includes(';')) return tag;
  }
  return undefined;
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
