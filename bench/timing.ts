/** Times of several contenders, taken in turns so that what disturbs the machine disturbs all of them. */
import { setImmediate as breathe } from 'node:timers/promises';

/** Whoever does the work. */
export interface Contender {
  /** Does the work so many times, and says how many milliseconds that took in all. */
  run(times: number): number | Promise<number>;
  /** Gives back what was taken for it. */
  drop?(): void;
}

/** Milliseconds a time over some rounds: the median, and the quartiles. */
export interface Timing {
  readonly ms: number;
  readonly spread: readonly [lower: number, upper: number];
  readonly rounds: number;
}

/** Milliseconds that a contender's turn is to last: shorter work is done several times. */
const TURN = 30;
/** Work that takes longer than this is warm from the turn before, and cold work would not show. */
const SHORT = 100;
/** Work that takes longer than this is timed in the first two rounds only. */
const SLOW = 1000;

/**
 * Warms every contender up, and times each once a round, the first of a round another one each time.
 *
 * @param stopped is asked between turns; when it says so, there are no times.
 */
export async function timed(
  contenders: readonly Contender[],
  rounds: number,
  stopped: () => boolean = () => false,
): Promise<readonly Timing[] | undefined> {
  const paces: number[] = [];
  for (const contender of contenders) {
    if (stopped()) return undefined;
    paces.push(await pace(contender));
    await breathe();
  }
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const n = (turn + round) % contenders.length;
      const [contender, ms = 0] = [contenders[n], paces[n]];
      if (!contender || (ms > SLOW && round >= 2)) continue;
      if (stopped()) return undefined;
      if (ms < SHORT) await contender.run(1); // others had the caches
      const repeats = Math.min(1000, Math.max(1, Math.round(TURN / ms)));
      times[n]?.push((await contender.run(repeats)) / repeats);
      await breathe();
    }
  }
  return times.map(summary);
}

/** Median and quartiles, between two values where they fall there. */
export function summary(values: readonly number[]): Timing {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => {
    const place = part * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
    return low + (place - Math.floor(place)) * (high - low);
  };
  return { ms: at(0.5), spread: [at(0.25), at(0.75)], rounds: values.length };
}

/** Milliseconds a time once warm. */
async function pace(contender: Contender): Promise<number> {
  const first = await contender.run(1);
  if (first > SLOW) return first;
  let [fastest, spent] = [first, first];
  for (let n = 0; n < 3 || (spent < 2 * TURN && n < 200); n++) {
    const ms = await contender.run(1);
    fastest = Math.min(fastest, ms);
    spent += ms;
  }
  return fastest;
}
