/** The package as installed, in Bun and in Deno: a training in a worker, its model as a file, a table, and the command. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { project, write } from '../package/installed.ts';
import { run } from '../package/npm.ts';
import { fileOf } from '../pages/readme.ts';

const PROGRAM = `
import { readCsv } from 'bptt';
import { load } from 'bptt/io';
import { connect } from 'bptt/worker';

const given = { x: [[0, 1, 1], [1, 0]], y: [0, 1] };
const training = connect(new Worker(new URL('train.js', import.meta.url), { type: 'module' }), given);
let epochs = 0;
for await (const { ended } of training) if (ended) epochs += 1;
const { model } = load(await training.save());
training.stop();
for await (const { value } of readCsv('a,b\\n1,"2"', { columns: { b: 'number' } })) console.log(epochs, model.name, value.b);
`;

const installed = (path: string) => join(ROOT, 'spec/runtimes/node_modules', path);

const RUNTIMES: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['Bun', installed('@oven/bun-linux-x64/bin/bun'), 'run'],
  ['Deno', installed('@deno/linux-x64-glibc/deno'), 'run', '--allow-all'],
];

beforeAll(() => {
  write('train.js', fileOf('train.js'));
  write('main.js', PROGRAM);
});

describe.each(RUNTIMES)('%s', (_, program, ...args) => {
  test.skipIf(!existsSync(program))('trains in a worker, reads a file and a table', () => {
    expect(run(project, program, ...args, 'main.js')).toBe('100 lstm+last-step+readout 2\n');
  });

  test.skipIf(!existsSync(program))('runs the command', () => {
    const command = 'node_modules/bptt/dist/lib/cli/main.js';
    expect(JSON.parse(run(project, program, ...args, command, 'check', 'rnn', '--json'))).toMatchObject({ ok: true });
  });
});
