import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkExamples, type Example, examplesOf, ROOT } from './examples.ts';

const SCRATCH = join(ROOT, '.examples');

const sources = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => `lib/${path.replaceAll('\\', '/')}`)
  .sort();
const readme = existsSync(join(ROOT, 'README.md')) ? ['README.md'] : [];
const guides = readdirSync(join(ROOT, 'derivations/.site/guides'))
  .filter(file => file.endsWith('.md'))
  .map(file => `derivations/.site/guides/${file}`)
  .sort();
const examples = [...readme, ...guides, ...sources].flatMap(path =>
  examplesOf(path, readFileSync(join(ROOT, path), 'utf8')),
);

describe('every example compiles, runs and prints what it states', () => {
  let problems: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    problems = await checkExamples(SCRATCH, examples);
  });

  test.each(examples.map(({ name }) => name))('%s', name => {
    expect(problems.get(name)).toEqual([]);
  });
});

describe('an example that is wrong is reported', () => {
  const planted: Readonly<Record<string, readonly [code: string, ...problems: unknown[]]>> = {
    'right.md': ["console.log('%s', [1]); // → [ 1 ]\nconsole.log('a\\n  b ');\n// → a\n// →   b\n"],
    'other.md': ['console.log(1 + 1); // → 3\n', 'output line 1: states "3", prints "2"'],
    'more.md': ['console.log(1); // → 1\nconsole.log(2);\n', 'output line 2: states nothing, prints "2"'],
    'fewer.md': ['console.log(1);\n// → 1\n// → 2\n', 'output line 2: states "2", prints nothing'],
    'type.md': [
      "import { Random } from 'bptt';\nconst n: string = new Random(1).uniform();\nconsole.log(typeof n); // → number\n",
      expect.stringMatching(/^type-1\.ts\(2,7\): error TS2322: /),
    ],
    'thrown.md': [
      "import { Random } from 'bptt';\nnew Random(-1);\n",
      expect.stringMatching(/^throws ValueError: seed: /),
    ],
  };
  let problems: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    const blocks = Object.entries(planted).flatMap(([path, [code]]) => examplesOf(path, `\`\`\`ts\n${code}\`\`\`\n`));
    problems = await checkExamples(join(SCRATCH, 'planted'), blocks);
  });

  test.each(Object.entries(planted))('%s', (path, [, ...expected]) => {
    expect(problems.get(`${path} #1`)).toEqual(expected);
  });
});

describe('examples are found', () => {
  const codes = (found: readonly Example[]): unknown[] => found.map(({ code, runs }) => [code, runs]);

  test('in Markdown, those not to be run marked so, other languages left out', () => {
    const text = 'Text\n\n```ts\na;\n```\n\n```sh\nb\n```\n\n```ts no-run\nc;\n\nd;\n```\n';
    expect(codes(examplesOf('README.md', text))).toEqual([
      ['a;\n', true],
      ['c;\n\nd;\n', false],
    ]);
  });

  test('in doc comments, below every @example and nowhere else', () => {
    const comment = [
      '/**',
      ' * ```ts',
      ' * no();',
      ' * ```',
      ' * @example',
      ' * ```ts',
      ' * f({',
      ' *   a: 1,',
      ' *',
      ' * });',
      ' * ```',
      ' * @returns',
      ' * ```ts',
      ' * no();',
      ' * ```',
      ' */',
    ];
    const indented = comment.map(line => `  ${line}`);
    const text = [...comment, "const glob = 'lib/**/*.ts';", 'class A {', ...indented, '}'].join('\n');
    const code = 'f({\n  a: 1,\n\n});\n';
    expect(codes(examplesOf('lib/a.ts', text))).toEqual([
      [code, true],
      [code, true],
    ]);
  });

  test('an @example without a block is an error', () => {
    expect(() => examplesOf('lib/a.ts', '/**\n * @example f(1)\n */\n')).toThrow('lib/a.ts');
  });
});
