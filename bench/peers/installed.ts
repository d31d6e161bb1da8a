/** Loads libraries that may not be there: what `load` gives, or a line that says how to install them. */
export function installed<V extends object>(load: () => V): V | string {
  try {
    return load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return 'not installed (npm run bench:peers)';
    return error instanceof Error ? error.message : String(error);
  }
}
