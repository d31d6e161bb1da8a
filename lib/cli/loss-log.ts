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
   * @throws FormatError naming file and line when a line is no row.
   */
  static parse(csv: string, step: number, file: string): LossLog {
    const log = new LossLog();
    const [header, ...lines] = csv.trimEnd().split('\n');
    if (header !== HEADER) throw new FormatError(`${file}:1`, HEADER, JSON.stringify(header));
    lines.forEach((line, n) => {
      const [at, loss, smoothed, ...rest] = line.split(',').map(Number);
      if (at === undefined || loss === undefined || smoothed === undefined || rest.length > 0 || !(at > 0)) {
        throw new FormatError(`${file}:${n + 2}`, 'step,loss,smoothed', JSON.stringify(line));
      }
      if (at <= step) log.rows.push({ step: at, loss, smoothed });
    });
    return log;
  }

  add(row: TrainingStep): void {
    this.rows.push(row);
  }

  toString(): string {
    return [HEADER, ...this.rows.map(({ step, loss, smoothed }) => `${step},${loss},${smoothed}`), ''].join('\n');
  }
}
