/** What is found of every equation, as `bptt check` finds it. */
import { checkDerivation } from 'bptt/check';
import { derivations } from './tags.ts';

/** What a page says of an equation. */
export interface Judgement {
  readonly kind: keyof typeof WORDS;
  /** Why, where there is something to say. */
  readonly why: string;
}

/** In words. */
export const WORDS = {
  proven: 'proven exactly',
  holds: 'holds numerically',
  defines: 'defines',
  wrong: 'wrong',
  unread: 'not read',
} as const;

/** What is found of the tags of a derivation, with those that it builds on. */
export function verdictsOf(name: string, given: readonly string[]): ReadonlyMap<string, Judgement> {
  const text = (file: string) => derivations.get(file) ?? '';
  const { lines } = checkDerivation(text(name), { given: given.map(text) });
  return new Map(
    lines.flatMap(({ tag, verdict, reason = '' }) => {
      if (tag === undefined) return [];
      const kind =
        verdict === 'not read'
          ? 'unread'
          : verdict === 'proven' || verdict === 'defines' || verdict === 'wrong'
            ? verdict
            : 'holds';
      return [[tag, { kind, why: reason }] as const];
    }),
  );
}
