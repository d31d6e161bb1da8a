/** The search for interpretable cells: what is read, what is compared, and what is made of chance. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { activations, unitsOf } from '../../lib/flow/cells-activations.ts';
import { Correlations, chance, correlation } from '../../lib/flow/cells-correlation.ts';
import { type Signal, signals } from '../../lib/flow/cells-signals.ts';
import { type Interpretable, type InterpretableOptions, interpretable } from '../../lib/flow/interpretable.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { zeroState } from '../../lib/layers/layer.ts';
import { type CharModel, charModel } from '../../lib/models/char-model.ts';
import type { Engine } from '../../lib/models/network.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { entries } from '../arbitraries.ts';

/** n numbers of a slow series, x_t = φ x_{t−1} + noise, of variance 1. */
function slow(n: number, phi: number, rng: Random): Float64Array {
  let x = rng.normal();
  return Float64Array.from({ length: n }, () => {
    x = phi * x + Math.sqrt(1 - phi * phi) * rng.normal();
    return x;
  });
}

/** m units beside each other, as a network's values are. */
function besides(units: readonly Float64Array[]): Float64Array {
  const n = units[0]?.length ?? 0;
  return Float64Array.from({ length: n * units.length }, (_, k) => {
    return units[k % units.length]?.[Math.floor(k / units.length)] ?? Number.NaN;
  });
}

const mean = (xs: ArrayLike<number>): number => Array.from(xs).reduce((sum, x) => sum + x, 0) / xs.length;

/** r in two passes: from the means, then from what is left. */
function twoPasses(a: ArrayLike<number>, s: ArrayLike<number>): number {
  const [ma, ms] = [mean(a), mean(s)];
  const da = Array.from(a, x => x - ma);
  const ds = Array.from(s, x => x - ms);
  const inner = (x: number[], y: number[]) => x.reduce((sum, xt, t) => sum + xt * (y[t] ?? Number.NaN), 0);
  return inner(da, ds) / Math.sqrt(inner(da, da) * inner(ds, ds));
}

/** Words, some in quotation marks, a capital at each sentence, in paragraphs. */
function prose(length: number, seed: number): string {
  const rng = new Random(seed);
  let text = '';
  while (text.length < length) {
    const words = Array.from({ length: 2 + rng.index([1, 1, 1, 1, 1, 1]) }, () => {
      return Array.from({ length: 1 + rng.index([1, 1, 1, 1]) }, () => 'abcde'[rng.index([5, 4, 3, 2, 1])]).join('');
    });
    const sentence = `A${words.join(' ')}.`;
    text += `${rng.uniform() < 0.3 ? `“${sentence}”` : sentence}${rng.uniform() < 0.1 ? '\n\n' : ' '}`;
  }
  return text.slice(0, length);
}

/** A model with random parameters; unit `quotes`, if any, keeps 1 from “ to ”. */
function model(text: string, cell: Cell, m: number, quotes?: number, layers = 1, engine: Engine = {}): CharModel {
  const vocabulary = Vocabulary.of(text);
  const made = charModel({ vocabulary, cell, m, layers, engine });
  normal(0.5)(made.net.params, new Random(5));
  if (quotes !== undefined) {
    const p = made.net.params.named();
    const [open, close] = vocabulary.encode('“”');
    for (const gate of ['f', 'i', 'g']) {
      for (let j = 0; j < m; j++) p[`cell.W_${gate}`]?.set(quotes, j, 0);
      for (let k = 0; k < vocabulary.size; k++) p[`cell.U_${gate}`]?.set(quotes, k, 0);
    }
    p['cell.b_f']?.set(0, quotes, 10);
    p['cell.U_f']?.set(quotes, close ?? 0, -20);
    p['cell.b_i']?.set(0, quotes, -10);
    p['cell.U_i']?.set(quotes, open ?? 0, 20);
    p['cell.b_g']?.set(0, quotes, 10);
  }
  return made;
}

