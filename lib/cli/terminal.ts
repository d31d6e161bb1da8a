/**
 * What the command says while it works: a bar on a terminal, plain lines elsewhere, nothing when it is to be quiet.
 * All of it goes to standard error; standard output is for results.
 */
import { MultiBar } from 'cli-progress';
import { ValueError } from '../errors.ts';

/** How a command talks: the options that all commands share. */
export interface Verbosity {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Shows how far a run is. */
export interface Progress {
  /** `done` steps of the total, and what to say beside them. */
  update(done: number, loss: number, charactersPerSecond: number): void;
  /** A text in between, on lines of its own. */
  say(text: string): void;
  stop(): void;
}

/** Parts of a run after which a line is printed where there is no terminal. */
const PLAIN_LINES = 20;

/** The progress of a run of `total` steps that begins after `done` of them. */
export function progress(total: number, done: number, { quiet = false, json = false }: Verbosity): Progress {
  if (quiet || json) return { update() {}, say() {}, stop() {} };
  return process.stderr.isTTY ? bar(total, done) : lines(total);
}

/** A result on standard output, with a line end. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A result for machines: one line of JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** A message on standard error. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A parser for an option that takes a number; throws ValueError naming the option. */
export function number(option: string): (text: string) => number {
  return text => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw new ValueError(option, 'a number', JSON.stringify(text));
    return value;
  };
}

function bar(total: number, done: number): Progress {
  const bars = new MultiBar({
    stream: process.stderr,
    format:
      '{bar} {percentage}% | step {value}/{total} | loss {loss} nats/char | {speed} chars/s | {eta_formatted} left',
    barsize: 24,
    etaBuffer: 100,
    hideCursor: true,
    noTTYOutput: false,
    clearOnComplete: false,
    gracefulExit: false,
  });
  const shown = bars.create(total, done, { loss: '–', speed: '–' });
  return {
    update(now, loss, speed) {
      shown.update(now, { loss: loss.toFixed(3), speed: Math.round(speed).toString() });
    },
    say(text) {
      bars.log(`${text}\n`);
    },
    stop() {
      bars.stop();
    },
  };
}

function lines(total: number): Progress {
  const every = Math.max(1, Math.floor(total / PLAIN_LINES));
  let last = 0;
  return {
    update(now, loss, speed) {
      if (now < total && now - last < every) return;
      last = now;
      const percentage = Math.floor((100 * now) / total);
      printError(
        `step ${now}/${total} (${percentage}%)  loss ${loss.toFixed(3)} nats/char  ${Math.round(speed)} chars/s`,
      );
    },
    say: printError,
    stop() {},
  };
}
