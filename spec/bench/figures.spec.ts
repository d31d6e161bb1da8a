/** What is made of the times: turns, quartiles, slopes, means, tables, comparisons. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { blasNamed, type ChosenBackends, chosenBackends, wasm } from '../../bench/backends.ts';
import { compared, rowsOf, save } from '../../bench/compare.ts';
import { larger, pinnedIn } from '../../bench/machine.ts';
import { kernelShares, meansOf, type PeerTime, type Report, type Row } from '../../bench/report.ts';
import { slopeOf, slopesOf } from '../../bench/slopes.ts';
import { figure, markdown, text } from '../../bench/table.ts';
import { summary, timed } from '../../bench/timing.ts';
import { FormatError, ValueError } from '../../lib/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const peer = (name: string, ratio: number, note: string | null = null): PeerTime => ({
  ...{ name, ms: 2 * ratio, spread: [ratio, 3 * ratio], rounds: 7, ratio },
  ...{ verified: note === null, note },
});

const row = (name: string, more: Partial<Row> = {}): Row => ({
  ...{ name, backend: 'wasm', precision: 'f64', workers: 1, wide: false, ms: 2, spread: [1.9, 2.1], rounds: 7 },
  ...{ gflops: 10, tokensPerSecond: 12_345, share: 0.5, bandwidthShare: 0.01, peakMemory: 2 ** 23, allocated: null },
  verified: { by: 'the reference', worst: 1e-15, tensor: 'y', bound: 1e-12 },
  peers: [],
  ...more,
});

const report = (cases: readonly Row[], more: Partial<Report> = {}): Report => ({
  ...{ ok: true, stopped: null, refused: [], absent: [], leftOut: [], slopes: [], kernels: [] },
  machine: {
    ...{ cpu: 'an abacus', cores: 2, platform: 'linux x64', node: '20', wide: false, bandwidth: 10, peaks: [] },
    ...{ blas: null, pinned: {} },
  },
  cases,
  means: meansOf(cases),
  ...more,
});

describe('turns', () => {
  it('everyone has one a round, the first of a round another one each time', async () => {
    const turns: string[] = [];
    const contender = (name: string) => ({
      run(times: number) {
        turns.push(name);
        return 200 * times;
      },
    });
    const timings = await timed([contender('a'), contender('b'), contender('c')], 3);
    const warm = turns.length - 9;
    expect(turns.slice(warm).join('')).toBe('abcbcacab');
    expect(timings).toEqual([1, 2, 3].map(() => ({ ms: 200, spread: [200, 200], rounds: 3 })));
  });

  it('what takes long has two; short work is done several times', async () => {
    let most = 0;
    const slow = { run: (times: number) => 2000 * times };
    const quick = {
      run(times: number) {
        most = Math.max(most, times);
        return 2 * times;
      },
    };
    const timings = await timed([slow, quick], 5);
    expect(timings?.map(({ ms, rounds }) => [ms, rounds])).toEqual([
      [2000, 2],
      [2, 5],
    ]);
    expect(most).toBe(15);
  });

  it('end when they are told to', async () => {
    expect(await timed([{ run: times => times }], 5, () => true)).toBeUndefined();
  });

  it('median and quartiles lie between values where they must', () => {
    expect(summary([4, 1, 3, 2])).toEqual({ ms: 2.5, spread: [1.75, 3.25], rounds: 4 });
    expect(summary([7])).toEqual({ ms: 7, spread: [7, 7], rounds: 1 });
  });
});

describe('figures', () => {
  it('a slope is the exponent', () => {
    const power = [1, 4, 16, 64].map(x => [x, 3 * x ** 1.5] as const);
    expect(slopeOf(power)).toBeCloseTo(1.5, 12);
    const placed = power.map(([at, ms]) => ({ ...row('x'), ms, place: { along: 'T' as const, at } }));
    expect(slopesOf([...placed, { ...row('y'), place: { along: 'm', at: 1 } }])).toMatchObject([
      { along: 'T', backend: 'wasm', precision: 'f64', points: power },
    ]);
  });

  it('a mean of ratios is geometric, each peer by itself', () => {
    const rows = [row('a', { peers: [peer('p', 1), peer('q', 5)] }), row('b', { peers: [peer('p', 4)] })];
    expect(meansOf(rows)).toEqual([
      { backend: 'wasm', precision: 'f64', peer: 'p', ratio: 2, least: 1, cases: 2 },
      { backend: 'wasm', precision: 'f64', peer: 'q', ratio: expect.closeTo(5, 12), least: 5, cases: 1 },
    ]);
  });

  it('with several backends there is a mean over the best of each case', () => {
    const on = (name: string, backend: string, ms: number) => row(name, { backend, ms, peers: [peer('p', 8 / ms)] });
    const rows = [on('a', 'wasm', 1), on('a', 'blas', 2), on('b', 'wasm', 8), on('b', 'blas', 4)];
    const best = { backend: 'best', precision: 'f64', peer: 'p', ratio: expect.closeTo(4, 12), least: 2, cases: 2 };
    expect(meansOf(rows).at(-1)).toEqual(best);
    expect(text(report(rows))).toContain('Best backend of each case, f64: p 4× in the mean of 2, 2× at least');
  });

  it('a peer by one thread and by two counts as the faster of them', () => {
    const both = (one: number, two: number) => [
      peer('p, 1 thread', one),
      peer('p, 2 threads', two),
      peer('q, 1 thread', 1),
    ];
    const rows = [
      row('a', { peers: both(2, 3) }),
      row('b', { peers: both(9, 8) }),
      row('b', { backend: 'blas', ms: 99 }),
    ];
    const peers = meansOf(rows).filter(({ backend }) => backend === 'best');
    expect(peers.at(-1)).toMatchObject({
      ...{ peer: 'p, whichever number of threads is fastest', ratio: expect.closeTo(4, 12), least: 2, cases: 2 },
    });
    expect(peers).toHaveLength(4);
  });

  it('the kernels’ share is of the same backend and precision', () => {
    const rows = [row('layer', { ms: 10 }), row('kernels', { ms: 1 }), row('kernels', { precision: 'f32' })];
    const shares = kernelShares(rows, { name: 'kernels', layer: 'layer' });
    expect(shares).toEqual([{ layer: 'layer', backend: 'wasm', precision: 'f64', part: 0.1 }]);
  });

  it('of two peaks the larger counts', () => {
    const peak = (precision: 'f64' | 'f32', gflops: number) => ({ backend: 'wasm', precision, gflops, shape: '' });
    expect(larger([peak('f64', 1), peak('f32', 5)], [peak('f64', 2), peak('f32', 4)])).toEqual([
      peak('f64', 2),
      peak('f32', 5),
    ]);
  });

  it('are printed with three digits', () => {
    expect([1234.5, 99.94, 1.005, 0.00012345, Number.NaN].map(figure)).toEqual(['1235', '99.9', '1', '0.000123', '–']);
  });
});

describe('the text', () => {
  it('has a line for every case, ratios, means, and what differs', () => {
    const cases = [row('a', { peers: [peer('p', 3), peer('q', 8, 'another function')] }), row('b')];
    const printed = text(report(cases));
    expect(printed).toContain('| a    |');
    expect(printed).toContain('2 element by element to 1.0e-15');
    expect(printed).toMatch(/\| a +\| +3× \| +8× \[1\] \|/);
    expect(printed).toMatch(/\| geometric mean \| +3× \| +8× \|/);
    expect(printed).toContain('[1] q: not verified: another function');
  });

  it('says what BLAS ours runs on, with whose kernels, and what the environment fixes', () => {
    const library = { name: 'OpenBLAS', version: '0.3.21', kernel: 'Haswell', path: 'libopenblas.so.0' } as const;
    const here = report([row('a')]);
    const pinned = pinnedIn({ HOME: '/', OPENBLAS_CORETYPE: 'Haswell', NPY_DISABLE_CPU_FEATURES: 'AVX2', OMP: '1' });
    const printed = text({ ...here, machine: { ...here.machine, blas: blasNamed(library), pinned } });
    expect(printed).toContain('Ours on OpenBLAS 0.3.21 (kernels for Haswell, libopenblas.so.0)\n');
    expect(printed).toContain('The environment fixes NPY_DISABLE_CPU_FEATURES=AVX2, OPENBLAS_CORETYPE=Haswell: what');
    expect(blasNamed({ ...library, name: 'MKL', version: undefined, kernel: undefined })).toBe(
      'MKL (libopenblas.so.0)',
    );
    expect(text(here)).not.toMatch(/Ours on|environment/);
  });

  it('says what is wrong, absent, left out, and what stopped it', () => {
    const refused = [{ ...row('w'), by: 'f64', tensor: 'dx', worst: 1, bound: 1e-4 }];
    const leftOut = ['a', 'b'].map(name => ({ name, precision: 'f64' as const, who: 'p', why: 'too slow' }));
    const absent = [{ family: 'pytorch', why: 'not installed' }];
    const printed = text(report([row('a')], { refused, leftOut, absent, stopped: 'SIGINT' }));
    expect(printed).toContain('WRONG, not timed: w, wasm f64: against f64, dx deviates by 1.0e+0, more than 0.0001');
    expect(printed).toContain('Left out: p: too slow (a, b)');
    expect(printed).toContain('Without pytorch: not installed');
    expect(printed).toContain('Stopped by SIGINT.');
  });

  it('columns are even', () => {
    expect(
      markdown([
        ['case', 'ms'],
        ['long name', '1'],
        ['x', '12345'],
      ]),
    ).toBe('| case      |    ms |\n| --------- | ----: |\n| long name |     1 |\n| x         | 12345 |');
  });
});

describe('against an earlier run', () => {
  it('every case that both have, and whether the quartiles are apart', () => {
    const path = join(folder, 'before.json');
    save(path, report([row('a', { ms: 4, spread: [3, 5] }), row('b', { spread: [1, 2] }), row('c')]));
    const now = report([row('a'), row('b'), row('d'), row('c', { precision: 'f32' })]);
    expect(compared(now, rowsOf(path))).toEqual([
      { name: 'a', backend: 'wasm', precision: 'f64', before: 4, now: 2, ratio: 2, apart: true },
      { name: 'b', backend: 'wasm', precision: 'f64', before: 2, now: 2, ratio: 1, apart: false },
    ]);
  });

  it.each(['{}', 'null', 'no JSON', '{"cases":[{"name":"a"}]}', '{"cases":[null]}'])(
    'a file of %s is none',
    content => {
      const path = join(folder, 'other.json');
      writeFileSync(path, content);
      expect(() => rowsOf(path)).toThrow(FormatError);
    },
  );
});

describe('backends', () => {
  const names = (chosen: ChosenBackends) => chosen.backends.map(({ name }) => name);
  const broken = { ...wasm, name: 'blas', missing: () => 'it is not here' };

  it('auto is all that are fast and here, and says which are not', () => {
    const chosen = chosenBackends(['auto', 'wasm'], { wasm, blas: broken });
    expect(names(chosen)).toEqual(['wasm']);
    expect(chosen.absent).toEqual([{ family: 'blas', why: 'it is not here' }]);
    expect(chosenBackends(['wasm'], { wasm, blas: broken }).absent).toEqual([]);
    expect(names(chosenBackends(['auto'], { wasm, blas: { ...wasm, name: 'blas' } }))).toEqual(['wasm', 'blas']);
  });

  it('a name that is none, or cannot run here, is an error', () => {
    expect(() => chosenBackends(['wasm', 'abacus'])).toThrow(ValueError);
    expect(() => chosenBackends(['blas'], { wasm, blas: broken })).toThrow('it is not here');
  });
});
