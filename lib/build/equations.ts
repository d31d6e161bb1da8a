/**
 * The equations of the cells in what is bundled: left as they are written, since their tags are read off their lines, each in
 * the file of its cell.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/** Where cells lie. */
const FOLDER = 'lib/cells';

/** What is bundled imports these from where they are. */
const OUTSIDE = 'bptt/cells/';

/** What they import that is bundled: they have all of it from one file, which is made for them. */
const BASE: string = `${FOLDER}/imported.ts`;

/** How the files of equations are bundled around, of the library in a folder. */
export interface Equations {
  readonly plugin: Plugin;
  /** The files that are bundled beside those of the library: all others of cells, and what those of equations import. */
  readonly entries: readonly string[];
  /** The text of a file of the bundle, with what it imports of others or they of it where that is now. */
  readonly nearby: (file: string, text: string) => string;
}

export function equationsIn(root: string): Equations {
  const files = readdirSync(join(root, FOLDER));
  const texts = files.map(file => [file.replace('.ts', ''), readFileSync(join(root, FOLDER, file), 'utf8')] as const);
  const written = new Map(texts.filter(([, text]) => /\/\/ [A-Z\d]+-[A-Z]?\d/.test(text)));
  const isWritten = (file: string) => dirname(file) === FOLDER && written.has(basename(file).replace(/\.[jt]s$/, ''));
  const imported = new Map(Array.from(written.values(), text => importsOf(text, isWritten)).flat());

  const plugin: Plugin = {
    name: 'equations',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(BASE) }, () => ({ path: join(root, BASE), namespace: 'imported' }));
      onLoad({ filter: /./, namespace: 'imported' }, () => ({
        contents: Array.from(imported, ([name, file]) => `export { ${name} } from '${join(root, file)}';`).join('\n'),
        resolveDir: root,
      }));
      onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir }) => {
        const file = relative(root, join(resolveDir, path));
        return isWritten(file) ? { path: `${OUTSIDE}${basename(file, '.ts')}`, external: true } : undefined;
      });
    },
  };

  const nearby = (file: string, text: string) => {
    if (!isWritten(file)) {
      const folder = pathFrom(file, FOLDER);
      return text.replaceAll(new RegExp(`"${OUTSIDE}([\\w-]+)"`, 'g'), `"${folder}/$1.js"`);
    }
    return text.replaceAll(/(?<=from ')\.\.?\/[^']+(?=';)/g, path =>
      isWritten(join(FOLDER, path)) ? path : `./${basename(BASE, '.ts')}.js`,
    );
  };

  const others = files.map(file => join(FOLDER, file)).filter(file => !isWritten(file));
  return { plugin, entries: [...others, BASE], nearby };
}

/** How a file names another, by paths that begin at the same folder. */
export function pathFrom(file: string, other: string): string {
  return relative(dirname(file), other).replace(/^(?!\.)/, './');
}

/** What a file of equations imports that is none, each value with its file. */
function importsOf(text: string, isWritten: (file: string) => boolean): (readonly [name: string, file: string])[] {
  const imports = Array.from(text.matchAll(/^import \{([^}]*)\} from '(\..+)';$/gm));
  return imports.flatMap(([, names = '', path = '']) => {
    const file = join(FOLDER, path);
    const values = names.split(',').map(name => name.trim());
    return isWritten(file) ? [] : values.filter(name => name && !name.startsWith('type ')).map(name => [name, file]);
  });
}
