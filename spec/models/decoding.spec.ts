/** Beam search: against all targets there are, against greedy decoding, ties, length, what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { luong } from '../../lib/layers/attention/luong.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { logSoftmax } from '../../lib/losses/cross-entropy.ts';
import type { Hypothesis } from '../../lib/models/decoding.ts';
import { type EncoderDecoder, encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { pick } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { size } from '../arbitraries.ts';
import { randomSymbols } from '../layers/padding.ts';

const [C, N, START, STOP] = [3, 4, 0, 1];
const options = { start: START, stop: STOP, maxLength: N };

const plain = () =>
  encoderDecoder({
    encoder: stack({ cell: unroll(rnn, { d: 3, m: 3 }) }) as Layer,
    decoder: stack({ cell: unroll(rnn, { d: C, m: 3 }), readout: readout({ m: 3, C }) }) as Layer,
  });
const looking = () =>
  encoderDecoder({
    encoder: unroll(rnn, { d: 3, m: 3 }) as unknown as Layer,
    decoder: luong({
      layer: unroll(rnn, { d: C, m: 3 }) as unknown as Layer,
      F: 3,
      top: readout({ m: 3, C }) as unknown as Layer,
    }),
  }) as unknown as EncoderDecoder;

function drawn(make: () => EncoderDecoder, seed: number, B: number) {
  const net = make();
  const rng = new Random(seed);
  normal(1.5)(net.params, rng);
  const lengths = Array.from({ length: B }, () => 1 + Math.floor(3 * rng.uniform()));
  return { net, source: randomSymbols(3, { T: 3, B, lengths }, rng) };
}

/** Every target that may be written: all that stop within N symbols, and all of N that do not. */
function everything(length = N): readonly (readonly number[])[] {
  const longer = (targets: readonly number[][]): number[][] =>
    targets.flatMap(target => Array.from({ length: C }, (_, k) => [...target, k]));
  const all: number[][] = [];
  let open: number[][] = [[]];
  for (let n = 1; n <= length; n++) {
    const next = longer(open);
    all.push(...next.filter(target => target.at(-1) === STOP || n === length));
    open = next.filter(target => target.at(-1) !== STOP);
  }
  return all;
}

/** log P of a target for sequence b, by teacher forcing. */
function logP(net: EncoderDecoder, source: Sequence, b: number, target: readonly number[]): number {
  const T = source.lengths?.[b] ?? source.T;
  const alone = Sequence.oneHot(
    Array.from({ length: T }, (_, t) => source.data[t * source.B + b] ?? 0),
    { T, classes: 3 },
  );
  const { y } = net.forward(alone, Sequence.oneHot([START, ...target.slice(0, -1)], { T: target.length, classes: C }));
  const logs = logSoftmax(y.rows());
  return target.reduce((sum, k, t) => sum + logs.get(t, k), 0);
}

const symbolsOf = ({ symbols, complete }: Hypothesis) => [...symbols, ...(complete ? [STOP] : [])];

