/** What helpers start and lay down for tests (processes, browsers, folders) goes when the tests of a file are done. */

const ends = new Set<() => unknown>();

/** Has `end` done, and awaited, after the tests of this file; once, however often it is asked for. */
export function atEnd(end: () => unknown): void {
  ends.add(end);
}

/** Does it: `tidy.ts`, which a configuration of Vitest names among its `setupFiles`. */
export async function endAll(): Promise<void> {
  const all = [...ends];
  ends.clear();
  for (const end of all) await end();
}
