/** What `bptt check` knows how to check. */
import type { Cell } from '../cells/cell.ts';
import { checkCell } from '../check/check-cell.ts';
import { checkLayer } from '../check/check-layer.ts';
import { checkLoss } from '../check/check-loss.ts';
import type { GradientReport } from '../check/finite-differences.ts';
import type { Layer } from '../layers/layer.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { unroll } from '../layers/unroll.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import type { Random } from '../random.ts';
import { requireSize } from '../require.ts';

/** Something with gradients. */
export interface Subject {
  readonly kind: 'cell' | 'layer' | 'loss';
  readonly name: string;
  check(seed: number): GradientReport;
}

/** Every cell, layer and loss; the cells in the topology asked for. */
export function subjects(
  cells: Readonly<Record<string, Cell>>,
  { layers = 1, bidirectional = false }: { readonly layers?: number; readonly bidirectional?: boolean },
): readonly Subject[] {
  requireSize('layers', layers);
  const simple = layers === 1 && !bidirectional;
  return [
    ...Object.values(cells).map(
      (cell): Subject => ({
        kind: 'cell',
        name: cell.name,
        check: seed =>
          simple ? checkCell(cell, { seed }) : checkLayer(topology(cell, layers, bidirectional), { seed }),
      }),
    ),
    ...layersToCheck(),
    ...lossesToCheck(),
  ];
}

function topology(cell: Cell, layers: number, _bidirectional: boolean): Layer {
  const m = 4;
  const built = Array.from({ length: layers }, (_, l) => [`layer${l + 1}`, unroll(cell, { d: l === 0 ? 3 : m, m })]);
  return stack(Object.fromEntries(built));
}

function layersToCheck(): Subject[] {
  const layer = (name: string, make: () => Layer): Subject => ({
    kind: 'layer',
    name,
    check: seed => checkLayer(make(), { seed }),
  });
  return [layer('readout', () => readout({ m: 4, C: 3 }))];
}

function lossesToCheck(): Subject[] {
  const classes = ({ T, B, F }: { T: number; B: number; F: number }, rng: Random) =>
    Array.from({ length: T * B }, () => Math.floor(F * rng.uniform()));
  return [{ kind: 'loss', name: crossEntropy.name, check: seed => checkLoss(crossEntropy, { seed, target: classes }) }];
}
