/** What `bptt check` knows how to check. */
import type { Cell, CellSize } from '../../cells/cell.ts';
import { conditioned } from '../../cells/conditioned.ts';
import { gru } from '../../cells/gru.ts';
import { lstm } from '../../cells/lstm.ts';
import { rnn } from '../../cells/rnn.ts';
import { fitting } from '../../cells/sizes.ts';
import { traceFixed } from '../../cells/trace.ts';
import { type CheckCellOptions, checkCell } from '../../check/check-cell.ts';
import { type CheckLayerOptions, checkLayer } from '../../check/check-layer.ts';
import { type CheckLossOptions, checkLoss } from '../../check/check-loss.ts';
import type { CheckReport } from '../../check/report.ts';
import { explain } from '../../engine/recurrent.ts';
import type { Attentive } from '../../layers/attention/attentive.ts';
import { bahdanau } from '../../layers/attention/bahdanau.ts';
import { luong } from '../../layers/attention/luong.ts';
import { bidirectional } from '../../layers/bidirectional.ts';
import { bridge } from '../../layers/bridge.ts';
import { delay } from '../../layers/delay.ts';
import { dropout } from '../../layers/dropout.ts';
import { embedding } from '../../layers/embedding.ts';
import type { Layer } from '../../layers/layer.ts';
import { lastStep, maxOverTime, meanOverTime } from '../../layers/pool.ts';
import { readout } from '../../layers/readout.ts';
import { stack } from '../../layers/stack.ts';
import { unroll } from '../../layers/unroll.ts';
import { windowInput, windowOutput } from '../../layers/windows.ts';
import { binaryCrossEntropy } from '../../losses/binary-cross-entropy.ts';
import { crossEntropy } from '../../losses/cross-entropy.ts';
import type { Loss } from '../../losses/loss.ts';
import { rankingLoss } from '../../losses/ranking.ts';
import { squaredError } from '../../losses/squared-error.ts';
import { type EncoderDecoder, type EncoderDecoderTape, encoderDecoder } from '../../models/encoder-decoder.ts';
import { Sequence } from '../../sequence.ts';

/** The problem that a subject is checked on, where it is told: inputs, units and what the loss looks at are a cell's alone. */
export type On = Pick<CheckCellOptions, 'T' | 'B' | 'd' | 'm' | 'initial' | 'cotangents'> & { readonly seed: number };

/** What of it is asked of layers and losses too. */
export const stepsOf = ({ seed, T, B }: On): Pick<CheckLayerOptions, 'seed' | 'T' | 'B'> => ({
  seed,
  ...(T !== undefined && { T }),
  ...(B !== undefined && { B }),
});

/** Something with gradients. */
export interface Subject {
  readonly kind: 'cell' | 'layer' | 'loss';
  readonly name: string;
  check(on: On): CheckReport;
  /** How the engine runs it, of a cell. */
  runs?(): string;
}

/** What a cell is asked with: the sizes that it is checked with. */
export const runsOf = (cell: Cell) => (): string => explain(cell, { d: 4, m: 5 });

/** Every cell, layer and loss; the cells in the topology asked for. */
export function subjects(
  cells: Readonly<Record<string, Cell>>,
  { layers = 1, bidirectional = false }: { readonly layers?: number; readonly bidirectional?: boolean },
): readonly Subject[] {
  const simple = layers === 1 && !bidirectional;
  return [
    ...Object.values(cells).map(
      (cell): Subject => ({
        kind: 'cell',
        name: cell.name,
        check: on =>
          simple ? checkCell(cell, on) : checkLayer(topology(cell, layers, bidirectional, on), stepsOf(on)),
        runs: runsOf(cell),
      }),
    ),
    ...layersToCheck(),
    ...lossesToCheck(),
  ];
}

/** A cell unrolled, in as many layers as asked for, in one direction or both. */
export function topology(cell: Cell, layers: number, both: boolean, asked: Partial<CellSize> = {}): Layer {
  const size = fitting(cell, { d: asked.d ?? 3, m: asked.m ?? 4 });
  const built: Record<string, Layer> = {};
  let { d } = size;
  for (let l = 1; l <= layers; l++) {
    const one = () => unroll(cell, fitting(cell, { d, m: size.m }, 'd'));
    const layer = both ? bidirectional({ forward: one(), backward: one() }) : one();
    built[`layer${l}`] = layer;
    d = layer.outputs;
  }
  return stack(built);
}

