/** All that work on one network: this thread, and others. */
import type { Blas } from '../engine/blas.ts';
import type { Backend } from '../engine/options.ts';
import { ValueError } from '../errors.ts';
import { networkJson } from '../io/network-json.ts';
import type { Made } from '../layers/made.ts';
import { describe } from '../require.ts';
import { part, type Steps } from '../steps.ts';
import type { Port } from '../worker/port.ts';
import { type Assignment, type Desk, HERE } from './desks.ts';
import { cellsAt, cellsIn } from './equipment.ts';
import { type Came, type Equipment, Hand } from './hand.ts';
import type { Answer, Helpers } from './helpers.ts';
import { helpersOf, type Sight } from './pools.ts';
import type { BackendRequest, Memory, NetworkRequest, Part, Work } from './work.ts';

/** What a network needs that is not in its JSON. */
export interface Given {
  readonly backend?: Backend;
  /** The address of a module with cells. */
  readonly cells?: string;
  readonly helper?: () => Port;
  /** How workers see what they work on. */
  readonly memory?: Sight;
}

/** What is the same in all that is asked of one network at one desk. */
type Common = Pick<Work, 'network' | 'memory'>;

export class Team {
  readonly #helpers: Helpers;
  readonly #network: number;
  readonly #hand = new Hand();

  private constructor(helpers: Helpers, definition: NetworkRequest, given: Equipment) {
    this.#helpers = helpers;
    this.#network = definition.network;
    this.#hand.learn(definition, given);
    left.register(this, { helpers, network: definition.network });
  }

  /**
   * So many workers on a network, this thread among them, when all have learnt of it.
   *
   * @throws ValueError when the backend is none that other threads can have, too; else as `helpersOf` and `Helpers.teach`.
   */
  static async of(workers: number, network: Made, { backend, cells, helper, memory }: Given): Promise<Team> {
    const json = networkJson(network, 'network');
    const definition = { kind: 'network', network: ++networks, json, backend: elsewhere(backend), cells } as const;
    const given = { backend, cells: { ...cellsIn(network), ...(await cellsAt(cells)) } };
    const helpers = await helpersOf(workers - 1, memory, helper);
    try {
      await helpers.teach(definition);
    } catch (error) {
      helpers.tell({ kind: 'forget', network: definition.network });
      throw error;
    }
    return new Team(helpers, definition, given);
  }

  /** Whether all hands see this thread's memory. */
  get share(): boolean {
    return this.#helpers.share;
  }

  /**
   * Each of those who are at work has neighbouring parts, as many as the others. Where others have to be awaited, and are not
   * to be, this thread does all.
   */
  assign(parts: readonly Part[]): Steps<Assignment> {
    const among = (hands: readonly number[]): Assignment => {
      const count = Math.min(hands.length, parts.length);
      return new Map(parts.map(({ shard }, n) => [shard, hands[Math.floor((n * count) / parts.length)] ?? HERE]));
    };
    const amongAll = () => among([HERE, ...this.#helpers.atWork]);
    return part(() => (this.share ? amongAll() : among([HERE])), amongAll);
  }

  /**
   * Has something done for every part, and waits for it: then the desks have their memory again.
   *
   * @returns what came out of a part that was done here.
   * @throws ValueError when others have to be awaited, and are not to be; WorkerError when a thread has ended; else the first error
   * that a thread met.
   */
  *do<Laid extends Part>(
    desks: readonly Desk<Laid>[],
    assignment: Assignment,
    work: (common: Common, parts: readonly Laid[]) => Work,
  ): Steps<Came> {
    yield* part(
      () => this.#requireReach(assignment),
      () => {},
    );
    const network = this.#network;
    const workOf = (desk: Desk<Laid>, hand: number) =>
      work({ network, memory: desk.memory }, desk.of(hand, assignment));
    const answers: Answer[] = [];
    let here: Work | undefined;
    try {
      for (const desk of desks) {
        for (const hand of desk.hands) {
          if (hand === HERE) here = workOf(desk, hand);
          else this.#ask(desk, hand, workOf(desk, hand), answers);
        }
      }
      return (here && this.#hand.do(here)) ?? { T: 0, narrow: false };
    } finally {
      yield* this.#helpers.wait(answers);
    }
  }

  /** Asks another hand; what it will answer, where memory is handed over, is added to the answers. */
  #ask<Laid extends Part>(desk: Desk<Laid>, hand: number, work: Work, answers: Answer[]): void {
    const comesBack = (memory: Memory) => {
      desk.memory = memory;
      return memory;
    };
    const answer = this.#helpers.ask(hand, work);
    if (answer) answers.push(answer.then(comesBack));
  }

  /** Whether those who do shards need not be awaited: they share memory with this thread, or are this thread. */
  reaches(assignment: Assignment): boolean {
    return this.share || Array.from(assignment.values()).every(hand => hand === HERE);
  }

  #requireReach(assignment: Assignment): void {
    if (this.reaches(assignment)) return;
    const got = 'one that other workers have, who share no memory and have to be awaited';
    throw new ValueError('tape', 'one of forward, or backwardAsync', got);
  }

  /** Has a pass forgotten. */
  release(pass: number): void {
    const request = { kind: 'release', network: this.#network, pass } as const;
    this.#hand.do(request);
    this.#helpers.tell(request);
  }
}

/** Networks so far, of this program. */
let networks = 0;

/** Teams that are collected: others need their network no more. */
const left = new FinalizationRegistry<{ readonly helpers: Helpers; readonly network: number }>(({ helpers, network }) =>
  helpers.tell({ kind: 'forget', network }),
);

/** How another thread gets at a backend: it cannot be handed over, since it is functions. */
function elsewhere(backend: Backend | undefined): BackendRequest | undefined {
  if (backend === undefined) return undefined;
  const { library, threads } = backend as Partial<Blas>;
  if (typeof library?.path !== 'string') throw new ValueError('backend', 'one of blas()', describe(backend));
  return { library: library.path, ...(threads !== undefined && { threads }) };
}
