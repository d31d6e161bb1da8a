/** What is mutated: the mathematics. */
export const FOLDERS: readonly string[] = ['lib/cells', 'lib/layers', 'lib/losses', 'lib/through-time'];