describe.each([
  ['without attention', plain],
  ['with attention', looking],
] as const)('%s', (_, make) => {
  it('finds the best of all targets there are, in order, where its width leaves none out', () => {
    fc.assert(
      fc.property(size(10_000), fc.constantFrom(0, 0.5, 1), (seed, lengthNormalisation) => {
        const { net, source } = drawn(make, seed, 2);
        const targets = everything();
        const found = net.beam(source, { ...options, width: targets.length, lengthNormalisation });
        for (const [b, best] of found.entries()) {
          const all = targets
            .map(target => ({ target, log: logP(net, source, b, target) }))
            .map(({ target, log }) => ({ target, log, score: log / target.length ** lengthNormalisation }))
            .sort((one, other) => other.score - one.score);
          expect(best.map(symbolsOf)).toEqual(all.map(({ target }) => target));
          best.forEach(({ logProbability, score }, n) => {
            expect(logProbability).toBeCloseTo(all[n]?.log ?? Number.NaN, 10);
            expect(score).toBeCloseTo(all[n]?.score ?? Number.NaN, 10);
          });
          expect(best.reduce((sum, { logProbability }) => sum + Math.exp(logProbability), 0)).toBeCloseTo(1, 10);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('of width 1 is decode', () => {
    fc.assert(
      fc.property(size(10_000), size(4), fc.constantFrom(0, 0.5, 1), (seed, B, lengthNormalisation) => {
        const { net, source } = drawn(make, seed, B);
        const best = net.beam(source, { ...options, width: 1, lengthNormalisation });
        expect(best.map(([first]) => first?.symbols)).toEqual(net.decode(source, options));
      }),
      { numRuns: 40 },
    );
  });

  it('finds of any width what a search that never ends early finds', () => {
    fc.assert(
      fc.property(size(10_000), size(4), fc.constantFrom(0, 0.5, 1), (seed, width, lengthNormalisation) => {
        const { net, source } = drawn(make, seed, 1);
        const maxLength = 6;
        const score = (target: readonly number[]) =>
          logP(net, source, 0, target) / target.length ** lengthNormalisation;
        const done: { readonly target: readonly number[]; readonly score: number }[] = [];
        let beam: readonly (readonly number[])[] = [[]];
        for (let n = 1; n <= maxLength; n++) {
          const kept = beam
            .flatMap(target => Array.from({ length: C }, (_, k) => [...target, k]))
            .map(target => ({ target, score: score(target) })) // of one length, whose order is that of log P
            .sort((one, other) => other.score - one.score)
            .slice(0, width);
          done.push(...kept.filter(({ target }) => target.at(-1) === STOP || n === maxLength));
          beam = kept.map(({ target }) => target).filter(target => target.at(-1) !== STOP);
        }
        done.sort((one, other) => other.score - one.score);
        const [found = []] = net.beam(source, { ...options, maxLength, width, lengthNormalisation });
        expect(found.map(symbolsOf)).toEqual(done.slice(0, width).map(({ target }) => target));
      }),
      { numRuns: 40 },
    );
  });

  it('gives each source what it gets alone, the best first, as probable as it says, and nothing twice', () => {
    fc.assert(
      fc.property(size(10_000), size(4), size(5), (seed, B, width) => {
        const { net, source } = drawn(make, seed, B);
        for (const [b, best] of net.beam(source, { ...options, width }).entries()) {
          expect(best.length).toBeGreaterThan(0);
          expect(best.length).toBeLessThanOrEqual(width);
          const scores = best.map(({ score }) => score);
          expect(scores).toEqual([...scores].sort((one, other) => other - one));
          expect(new Set(best.map(found => symbolsOf(found).join())).size).toBe(best.length);
          for (const found of best) {
            const target = symbolsOf(found);
            expect(found.logProbability).toBeCloseTo(logP(net, source, b, target), 10);
            expect(found.score).toBeCloseTo(found.logProbability / target.length, 12);
            expect(found.complete || found.symbols.length === N).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

it('finds what greedy decoding does not: a target whose beginning is not the most probable', () => {
  const better = Array.from({ length: 60 }, (_, seed) => {
    const { net, source } = drawn(plain, seed + 1, 1);
    const score = (width: number) =>
      net.beam(source, { ...options, width, lengthNormalisation: 0 })[0]?.[0]?.score ?? Number.NaN;
    return [score(1), score(3)] as const;
  });
  expect(better.filter(([greedy, beam]) => beam > greedy + 1e-9).length).toBeGreaterThan(5);
});

it('BS-D1: to end early changes nothing, and spares steps', () => {
  const steps = (maxLength: number) => {
    const { net, source } = drawn(plain, 3, 1);
    pick(net.decoder.params.named(), 'readout.c').set(0, STOP, 4);
    let count = 0;
    const { forward } = net.decoder;
    net.decoder.forward = (x, s0) => {
      count++;
      return forward(x, s0);
    };
    return { best: net.beam(source, { ...options, maxLength, width: 2, lengthNormalisation: 0 }), count };
  };
  const [short, long] = [steps(6), steps(60)];
  expect(long.best).toEqual(short.best);
  expect(long.count).toBe(short.count);
  expect(long.count).toBeLessThan(6);
});

it('takes of equals the first: with parameters of zero every symbol is as probable as another', () => {
  const net = plain();
  const source = Sequence.oneHot([0], { T: 1, classes: 3 });
  const found = net.beam(source, { ...options, width: 3, maxLength: 2, lengthNormalisation: 1 })[0] ?? [];
  expect(found.map(symbolsOf)).toEqual([[1], [0, 0], [0, 1]]);
  expect(net.beam(source, { ...options, width: 3, maxLength: 2 })[0]).toEqual(found);
});

it('refuses options out of range', () => {
  const { net, source } = drawn(plain, 1, 1);
  expect(() => net.beam(source, { ...options, width: 0 })).toThrow(/^width: expected a positive integer/);
  expect(() => net.beam(source, { ...options, lengthNormalisation: 1.5 })).toThrow(
    'lengthNormalisation: expected a number in [0, 1], got 1.5',
  );
  expect(() => net.beam(source, { ...options, lengthNormalisation: -1 })).toThrow(/^lengthNormalisation/);
  expect(() => net.beam(source, { ...options, start: 3 })).toThrow(/^start: expected an integer in 0…2/);
  expect(() => net.beam(source, { ...options, depth: 3 } as typeof options)).toThrow(/^options: expected no names but/);
  net.params.values.fill(1e308);
  expect(() => net.beam(source, options)).toThrow(/^logits|finite/);
});
