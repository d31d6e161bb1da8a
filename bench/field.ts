/** Who runs beside us: the peers that are there, and of them those that can do a given piece of work. */
import type { Precision } from '../lib/engine/precision.ts';
import { type Backend, reference } from './backends.ts';
import type { Opened, Work } from './cases/case.ts';
import { type Chosen, REFERENCE } from './peers/index.ts';
import type { Family, Peer, Prepared } from './peers/peer.ts';
import { deviation, type Tensors } from './tensors.ts';
import type { Contender } from './timing.ts';
import { REFERENCE_PACE } from './verify.ts';

/** A peer that is ready to be timed. */
export interface Rival extends Contender {
  readonly name: string;
  /** Whether it computes what we do. */
  readonly verified: boolean;
  /** What there is to say of it: in what it differs. */
  readonly note: string | null;
  /** Whose times alone it is held against; all of ours unless given. */
  readonly beside?: Backend;
}

/** Who is not in a race, and why. */
export interface LeftOut {
  readonly name: string;
  readonly precision: Precision;
  readonly who: string;
  readonly why: string;
}

/** The peers that are there. */
export interface Field {
  /** The families that are not, and why. */
  readonly absent: readonly { readonly family: string; readonly why: string }[];
  /** Makes everyone ready who can do this work in this precision. */
  invite(work: Race): Promise<{ readonly rivals: readonly Rival[]; readonly leftOut: readonly LeftOut[] }>;
  close(): void;
}

/** What is to be done. */
export interface Race {
  readonly name: string;
  readonly precision: Precision;
  readonly opened: Opened;
  readonly work: Work;
  /** What ours runs on. */
  readonly backends: readonly Backend[];
  /** Our result in f64, from zero states. */
  expected(): Tensors;
}

/** How far a peer may be from our f64, over the largest number of a tensor. */
const BOUNDS: Readonly<Record<Precision, number>> = { f64: 1e-9, f32: 1e-4 };

/** Opens families; work that would take a peer longer than `patience` seconds each time is not given to it. */
export async function openField(
  chosen: Chosen,
  { python, patience }: { readonly python: string | undefined; readonly patience: number },
): Promise<Field> {
  const absent: { family: string; why: string }[] = [];
  const peers: Peer[] = [];
  for (const family of chosen.families) {
    const found = await opened(family, python);
    if (typeof found === 'string') absent.push({ family: family.name, why: found });
    else for (const peer of found) peers.push(peer);
  }
  return {
    absent,
    async invite(race) {
      const { name, precision, work } = race;
      const { problem } = race.opened;
      const rivals: Rival[] = [];
      const leftOut: LeftOut[] = [];
      const ask = async (who: string, pace: number, make: () => Promise<Rival>) => {
        const seconds = work.flops / pace;
        try {
          if (seconds <= patience) rivals.push(await make());
          else leftOut.push({ name, precision, who, why: `would take ${seconds.toFixed(0)} s or so each time` });
        } catch (error) {
          leftOut.push({ name, precision, who, why: error instanceof Error ? error.message : String(error) });
        }
      };
      if (!problem) return { rivals, leftOut };
      for (const peer of peers) {
        if (peer.precision !== precision || !peer.takes(problem)) continue;
        await ask(peer.name, peer.pace, async () => rival(peer, await peer.prepare(problem), race.expected()));
      }
      if (chosen.reference && precision === 'f64' && !race.backends.includes(reference)) {
        await ask(REFERENCE, REFERENCE_PACE, async () => {
          const { run, drop } = race.opened.ours(reference, 'f64');
          return { name: REFERENCE, verified: true, note: null, run, ...(drop && { drop }) };
        });
      }
      return { rivals, leftOut };
    },
    close() {
      for (const family of chosen.families) family.close();
    },
  };
}

async function opened(family: Family, python: string | undefined): Promise<readonly Peer[] | string> {
  try {
    return await family.open({ python });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function rival({ name, precision }: Peer, { run, drop, result, differs }: Prepared, expected: Tensors): Rival {
  const contender = { name, run, ...(drop && { drop }) };
  if (!result) return { ...contender, verified: false, note: differs ?? 'its result is not known' };
  const { tensor, worst } = deviation(result, expected, { whole: false });
  if (worst <= BOUNDS[precision]) return { ...contender, verified: true, note: differs ?? null };
  return { ...contender, verified: false, note: `its ${tensor} deviates by ${worst.toExponential(1)}` };
}
