/** Text that came from a file, a model or a caller, on its way into a message, a page, a log or a picture. */

/** Characters of a foreign text that a message holds. */
const MOST = 200;

/**
 * Characters that are not to be shown as they are: controls (C0, DEL, C1), which a terminal obeys; marks that change the
 * direction of text or have no width, which deceive a reader; line separators; halves of surrogate pairs.
 */
const UNSHOWN =
  /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

/**
 * A foreign text as it may be shown: whatever a terminal would obey or a reader could not see stands as `\\u{…}`, and what
 * is longer than `most` characters is cut, which an ellipsis says.
 */
export function shown(text: string, most: number = MOST): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(UNSHOWN, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
