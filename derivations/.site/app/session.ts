/** A training in a worker of its own: it goes, stands, writes and is kept. */
import { connectTrainer, type RemoteTrainer } from 'bptt/worker';
import { type Asked, asking } from './asking.ts';
import { Course } from './course.ts';
import { keep, type Run, whyNot } from './storage.ts';
import type { Given, Saved, Trained } from './train-messages.ts';

/** What a page is told. */
export interface Watch {
  made(trained: Trained): void;
  /** Some updates are made; some times a second. */
  went(session: Session): void;
  /** What the network writes now. */
  wrote(text: string, session: Session): void;
  /** It stands: paused, done, or since something went wrong. */
  stands(session: Session, why?: string): void;
  kept(run: Run, why?: string): void;
}

/** Milliseconds between two pictures, two samples, and two checkpoints that are kept. */
const [SHOWN, SAMPLED, KEPT] = [250, 2500, 15_000];

/** Symbols of what is held back that are foretold for a point of the curve, and streams they are read in. */
const [JUDGED, STREAMS] = [2000, 8];

export class Session {
  readonly ask: <T>(question: Asked) => Promise<T>;
  readonly #worker: Worker;
  readonly #trainer: RemoteTrainer;
  readonly #watch: Watch;
  readonly #course: Course;
  readonly #heldOut: (readonly [number, number])[];
  readonly text: Uint8Array;
  readonly #name: string;
  /** Whether the text is kept, as well. */
  #isTextKept: boolean;
  #trained: Trained | undefined;
  #goes = false;
  #keeping: Promise<void> = Promise.resolve();
  readonly id: string;
  readonly steps: number;
  step: number;

  constructor(given: Given, run: Run, { isTextKept }: { readonly isTextKept: boolean }, watch: Watch) {
    ({ id: this.id, steps: this.steps, step: this.step, name: this.#name } = run);
    this.text = given.text;
    this.#isTextKept = isTextKept;
    this.#watch = watch;
    this.#course = new Course(run.losses);
    this.#heldOut = [...run.heldOut];
    this.#worker = new Worker('train-worker.js', { type: 'module' });
    this.ask = asking(this.#worker, trained => {
      this.#trained = trained;
      watch.made(trained);
    });
    this.#trainer = connectTrainer(this.#worker, given, { steps: this.steps });
  }

  get goes(): boolean {
    return this.#goes;
  }

  get isTextKept(): boolean {
    return this.#isTextKept;
  }

  get isDone(): boolean {
    return this.step >= this.steps;
  }

  /** What there is to keep beside text and checkpoint. */
  get run(): Run {
    const { id, steps, step } = this;
    return { id, name: this.#name, when: Date.now(), step, steps, losses: this.#course.points, heldOut: this.#heldOut };
  }

  /** The loss of what is learnt from, now. */
  get loss(): number {
    return this.#course.now();
  }

  /** Trains until it is paused or done. */
  async go(): Promise<void> {
    if (this.#goes) return;
    this.#goes = true;
    const now = performance.now();
    let [shown, sampled, kept] = [now, now - SAMPLED + 400, now];
    let why: string | undefined;
    try {
      for await (const { step, loss } of this.#trainer) {
        this.step = Math.max(this.step, step); // those up to where it was last saved are heard of later
        this.#course.add(step, loss);
        const time = performance.now();
        if (time - shown > SHOWN) {
          this.#watch.went(this);
          shown = time;
        }
        if (time - sampled > SAMPLED) {
          await this.look();
          sampled = performance.now();
        }
        if (time - kept > KEPT) {
          void this.keep();
          kept = time;
        }
        if (!this.#goes) break;
      }
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    this.#goes = false;
    if (why === undefined) {
      await this.save().catch(() => {}); // from now on it is known where it stands
      await this.look().catch(() => {});
      await this.keep();
    }
    this.#watch.stands(this, why);
  }

  /** Has it stand after the next update. */
  pause(): void {
    this.#goes = false; // leaving the loop pauses the worker
  }

  /** Lets it write, and foretell what is held back. */
  async look(): Promise<void> {
    const { step } = this;
    if ((this.#trained?.heldOut ?? 0) > STREAMS && this.#heldOut.at(-1)?.[0] !== step) {
      const symbols = Math.min(JUDGED, this.#trained?.heldOut ?? 0);
      this.#heldOut.push([step, await this.#trainer.evaluate({ symbols, streams: STREAMS })]);
    }
    this.#watch.wrote(await this.#trainer.sample({ length: 240, temperature: 0.7, seed: step + 1 }), this);
    this.#watch.went(this);
  }

  /** The checkpoint: the file of `bptt train`. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const isCorpus = this.#name === 'sonnets.txt';
    const source = isCorpus ? { kind: 'corpus', name: 'sonnets' } : { kind: 'file', name: this.#name };
    const { bytes, step } = await this.ask<Saved>({ kind: 'save', source });
    this.step = Math.max(this.step, step);
    return bytes;
  }

  /**
   * Keeps it in the browser as it is now, after what is being kept of it already. What cannot be kept is said, and the training goes on all
   * the same.
   */
  keep(): Promise<void> {
    this.#keeping = this.#keeping.then(() => this.#kept());
    return this.#keeping;
  }

  async #kept(): Promise<void> {
    try {
      const checkpoint = await this.save();
      await keep(this.run, checkpoint, this.#isTextKept ? undefined : this.text);
      this.#isTextKept = true;
      this.#watch.kept(this.run);
    } catch (error) {
      this.#watch.kept(this.run, whyNot(error));
    }
  }

  /** Ends the worker. */
  end(): void {
    this.#goes = false;
    this.#trainer.stop();
  }
}
