/**
 * JSON of a file, which anyone may have written: what is nested deep or has values without end costs many times its size to
 * parse, so it is walked over first, without making anything.
 */

/** Brackets that may stand within each other. What the library writes has five at most, beside a note. */
const DEEPEST = 64;
/** Values that there may be: a vocabulary has one for each symbol, a header some twelve for each tensor. */
const MOST_VALUES = 4_000_000;
/** Names that there may be: a header has four for each tensor. */
const MOST_NAMES = 500_000;

/** JSON without its values. */
interface Outline {
  /** What there is more of than is parsed; undefined where it can be parsed. */
  readonly tooMany: string | undefined;
  /** Fields that the outermost object is written with: JSON.parse keeps the last of a name. */
  readonly fields: number;
}

/**
 * What the JSON says.
 *
 * @param refused makes an error of what was expected and what came.
 */
export function parseJson(json: string, refused: (expected: string, got: string) => Error): unknown {
  const { tooMany } = outlineOf(json);
  if (tooMany !== undefined) throw refused(`JSON of at most ${tooMany}`, 'more');
  try {
    const value: unknown = JSON.parse(json);
    return value;
  } catch {
    throw refused('JSON', 'text that is not JSON');
  }
}

/** What can be seen of JSON by its marks alone. Of a text that is none it says something, and ends. */
export function outlineOf(json: string): Outline {
  let [depth, deepest, values, names, fields] = [0, 0, 0, 0, 0];
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case QUOTE:
        i = closing(json, i);
        break;
      case BRACE:
      case BRACKET:
        values++;
        depth++;
        if (depth > deepest) deepest = depth;
        break;
      case BRACE_END:
      case BRACKET_END:
        depth--;
        break;
      case COMMA:
        values++;
        break;
      case COLON:
        names++;
        if (depth === 1) fields++;
    }
  }
  if (deepest > DEEPEST) return { tooMany: `${DEEPEST} brackets within each other`, fields };
  if (values > MOST_VALUES) return { tooMany: `${MOST_VALUES} values`, fields };
  return { tooMany: names > MOST_NAMES ? `${MOST_NAMES} names` : undefined, fields };
}

/** Where the string that begins at `from` ends. */
function closing(json: string, from: number): number {
  let i = from + 1;
  while (i < json.length && json.charCodeAt(i) !== QUOTE) i += json.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x7b, 0x7d, 0x5b, 0x5d];
