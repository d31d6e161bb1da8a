/** What the page of derivations asks its worker, and what that answers. */

export type Question =
  | { readonly id: number; readonly kind: 'judge'; readonly text: string }
  | { readonly id: number; readonly kind: 'train'; readonly text: string; readonly on: string };

/** One display equation, judged, and set as MathML. */
export interface Line {
  readonly name: string;
  readonly verdict: string;
  /** Where it begins, from 1 on. */
  readonly line: number;
  readonly why: string;
  readonly html: string;
  readonly mended?: { readonly what: string; readonly html: string };
}

export type Answer =
  | {
      readonly id: number;
      readonly kind: 'judge';
      readonly ok: boolean;
      readonly layout: 'rows' | 'columns';
      readonly lines: readonly Line[];
    }
  | {
      readonly id: number;
      readonly kind: 'trained';
      readonly step: number;
      readonly loss: number;
      readonly symbols: number;
    }
  | { readonly id: number; readonly kind: 'failed'; readonly why: string };
