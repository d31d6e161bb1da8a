/**
 * Many to many, of DD2424 Lecture 9: "Machine Translation: seq. of words → seq. of words". One network reads the source;
 * the state it ends in is where the other begins, which writes the target. Derived in `derivations/encoder-decoder.md`.
 *
 * | symbol          | shape | meaning |
 * |-----------------|-------|---------|
 * | source, dsource | T×B×d | what the encoder reads |
 * | target, dtarget | T′×B×d′ | what the decoder reads: the right output of the step before (teacher forcing) |
 * | y, dy           | T′×B×C | what the decoder puts out |
 * | s, ds           | B×m each part | the state that is handed over |
 *
 * Sequences of a batch may differ in length on both sides.
 */
import { ShapeError, ValueError } from '../errors.ts';
import { argmax } from '../extremes.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { prefixed } from '../layers/names.ts';
import { ParamSet } from '../params.ts';
import { requireInteger, requireKnown, requireObject, requireSize } from '../require.ts';
import { requireExtent, requireSequence, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** The tapes of both networks, and what the encoder put out. */
export interface EncoderDecoderTape {
  readonly encoded: Sequence;
  readonly encoder: unknown;
  readonly decoder: unknown;
}

/** How to decode: symbols are classes of the decoder's one-hot input. */
export interface DecodeOptions {
  /** What the decoder reads first. */
  readonly start: number;
  /** What ends a sequence. */
  readonly stop: number;
  /** Symbols to write at most. */
  readonly maxLength: number;
}

/** An encoder and a decoder. Their parameters lie in one buffer, named `encoder.name` and `decoder.name`. */
export interface EncoderDecoder {
  readonly name: string;
  readonly encoder: Layer;
  readonly decoder: Layer;
  readonly params: ParamSet;
  /** The tag of the equation that gives a gradient, where it is said: of a parameter, and of the state that is handed over (`s`). */
  readonly equations: Readonly<Record<string, string>>;
  /**
   * @param source T steps of B sequences for the encoder.
   * @param target T′ steps of as many sequences for the decoder.
   * @param s0 the encoder's initial state; zeros unless given.
   * @returns the decoder's outputs and final state; the tape.
   * @throws ShapeError, ValueError when an argument does not fit or is not finite.
   */
  forward(
    source: Sequence,
    target: Sequence,
    s0?: Matrices,
  ): { readonly y: Sequence; readonly sT: Matrices; readonly tape: EncoderDecoderTape };
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
  /**
   * Writes a target for every source: at each step the most probable symbol (of equals, the first), which is fed back as
   * the next input.
   *
   * @returns the symbols written for each sequence, without `start` and `stop`.
   * @throws ShapeError, ValueError when an argument does not fit, or the decoder has outputs that it cannot read.
   */
  decode(source: Sequence, options: DecodeOptions): number[][];
}

/**
 * The model of two networks whose states have the same parts. Networks whose parts are named otherwise are made to agree
 * by a stack: `stack({ lstm: unroll(…) })` has the parts of `stack({ lstm: unroll(…), readout: … })`.
 *
 * @param networks the encoder, whose outputs nobody looks at; the decoder, which for `decode` goes forward in time.
 * @throws ValueError when their states do not agree, are empty, or the two are one and the same.
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
export function encoderDecoder(networks: { readonly encoder: Layer; readonly decoder: Layer }): EncoderDecoder {
  const { encoder, decoder } = requireKnown('networks', networks, ['encoder', 'decoder']);
  requireLayer('encoder', encoder);
  requireLayer('decoder', decoder);
  const parts = ({ state }: Layer) => JSON.stringify(Object.entries(state).sort());
  if (parts(encoder) !== parts(decoder) || Object.keys(encoder.state).length === 0) {
    const columns = ({ state }: Layer) => `{${Object.entries(state).map(([name, m]) => `${name}: ${m}`)}}`;
    throw new ValueError('decoder.state', `the encoder’s, ${columns(encoder)}, with some part`, columns(decoder));
  }
  const equations = { ...prefixed({ encoder: encoder.equations, decoder: decoder.equations }), s: 'ED-B1' };

  return {
    name: `${encoder.name}→${decoder.name}`,
    encoder,
    decoder,
    params: ParamSet.join({ encoder: encoder.params, decoder: decoder.params }),
    equations,

    forward(source, target, s0) {
      requireSequence('source', source, encoder.inputs);
      requireSequence('target', target, decoder.inputs);
      if (target.B !== source.B) throw new ShapeError('target', `B=${source.B}`, `B=${target.B}`);
      const { y: encoded, sT: s, tape: encoderTape } = encoder.forward(source, s0); // ED-F1  s = s^E_τ, of x_1 … x_τ and s^E_0
      const { y, sT, tape: decoderTape } = decoder.forward(target, s); // ED-F2  y_1 … y_τ′ of the target and s^D_0 = s
      return { y, sT, tape: { encoded, encoder: encoderTape, decoder: decoderTape } };
    },

    backward(tape, dy, dsT) {
      const { encoded, encoder: encoderTape, decoder: decoderTape } = requireObject('tape', tape);
      requireExtent('tape.encoded', encoded, encoder.outputs);
      const { dx: dtarget, ds0: ds } = decoder.backward(decoderTape, dy, dsT);
      const nothing = Sequence.zeros({ ...encoded.extent(), F: encoded.F });
      const { dx: dsource, ds0 } = encoder.backward(encoderTape, nothing, ds); // ED-B1  dL/ds^E_τ = dL/ds^D_0, through F2, F1
      return { dsource, dtarget, ds0 };
    },

    decode(source, options) {
      const { start, stop, maxLength } = requireKnown('options', options, ['start', 'stop', 'maxLength']);
      requireSequence('source', source, encoder.inputs);
      const classes = decoder.inputs;
      if (decoder.outputs > classes)
        throw new ValueError('decoder.outputs', `at most ${classes}`, `${decoder.outputs}`);
      requireInteger('start', start, 0, classes - 1);
      requireInteger('stop', stop, 0, decoder.outputs - 1);
      requireInteger('maxLength', requireSize('maxLength', maxLength), 1, LONGEST);
      const { B } = source;
      const written: number[][] = Array.from({ length: B }, () => []);
      const writing = new Set(written.keys());
      const { sT: read, tape: readTape } = encoder.forward(source);
      encoder.release?.(readTape);
      let s = read;
      let last = new Int32Array(B).fill(start);
      for (let t = 0; t < maxLength && writing.size > 0; t++) {
        const { y, sT, tape } = decoder.forward(Sequence.oneHot(last, { T: 1, B, classes }), s);
        s = sT;
        last = Int32Array.from({ length: B }, (_, b) => argmax(y.at(0).getRow(b)));
        decoder.release?.(tape);
        last.forEach((symbol, b) => {
          if (symbol === stop) writing.delete(b);
          if (writing.has(b)) written[b]?.push(symbol);
        });
      }
      return written;
    },
  };
}

/** Symbols that one array holds. */
const LONGEST = 2 ** 32 - 1;
