/** The benchmark with a mistake planted in what it times: dL/dx of every layer is a thousandth too large. */
import { backends } from '../../bench/backends.ts';
import { benchCommand } from '../../bench/command.ts';
import { main } from '../../bench/entry.ts';
import { largerDx, withLayers } from './planted.ts';

await main(benchCommand({ ...backends, wasm: withLayers(largerDx) }));
