/** Text that came from a file, a model or a caller, on its way into a message, a page, a log or a picture. */

/** Characters of a foreign text that a message holds. */
const MOST = 200;

/**
 * What is not to be shown as it is: controls, which a terminal obeys and XML forbids; what is ignorable, turns the direction of
 * text or ends a line, which deceives a reader; halves of surrogate pairs; what is no character. Selectors of variants
 * (the colour of a heart) do none of that.
 */
const UNSHOWN =
  /(?![\ufe00-\ufe0f])[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\ufff9-\ufffb]/gu;

/** As above, or a line end of two characters. */
const UNSHOWN_IN_LINES = new RegExp(`\\r\\n|${UNSHOWN.source}`, 'gu');

/** What belongs to a text of several lines: its ends, tabs, and the joiners without which Persian or an emoji falls apart. */
const IN_LINES: ReadonlySet<string> = new Set(['\n', '\r\n', '\t', '\u200c', '\u200d']);

/**
 * A foreign name or value as it may be shown on one line: whatever a terminal would obey or a reader could not see stands as
 * `\\u{…}`, and what is longer than `most` characters is cut, which an ellipsis says.
 */
export function shown(text: string, most: number = MOST): string {
  const cut = text.length > most ? `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…` : text;
  return cut.replace(UNSHOWN, escapeOf);
}

/** A foreign text as it may be shown whole: as {@link shown}, but line ends and tabs stay, and nothing is cut. */
export function shownLines(text: string): string {
  return text.replace(UNSHOWN_IN_LINES, found => (IN_LINES.has(found) ? found : escapeOf(found)));
}

/** A value as JSON on one line: JSON's own escapes stand for what is not to be shown, so that it reads back the same. */
export function shownJson(value: unknown): string {
  const units = (found: string) => Array.from({ length: found.length }, (_, n) => found.charCodeAt(n));
  return JSON.stringify(value).replace(UNSHOWN, found =>
    units(found)
      .map(unit => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
