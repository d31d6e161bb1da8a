import { shownLines } from '../foreign.ts';

/** Foreign text within HTML, in an element or in an attribute. */
export function escaped(text: string): string {
  return shownLines(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
