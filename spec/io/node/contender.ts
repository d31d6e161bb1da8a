/**
 * A process that takes every lock that it can, of those it is sent, and keeps them until it is ended. Answers with the paths
 * of those it has.
 */
import { FileError } from '../../../lib/errors.ts';
import { takeLock } from '../../../lib/io/node/lock.ts';

process.on('message', (paths: readonly string[]) => {
  const taken = paths.filter(path => {
    try {
      takeLock(path);
      return true;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
  });
  process.send?.(taken);
});
process.send?.([]);
