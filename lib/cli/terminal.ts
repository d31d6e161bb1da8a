/**
 * What the command says while it works: a bar on a terminal, plain lines elsewhere, nothing when it is to be quiet.
 * All of it goes to standard error; standard output is for results. Whatever foreign text is in what is said, a terminal does not
 * obey it: all goes through here, and is shown as `foreign.ts` has it.
 */
import { MultiBar } from 'cli-progress';
import { FileError, ValueError } from '../errors.ts';
import { shownJson, shownLines } from '../foreign.ts';
import { reason } from '../io/node/files.ts';

/** How a command talks: the options that all commands share. */
export interface Verbosity {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Shows how far a run is. */
export interface Progress {
  /** `done` steps of the total, and what to say beside them: the loss, the speed. */
  update(done: number, note: string): void;
  /** A text in between, on lines of its own. */
  say(text: string): void;
  stop(): void;
}

/** Parts of a run after which a line is printed where there is no terminal. */
const PLAIN_LINES = 20;

/** The progress of a run of `total` steps that begins after `done` of them. */
export function progress(
  total: number,
  done: number,
  { quiet = false, json = false }: Verbosity,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  if (quiet || json) return { update() {}, say() {}, stop() {} };
  return stream.isTTY ? bar(total, done, stream) : lines(total, stream);
}

/** A result on standard output, with a line end. */
export function print(text: string): void {
  printRaw(shownLines(text));
}

/** A result on standard output as it is, with a line end: colours of our own, or a text on its way into a pipe. */
export function printRaw(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A result for machines: one line of JSON. */
export function printJson(value: unknown): void {
  printRaw(shownJson(value));
}

/** A message on standard error. */
export function printError(text: string): void {
  process.stderr.write(`${shownLines(text)}\n`);
}

/** A parser for an option that takes a number; throws ValueError naming the option. */
export function number(option: string): (text: string) => number {
  return text => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw new ValueError(option, 'a number', JSON.stringify(text));
    return value;
  };
}

/** Signals that end a process, each of which may be sent again: of a user, of the system, of a terminal that is closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What is told when an output fails: as a signal is, under the name of the one that a closed pipe sends. */
const heeding = new Set<(signal: string) => void>();
const PIPE = 'SIGPIPE';

/** The first signal that came since it was heeded: null before. */
export interface Heeded {
  readonly name: string | null;
  ignore(): void;
}

/**
 * Notes the first signal to end, or that an output has failed. A second signal ends the process as it would have without
 * this; outputs that have failed go on failing, and end nothing until this is told to ignore them.
 */
export function untilSignal(): Heeded {
  let name: string | null = null;
  function note(signal: string): void {
    name ??= signal;
    for (const each of SIGNALS) process.removeListener(each, note);
  }
  for (const each of SIGNALS) process.on(each, note);
  heeding.add(note);
  return {
    get name() {
      return name;
    },
    ignore() {
      for (const each of SIGNALS) process.removeListener(each, note);
      heeding.delete(note);
    },
  };
}

/**
 * Sees to it that an output which fails ends what heeds {@link untilSignal}, or else the process. One that is closed is no
 * error: who reads `bptt sample … | head` has seen enough. Any other failure, a full disk say, is told, and the exit code is 2.
 */
export function heedOutputs(): void {
  let isTold = false;
  for (const [name, stream] of [
    ['standard output', process.stdout],
    ['standard error', process.stderr],
  ] as const) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const isClosed = error.code === 'EPIPE' || (error.code === 'EIO' && stream.isTTY);
      if (!isClosed && !isTold) {
        isTold = true;
        process.once('exit', () => {
          process.exitCode = 2;
        });
        printError(`bptt: ${new FileError(name, 'an output that can be written', reason(error, 'none')).message}`);
      }
      if (heeding.size === 0) process.exit();
      for (const note of heeding) note(PIPE);
    });
  }
}

function bar(total: number, done: number, stream: NodeJS.WriteStream): Progress {
  const bars = new MultiBar({
    stream,
    format: '{bar} {percentage}% | step {value}/{total} | {note} | {eta_formatted} left',
    barsize: 24,
    etaBuffer: 100,
    hideCursor: true,
    noTTYOutput: false,
    clearOnComplete: false,
    gracefulExit: false,
  });
  const shown = bars.create(total, done, { note: '…' });
  return {
    update(now, note) {
      shown.update(now, { note });
    },
    say(text) {
      bars.log(`${shownLines(text)}\n`);
    },
    stop() {
      bars.update(); // writes out what was said since the last redraw, which stop() would drop
      bars.stop();
    },
  };
}

function lines(total: number, stream: NodeJS.WriteStream): Progress {
  const say = (text: string) => {
    stream.write(`${shownLines(text)}\n`);
  };
  const every = Math.max(1, Math.floor(total / PLAIN_LINES));
  let last = 0;
  return {
    update(now, note) {
      if (now < total && now >= last && now - last < every) return;
      last = now;
      const percentage = Math.floor((100 * now) / total);
      say(`step ${now}/${total} (${percentage}%)  ${note}`);
    },
    say,
    stop() {},
  };
}
