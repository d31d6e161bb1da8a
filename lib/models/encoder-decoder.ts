/**
 * Many to many, of DD2424 Lecture 9: "Machine Translation: seq. of words → seq. of words". One network reads the source;
 * the state it ends in is where the other begins, which writes the target. Derived in `derivations/encoder-decoder.md`.
 *
 * | symbol          | shape | meaning |
 * |-----------------|-------|---------|
 * | source, dsource | T×B×d | what the encoder reads |
 * | target, dtarget | T′×B×d′ | what the decoder reads: the right output of the step before (teacher forcing) |
 * | y, dy           | T′×B×C | what the decoder puts out |
 * | s, ds           | B×m each part | the state that is handed over, or goes over a bridge |
 * | weights         | T′×B×T | where the decoder attends: how much of each step of the source a step has seen |
 *
 * Sequences of a batch may differ in length on both sides.
 */
import { ShapeError, ValueError } from '../errors.ts';
import type { Attentive } from '../layers/attention/attentive.ts';
import type { Bridge, BridgeTape } from '../layers/bridge.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { prefixed } from '../layers/names.ts';
import { copy } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireKnown, requireObject } from '../require.ts';
import { requireExtent, requireSequence, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { reader, requireDecoder, requireStates } from './decoder.ts';
import { type BeamOptions, beamSearch, type DecodeOptions, greedy, type Hypothesis, type Writer } from './decoding.ts';

/** The tapes of both networks, and of the bridge where there is one, and what the encoder put out. */
export interface EncoderDecoderTape {
  readonly encoded: Sequence;
  readonly encoder: unknown;
  readonly bridge?: BridgeTape;
  readonly decoder: unknown;
}

/**
 * An encoder and a decoder. Their parameters lie in one buffer, named `encoder.name` and `decoder.name`, and those of a
 * bridge between them `bridge.name`.
 *
 * @typeParam Decoder a layer, or one that attends to the encoder's outputs.
 */
export interface EncoderDecoder<Decoder extends Layer | Attentive = Layer> {
  readonly name: string;
  readonly encoder: Layer;
  readonly decoder: Decoder;
  readonly params: ParamSet;
  /** The tag of the equation that gives a gradient, where it is said: of a parameter, and of the state that is handed over (`s`). */
  readonly equations: Readonly<Record<string, string>>;
  /**
   * @param source T steps of B sequences for the encoder.
   * @param target T′ steps of as many sequences for the decoder.
   * @param s0 the encoder's initial state; zeros unless given.
   * @returns the decoder's outputs and final state; the tape; where the decoder attends, T′×B×T weights: how much of each step
   * of the source it has seen.
   * @throws ShapeError, ValueError when an argument does not fit or is not finite.
   */
  forward(
    source: Sequence,
    target: Sequence,
    s0?: Matrices,
  ): {
    readonly y: Sequence;
    readonly sT: Matrices;
    readonly weights?: Sequence;
    readonly tape: EncoderDecoderTape;
  };
  /**
   * ADDS into `params.grads`.
   *
   * @param dy dL/dy.
   * @param dsT dL/ds_T of the decoder; zeros unless given.
   * @returns the gradients in source, target and the encoder's initial state.
   * @throws ShapeError, ValueError when dy or dsT do not fit or are not finite.
   */
  backward(
    tape: EncoderDecoderTape,
    dy: Sequence,
    dsT?: Matrices,
  ): { readonly dsource: Sequence; readonly dtarget: Sequence; readonly ds0: Matrices };
  /** Says that a tape is needed no more, nor what came with it: see {@link Layer.release}. */
  release(tape: EncoderDecoderTape): void;
  /**
   * Writes a target for every source: at each step the most probable symbol (of equals, the first), which is fed back as
   * the next input.
   *
   * @returns the symbols written for each sequence, without `start` and `stop`.
   * @throws ShapeError, ValueError when an argument does not fit, or the decoder has outputs that it cannot read.
   */
  decode(source: Sequence, options: DecodeOptions): number[][];
  /**
   * Writes targets for every source, `width` beginnings of them followed side by side (BS-F1, BS-F2). Nothing is drawn; of
   * equals, the one that was found first goes first.
   *
   * @returns for each source at most `width` targets, the best first.
   * @throws ShapeError, ValueError when an argument does not fit, or the decoder has outputs that it cannot read.
   */
  beam(source: Sequence, options: BeamOptions): Hypothesis[][];
}

/**
 * The model of two networks whose states have the same parts. Networks whose parts are named otherwise are made to agree
 * by a stack: `stack({ lstm: unroll(…) })` has the parts of `stack({ lstm: unroll(…), readout: … })`.
 *
 * Where they cannot agree, as behind a bidirectional encoder, a {@link bridge} leads from one to the other.
 *
 * @param networks the encoder; the decoder, which for `decode` goes forward in time: a layer, or with attention to the
 * encoder's outputs, such as `bahdanau` and `luong` make; a bridge between their states.
 * @throws ValueError when their states do not agree with each other or with the bridge, or are empty, the encoder's outputs are
 * not as many as the decoder attends to, or two of them are one and the same.
 *
 * @example
 * ```ts
 * import { encoderDecoder, lstm, readout, Sequence, stack, unroll } from 'bptt';
 *
 * const model = encoderDecoder({
 *   encoder: stack({ lstm: unroll(lstm, { d: 5, m: 8 }) }),
 *   decoder: stack({ lstm: unroll(lstm, { d: 4, m: 8 }), readout: readout({ m: 8, C: 4 }) }),
 * });
 * const source = Sequence.oneHot([0, 3, 1, 4, 2, 0], { T: 3, B: 2, classes: 5, lengths: [3, 2] });
 * console.log(model.decode(source, { start: 0, stop: 1, maxLength: 6 }).length); // → 2
 * ```
 */
export function encoderDecoder<Decoder extends Layer | Attentive>(networks: {
  readonly encoder: Layer;
  readonly decoder: Decoder;
  readonly bridge?: Bridge;
}): EncoderDecoder<Decoder> {
  const { encoder, decoder, bridge } = requireKnown('networks', networks, ['encoder', 'decoder', 'bridge']);
  requireLayer('encoder', encoder);
  requireDecoder(decoder, encoder);
  requireStates(encoder, decoder, bridge);
  const equations = {
    ...prefixed({ encoder: encoder.equations, bridge: bridge?.equations ?? {}, decoder: decoder.equations }),
    s: 'ED-B1',
  };
  const over = bridge ? { bridge: bridge.params } : {};
  const read = reader(decoder);
  const writer: Writer = {
    inputs: decoder.inputs,
    outputs: decoder.outputs,
    begin(source) {
      const { y, sT, tape } = encoder.forward(source);
      const memory = Sequence.over(Float64Array.from(y.data), { ...y.extent(), F: y.F });
      encoder.release?.(tape);
      return { memory, s: bridge ? bridge.forward(sT).s : sT };
    },
    next(symbols, memory, before) {
      const x = Sequence.oneHot(symbols, { T: 1, B: symbols.length, classes: decoder.inputs });
      const { y, sT, tape } = read.forward(x, memory, before);
      const logits = copy(y.at(0));
      decoder.release?.(tape);
      return { logits, s: sT };
    },
  };

  const both: EncoderDecoder<Decoder> = {
    name: `${encoder.name}→${decoder.name}`,
    encoder,
    decoder,
    equations,
    params: ParamSet.join({ encoder: encoder.params, ...over, decoder: decoder.params }), // last: had it joined them before an error, no other call could

    forward(source, target, s0) {
      requireSequence('source', source, encoder.inputs);
      requireSequence('target', target, decoder.inputs);
      if (target.B !== source.B) throw new ShapeError('target', `B=${source.B}`, `B=${target.B}`);
      const { y: encoded, sT: ended, tape: encoderTape } = encoder.forward(source, s0); // ED-F1  s = s^E_τ, of x_1 … x_τ and s^E_0
      try {
        const crossed = bridge?.forward(ended);
        const step = read.forward(target, encoded, crossed ? crossed.s : ended); // ED-F2  y_1 … y_τ′ of the target and s^D_0 = s
        const { y, sT, weights, tape: decoderTape } = step;
        const tape = { encoded, encoder: encoderTape, ...(crossed && { bridge: crossed.tape }), decoder: decoderTape };
        return { y, sT, ...(weights && { weights }), tape };
      } catch (error) {
        encoder.release?.(encoderTape);
        throw error;
      }
    },

    backward(tape, dy, dsT) {
      const { encoded, encoder: encoderTape, bridge: bridgeTape, decoder: decoderTape } = requireObject('tape', tape);
      requireExtent('tape.encoded', encoded, encoder.outputs);
      if (bridge && !bridgeTape) throw new ValueError('tape.bridge', 'that of the bridge', 'none');
      const back = read.backward(decoderTape, dy, dsT);
      const ds = bridge && bridgeTape ? bridge.backward(bridgeTape, back.ds0) : back.ds0;
      const dencoded = back.dmemory ?? Sequence.zeros({ ...encoded.extent(), F: encoded.F });
      const below = encoder.backward(encoderTape, dencoded, ds); // ED-B1  dL/ds^E_τ = dL/ds^D_0, through F2, F1
      return { dsource: below.dx, dtarget: back.dx, ds0: below.ds0 };
    },

    release(tape) {
      const { encoder: encoderTape, decoder: decoderTape } = requireObject('tape', tape);
      decoder.release?.(decoderTape);
      encoder.release?.(encoderTape);
    },

    decode(source, options) {
      requireSequence('source', source, encoder.inputs);
      return greedy(writer, source, options);
    },

    beam(source, options) {
      requireSequence('source', source, encoder.inputs);
      return beamSearch(writer, source, options);
    },
  };
  return made(both, { kind: 'encoder-decoder', encoder, decoder, ...(bridge && { bridge }) });
}
