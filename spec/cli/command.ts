/**
 * The `bptt` command as a user runs it: a process of its own, in a folder of its own. However many tests ask at once, two
 * run at a time. What is left when the tests of a file are done, processes and folders, goes (`spec/ends.ts`).
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MAIN } from '../build.ts';
import { atEnd } from '../ends.ts';
import { ROOT } from '../examples.ts';

/** How a process ended, and all that it wrote. */
export interface Outcome {
  /** The exit code; null where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is running. */
export interface Running {
  readonly pid: number | undefined;
  /** Waits until `condition` holds, given what standard error got so far; throws when the process ends before it. */
  until(condition: (stderr: string) => boolean): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Outcome>;
}

/** Runs `bptt ARGS` in `folder` to its end. */
export async function bptt(folder: string, ...args: readonly string[]): Promise<Outcome> {
  const { ended } = await start(folder, ...args);
  return ended;
}

/** Starts `bptt ARGS` in `folder`, as soon as fewer than two are running. */
export function start(folder: string, ...args: readonly string[]): Promise<Running> {
  return launch(folder, [], args);
}

/**
 * Runs `bptt ARGS` in `folder` to its end, and sends it a signal once it has written a line with such a beginning to standard error: neither
 * before nor much later, however busy the machine. It has gone on then, as far as it goes without a turn for signals, which it hears after
 * that. A line with the signal's name says that it was sent.
 */
export async function signalled(
  folder: string,
  [signal, beginning]: readonly [NodeJS.Signals, string],
  ...args: readonly string[]
): Promise<Outcome> {
  const send = `const { stderr } = process, write = stderr.write.bind(stderr);
    let send = () => write('${signal}\\n') && process.kill(process.pid, '${signal}');
    stderr.write = (text, ...more) => {
      if (send && text.startsWith('${beginning}')) setImmediate(send, (send = undefined));
      return write(text, ...more);
    };`;
  const { ended } = await launch(folder, ['--import', `data:text/javascript,${encodeURIComponent(send)}`], args);
  return ended;
}

async function launch(folder: string, flags: readonly string[], args: readonly string[]): Promise<Running> {
  await turn();
  const child = spawn(process.execPath, [...flags, MAIN, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  atEnd(endAll);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  let over = false;
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      over = true;
      children.delete(child);
      passTurn();
      resolve({ status, signal, stdout, stderr });
    });
  });
  return {
    pid: child.pid,
    async until(condition) {
      while (!condition(stderr)) {
        if (over) throw new Error(`bptt ${args.join(' ')} has ended: ${stdout}${stderr}`);
        await pause(POLL);
      }
    },
    kill: signal => child.kill(signal),
    ended,
  };
}

/**
 * Runs `bptt ARGS` in `folder` to its end, in a process that has run others before: for commands that are not ended by
 * signals, and do not look at how they were started. One runs at a time.
 */
export function inTurn(folder: string, ...args: readonly string[]): Promise<Outcome> {
  const outcome = last.then(async () => {
    server ??= await startServer();
    const answer = answerOf<Outcome>(server);
    server.send({ folder, args });
    return answer;
  });
  last = outcome.catch(() => {});
  return outcome;
}

async function startServer(): Promise<ChildProcess> {
  // Not in the repository, whose tsconfig.json has modules find the sources of the library instead of what runs.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const child = fork(join(ROOT, 'spec/cli/server.ts'), { cwd: tmpdir(), execArgv: ['--import', tsx] });
  await answerOf(child);
  return child;
}

/** The next message of a process; fails when it ends before. */
function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the process that runs commands has ended'));
    child.once('exit', ended);
    child.once('message', message => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

/** A new, empty folder. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bptt-cli-'));
  folders.push(folder);
  atEnd(endAll);
  return folder;
}

/** Every file and folder below `folder` by its path: a file's hash, of a folder only that it is there. */
export function snapshot(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    paths.sort().map(path => {
      const whole = join(folder, path);
      return [
        path,
        statSync(whole).isDirectory() ? 'a folder' : createHash('sha256').update(readFileSync(whole)).digest('hex'),
      ];
    }),
  );
}

/** The lines of an output, of which every one must be ended. */
export function linesOf(output: string): string[] {
  if (output === '') return [];
  if (!output.endsWith('\n')) throw new Error(`the last line is not ended: ${JSON.stringify(output)}`);
  return output.slice(0, -1).split('\n');
}

/** Milliseconds between two looks at a condition. */
const POLL = 15;
const AT_ONCE = 2;

/** For all files of a worker, and as long as it. */
let server: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();
const children = new Set<ChildProcess>();
const folders: string[] = [];
const waiting: (() => void)[] = [];
let taken = 0;

function turn(): Promise<void> {
  if (taken < AT_ONCE) {
    taken += 1;
    return Promise.resolve();
  }
  return new Promise(resolve => waiting.push(resolve));
}

function passTurn(): void {
  const next = waiting.shift();
  if (next) next();
  else taken -= 1;
}

function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
