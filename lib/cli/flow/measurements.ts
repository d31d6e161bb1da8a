/** What `bptt flow` measures, step by step: each yields how many steps are done, so that a signal may stop it. */
import type { Cell } from '../../cells/cell.ts';
import { lstm } from '../../cells/lstm.ts';
import { ValueError } from '../../errors.ts';
import { type Claim, type Effort, type Evidence, usualEffort } from '../../flow/claims/claim.ts';
import { claims } from '../../flow/claims/index.ts';
import { type Clipped, clippingOf, clippingSummary } from '../../flow/clipping.ts';
import { type ComparisonOptions, compared } from '../../flow/compare.ts';
import { gradientNorms } from '../../flow/gradients.ts';
import { modelProbe } from '../../flow/model.ts';
import { type NetworkOptions, type Probe, probe } from '../../flow/networks.ts';
import { followed, type Overflow, OverflowError } from '../../flow/overflow.ts';
import { lstmPathNorms } from '../../flow/paths.ts';
import { STUDY_STAGES, study } from '../../flow/study.ts';
import type { Layer } from '../../layers/layer.ts';
import { crossEntropy } from '../../losses/cross-entropy.ts';
import type { CharModel } from '../../models/char-model.ts';
import { clipByGlobalNorm } from '../../optim/clip.ts';
import { frobenius, norm } from '../../optim/norm.ts';
import { requirePositive } from '../../require.ts';
import { Sequence } from '../../sequence.ts';
import { claimsFindings, comparedFindings, type Findings, overflowSays, round, studyFindings } from './findings.ts';

/** A measurement: yields the steps that are done, returns what was found. */
export type Measurement = Generator<number, Findings, undefined>;

/** Something to study: a probe, the cell it is of, and gradients to clip. */
export interface Subject {
  readonly name: string;
  readonly cell: Cell;
  readonly probe: Probe;
  /** Whole gradients of that network over so many steps, one after the other, in `params.grads` of the layer yielded. */
  gradients(steps: number): Iterable<Layer>;
}

/** Gradients whose clipping is looked at. */
const CLIPPED = 20;

/** How many steps {@link studied} yields. */
export const STUDIED_STEPS: number = STUDY_STAGES + 1;

/**
 * All there is to say of one network.
 *
 * @param adjoint whether to leave out all that takes dense matrices.
 * @param theta the norm that clipping leaves.
 */
export function* studied({ name, cell, probe, gradients }: Subject, adjoint: boolean, theta: number): Measurement {
  requirePositive('--clip', theta);
  const { layer, x, dy } = probe;
  if (adjoint) return adjointFindings(name, gradientsWithin(layer, x, dy));
  const found = yield* dense(study(layer, x, dy));
  const paths =
    cell === (lstm as Cell)
      ? lstmPathNorms(
          layer.params.values,
          { d: layer.inputs, m: layer.outputs },
          x.slice(0, found.steps),
          unit(dy.at(found.steps - 1)),
        )
      : null;
  yield STUDY_STAGES;
  const seen: Clipped[] = [];
  let overflowed = 0;
  for (const { params } of gradients(found.steps)) {
    if (Number.isFinite(norm(params.grads))) seen.push(clippingOf(params, p => clipByGlobalNorm(p, theta)));
    else overflowed += 1;
  }
  const clipping = seen.length > 0 ? clippingSummary(seen) : null;
  return studyFindings({ name, study: found, paths, theta, clipping, overflowed });
}

/** ‖∂L/∂h_t‖ over as many steps as can be followed. */
function gradientsWithin(layer: Layer, x: Sequence, dy: Sequence) {
  const over = (steps: number) => gradientNorms(layer, x.slice(0, steps), dy.slice(0, steps));
  try {
    return { gradients: over(x.T), overflow: null };
  } catch (error) {
    if (!(error instanceof OverflowError)) throw error;
    const { steps, overflow } = followed(layer, { x }, over);
    if (steps === 0) throw error;
    return { gradients: over(steps), overflow };
  }
}

