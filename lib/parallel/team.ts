/** All that work on one network: this thread, and others. */
import type { Blas } from '../engine/blas.ts';
import type { Backend } from '../engine/options.ts';
import { ValueError } from '../errors.ts';
import { networkJson } from '../io/network-json.ts';
import type { Made } from '../layers/made.ts';
import { describe } from '../require.ts';
import { type Crew, crewOf } from './crew.ts';
import { cellsAt, cellsIn } from './equipment.ts';
import { type Came, type Equipment, Hand } from './hand.ts';
import type { BackendRequest, NetworkRequest, Work } from './work.ts';

/** Who does each shard of a pass: a number of the crew's, or this thread. */
export type Assignment = readonly number[];

const HERE = -1;

/** What a network needs that is not in its JSON. */
export interface Given {
  readonly backend?: Backend;
  /** The address of a module with cells. */
  readonly cells?: string;
}

/** What is the same in all that is asked of one network at once. */
type Common = Pick<Work, 'network'>;

export class Team {
  readonly #crew: Crew;
  readonly #definition: NetworkRequest;
  readonly #hand = new Hand();

  private constructor(crew: Crew, definition: NetworkRequest, given: Equipment) {
    this.#crew = crew;
    this.#definition = definition;
    this.#hand.learn(definition, given);
    left.register(this, { crew, network: definition.network });
  }

  /**
   * So many workers on a network, this thread among them.
   *
   * @throws ValueError when the backend is none that other threads can have, too; else as `startThread`.
   */
  static async of(workers: number, network: Made, { backend, cells }: Given): Promise<Team> {
    const json = networkJson(network, 'network');
    const definition = { kind: 'network', network: ++networks, json, backend: elsewhere(backend), cells } as const;
    const given = { backend, cells: { ...cellsIn(network), ...(await cellsAt(cells)) } };
    return new Team(await crewOf(workers - 1), definition, given);
  }

  /** Each of those who are at work has neighbouring shards, as many as the others. */
  assign(shards: number): Assignment {
    const hands = [HERE, ...this.#crew.atWork];
    const count = Math.min(hands.length, shards);
    return Array.from({ length: shards }, (_, n) => hands[Math.floor((n * count) / shards)] ?? HERE);
  }

  /**
   * Has something done for every shard, and waits for it.
   *
   * @returns what came out of a shard that was done here.
   * @throws WorkerError when a thread has ended, or gives no sign of life; else the first error that a thread met.
   */
  do<Part>(
    assignment: Assignment,
    parts: readonly Part[],
    work: (common: Common, parts: readonly Part[]) => Work,
  ): Came {
    const common = { network: this.#definition.network };
    const shareOf = (hand: number) =>
      work(
        common,
        parts.filter((_, n) => assignment[n] === hand),
      );
    const others = new Set(assignment.filter(hand => hand !== HERE));
    try {
      for (const hand of others) this.#crew.ask(hand, this.#definition, shareOf(hand));
      return this.#hand.do(shareOf(HERE)) ?? { T: 0, narrow: false };
    } finally {
      this.#crew.wait();
    }
  }

  /** Has a pass forgotten. */
  release(pass: number): void {
    const request = { kind: 'release', network: this.#definition.network, pass } as const;
    this.#hand.do(request);
    this.#crew.tell(request);
  }
}

/** Networks so far, of this program. */
let networks = 0;

/** Teams that are collected: others need their network no more. */
const left = new FinalizationRegistry<{ readonly crew: Crew; readonly network: number }>(({ crew, network }) =>
  crew.tell({ kind: 'forget', network }),
);

/** How another thread gets at a backend: it cannot be handed over, since it is functions. */
function elsewhere(backend: Backend | undefined): BackendRequest | undefined {
  if (backend === undefined) return undefined;
  const { library, threads } = backend as Partial<Blas>;
  if (typeof library?.path !== 'string') throw new ValueError('backend', 'one of blas()', describe(backend));
  return { library: library.path, ...(threads !== undefined && { threads }) };
}
