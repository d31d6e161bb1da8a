/**
 * The package as installed, under every Node it is for: this one, and those of `spec/nodes`, where they are installed. The
 * same bits under each, in vectors of 128 bits and of 256.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ended } from '../ended.ts';
import { outputProblems, ROOT } from '../examples.ts';
import { firstExample, project, write } from './installed.ts';
import { run } from './npm.ts';

/** Trains two layers and prints what has become of their parameters, so that every kernel of a pass, and of products either way, matters. */
const PROGRAM = `
import { createHash } from 'node:crypto';
import { gru, lstm, Random, recurrent, Sequence, uniform, wideVectors } from 'bptt';

const hash = createHash('sha256');
const rng = new Random(1);
const x = Sequence.zeros({ T: 12, B: 21, F: 67 });
x.data.forEach((_, n) => { x.data[n] = rng.uniform() - 0.5; });
for (const precision of ['f64', 'f32']) {
  for (const cell of [lstm, gru]) {
    const layer = recurrent(cell, { d: 67, m: 97 }, { precision });
    uniform(0.1)(layer.params, new Random(2));
    for (let step = 0; step < 12; step++) {
      layer.params.zeroGrads();
      const { y, tape } = layer.forward(x);
      layer.backward(tape, y);
      const { values, grads } = layer.params;
      grads.forEach((gradient, n) => { values[n] -= 0.01 * gradient; });
    }
    hash.update(new Uint8Array(Float64Array.from(layer.params.values).buffer));
  }
}
console.log(JSON.stringify({ bits: hash.digest('hex'), wide: wideVectors() }));
`;

const COMMAND = 'node_modules/bptt/dist/lib/cli/main.js';
const WIDEN = '--experimental-wasm-revectorize';

/** Whether the machine has vectors of 256 bits. */
const capable = existsSync('/proc/cpuinfo') && /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));

const OWN = Number(process.versions.node.split('.')[0]);
const programOf = (version: number) => join(ROOT, `spec/nodes/node_modules/node-${version}/bin/node`);
const nodes = [OWN, ...[22, 24, 26].filter(version => version !== OWN)].map(version => ({
  version,
  node: version === OWN ? process.execPath : programOf(version),
  /** Whether it can make wide vectors, where it is asked to. */
  wide: version >= 24 && capable,
}));
const there = nodes.filter(({ node }) => existsSync(node));
for (const { version } of nodes.filter(each => !there.includes(each)))
  process.stdout.write(`nodes.spec: without Node ${version}: npm ci --prefix spec/nodes --ignore-scripts\n`);

beforeAll(() => {
  write('nodes.mjs', PROGRAM);
  write('nodes-example.mjs', firstExample());
});

const trained = (node: string, ...flags: readonly string[]) =>
  JSON.parse(run(project, node, ...flags, 'nodes.mjs')) as { readonly bits: string; readonly wide: boolean };

/** The first answer that is so, or the last of many: a busy machine cannot tell that its vectors are wide, and says that they are not. */
function soon<T>(ask: () => T, isSo: (answer: T) => boolean): T {
  let answer = ask();
  for (let n = 1; n < 20 && !isSo(answer); n++) answer = ask();
  return answer;
}

const expected = () => trained(process.execPath).bits;

describe.each(there)('Node $version', ({ node, version, wide }) => {
  test('is that version', () => {
    expect(run(project, node, '--version')).toMatch(new RegExp(`^v${version}\\.`));
  });

  test('runs the first example of the README', () => {
    expect(outputProblems(firstExample(), run(project, node, 'nodes-example.mjs'))).toEqual([]);
  });

  test('trains to the same bits as this one, wide or not', () => {
    const bits = expected();
    expect(trained(node)).toEqual({ bits, wide: false });
    if (version < 22) return; // the flag is unknown
    const own = soon(
      () => trained(node, WIDEN),
      answer => answer.wide === wide || answer.bits !== bits,
    );
    expect(own).toEqual({ bits, wide });
  });

  test('runs the command, and bench says how wide vectors are', () => {
    const bench = (env: NodeJS.ProcessEnv) => {
      const quick = ['--only', 'rnn-d64-m100-B1-T25', '--precision', 'f32', '--rounds', '1', '--peers', 'none'];
      const args = [COMMAND, 'bench', ...quick, '--backend', 'wasm', '--json'];
      const { status, stdout, stderr } = ended(node, args, { cwd: project, env });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { machine, cases } = JSON.parse(stdout) as { machine: { wide: boolean }; cases: readonly object[] };
      return { machine, cases };
    };
    const own = soon(
      () => bench(process.env),
      ({ machine }) => machine.wide === wide,
    );
    expect(own).toMatchObject({ machine: { wide }, cases: [{ workers: 1, wide }] });
    expect(bench({ ...process.env, BPTT_WIDE: '0' })).toMatchObject({ machine: { wide: false } });
  });
});
