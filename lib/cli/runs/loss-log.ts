import { createHash } from 'node:crypto';
import { FormatError } from '../../errors.ts';
import type { TrainingStep } from '../../models/char-trainer.ts';

/** Comma-separated values below a header, or a JSON object a line. */
export type LogFormat = 'csv' | 'jsonl';

/** The formats there are. */
export const logFormats: readonly LogFormat[] = ['csv', 'jsonl'];

const HEADER = 'step,loss,smoothed';

/**
 * The course of the loss: step, this chunk's loss and its exponential average, in nats a character. Numbers are written so
 * that they read back to the last bit, and nothing that depends on the clock is in it. The loss of a chunk that was
 * skipped is NaN, in JSON null.
 */
export class LossLog {
  readonly format: LogFormat;
  readonly rows: TrainingStep[] = [];

  constructor(format: LogFormat = 'csv') {
    this.format = format;
  }

  /**
   * The log of a run that stopped after `step`: rows beyond it, which a kill may have left, are dropped.
   *
   * @param every steps between two rows.
   * @throws FormatError naming file and line when a line is not the row it should be, or one is missing.
   */
  static parse(text: string, step: number, every: number, file: string, format: LogFormat = 'csv'): LossLog {
    const log = new LossLog(format);
    const lines = text === '' ? [] : text.trimEnd().split('\n');
    const before = format === 'csv' ? 1 : 0;
    if (format === 'csv' && lines[0] !== HEADER)
      throw new FormatError(`${file}:1`, HEADER, JSON.stringify(lines[0] ?? ''));
    lines.slice(before).forEach((line, n) => {
      if ((n + 1) * every > step) return;
      const row = format === 'csv' ? rowOfCsv(line) : rowOfJson(line);
      if (row?.step !== (n + 1) * every || log.#lineOf(row) !== line) {
        const expected = `step,loss,smoothed of step ${(n + 1) * every}`;
        throw new FormatError(`${file}:${n + 1 + before}`, expected, JSON.stringify(line));
      }
      log.rows.push(row);
    });
    const rows = Math.floor(step / every);
    if (log.rows.length < rows) throw new FormatError(file, `${rows} rows up to step ${step}`, `${log.rows.length}`);
    return log;
  }

  /** Whether a text is that of a log without rows. */
  static isEmpty(text: string): boolean {
    return logFormats.some(format => new LossLog(format).toString() === text);
  }

  add(row: TrainingStep): void {
    this.rows.push(row);
  }

  /** Drops the rows beyond a step. */
  cut(step: number): void {
    while ((this.rows.at(-1)?.step ?? 0) > step) this.rows.pop();
  }

  /** The SHA-256 of the log as it stands. A checkpoint that keeps it goes with this log and no other. */
  seal(): string {
    return createHash('sha256').update(this.toString()).digest('hex');
  }

  /**
   * @param seal what a checkpoint kept; null where it is older than seals, and goes with any log.
   * @throws FormatError naming the file when the log is not the one that was sealed.
   */
  requireSealed(seal: string | null, file: string): void {
    if (seal === null || seal === this.seal()) return;
    throw new FormatError(file, 'the log as it was beside this checkpoint', 'an altered one, or that of another run');
  }

  toString(): string {
    const header = this.format === 'csv' ? [HEADER] : [];
    return [...header, ...this.rows.map(row => this.#lineOf(row)), ''].join('\n');
  }

  #lineOf({ step, loss, smoothed }: TrainingStep): string {
    return this.format === 'csv' ? `${step},${loss},${smoothed}` : JSON.stringify({ step, loss, smoothed });
  }
}

function rowOfCsv(line: string): TrainingStep {
  const [step = Number.NaN, loss = Number.NaN, smoothed = Number.NaN] = line.split(',').map(Number);
  return { step, loss, smoothed };
}

function rowOfJson(line: string): TrainingStep | undefined {
  try {
    const {
      step = Number.NaN,
      loss,
      smoothed = Number.NaN,
    } = { ...(JSON.parse(line) as Partial<TrainingStep> | null) };
    return { step, loss: loss ?? Number.NaN, smoothed };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
