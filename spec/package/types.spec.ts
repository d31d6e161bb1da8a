/** The declarations of the package to the oldest compiler that they are for and to the newest: in a page, without those of Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { project, write } from './installed.ts';
import { manifest, run } from './npm.ts';

/** All but those of Node, and of fast-check. */
const entries = Object.entries(manifest.exports).flatMap(([name, entry]) =>
  typeof entry === 'string' || /check\/properties|io\/node|\*/.test(name) ? [] : [{ name, file: entry.default }],
);

const USE = `
import { bidirectional, linear, lstm, recurrent, stack } from 'bptt';
import type { Layer } from 'bptt';
import { connect } from 'bptt/worker';

const both = bidirectional({ forward: recurrent(lstm, { d: 2, m: 3 }), backward: recurrent(lstm, { d: 2, m: 3 }) });
export const net = stack({ both, out: linear({ m: 6, C: 2 }) });
export const layer: Layer = net;
net.params.get('both.forward.W_f');
// @ts-expect-error: there is no such parameter
net.params.get('both.forward.W_x');
// @ts-expect-error: a name that is misspelt
recurrent(lstm, { d: 2, m: 3 }, { percision: 'f32' });
connect(new Worker('train.js', { type: 'module' }), { x: [1] });
`;

/** What somebody exports that has such a thing from a function must have a type that can be named. */
const NAMED = 'declare const madeBy: <R>(f: (...args: never[]) => R) => R;';

beforeAll(async () => {
  const named = entries.map(async ({ name, file }, n) => {
    const module = await import(pathToFileURL(join(project, 'node_modules/bptt', file)).href);
    const functions = Object.entries<unknown>(module).filter(([, value]) => isFunction(value));
    const made = functions.map(([of]) => `export const ${of}_${n} = madeBy(entry${n}.${of});`);
    return [`import * as entry${n} from '${name.replace('.', 'bptt')}';`, ...made].join('\n');
  });
  write('types.mts', [NAMED, ...(await Promise.all(named)), USE].join('\n'));
  const compilerOptions = {
    ...{ strict: true, noEmit: true, declaration: true, skipLibCheck: false, module: 'nodenext', target: 'es2022' },
    ...{ lib: ['es2023', 'dom'], types: [] },
  };
  write('tsconfig.types.json', JSON.stringify({ compilerOptions, files: ['types.mts'] }));
});

test.each(['typescript-oldest', 'typescript'])('%s', compiler => {
  const { version } = JSON.parse(readFileSync(join(project, 'node_modules', compiler, 'package.json'), 'utf8'));
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  if (compiler === 'typescript-oldest')
    expect(readme).toContain(`TypeScript ${version.replace(/\.\d+$/, '')} or later`);
  run(project, process.execPath, `node_modules/${compiler}/bin/tsc`, '-p', 'tsconfig.types.json');
});

function isFunction(value: unknown): boolean {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
}
