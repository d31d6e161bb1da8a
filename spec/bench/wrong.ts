/** The benchmark with a mistake planted in what it times: dL/dx of every layer is a thousandth too large. */
import { backends } from '../../bench/backends.ts';
import { benchCommand } from '../../bench/command.ts';
import { cells } from '../../lib/cells/index.ts';
import { perform } from '../../lib/cli/program.ts';
import { largerDx, withLayers } from './planted.ts';

await perform(benchCommand(cells, { ...backends, wasm: withLayers(largerDx) }), process.argv.slice(2));