function layersToCheck(): Subject[] {
  const layer = (name: string, make: () => Layer, options: CheckLayerOptions = {}): Subject => ({
    kind: 'layer',
    name,
    check: on => checkLayer(make(), { ...options, ...stepsOf(on) }),
  });
  const [F, m] = [3, 4];
  const both = () => ({ forward: unroll(lstm, { d: F, m }), backward: unroll(gru, { d: F, m }) });
  return [
    layer('conditioned', () => unroll(conditioned(rnn, { k: 2, when: 'always' }), { d: F, m })),
    layer('conditioned-first', () => unroll(conditioned(lstm, { k: 2, when: 'first' }), { d: F, m })),
    layer('trace-fixed', () => unroll(traceFixed([0.5, 0.8, 0.9, 0.99]), { d: F, m })),
    layer('stack', () => stack({ low: unroll(rnn, { d: F, m }), high: unroll(lstm, { d: m, m }) })),
    layer('stack-one-hot', () => stack({ low: unroll(lstm, { d: F, m }), out: readout({ m, C: 2 }) }), {
      oneHot: true,
    }),
    layer('bidirectional-concat', () => bidirectional(both())),
    layer('bidirectional-sum', () => bidirectional({ ...both(), merge: 'sum' })),
    layer('readout', () => readout({ m, C: 3 })),
    layer('embedding', () => embedding({ C: F, e: 2 })),
    layer('embedding-one-hot', () => embedding({ C: F, e: 2 }), { oneHot: true }),
    layer('last-step', () => lastStep(F)),
    layer('mean-over-time', () => meanOverTime(F)),
    layer('max-over-time', () => maxOverTime(F)),
    layer('window-input', () => windowInput({ F, N: 3 })),
    layer('window-output', () => windowOutput({ C: 2, N: 3 })),
    layer('window-output-learned', () => windowOutput({ C: 2, N: 3, offset: 1, beta: 'learned' })),
    layer('delay', () => delay({ F })),
    layer('dropout', () => dropout({ F, rate: 0.4, seed: 3 }), { independent: false }),
    layer('encoder-decoder', () => teacherForced(translator(F, m)), { independent: false }),
    layer('bahdanau', () => teacherForced(bahdanauTranslator(F, m)), { independent: false }),
    layer('luong', () => teacherForced(luongTranslator(F, m)), { independent: false }),
  ];
}

type Model = EncoderDecoder<Layer | Attentive>;

/** Classes that the translators' targets are of. */
const C = 2;

function translator(F: number, m: number): Model {
  return encoderDecoder<Layer | Attentive>({
    encoder: stack({ gru: unroll(gru, { d: F, m }) }),
    decoder: stack({ gru: unroll(gru, { d: C, m }), out: readout({ m, C }) }),
  });
}

/** With attention before each step, and a bridge. */
function bahdanauTranslator(F: number, m: number): Model {
  const encoder = unroll(gru, { d: F, m });
  const decoder = bahdanau({ layer: unroll(gru, { d: C + m, m }), k: m, a: m, top: readout({ m: 2 * m, C }) });
  return encoderDecoder<Layer | Attentive>({ encoder, decoder, bridge: bridge({ from: encoder, to: decoder }) });
}

/** With attention after each step. */
function luongTranslator(F: number, m: number): Model {
  return encoderDecoder<Layer | Attentive>({
    encoder: unroll(gru, { d: F, m }),
    decoder: luong({ layer: unroll(gru, { d: C, m }), F: m, top: readout({ m, C }) }),
  });
}

/** An encoder–decoder as a layer over its source, its target given. */
function teacherForced(model: Model): Layer {
  const { name, params, equations, encoder } = model;
  const target = Sequence.oneHot([0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1], { T: 4, B: 3, classes: C, lengths: [4, 2, 3] });
  return {
    name,
    params,
    inputs: encoder.inputs,
    outputs: C,
    state: encoder.state,
    equations: { ...equations, ...encoder.equations },
    forward: (source, s0) => model.forward(source, target, s0),
    backward(tape: EncoderDecoderTape, dy, dsT) {
      const { dsource: dx, ds0 } = model.backward(tape, dy, dsT);
      return { dx, ds0 };
    },
  };
}

function lossesToCheck(): Subject[] {
  const loss = <Target, Tape>(of: Loss<Target, Tape>, target: CheckLossOptions<Target>['target']): Subject => ({
    kind: 'loss',
    name: of.name,
    check: on => checkLoss(of, { ...stepsOf(on), target }),
  });
  const classes: CheckLossOptions<number[]>['target'] = ({ T, B, F }, rng) =>
    Array.from({ length: T * B }, () => Math.floor(F * rng.uniform()));
  const sequence: CheckLossOptions<Sequence>['target'] = (sizes, rng) =>
    Sequence.dense(
      Float64Array.from({ length: sizes.T * sizes.B * sizes.F }, () => rng.uniform()),
      sizes,
    );
  return [
    loss(crossEntropy, classes),
    loss(squaredError, sequence),
    loss(binaryCrossEntropy, sequence),
    loss(rankingLoss({ kind: 's', lambda: 0.7 }), classes),
    loss(rankingLoss({ kind: 'm', lambda: 0.7 }), classes),
  ];
}