/** Runs the search to its end. */
function search(of: CharModel, text: string, options?: InterpretableOptions): Interpretable {
  const steps = interpretable(of, text, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

describe('the units’ values', () => {
  const text = prose(4400, 1); // more than one lot of 64 × 64

  test.each<[string, Cell, number, string | undefined, number]>([
    ['c of an LSTM', lstm, 1, undefined, 1],
    ['h of an LSTM', lstm, 1, 'h', 1],
    ['c of an LSTM with peepholes', lstmPeephole, 1, 'c', 1],
    ['h of a GRU', gru, 1, undefined, 1],
    ['the lower of two layers', lstm, 2, 'c', 1],
    ['the upper of two layers', lstm, 2, undefined, 2],
  ])('%s are those of the cell, a step at a time', (_, cell, layers, state, layer) => {
    const m = 3;
    const fast = model(text, cell, m, undefined, layers);
    const units = unitsOf(fast, { ...(state !== undefined && { state }), ...(layer < layers && { layer }) });
    expect(units.layer).toBe(layer);
    const { net, vocabulary } = model(text, cell, m, undefined, layers, 'reference');
    const indices = vocabulary.encode(text);
    const [from, cut, to] = [7, 4200, 4390];
    let s = zeroState(net.state, 1);
    let next = from;
    for (const block of activations(fast, units, indices, { from, cut, to })) {
      expect(block.from).toBe(next);
      expect(block.to <= cut || block.from >= cut).toBe(true);
      expect(block.values).toHaveLength((block.to - block.from) * m);
      next = block.to;
      for (let t = block.from; t < block.to; t++) {
        s = net.forward(Sequence.oneHot(indices.subarray(t, t + 1), { T: 1, classes: vocabulary.size }), s).sT;
        const row = s[units.key]?.getRow(0) ?? [];
        const wanted = units.state === 'c' ? row.map(Math.tanh) : row; // CELL-F1  a_t = tanh(c_t), or h_t
        const far = wanted.map((a, j) => Math.abs(a - (block.values[(t - block.from) * m + j] ?? Number.NaN)));
        if (!(Math.max(...far) < 1e-11)) expect({ t, far }).toEqual({});
      }
    }
    expect(next).toBe(to);
  });

  test('a layer or a state that there is not', () => {
    const of = model(text, gru, 2);
    expect(() => unitsOf(of, { layer: 2 })).toThrow(/^layer: expected an integer in 1…1, got 2$/);
    expect(() => unitsOf(of, { state: 'c' })).toThrow(/^state: expected one of h, got "c"$/);
  });
});

describe('the correlation', () => {
  const pairs = fc.integer({ min: 3, max: 30 }).chain(n => fc.tuple(entries(n), entries(n), entries(n)));

  test('is that of the textbook, for every unit and signal, in whatever lots', () => {
    fc.assert(
      fc.property(pairs, fc.integer({ min: 1, max: 3 }), ([a, b, s], lot) => {
        fc.pre([a, b, s].every(x => new Set(x).size > 1));
        const sums = new Correlations(2, 2);
        for (let t = 0; t < a.length; t += lot) {
          const part = (x: readonly number[]) => Float64Array.from(x.slice(t, t + lot));
          sums.add(besides([part(a), part(b)]), [part(s), part(a)]);
        }
        for (const [k, signal] of [s, a].entries()) {
          const r = sums.of(k);
          expect(r).toHaveLength(2);
          for (const [j, unit] of [a, b].entries()) expect(r[j]).toBeCloseTo(twoPasses(unit, signal), 9);
        }
      }),
    );
  });

  test('is 0 where nothing varies', () => {
    const still = new Float64Array(9).fill(0.1);
    const moving = Float64Array.from({ length: 9 }, (_, t) => t);
    expect([correlation(still, moving), correlation(moving, still), correlation(moving, moving)]).toEqual([0, 0, 1]);
  });

  test('refuses series of other lengths', () => {
    const sums = new Correlations(2, 1);
    expect(() => sums.add(new Float64Array(6), [new Float64Array(2)])).toThrow(
      /^series: expected 1 of 3 numbers, got 2/,
    );
    expect(() => chance(new Float64Array(300), new Float64Array(299))).toThrow(/^s: expected 300 numbers, got 299$/);
    expect(() => chance(new Float64Array(150), new Float64Array(150))).toThrow(/^a: expected more than 199 numbers/);
  });
});

describe('the best of many', () => {
  const [n, m, trials] = [400, 64, 60];
  const rng = new Random(11);
  const runs = Array.from({ length: trials }, () => {
    const units = Array.from({ length: m }, () => slow(2 * n, 0, rng));
    const s = slow(2 * n, 0, rng);
    const part = (from: number) =>
      units.map(a => Math.abs(correlation(a.slice(from, from + n), s.slice(from, from + n))));
    const [onA, onB] = [part(0), part(n)];
    const best = onA.indexOf(Math.max(...onA));
    return { best: Math.max(...onA), any: mean(onA), same: onB[best] ?? Number.NaN };
  });

  test('is larger than the best of them is by itself, where there is nothing to find', () => {
    const best = mean(runs.map(run => run.best)); // CELL-D1  E max_j |r_j| ≥ max_j E |r_j|
    expect(best).toBeGreaterThan(2 * mean(runs.map(run => run.any)));
    const expected = Math.sqrt((2 * Math.log(2 * m)) / n); // CELL-D2  E max_j |r_j| ≈ ς √(2 ln 2m), ς = 1/√n
    expect(best / expected).toBeGreaterThan(0.8);
    expect(best / expected).toBeLessThan(1);
  });

  test('is like any other on another part', () => {
    const ratio = mean(runs.map(run => run.same)) / mean(runs.map(run => run.any));
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.3);
  });
});

describe('chance', () => {
  const [n, phi, trials] = [1500, 0.9, 150];
  const rng = new Random(3);
  const pairs = Array.from({ length: trials }, () => [slow(n, phi, rng), slow(n, phi, rng)] as const);
  const rs = pairs.map(([a, s]) => correlation(a, s));

  test('spreads the correlation of slow series as their autocorrelations say', () => {
    const spread = Math.sqrt(mean(rs.map(r => r * r)));
    const bartlett = Math.sqrt((1 + phi ** 2) / (1 - phi ** 2) / n); // CELL-D3  ς² ≈ (1/n) Σ_k ρ_a(k) ρ_s(k)
    expect(spread / bartlett).toBeGreaterThan(0.85);
    expect(spread / bartlett).toBeLessThan(1.15);
  });

  test('is called so by shifting, where a test for white noise finds much', () => {
    const white = rs.filter(r => Math.abs(r) * Math.sqrt(n) > 1.96).length / trials; // two-sided, 5 %
    const shifted = pairs.filter(([a, s]) => chance(a, s, 39).p <= 0.05).length / trials; // CELL-F6  P(p ≤ α) ≤ α
    expect(white).toBeGreaterThan(0.3);
    expect(shifted).toBeLessThan(0.12);
    expect(shifted).toBeGreaterThan(0);
  });

  test('is not what makes a unit follow a signal', () => {
    const [a, s] = pairs[0] ?? [new Float64Array(), new Float64Array()];
    const follows = a.map((x, t) => 0.4 * x + (s[t] ?? 0));
    const { shifts, quantile99, p } = chance(follows, s);
    expect({ shifts, p }).toEqual({ shifts: 199, p: 1 / 200 });
    expect(Math.abs(correlation(follows, s))).toBeGreaterThan(2 * quantile99);
  });

  test('is what every shift by n/(K+1) gives, and their p and 99th percentile', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 60 }),
        fc.integer({ min: 2, max: 12 }),
        fc.nat(1000),
        (length, K, seed) => {
          const own = new Random(seed);
          const [a, s] = [slow(length, 0.5, own), slow(length, 0.5, own)];
          const at = (k: number) =>
            Math.abs(
              twoPasses(
                a,
                Array.from(s, (_, t) => s[(t + k) % length] ?? Number.NaN),
              ),
            ); // CELL-F5  r(a_t, s_{t+k mod n})
          const all = Array.from({ length: K }, (_, i) => at(Math.round(((i + 1) * length) / (K + 1)))).sort(
            (x, y) => x - y,
          );
          const { quantile99, p } = chance(a, s, K);
          expect(quantile99).toBeCloseTo(all[Math.ceil(0.99 * K) - 1] ?? Number.NaN, 12);
          expect(p).toBe((1 + all.filter(r => r >= at(0)).length) / (K + 1));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the search', () => {
  const text = prose(3000, 2);
  const of = model(text, lstm, 6, 4);
  const found = search(of, text, { from: 100, cut: 1900, to: 2900, excerpt: 40 });
  const named = (name: string) => found.tracked.find(tracking => tracking.name === name);
  const { values } = (() => {
    const all: number[] = [];
    for (const block of activations(of, unitsOf(of), of.vocabulary.encode(text), found)) all.push(...block.values);
    return { values: all };
  })();
  const course = (j: number, from: number, to: number) =>
    Array.from({ length: to - from }, (_, t) => values[(from - found.from + t) * 6 + j] ?? Number.NaN);

  test('finds the unit that was made to track quotations', () => {
    const quotes = named('inside quotation');
    expect(quotes?.unit).toBe(4);
    expect(quotes?.heldOut[4]).toBeGreaterThan(0.98);
    expect(quotes?.chance.p).toBe(1 / 200);
    expect(quotes?.chance.quantile99).toBeLessThan(0.8); // shifts by less than a quotation among them
    expect(quotes?.symbolAlone).toBeLessThan(0.4);
  });

  test('says of every unit and signal what it is on either part, and chooses on the first', () => {
    expect(found).toMatchObject({ layer: 1, state: 'c', m: 6, from: 100, cut: 1900, to: 2900 });
    expect(found.absent).toEqual(['bracket depth']);
    expect(found.tracked.map(({ name }) => name)).toEqual(
      signals.map(({ name }) => name).filter(name => name !== 'bracket depth'),
    );
    for (const { name, choice, heldOut, ranked, unit, mean: average } of found.tracked) {
      const s = Array.from(signals.find(signal => signal.name === name)?.of(Array.from(text)) ?? []);
      for (let j = 0; j < 6; j++) {
        expect(choice[j]).toBeCloseTo(twoPasses(course(j, 100, 1900), s.slice(100, 1900)), 9);
        expect(heldOut[j]).toBeCloseTo(twoPasses(course(j, 1900, 2900), s.slice(1900, 2900)), 9);
      }
      expect(ranked[0]).toBe(unit);
      const sizes = ranked.map(j => Math.abs(choice[j] ?? Number.NaN));
      expect(sizes).toEqual(sizes.toSorted((x, y) => y - x));
      expect(ranked.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
      expect(average).toBeCloseTo(mean(s.slice(1900, 2900)), 12);
    }
    expect(Array.from(found.excerpt)).toEqual(values.slice(1800 * 6, 1840 * 6));
  });

  test('knows what the present symbol tells', () => {
    const [s, symbols] = [signals[0]?.of(Array.from(text)) ?? new Float64Array(), Array.from(text)];
    const after = (x: string) => mean(Array.from(s.slice(100, 1900)).filter((_, t) => symbols[100 + t] === x));
    const guessed = symbols.slice(1900, 2900).map(after); // CELL-F7  ŝ(x), from the part to choose on
    expect(named('inside quotation')?.symbolAlone).toBeCloseTo(Math.abs(twoPasses(guessed, s.slice(1900, 2900))), 9);
    for (const name of ['capital letter', 'word boundary']) expect(named(name)?.symbolAlone).toBeCloseTo(1, 12);
    expect(named('position in line')?.symbolAlone).toBeLessThan(0.5);
  });

  test('is not taken in by a signal that is noise: it is found on one part, and not on the other', () => {
    const many = model(text, lstm, 40);
    const rng = new Random(8);
    const noise = Array.from({ length: 20 }, (_, n) => ({
      name: `noise ${n}`,
      of: (symbols: readonly string[]) => slow(symbols.length, 0.3, rng),
    }));
    const { tracked } = search(many, text, { signals: noise });
    const size = (of: 'choice' | 'heldOut') =>
      mean(tracked.map(({ unit, ...r }) => Math.abs(r[of][unit] ?? Number.NaN)));
    expect(size('choice')).toBeGreaterThan(2 * size('heldOut'));
    expect(tracked.filter(({ chance }) => chance.p <= 0.05).length).toBeLessThan(4);
  });

  test('changes no parameter, and says how far it is', () => {
    const before = of.net.params.values.slice();
    const steps = [...interpretable(of, text)];
    expect(steps.at(-1)).toBe(3000);
    expect(of.net.params.values).toEqual(before);
  });

  test.each<[string, string, InterpretableOptions, RegExp]>([
    ['a text too short', 'abc', {}, /^text: expected at least 200 symbols in each of its two parts, got 1 and 2$/],
    ['a symbol that is not known', `${text}Ω`, {}, /^text: expected symbols of the vocabulary .*, got "Ω" at 3000$/],
    ['a part too short', text, { cut: 2900 }, /^text: expected at least 200 .*, got 2900 and 100$/],
    ['parts out of order', text, { from: 500, cut: 400 }, /^cut: expected an integer in 500…3000, got 400$/],
    ['an end behind the text', text, { to: 3001 }, /^to: expected an integer in 0…3000, got 3001$/],
    ['more than can be listed', 'a'.repeat(2 ** 25 + 1), {}, /^text: expected at most 33554432 symbols, got 33554433$/],
    ['nothing to track', 'a'.repeat(500), { signals: signals.slice(0, 1) }, /^text: expected one that shows .*inside/],
    [
      'a list with a hole',
      text,
      { signals: Object.assign(signals.slice(0, 1), { 2: signals[1] }) },
      /^signals: .*undefined/,
    ],
    [
      '2³² − 1 holes',
      text,
      { signals: new Array<Signal>(2 ** 32 - 1) },
      /^signals: expected an object, got undefined$/,
    ],
  ])('%s', (_, own, options, message) => {
    expect(() => search(of, own, options)).toThrow(message);
  });
});
