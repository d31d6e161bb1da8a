/** What several threads do is made before a case is opened: threads have to be waited for. */
import type { Precision } from '../../lib/engine/precision.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import type { Engine } from '../../lib/models/network.ts';
import { parallel } from '../../lib/parallel/parallel.ts';
import type { Backend } from '../backends.ts';

/** The same network by so many threads, each with an engine of its own. */
export async function onThreads(network: Layer, workers: number, engine: Engine): Promise<Layer> {
  const given = engine === 'reference' || !engine.backend ? {} : { backend: engine.backend };
  return (await parallel(network, { workers, ...given })) as Layer;
}

/** One of a kind for every backend and precision that has one. */
export class Prepared<T> {
  readonly #all = new Map<string, T>();

  /** Makes all of them, one after the other. */
  async make(
    backends: readonly Backend[],
    one: (backend: Backend, precision: Precision) => Promise<T> | undefined,
  ): Promise<void> {
    for (const backend of backends) {
      for (const precision of backend.precisions) {
        const made = await one(backend, precision);
        if (made !== undefined) this.#all.set(key(backend, precision), made);
      }
    }
  }

  /** Undefined where it has not been made. */
  of(backend: Backend, precision: Precision): T | undefined {
    return this.#all.get(key(backend, precision));
  }
}

const key = ({ name }: Backend, precision: Precision): string => `${name} ${precision}`;
