/** Derivations that run: Markdown with equations, judged line by line. */

export type { Difference } from './bench.ts';
export { type CellOfOptions, cellOf, type MadeByLine } from './cell-of.ts';
export { type CheckDerivationOptions, checkDerivation, type DerivationReport, type JudgedLine } from './check.ts';
export { formatDerivation } from './format.ts';
export type { Place } from './markdown.ts';
export type { Mended, Verdict as LineVerdict } from './verdict.ts';
