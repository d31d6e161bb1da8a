/** Layers that drop features, of a network in shards: each shard has masks of its own, drawn from the layer's seed and its number. */
import { partsOf } from '../io/network-json.ts';
import type { Dropout } from '../layers/dropout.ts';
import { type Made, makingOf } from '../layers/made.ts';
import { streamSeed } from '../random.ts';
import type { Drop } from './work.ts';

/** Those of a network, in the order of its parts. */
export function dropsOf(network: Made): readonly Dropout[] {
  return Array.from(partsOf(network)).filter(part => makingOf(part)?.kind === 'dropout') as Dropout[];
}

/** How they are set. */
export function settingsOf(drops: readonly Dropout[]): readonly Drop[] {
  return drops.map(({ seed, training }) => ({ seed, training }));
}

/** Sets them as others are: in the first shard their very masks, which are those of a batch that is one shard. */
export function setDrops(drops: readonly Dropout[], as: readonly Drop[], shard: number): void {
  for (const [n, drop] of drops.entries()) {
    const { seed, training } = as[n] ?? drop;
    drop.seed = shard === 0 ? seed : streamSeed(seed, `shard ${shard}`);
    drop.training = training;
  }
}
