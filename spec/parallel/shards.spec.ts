/** How batches are cut and sums added: by the batch alone; and what that costs, in the figures of the derivation. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shardsOf, Tree } from '../../lib/parallel/shards.ts';
import { ROOT } from '../examples.ts';

describe('the shards of a batch', () => {
  it('are all of it, in order, of at most 32 sequences, as even as can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), B => {
        const shards = shardsOf(B);
        const sizes = shards.map(({ from, to }) => to - from);
        expect(shards.map(({ from }) => from)).toEqual([0, ...shards.slice(0, -1).map(({ to }) => to)]);
        expect(shards.at(-1)?.to).toBe(B);
        expect(shards).toHaveLength(Math.ceil(B / 32));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are one where that is enough', () => {
    expect(shardsOf(32)).toEqual([{ from: 0, to: 32 }]);
    expect(shardsOf(33)).toEqual([
      { from: 0, to: 16 },
      { from: 16, to: 33 },
    ]);
  });
});

describe('a sum in a tree', () => {
  const summed = (...numbers: readonly number[]) => {
    const into = Float64Array.of(0);
    new Tree(numbers.map(number => Float64Array.of(number))).addAllTo(into);
    return into[0];
  };

  it('is of neighbours first', () => {
    const [big, one] = [2 ** 53, 1];
    expect(summed(big, one, one, -big)).toBe(big + one + (one - big)); // in a chain it is 0
    expect(summed(big, one, one)).toBe(big);
    expect(summed(one, one, big)).toBe(big + 2);
  });

  it('is the same bits, whoever adds up which neighbours first', () => {
    const number = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(39), { maxLength: 4 }),
        (numbers, cuts) => {
          const bounds = [0, ...cuts.filter(cut => cut < numbers.length), numbers.length].sort((a, b) => a - b);
          const shares = bounds.slice(1).map((to, n) => ({ from: bounds[n] ?? 0, to }));
          const places = numbers.map(number => Float64Array.of(number));
          const all = new Tree(places);
          for (const share of shares) {
            const own = numbers.map(number => Float64Array.of(number)); // each has its own shares alone
            const sums = new Tree(own).addUp(share);
            for (const n of sums) places[n]?.set(own[n] ?? []);
            all.know(share, sums);
          }
          const into = Float64Array.of(0);
          all.addAllTo(into);
          expect(into[0]).toBe(summed(...numbers));
        },
      ),
    );
  });

  it('is off by no more roundings than the tree is high', () => {
    const part = fc.integer({ min: -(2 ** 53), max: 2 ** 53 }).map(n => n / 2 ** 40);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 64 }), parts => {
        const exact = Number(parts.reduce((sum, n) => sum + BigInt(n * 2 ** 40), 0n)) / 2 ** 40;
        const all = parts.reduce((sum, n) => sum + Math.abs(n), 0);
        const bound = (Math.ceil(Math.log2(parts.length)) + 1) * 2 ** -53 * all; // PAR-D1  ⌈log₂ S⌉ u Σ|G_n|, and one of what is compared with
        expect(Math.abs((summed(...parts) ?? Number.NaN) - exact)).toBeLessThanOrEqual(bound);
      }),
    );
  });

  it('is added to what is there, whatever the number of parts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 40 }), fc.integer(), (parts, begun) => {
        const into = Float64Array.of(begun, 0);
        new Tree(parts.map(part => Float64Array.of(part, -part))).addAllTo(into);
        const sum = parts.reduce((a, b) => a + b, 0);
        expect([...into]).toEqual([begun + sum, 0 - sum]);
      }),
    );
  });
});

describe('the figures of the derivation', () => {
  const text = readFileSync(join(ROOT, 'derivations/parallel.md'), 'utf8').replace(/\s+/g, ' ');
  const [d, m, g, T] = [128, 128, 4, 50];
  const P = g * m * (d + m + 1);
  const flopsOf = (B: number) => 3 * 2 * T * B * g * m * (d + m); // PAR-D3  flops = 3·2 TB g m (d + m)
  const [f, w] = [12e9, 8e9];

  it('are those of its equations, of two hands', () => {
    const B = 64;
    const S = shardsOf(B).length;
    const bytes = 16 * (P + T * B * (d + m)) + 16 * (S * P + T * B * (d + m)); // PAR-D2  16 (P + TB(d+F)), 16 (SP + TB(d+F))
    const time = (n: number) => ((flopsOf(B) / f) * Math.ceil(S / n)) / S + bytes / w; // PAR-D4  t(n) = flops/f ⌈S/n⌉/S + bytes/w
    expect(text).toContain(`P = ${P.toLocaleString('en')}, S = ${S}`);
    expect(text).toContain(
      `does ${(flopsOf(B) / 1e9).toFixed(1)} Gflop a pass and copies ${(bytes / 1e6).toFixed(0)} MB`,
    );
    expect(text).toContain(`${(1e3 * (flopsOf(B) / f)).toFixed(0)} ms and ${((1e3 * bytes) / w).toFixed(1)} ms`);
    expect(text).toContain(`two of them are ${(time(1) / time(2)).toFixed(2)} times as fast as one`);
    expect(time(3)).toBe(time(2));
    expect(text).toContain(`${((16 * P) / 1e6).toFixed(1)} MB for two hands`);
  });

  it('are those of its equations, of 64 machines', () => {
    const [N, alpha, beta] = [64, 20e-6, 1.25e9];
    const computing = flopsOf(2048) / (N * f);
    const adding = 2 * (N - 1) * alpha + (((2 * (N - 1)) / N) * 8 * P) / beta; // PAR-D5  2(N−1)α + 2(N−1)/N · 8P/β
    expect(text).toContain(`${(1e3 * computing).toFixed(0)} ms a pass`);
    expect(text).toContain(`takes ${(1e3 * adding).toFixed(1)} ms`);
    const share = computing / (computing + adding); // PAR-D6  flops/(N f) ≥ t_sum
    expect(text).toContain(`${(100 * share).toFixed(0)} of 100 parts`);
    expect(text).toContain(`64 machines are as fast as ${Math.floor(N * share)}`);
  });
});
