/** What the tables of a derivation say that its letters mean. */

/**
 * By how a letter is written, what its row says: `| W, U, $\\mathbf b$ | m×m, m×d, m | parameters |`. Where a row has several
 * letters, and as many meanings, each has its own; what is said of several together is left out.
 */
export function meaningsIn(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, letters = '', meaning = ''] of text.matchAll(/^\|([^|]+)\|[^|]+\|([^|]+)\|$/gm)) {
    if (/^[\s-]+$/.test(letters) || /^\s*(?:letter|symbol)\s*$/.test(letters)) continue;
    const names = letters.split(/,(?![^{]*\})/).map(nameOf);
    const ways = [[meaning], meaning.split(';'), meaning.split(',')];
    const meanings = ways.find(({ length }) => length === names.length) ?? [];
    for (const [n, own] of meanings.entries()) {
      const name = names[n];
      if (name) found.set(name, plain(own));
    }
  }
  return found;
}

/** A letter that stands alone in its cell, but for a step below it. */
function nameOf(latex: string): string | undefined {
  const [, bold, letter, sub = ''] =
    /^\s*\$?(\\mathbf\s*\{?)?\s*(\\?[A-Za-zα-ω]+)\}?(?:_\{?([^}$]*)\}?)?\$?\s*$/u.exec(latex) ?? [];
  if (letter === undefined || letter.startsWith('\\') || letter.length > 1) return undefined;
  return `${bold ? '𝐛' : ''}${letter}^_${/^[tj\d]?$/.test(sub) ? '' : sub}`;
}

/** A meaning without the signs of formulas. */
function plain(meaning: string): string {
  return meaning.replace(/\\mathbf|[$\\{}]/g, '').trim();
}
