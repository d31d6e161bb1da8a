/**
 * What a unit may be found to track: properties of a text that it shows symbol by symbol, after Karpathy, Johnson,
 * Fei-Fei, "Visualizing and Understanding Recurrent Networks" (2015), section 4.2, and the slides "Searching for
 * interpretable cells". Each is a number for every symbol, known from that symbol and those before it.
 */

/** A property of a text, a number at every symbol. */
export interface Signal {
  readonly name: string;
  /** Its value after each symbol has been read. */
  of(symbols: readonly string[]): Float64Array;
}

/** All of them. */
export const signals: readonly Signal[] = [
  { name: 'inside quotation', of: insideQuotation },
  { name: 'position in line', of: positionInLine },
  { name: 'word boundary', of: symbols => every(symbols, symbol => (WORD.test(symbol) ? 0 : 1)) },
  { name: 'position in word', of: positionInWord },
  { name: 'bracket depth', of: bracketDepth },
  { name: 'capital letter', of: symbols => every(symbols, symbol => (CAPITAL.test(symbol) ? 1 : 0)) },
];

/** Of a word: letters with their marks, and digits. An apostrophe counts as a boundary. */
const WORD = /[\p{L}\p{M}\p{N}]/u;
const CAPITAL = /\p{Lu}/u;

/**
 * 1 from an opening quotation mark on, 0 from the closing one on. “ ” and « » nest; " opens and closes in turn. Single
 * marks are not told from apostrophes and do not count. A blank line ends what is open: a quotation of several
 * paragraphs opens each anew and closes but the last.
 */
function insideQuotation(symbols: readonly string[]): Float64Array {
  let depth = 0;
  let straight = false;
  let blank = false; // nothing but white space since the last line's end
  return every(symbols, symbol => {
    if (symbol === '\n') {
      if (blank) {
        depth = 0;
        straight = false;
      }
      blank = true;
    } else if (symbol.trim() !== '') {
      blank = false;
      if ('“«'.includes(symbol)) depth += 1;
      if ('”»'.includes(symbol)) depth = Math.max(0, depth - 1);
      if (symbol === '"') straight = !straight;
    }
    return depth > 0 || straight ? 1 : 0;
  });
}

/** Symbols since the line began: 0 at its first symbol's predecessor, the line's end. */
function positionInLine(symbols: readonly string[]): Float64Array {
  let position = 0;
  return every(symbols, symbol => {
    position = symbol === '\n' ? 0 : position + 1;
    return position;
  });
}

/** Symbols of the present word so far; 0 between words. */
function positionInWord(symbols: readonly string[]): Float64Array {
  let position = 0;
  return every(symbols, symbol => {
    position = WORD.test(symbol) ? position + 1 : 0;
    return position;
  });
}

/** Brackets ( [ { that are open. A closing one where none is open changes nothing. */
function bracketDepth(symbols: readonly string[]): Float64Array {
  let depth = 0;
  return every(symbols, symbol => {
    if ('([{'.includes(symbol)) depth += 1;
    if (')]}'.includes(symbol)) depth = Math.max(0, depth - 1);
    return depth;
  });
}

function every(symbols: readonly string[], value: (symbol: string) => number): Float64Array {
  return Float64Array.from(symbols, value);
}
