/** The formulas of a Markdown text, and where they stand. */

/** A formula of a text. */
export interface Formula {
  /** Between the signs that open and close it. */
  readonly latex: string;
  /** Where `latex` begins in the text. */
  readonly offset: number;
  /** Whether it stands by itself, or in a line. */
  readonly display: boolean;
  /** What the text says just before it: up to the formula before. */
  readonly before: string;
  /** Whether it is not closed before the text ends. */
  readonly open: boolean;
}

/** A place in a text, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const DELIMITERS: readonly (readonly [open: string, close: string, display: boolean])[] = [
  ['$$', '$$', true],
  ['\\[', '\\]', true],
  ['\\(', '\\)', false],
  ['$', '$', false],
];

const ENVIRONMENT = /\\begin\{((?:align|equation|gather|eqnarray)\*?)\}/y;
const CODE = /(^|\n)(```|~~~)[\s\S]*?(?:\n\2|$)|(`+)[^`][\s\S]*?\3/y;

/** All formulas, in their order: `$$…$$`, `\[…\]`, `\begin{align}…`, `$…$`, `\(…\)`; what is in code is none. */
export function formulasOf(text: string): readonly Formula[] {
  const formulas: Formula[] = [];
  let last = 0;
  let n = 0;
  const take = (from: number, to: number, next: number, display: boolean, open = false) => {
    formulas.push({ latex: text.slice(from, to), offset: from, display, before: text.slice(last, n), open });
    last = next;
    n = next;
  };
  while (n < text.length) {
    const character = text[n];
    if (character === '`' || character === '~' || character === '\n') {
      CODE.lastIndex = n;
      const code = CODE.exec(text)?.[0];
      n += code?.length ?? 1;
      continue;
    }
    if (character !== '$' && character !== '\\') {
      n++;
      continue;
    }
    ENVIRONMENT.lastIndex = n;
    const environment = ENVIRONMENT.exec(text);
    if (environment) {
      const close = `\\end{${environment[1]}}`;
      const end = text.indexOf(close, n);
      const to = end < 0 ? text.length : end + close.length;
      take(n, to, to, true, end < 0);
      continue;
    }
    const delimiter = DELIMITERS.find(([open]) => text.startsWith(open, n));
    if (!delimiter || (character === '$' && text[n - 1] === '\\')) {
      n += character === '\\' ? 2 : 1;
      continue;
    }
    const [open, close, display] = delimiter;
    const from = n + open.length;
    const end = text.indexOf(close, from);
    const paragraph = text.slice(from, end < 0 ? undefined : end).search(/\n\s*\n/);
    if (end < 0 || (paragraph >= 0 && !display)) {
      if (!display) n += open.length;
      else
        take(
          from,
          paragraph < 0 ? text.length : from + paragraph,
          paragraph < 0 ? text.length : from + paragraph,
          true,
          true,
        );
      continue;
    }
    if (paragraph >= 0 && text.slice(from, end).includes('\n\n#')) {
      take(from, from + paragraph, from + paragraph, true, true);
      continue;
    }
    take(from, end, end + close.length, display);
  }
  return formulas;
}

/** From a place in a text, counted in characters from 0, to its line and column. */
export function placesIn(text: string): (offset: number) => Place {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return offset => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