/** An untrained network, to study. */
export function untrained(options: NetworkOptions, length: number): Subject {
  const { cell, init, forgetBias, gain = 1, d, m, seed } = options;
  const bias = typeof forgetBias === 'number' ? `, forget bias ${round(forgetBias)}` : '';
  const scale = gain === 1 ? '' : `, gain ${gain}`;
  const own = probe(options, length);
  return {
    name: `an untrained ${cell.name} (${init}${scale}${bias}; d = ${d}, m = ${m}, seed ${seed})`,
    cell,
    probe: own,
    *gradients(steps) {
      for (let n = 1; n <= CLIPPED; n++) {
        const { x, dy } = probe({ ...options, seed: (seed + n) % 2 ** 31 }, steps);
        own.layer.params.zeroGrads();
        const { tape } = own.layer.forward(x);
        own.layer.backward(tape, dy);
        own.layer.release?.(tape);
        yield own.layer;
      }
    },
  };
}

/** A layer of a trained model on a text's last `length` + 1 symbols, to study. */
export function trained(name: string, model: CharModel, text: Int32Array, length: number, which: number): Subject {
  const end = text.length;
  if (end < 2) throw new ValueError('text', 'at least two symbols', `${end}`);
  if (end < length + 1) throw new ValueError('--length', `at most ${end - 1}, the text’s symbols but one`, `${length}`);
  const deep = model.layers === 1 ? '' : `, layer ${which} of ${model.layers}`;
  return {
    name: `${name} (${model.cell.name}, m = ${model.m}${deep})`,
    cell: model.cell,
    probe: modelProbe(model, text.subarray(end - length - 1), which),
    *gradients(length) {
      const { net, vocabulary } = model;
      const count = Math.min(CLIPPED, Math.floor((end - 1) / length));
      for (let n = 1; n <= count; n++) {
        const from = end - 1 - n * length;
        const { y, tape } = net.forward(
          Sequence.oneHot(text.subarray(from, from + length), { T: length, classes: vocabulary.size }),
        );
        net.params.zeroGrads();
        net.backward(
          tape,
          crossEntropy.backward(crossEntropy.forward(y, text.subarray(from + 1, from + length + 1)).tape),
        );
        net.release?.(tape);
        yield net;
      }
    },
  };
}

/** Network beside network. */
export function* compareNetworks(
  names: readonly string[],
  options: ComparisonOptions,
  cells: Readonly<Record<string, Cell>>,
): Measurement {
  const networks = yield* dense(compared(names, options, cells));
  return comparedFindings(networks, options.length, options.seeds);
}

/** Every claim of the lectures. */
export function* tryClaims(effort: Effort = usualEffort): Measurement {
  const tried: { readonly claim: Claim; readonly evidence: Evidence }[] = [];
  for (const claim of claims) {
    yield tried.length;
    tried.push({ claim, evidence: claim.measure(effort) });
  }
  return claimsFindings(tried);
}

/** How many steps {@link tryClaims} yields. */
export const CLAIMS: number = claims.length;

function adjointFindings(
  name: string,
  { gradients, overflow }: { readonly gradients: readonly number[]; readonly overflow: Overflow | null },
): Findings {
  const T = gradients.length - 1;
  return {
    title: `Gradient flow of ${name}`,
    says: [`${T} steps, by the adjoint alone: no Jacobian, no spectrum, no reach matrix.`, ...overflowSays(overflow)],
    table: [
      ['figure', 'value'],
      ['‖∂L/∂h_1‖', round(gradients[1])],
      ['‖∂L/∂h_T‖', round(gradients[T])],
    ],
    data: { steps: T, gradients, overflow },
    figures: async () => [],
  };
}

/** A dense matrix that is too large is the length's fault, and --adjoint the way out. */
function* dense<T>(steps: Generator<number, T, undefined>): Generator<number, T, undefined> {
  try {
    return yield* steps;
  } catch (error) {
    if (!(error instanceof ValueError && error.argument === 'length')) throw error;
    throw new ValueError('--length', `${error.expected}: --adjoint goes that way`, error.got);
  }
}

function unit(row: ReturnType<Sequence['at']>): ReturnType<Sequence['at']> {
  return row.clone().div(frobenius(row));
}
