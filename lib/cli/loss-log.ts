import { FormatError } from '../errors.ts';
import type { TrainingStep } from '../models/char-trainer.ts';

const HEADER = 'step,loss,smoothed';

/**
 * The course of the loss as CSV: step, this chunk's loss and its exponential average, in nats a character. Numbers
 * are written so that they read back to the last bit, and nothing that depends on the clock is in it.
 */
export class LossLog {
  readonly rows: TrainingStep[] = [];

  /**
   * The log of a run that stopped after `step`: rows beyond it, which a kill may have left, are dropped.
   *
   * @param every steps between two rows.
   * @throws FormatError naming file and line when a line is not the row it should be, or one is missing.
   */
  static parse(csv: string, step: number, every: number, file: string): LossLog {
    const log = new LossLog();
    const [header, ...lines] = csv.trimEnd().split('\n');
    if (header !== HEADER) throw new FormatError(`${file}:1`, HEADER, JSON.stringify(header));
    lines.forEach((line, n) => {
      if ((n + 1) * every > step) return;
      const [at = Number.NaN, loss = Number.NaN, smoothed = Number.NaN] = line.split(',').map(Number);
      const row = { step: at, loss, smoothed };
      if (at !== (n + 1) * every || rowText(row) !== line) {
        throw new FormatError(
          `${file}:${n + 2}`,
          `step,loss,smoothed of step ${(n + 1) * every}`,
          JSON.stringify(line),
        );
      }
      log.rows.push(row);
    });
    const rows = Math.floor(step / every);
    if (log.rows.length < rows) throw new FormatError(file, `${rows} rows up to step ${step}`, `${log.rows.length}`);
    return log;
  }

  add(row: TrainingStep): void {
    this.rows.push(row);
  }

  toString(): string {
    return [HEADER, ...this.rows.map(rowText), ''].join('\n');
  }
}

function rowText({ step, loss, smoothed }: TrainingStep): string {
  return `${step},${loss},${smoothed}`;
}
