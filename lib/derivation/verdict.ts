/** What is said of a statement, or of a line. */
import type { Difference } from './bench.ts';
import { Unread } from './latex.ts';
import { Circle, Misfit } from './matrices.ts';
import type { Reading } from './readings.ts';

export type Verdict =
  /** By what the functions' slopes are, as numbers of a field. */
  | 'proven'
  /** In floats, where it rests on another property of a function. */
  | 'holds numerically'
  | 'wrong'
  /** It says what a name stands for. */
  | 'defines'
  | 'not read';

export interface Judged {
  readonly verdict: Verdict;
  /** Why it is not read, or cannot be right. */
  readonly reason?: string;
  readonly at?: number;
  readonly difference?: Difference;
  /** One edit that would make it right. */
  readonly mended?: Mended;
  /** The extents with which it holds. */
  readonly reading?: Reading;
}

/** A line that is right, one edit away. */
export interface Mended {
  /** What is to be changed, in a few words. */
  readonly what: string;
  /** The right line, in LaTeX. */
  readonly latex: string;
}

const ORDER: readonly Verdict[] = ['defines', 'proven', 'holds numerically', 'not read', 'wrong'];

/** The worse of two verdicts: what is wrong before what is not known. */
export function worse(a: Judged, b: Judged): Judged {
  return ORDER.indexOf(b.verdict) > ORDER.indexOf(a.verdict) ? b : a;
}

/** What an error says of what could not be evaluated. */
export function unreadable(error: unknown): Judged {
  if (error instanceof Unread) return { verdict: 'not read', reason: error.message, at: error.at };
  if (error instanceof Circle) return { verdict: 'wrong', reason: error.message };
  if (error instanceof Misfit) return { verdict: 'wrong', reason: `the shapes cannot fit: ${error.message}` };
  if (error instanceof RangeError) return { verdict: 'not read', reason: 'it is nested too deeply' };
  throw error;
}
