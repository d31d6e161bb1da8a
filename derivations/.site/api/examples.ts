/** Examples that run in a page: each is built, with what it needs of the library, and run in a worker. */
import type { Plugin } from 'esbuild';
import { escaped } from '../escaped.ts';
import { highlighted } from '../highlight.ts';
import type { ExampleCode } from './docs.ts';

/** What a page may import; everything else is for Node, or another package. */
const IN_A_PAGE = /^bptt(?:\/(?:browser|check|flow|io|tasks|worker|cells\/[\w-]+))?$/;

const built = new Map<string, string>();

/** The code of the examples that run in a page, by their names. */
export const examplesBuilt: ReadonlyMap<string, string> = built;

/**
 * An example, with a button that runs it where that can be.
 *
 * @param link where a name leads, if anywhere.
 */
export function exampleHtml({ code, runs }: ExampleCode, link?: (name: string) => string | undefined): string {
  const pre = `<pre tabindex="0"><code>${highlighted(code, link).join('\n')}</code></pre>`;
  if (!runs) return `<div class="example">${pre}</div>`;
  const foreign = importsOf(code).filter(name => !IN_A_PAGE.test(name));
  if (foreign.length > 0)
    return `<div class="example">${pre}<p class="where">Runs in Node: it needs ${namesOf(foreign)}.</p></div>`;
  const name = nameOf(code);
  const stated = Array.from(code.matchAll(/\/\/ →(?: (.*))?$/gm), ([, line = '']) => line.trimEnd());
  const lines = Math.max(1, stated.length);
  return `<div class="example" data-example="${name}" data-stated="${escaped(JSON.stringify(stated))}">${pre}<div class="ran"><button type="button">Run</button><output style="min-height:${1.5 * lines}em"></output></div></div>`;
}

const namesOf = (names: readonly string[]): string => names.map(name => `<code>${escaped(name)}</code>`).join(', ');

const importsOf = (code: string): string[] =>
  Array.from(code.matchAll(/(?:from|import) '([^']+)'/g), ([, name = '']) => name);

/** The same code, the same name. */
function nameOf(code: string): string {
  const known = Array.from(built).find(([, other]) => other === code);
  if (known) return known[0];
  const name = `example-${built.size + 1}`;
  built.set(name, code);
  return name;
}

/** Lets esbuild have them, as `example:NAME`. */
export const examplesPlugin = (resolveDir: string): Plugin => ({
  name: 'examples',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^example:/ }, ({ path }) => ({ path: path.replace('example:', ''), namespace: 'example' }));
    onLoad({ filter: /.*/, namespace: 'example' }, ({ path }) => ({
      ...{ contents: built.get(path) ?? '', loader: 'ts', resolveDir },
    }));
  },
});
