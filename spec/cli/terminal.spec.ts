import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { progress, type Verbosity } from '../../lib/cli/terminal.ts';

/** What progress writes to a stream that is, or is not, a terminal. */
function written(isTTY: boolean, verbosity: Verbosity, ...updates: readonly (readonly [number, string])[]): string {
  const through = new PassThrough();
  const stream = Object.assign(through, {
    isTTY,
    columns: 120,
    cursorTo: WriteStream.prototype.cursorTo,
    moveCursor: WriteStream.prototype.moveCursor,
    clearLine: WriteStream.prototype.clearLine,
    clearScreenDown: WriteStream.prototype.clearScreenDown,
  });
  const shown = progress(10, 0, verbosity, stream as unknown as NodeJS.WriteStream);
  for (const [done, note] of updates) shown.update(done, note);
  shown.say('in between');
  shown.stop();
  return String(through.read() ?? '');
}

describe('progress', () => {
  it('is a bar on a terminal: percentage, step, note, time left, and every placeholder filled', () => {
    const text = written(true, {}, [5, 'loss 1.234 nats/char  99 chars/s']);
    expect(text).toMatch(/50% \| step 5\/10 \| loss 1\.234 nats\/char {2}99 chars\/s \| .* left/);
    expect(text).toContain('in between');
    expect(text).not.toMatch(/\{\w+\}/);
  });

  it('is plain lines elsewhere, also after a run has begun again', () => {
    expect(written(false, {}, [5, 'a'], [10, 'b'], [1, 'c'])).toBe(
      'step 5/10 (50%)  a\nstep 10/10 (100%)  b\nstep 1/10 (10%)  c\nin between\n',
    );
  });

  it('is nothing where it is to be quiet, or for machines', () => {
    expect(written(true, { quiet: true }, [5, 'a'])).toBe('');
    expect(written(false, { json: true }, [5, 'a'])).toBe('');
  });
});
