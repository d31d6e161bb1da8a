/** What letters count: steps by τ and T, places by i and j, and what a text says that others run over. */

import type { Expression, Name } from './expression.ts';
import { keyWithout } from './names.ts';

/** Steps that are run, and that τ and T are. */
export const STEPS = 3;

/** Letters that places of columns and matrices are counted with. */
export const COUNTERS: RegExp = /^[i-nuvwy]′?$/;

/** What a capital letter counts that nothing defines: the N of a sum up to N. */
const SOME = 2;

/** How many steps a key counts: τ and T are all, and τ_b, T_b or K_b those of a sequence that ends before the others. */
export function lengthOf(key: string, last: number): number | undefined {
  if (/^(τ′?|T)$/.test(key)) return last;
  return /^[τTK]_[a-z]$/.test(key) ? last - 1 : undefined;
}

/** What a capital letter is taken for that nothing defines and that something is counted up to. */
export function someOf({ letter, bold, sup, sub }: Name, defined?: ReadonlyMap<string, unknown>): number | undefined {
  const isCapital = !bold && /^[A-Z]$/.test(letter) && sup.length + sub.length === 0;
  return isCapital && !defined?.has(letter) ? SOME : undefined;
}

/** A bound that is the same at every step. */
export function fixedCount(of: Expression): number | undefined {
  return counted(
    of,
    name =>
      lengthOf(
        keyWithout(name, () => false),
        STEPS,
      ) ?? someOf(name),
  );
}

/** A whole number of what is known; nothing of what is none. */
export function counted(of: Expression, known: (name: Name) => number | undefined): number | undefined {
  const parts = (all: readonly Expression[]) => {
    const found = all.map(part => counted(part, known)).filter(n => n !== undefined);
    return found.length < all.length ? undefined : found;
  };
  switch (of.kind) {
    case 'number':
      return Number.isInteger(of.value) && of.value <= 64 ? of.value : undefined;
    case 'name':
      return known(of.name);
    case 'sum':
      return parts(of.terms.map(term => term.of))?.reduce((sum, n, k) => sum + (of.terms[k]?.sign ?? 1) * n, 0);
    case 'call':
      if (!/^(min|max)$/.test(of.name) || of.order > 0) return undefined;
      return parts(of.args)?.reduce((a, b) => (of.name === 'min' ? Math.min(a, b) : Math.max(a, b)));
    default:
      return undefined;
  }
}

/** “j = 1…τ”, “i = 1, …, K”, “$j=0\\dots N-1$”, a sum's bounds, in a text without dollars, braces and backslashes. */
const RANGE =
  /(?<![\p{L}\\])([a-su-z])\s*(?:=|from|in)\s*([01])\s*(?:,?\s*(?:…|\.\.\.|l?c?dots\b|to)\s*,?|\^)\s*(tau\b|τ|T\b|[A-Z]\b)\s*(?:[-−]\s*(\d))?/gu;

/** A letter that the text says to run over numbers. */
export function rangesIn(plain: string): readonly { letter: string; members: readonly string[]; offset: number }[] {
  return Array.from(plain.matchAll(RANGE), ({ 1: letter = '', 2: from = '', 3: bound = '', 4: less = '0', index }) => {
    const end = (/^(tau|τ|T)$/.test(bound) ? STEPS : SOME) - Number(less);
    const members = Array.from({ length: end - Number(from) + 1 }, (_, n) => `${n + Number(from)}`);
    return { letter, members, offset: index };
  });
}
