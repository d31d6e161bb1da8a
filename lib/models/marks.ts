import { ValueError } from '../errors.ts';
import { describe } from '../require.ts';

/** Symbols of a vocabulary that stand for something else than themselves. */
export interface Marks {
  /** Stands for every token that is not in the vocabulary. */
  readonly unknown?: string;
  /** Stands before the first token of a sequence. */
  readonly start?: string;
  /** Stands behind the last. */
  readonly stop?: string;
}

/** `token` is a string that is not empty, at place n of a list unless it stands alone, or throws ValueError. Returns it. */
export function requireToken(argument: string, n: number | undefined, token: unknown): string {
  if (typeof token === 'string' && token !== '') return token;
  const place = n === undefined ? argument : `${argument}[${n}]`;
  throw new ValueError(place, 'a string that is not empty', describe(token));
}

/** The marks that there are, no two of them the same, or throws ValueError. */
export function requireMarks(argument: string, { unknown, start, stop }: Marks): readonly string[] {
  const named = Object.entries({ unknown, start, stop }).filter(([, mark]) => mark !== undefined);
  const marks = named.map(([name, mark]) => requireToken(`${argument}.${name}`, undefined, mark));
  if (new Set(marks).size < marks.length) throw new ValueError(argument, 'marks that differ', marks.join(' '));
  return marks;
}
