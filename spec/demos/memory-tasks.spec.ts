/** The adding problem, copying memory, and what is made of the networks' losses in them. */
import { describe, expect, it } from 'vitest';
import { adding } from '../../lib/demos/adding-problem.ts';
import { copying } from '../../lib/demos/copy-memory.ts';
import type { DemoProgress, DemoResult } from '../../lib/demos/demo.ts';
import { type MemoryTask, sideBySide } from '../../lib/demos/side-by-side.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

describe('adding, drawn with seed 1', () => {
  const { T, baseline } = adding;
  const B = 2000;
  const { x, judge } = adding.batch(B, new Random(1));
  const outputs = (last: (b: number) => number): Sequence => {
    const rng = new Random(2);
    const o = Sequence.dense(
      Array.from({ length: T * B }, () => rng.normal()),
      { T, B, F: 1 },
    );
    for (let b = 0; b < B; b++) o.at(T - 1).set(b, 0, last(b));
    return o;
  };
  const marked = (b: number): number[] => Array.from({ length: T }, (_, t) => t).filter(t => x.at(t).get(b, 1) !== 0);
  const sum = (b: number): number => marked(b).reduce((all, t) => all + x.at(t).get(b, 0), 0);

  it('marks one step in each half, any of them', () => {
    const all = Array.from({ length: B }, (_, b) => marked(b));
    for (const [n, [from, to]] of [[0, T / 2] as const, [T / 2, T] as const].entries()) {
      const places = all.map(marks => marks[n] ?? Number.NaN);
      expect(all.every(({ length }) => length === 2)).toBe(true);
      expect(Math.min(...places)).toBe(from);
      expect(Math.max(...places)).toBe(to - 1);
    }
    expect(new Set(x.rows().getColumn(1))).toEqual(new Set([0, 1]));
    const numbers = x.rows().getColumn(0);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((all, one) => all + one, 0) / numbers.length).toBeCloseTo(0.5, 2);
  });

  it('asks for the sum of the marked numbers at the last step, and for nothing before', () => {
    expect(judge(outputs(sum)).loss).toBeLessThan(1e-25);
    expect(judge(outputs(b => sum(b) + 0.1)).loss).toBeCloseTo(0.01, 12);
  });

  it('is at its baseline with 1 for every answer', () => {
    const { loss } = judge(outputs(() => 1));
    expect(loss / baseline).toBeGreaterThan(0.93);
    expect(loss / baseline).toBeLessThan(1.07);
  });

  it('has the gradient of its loss', () => {
    const { dy } = judge(outputs(b => sum(b) - 0.5));
    const expected = Array.from({ length: T * B }, (_, n) => (n < (T - 1) * B ? 0 : -1 / B));
    expect(Math.max(...expected.map((number, n) => Math.abs(number - (dy.data[n] ?? Number.NaN))))).toBeLessThan(1e-15);
  });
});

describe('copying, drawn with seed 1', () => {
  const { T, baseline, inputs, outputs: C } = copying;
  const B = 500;
  const { x, judge } = copying.batch(B, new Random(1));
  const [kinds, blank, sign] = [inputs - 2, C - 1, inputs - 1];
  const symbol = (t: number, b: number): number => x.at(t).getRow(b).indexOf(1);
  const logits = (of: (t: number, b: number, k: number) => number): Sequence => {
    const o = Sequence.zeros({ T, B, F: C });
    for (let t = 0; t < T; t++) {
      for (let b = 0; b < B; b++) for (let k = 0; k < C; k++) o.at(t).set(b, k, of(t, b, k));
    }
    return o;
  };

  it('shows three symbols of every kind, forty blanks but the last a sign, three blanks', () => {
    const read = Array.from({ length: B }, (_, b) => Array.from({ length: T }, (_, t) => symbol(t, b)));
    const wait = [...new Array<number>(39).fill(blank), sign, blank, blank, blank];
    for (const symbols of read) expect(symbols.slice(3)).toEqual(wait);
    for (let t = 0; t < 3; t++) {
      for (let k = 0; k < kinds; k++) {
        const part = read.filter(symbols => symbols[t] === k).length / B;
        expect(Math.abs(part - 1 / kinds)).toBeLessThan(0.05);
      }
    }
  });

  it('asks for blanks, and after the sign for the symbols in order', () => {
    const right = (t: number, b: number): number => (t < T - 3 ? blank : symbol(t - (T - 3), b));
    expect(judge(logits((t, b, k) => (k === right(t, b) ? 50 : 0))).loss).toBeLessThan(1e-15);
    const backwards = (t: number, b: number): number => right(t < T - 3 ? t : T - 3 + (T - 1 - t), b);
    expect(judge(logits((t, b, k) => (k === backwards(t, b) ? 50 : 0))).loss).toBeGreaterThan(1);
  });

  it('is at its baseline where the kinds are equally likely when a symbol is due', () => {
    const { loss } = judge(logits((t, _, k) => (k === blank ? (t < T - 3 ? 50 : -50) : 0)));
    expect(Math.abs(loss - baseline)).toBeLessThan(1e-12);
  });
});

