/**
 * What others have written, in what is bundled: small, pure packages are bundled with the library, so that who installs it
 * installs little else. Their licences go along.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

const BUILTIN = new RegExp(`^(node:)?(${builtinModules.join('|')})$`);

/** Packages in CommonJS find the modules of Node in a bundle that is none. */
export const others: Plugin = {
  name: 'others',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: BUILTIN }, ({ path, kind }) =>
      kind === 'require-call' ? { path: path.replace('node:', ''), namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
    }));
  },
};

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent: readonly (string | null)[];
}

/** A source map without the texts of others; undefined where there is nothing else in it. */
export function ownMap(text: string): string | undefined {
  const map = JSON.parse(text) as SourceMap;
  const isOwn = map.sources.map(source => !source.includes('node_modules/'));
  const sourcesContent = map.sourcesContent.map((content, n) => (isOwn[n] ? content : null));
  return isOwn.includes(true) ? JSON.stringify({ ...map, sourcesContent }) : undefined;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly author?: string | { readonly name: string };
}

/**
 * The names and licences of all packages that are in bundles.
 *
 * @param root where the paths of the bundles' inputs begin.
 */
export function noticesOf(root: string, bundles: readonly Metafile[]): string {
  const inputs = bundles.flatMap(({ outputs }) => Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)));
  const folders = inputs.flatMap(path => /^(?:.*[\\/])?node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path) ?? []);
  const notices = Array.from(new Set(folders), folder => noticeOf(join(root, folder)));
  return `What others have written, in the files of this package.\n\n${notices.sort().join('\n')}`;
}

function noticeOf(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const file = readdirSync(folder).find(file => /^licen[cs]e/i.test(file));
  const by = typeof author === 'object' ? author.name : author;
  const text = file === undefined ? `By ${by}.` : readFileSync(join(folder, file), 'utf8').trim();
  return `## ${name} ${version} (${license})\n\n${text}\n`;
}
