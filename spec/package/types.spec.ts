/** The declarations of the package to the oldest compiler that they are for and to the newest: in a page, without those of Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { project, write } from './installed.ts';
import { manifest, run } from './npm.ts';

const entries = Object.keys(manifest.exports).filter(
  name => !/package\.json|check\/properties|io\/node|\*/.test(name), // fast-check and Node have types of their own
);

const PROGRAM = `
${entries.map((name, n) => `import * as entry${n} from '${name.replace('.', 'bptt')}';`).join('\n')}
import { bidirectional, linear, lstm, recurrent, stack } from 'bptt';
import type { Layer } from 'bptt';
import { connect } from 'bptt/worker';

const both = bidirectional({ forward: recurrent(lstm, { d: 2, m: 3 }), backward: recurrent(lstm, { d: 2, m: 3 }) });
const net = stack({ both, out: linear({ m: 6, C: 2 }) });
const layer: Layer = net;
net.params.get('both.forward.W_f');
// @ts-expect-error: there is no such parameter
net.params.get('both.forward.W_x');
// @ts-expect-error: a name that is misspelt
recurrent(lstm, { d: 2, m: 3 }, { percision: 'f32' });
connect(new Worker('train.js', { type: 'module' }), { x: [1] });
export { ${entries.map((_, n) => `entry${n}`).join(', ')}, layer };
`;

test.each(['typescript-oldest', 'typescript'])('%s', compiler => {
  const { version } = JSON.parse(readFileSync(join(project, 'node_modules', compiler, 'package.json'), 'utf8'));
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  if (compiler === 'typescript-oldest')
    expect(readme).toContain(`TypeScript ${version.replace(/\.\d+$/, '')} or later`);
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: false, module: 'nodenext', target: 'es2022' },
    ...{ lib: ['es2023', 'dom'], types: [] },
  };
  write('types.mts', PROGRAM);
  write('tsconfig.types.json', JSON.stringify({ compilerOptions, files: ['types.mts'] }));
  run(project, process.execPath, `node_modules/${compiler}/bin/tsc`, '-p', 'tsconfig.types.json');
});