describe('side by side, with seed 1', () => {
  /** A task whose losses are given, those of the networks one after the other. */
  function scripted(losses: readonly number[]): { readonly task: MemoryTask; left(): number } {
    let n = 0;
    const task: MemoryTask = {
      ...{ inputs: 1, outputs: 1, T: 3, baseline: 0.1, B: 2, steps: 100, learningRate: 0.01 },
      batch: (B, rng) => {
        const x = Sequence.zeros({ T: 3, B, F: 1 });
        x.data[0] = rng.uniform();
        return { x, judge: o => ({ loss: losses[n++] ?? Number.NaN, dy: o }) };
      },
    };
    return { task, left: () => losses.length - n };
  }

  const times = (loss: number, count: number): number[] => new Array<number>(count).fill(loss);
  // Updates, and the test: the third network has learnt enough after 50 updates and is at 0.001 in the test.
  const script = (vanilla: number): number[] =>
    [times(0.09, 100), [vanilla], times(0.02, 101), times(0.0019, 50), [0.001], times(0.0021, 100), [0.002]].flat();

  function finish(losses: readonly number[]): {
    readonly shown: readonly DemoProgress[];
    readonly result: DemoResult;
    readonly left: number;
  } {
    const { task, left } = scripted(losses);
    const shown: DemoProgress[] = [];
    const run = sideBySide(task, 1, {});
    for (;;) {
      const { done, value } = run.next();
      if (done) return { shown, result: value, left: left() };
      shown.push(value);
    }
  }

  const { shown, result, left } = finish(script(0.08));

  it('compares the tanh RNN with the worse of the gated networks', () => {
    expect(result.metric).toBeCloseTo(0.08 / 0.002, 12);
    expect(left).toBe(0);
    expect(finish(script(0.3)).result.metric).toBeCloseTo(0.1 / 0.002, 12);
  });

  it('has a row for each network, and says which has solved the task', () => {
    const rows = result.lines.map(line => line.trim().split(/ {2,}/));
    expect(rows.slice(0, 5)).toEqual([
      ['loss of baseline', 'solved', 'sequences', 'time'],
      ['tanh RNN', '0.0800', '80.0 %', 'no', '200', expect.stringMatching(/^\d+\.\d s$/)],
      ['IRNN', '0.0200', '20.0 %', 'no', '200', expect.stringMatching(/ s$/)],
      ['LSTM', '0.0010', '1.0 %', 'yes', '100', expect.stringMatching(/ s$/)],
      ['GRU', '0.0020', '2.0 %', 'yes', '200', expect.stringMatching(/ s$/)],
    ]);
  });

  it('draws their losses over the baseline, as far as each of them went', () => {
    const { series } = result.curves ?? { series: [] };
    expect(series.map(({ name }) => name)).toEqual(['tanh RNN', 'IRNN', 'LSTM', 'GRU', 'baseline']);
    const log = (ratio: number): unknown => expect.closeTo(Math.log10(ratio), 9);
    expect(series[0]?.points).toEqual([
      [100, log(0.9)],
      [200, log(0.9)],
    ]);
    expect(series[2]?.points).toEqual([[100, log(0.019)]]);
    expect(series[4]?.points).toEqual([
      [0, 0],
      [200, 0],
    ]);
  });

  it('shows how far it is, to the end', () => {
    const done = shown.map(progress => progress.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(shown.at(-1)).toEqual({ done: 400, total: 400, note: 'GRU: loss 0.0020 on 500 new sequences' });
    expect(shown.every(({ total }) => total === 400)).toBe(true);
  });
});
