/**
 * `npm run mutate [-- PATH…]`: mutants of the folders or files named, such as `lib/losses` or `lib/cells/lstm.ts`, each judged by
 * the specs of its own folder alone, or of all four folders, by the specs of all. A folder by itself is judged in a fraction of
 * the time, and more strictly.
 */
import { existsSync } from 'node:fs';
import { Stryker } from '@stryker-mutator/core';
import { FOLDERS } from './folders.ts';

const wanted = process.argv.slice(2);
const folderOf = (path: string) => FOLDERS.find(folder => path === folder || path.startsWith(`${folder}/`));
const unknown = wanted.filter(path => !folderOf(path) || !existsSync(path));
if (unknown.length > 0) {
  process.stderr.write(`mutate: expected paths in ${FOLDERS.join(', ')}, got ${unknown.join(', ')}\n`);
  process.exit(2);
}

/** For the configuration of the tests, which is read in processes of Stryker's. */
process.env.BPTT_MUTATED = [...new Set(wanted.map(folderOf))].join(' ');
process.env.BPTT_WRITTEN = process.cwd();
const paths = wanted.length > 0 ? wanted : FOLDERS;
const named = wanted.map(path => path.replace('lib/', '-').replaceAll('/', '-').replace('.ts', ''));
await new Stryker({
  configFile: 'spec/mutation/stryker.config.json',
  mutate: [...paths.map(path => (path.endsWith('.ts') ? path : `${path}/**/*.ts`)), '!lib/**/index.ts'],
  jsonReporter: { fileName: `coverage/mutation${named.join('')}.json` },
}).runMutationTest();
