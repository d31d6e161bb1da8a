/**
 * A Python process that does work: one line of JSON there, one line back, so that its rounds alternate with ours. It
 * times itself. Numbers travel as base64 of little-endian float64.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Tensors } from '../tensors.ts';

/** What the process says first: which versions it has, if any, and how many threads PyTorch would take. */
export interface Greeting {
  readonly numpy: string | null;
  /** Whose kernels numpy's OpenBLAS runs, if it has one. */
  readonly kernels: string | null;
  readonly torch: string | null;
  readonly jax: string | null;
  readonly threads: number;
}

type Reply = { readonly error?: string } & Readonly<Record<string, unknown>>;

/** From here, and from where the package has what it was bundled into. */
const SCRIPT = fileURLToPath(new URL('../../bench/peers/peers.py', import.meta.url));

/**
 * numpy's products on one thread; PyTorch is told by itself how many it gets. Threads that wait sleep: were they to spin,
 * they would run into the turns of others, and into each other where the machine has other work.
 */
const DEFAULTS = { OPENBLAS_NUM_THREADS: '1', OMP_WAIT_POLICY: 'passive' } as const;

export class Python {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #said = '';
  #ended: string | undefined;

  private constructor(command: string) {
    this.#child = spawn(command, [SCRIPT], { env: { ...DEFAULTS, ...process.env } });
    this.#child.on('error', error => {
      this.#ended = (error as NodeJS.ErrnoException).code === 'ENOENT' ? `there is no ${command}` : error.message;
    });
    this.#child.stdin.on('error', () => {}); // it has ended; the next answer says so
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.#said = (this.#said + text).slice(-2000);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts it. Rejects, with the reason, where there is no Python or the script does not run. */
  static async start(command: string): Promise<{ readonly python: Python; readonly greeting: Greeting }> {
    const python = new Python(command);
    return { python, greeting: (await python.#answer()) as unknown as Greeting };
  }

  /** Rejects with what the other side says is wrong. */
  async ask(message: object): Promise<Reply> {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    const reply = await this.#answer();
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply;
  }

  end(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }

  async #answer(): Promise<Reply> {
    const { done, value } = await this.#lines.next();
    if (!done) return JSON.parse(value) as Reply;
    const last = this.#said.trim().split('\n').at(-1);
    throw new Error(this.#ended ?? `Python has ended: ${last || 'without a word'}`);
  }
}

/** Tensors as the other side takes them. */
export function encoded(tensors: Tensors): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { buffer, byteOffset, byteLength }]) => [
      name,
      Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
    ]),
  );
}

/** Tensors as the other side gives them. */
export function decoded(values: unknown): Tensors {
  return Object.fromEntries(
    Object.entries(values as Record<string, string>).map(([name, text]) => {
      const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
      return [name, new Float64Array(bytes.buffer)];
    }),
  );
}
