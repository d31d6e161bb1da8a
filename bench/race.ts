/** One case in one precision: ours verified, the peers made ready, all of them timed in turns. */

import type { Precision } from '../lib/engine/precision.ts';
import { wideVectors } from '../lib/engine/wide.ts';
import { BpttError } from '../lib/errors.ts';
import { allocated } from './allocation.ts';
import type { Backend } from './backends.ts';
import type { Case, Opened, Verification } from './cases/case.ts';
import type { Field, LeftOut } from './field.ts';
import { peakMemory } from './memory.ts';
import type { PeerTime, Refused, Row } from './report.ts';
import type { Tensors } from './tensors.ts';
import { type Timing, timed } from './timing.ts';
import { Verifier } from './verify.ts';

/** A row before it is known what the machine can do at most. */
export type Measured = Omit<Row, 'share' | 'bandwidthShare'>;

/** What came of it. */
export interface Outcome {
  readonly rows: Measured[];
  readonly refused: Refused[];
  readonly leftOut: LeftOut[];
}

/** How it is run. */
export interface RaceOptions {
  readonly backends: readonly Backend[];
  readonly rounds: number;
  readonly field: Field;
  stopped(): boolean;
}

/** A backend whose result is right. */
interface Entrant {
  readonly backend: Backend;
  readonly verified: Omit<Verification, 'ok'>;
  readonly peakMemory: number | null;
}

/** A case whose numbers are drawn, for its races in one precision after the other. */
export class Races {
  readonly #case: Case;
  readonly #opened: Opened;
  readonly #verifier: Verifier;
  #expected: Tensors | undefined;

  constructor(which: Case) {
    this.#case = which;
    this.#opened = which.open();
    this.#verifier = new Verifier(this.#opened, which.work);
  }

  async run(precision: Precision, { backends, rounds, field, stopped }: RaceOptions): Promise<Outcome> {
    const { name, work } = this.#case;
    const outcome: Outcome = { rows: [], refused: [], leftOut: [] };
    const entrants: Entrant[] = [];
    for (const backend of backends) {
      if (!backend.precisions.includes(precision)) continue;
      const entrant = this.#enter(backend, precision, outcome);
      if (entrant) entrants.push(entrant);
    }
    const [first] = entrants;
    if (!first || stopped()) return outcome;
    const expected = () => this.#resultOf(first.backend);
    const { rivals, leftOut } = await field.invite({
      ...{ name, precision, opened: this.#opened, work, backends, expected },
    });
    for (const left of leftOut) outcome.leftOut.push(left);
    const ours = entrants.map(({ backend }) => this.#opened.ours(backend, precision));
    const all = [...ours, ...rivals];
    const timings = await timed(all, rounds, stopped);
    const bytes: number[] = [];
    if (timings && this.#case.trains) for (const one of ours) bytes.push(await allocated(one));
    for (const contender of all) contender.drop?.();
    if (!timings) return outcome;
    entrants.forEach(({ backend, verified, peakMemory }, n) => {
      const timing = timings[n];
      if (!timing) return;
      const peers = rivals.flatMap(({ name, verified, note, beside }, r): PeerTime[] => {
        if (beside && beside !== backend) return [];
        const theirs = timings[ours.length + r];
        return theirs ? [{ name, ...theirs, ratio: theirs.ms / timing.ms, verified, note }] : [];
      });
      const wide = backend.kernels !== undefined && wideVectors();
      const workers = this.#case.workers ?? backend.threads?.count ?? 1;
      const figures = { name, backend: backend.name, precision, workers, wide, ...timing, ...this.#speed(timing) };
      outcome.rows.push({ ...figures, peakMemory, allocated: bytes[n] ?? null, verified, peers });
    });
    return outcome;
  }

  #enter(backend: Backend, precision: Precision, outcome: Outcome): Entrant | undefined {
    const { name } = this.#case;
    try {
      const { ok, ...verified } = this.#verifier.verify(backend, precision);
      if (ok) return { backend, verified, peakMemory: peakMemory(this.#opened, backend, precision) };
      outcome.refused.push({ name, backend: backend.name, precision, ...verified });
    } catch (error) {
      if (!(error instanceof BpttError)) throw error;
      outcome.leftOut.push({ name, precision, who: backend.name, why: error.message });
    }
    return undefined;
  }

  #speed({ ms }: Timing): Pick<Row, 'gflops' | 'tokensPerSecond'> {
    const { flops, tokens } = this.#case.work;
    return { gflops: flops / ms / 1e6, tokensPerSecond: tokens === undefined ? null : (1000 * tokens) / ms };
  }

  #resultOf(backend: Backend): Tensors {
    if (!this.#expected) {
      const ours = this.#opened.ours(backend, 'f64');
      this.#expected = ours.result({ states: false });
      ours.drop?.();
    }
    return this.#expected;
  }
}
