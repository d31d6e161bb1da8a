/** Formulas as MathML, which a browser sets and a screen reader reads: no font and no script goes with it. */
import temml from 'temml';

/** A formula in a line, or one by itself; its tag is left to who shows it. */
export function formula(latex: string, display: boolean): string {
  const untagged = latex.replace(/\\tag\{[^}]*\}/g, '').trim();
  return temml.renderToString(untagged, { displayMode: display, throwOnError: false, annotate: true });
}
