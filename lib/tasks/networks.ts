/** Networks of the tasks. */
import type { Cell } from '../cells/cell.ts';
import { linear } from '../engine/linear.ts';
import { recurrent } from '../engine/recurrent.ts';
import { forgetBias, uniformOverRoot } from '../init/initialisers.ts';
import { bidirectional } from '../layers/bidirectional.ts';
import { embedding } from '../layers/embedding.ts';
import type { Layer } from '../layers/layer.ts';
import { lastStep } from '../layers/pool.ts';
import { stack } from '../layers/stack.ts';
import type { ParamSet } from '../params.ts';
import { Random } from '../random.ts';
import type { Settings } from './task.ts';

/** What a network is asked for. */
export interface Wanted {
  readonly inputs: number;
  readonly outputs: number;
  /** Whether inputs are symbols, which get a vector each. */
  readonly symbols: boolean;
  readonly cell: Cell;
  readonly settings: Settings;
}

/** A vector of one sequence as a whole, of what stands at its last step. */
export function ofSequences({ outputs, ...wanted }: Wanted): Layer {
  const below = recurrents(wanted);
  const top = below.at(-1)?.[1].outputs ?? 0;
  return begun([...below, ['last', lastStep(top)], ['out', linear({ m: top, C: outputs })]], wanted.settings);
}

/** A vector of every step, of what comes before it. */
export function ofSteps({ outputs, ...wanted }: Wanted): Layer {
  const below = recurrents(wanted);
  return begun([...below, ['out', linear({ m: below.at(-1)?.[1].outputs ?? 0, C: outputs })]], wanted.settings);
}

/** A vector of every step, of what comes before it and behind. */
export function ofStepsBothWays({ outputs, inputs, symbols, cell, settings }: Wanted): Layer {
  const e = symbols ? Math.min(inputs, settings.hidden) : inputs;
  const way = () => stack(Object.fromEntries(recurrents({ inputs: e, symbols: false, cell, settings })));
  const both = bidirectional({ forward: way(), backward: way() });
  return begun(
    [
      ...(symbols ? [['embedding', embedding({ C: inputs, e })] as const] : []),
      ['both', both],
      ['out', linear({ m: both.outputs, C: outputs })],
    ],
    settings,
  );
}

type NamedLayers = readonly (readonly [string, Layer])[];

/** Recurrent layers on top of each other; where inputs are symbols, on a vector of each. */
function recurrents({ inputs, symbols, cell, settings }: Omit<Wanted, 'outputs'>): NamedLayers {
  const { hidden: m, layers } = settings;
  const e = Math.min(inputs, m);
  const below: (readonly [string, Layer])[] = symbols ? [['embedding', embedding({ C: inputs, e })]] : [];
  for (let n = 1; n <= layers; n++) {
    const d = below.at(-1)?.[1].outputs ?? inputs;
    below.push([layers === 1 ? 'cell' : `cell${n}`, recurrent(cell, { d, m })]);
  }
  return below;
}

function begun(layers: NamedLayers, settings: Settings): Layer {
  const net = stack(Object.fromEntries(layers));
  initialise(net.params, settings);
  return net;
}

/** First parameters, as PyTorch draws them, with the memory of gates open. */
export function initialise(params: ParamSet, { hidden, seed }: Settings): void {
  uniformOverRoot(hidden)(params, new Random(seed));
  if (Object.keys(params.keeps).length > 0) forgetBias(params);
}
