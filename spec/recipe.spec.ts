/**
 * The README's recipe “Adding a cell”, followed to the letter in a copy of the repository: three small files, and nothing
 * else touched. They lie in `spec/fixtures/toy-cell/`, as text, where neither the compiler nor the tests find them.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from './cli/command.ts';
import { ROOT } from './examples.ts';

/** Where each of the three files goes. */
const RECIPE = [
  ['toy.md', 'derivations/toy.md'],
  ['toy.cell.txt', 'lib/cells/toy.ts'],
  ['toy.spec.txt', 'spec/cells/toy.spec.ts'],
] as const;

const PATHS = RECIPE.map(([, path]) => path);
const SETTINGS = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'biome.json', '.gitignore'];
const TAGS = ['TOY-B2', 'TOY-B3', 'TOY-B4', 'TOY-B5', 'RO-B1', 'RO-B2', 'TOY-B6', 'TOY-B7'];

const SMALL = ['--cell', 'toy', '--hidden', '6', '--chunk', '8', '--sample-length', '5'];

/** Prints what the library says of the cell, and how the commands end that are its arguments, one after the other. */
const COMMANDS = `import { explain } from './lib/index.ts';
import { toy } from './lib/cells/toy.ts';
import { run } from './lib/cli/program.ts';
import { captured } from './spec/cli/captured.ts';

const outcomes = [];
for (const command of process.argv.slice(2)) outcomes.push(await captured(run, process.cwd(), JSON.parse(command)));
console.log(JSON.stringify([explain(toy), outcomes]));
`;

const copy = mkdtempSync(join(tmpdir(), 'bptt-recipe-'));
const fixtures = join(ROOT, 'spec/fixtures/toy-cell');

beforeAll(() => {
  const left = [
    join(ROOT, 'spec/fixtures/pytorch'),
    join(ROOT, 'spec/peers/node_modules'),
    join(ROOT, 'bench/peers/node_modules'),
    join(ROOT, 'derivations/.site/node_modules'),
    join(ROOT, 'derivations/.site/out'),
  ];
  for (const path of ['bench', 'derivations', 'lib', 'spec', ...SETTINGS]) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true, filter: source => !left.includes(source) });
  }
  // Without what the other specs ask for, such as the package built.
  writeFileSync(
    join(copy, 'specs.config.mjs'),
    "export default { test: { include: ['spec/**/*.spec.ts'], testTimeout: 600_000, isolate: false, maxWorkers: 1 } };\n",
  );
  // Nothing else is touched, and nothing else knows of them.
  const files = PATHS.filter(path => path.endsWith('.ts'));
  writeFileSync(join(copy, 'three.json'), JSON.stringify({ extends: './tsconfig.json', include: [], files }));
  writeFileSync(join(copy, 'commands.ts'), COMMANDS);
  writeFileSync(join(copy, 'letters.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(10));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
  for (const [file, path] of RECIPE) cpSync(join(fixtures, file), join(copy, path));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(RECIPE)('%s is small', file => {
  const lines = readFileSync(join(fixtures, file), 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThan(60);
});

describe.concurrent('with the three files in their places', () => {
  test('the compiler and the linter are content', async () => {
    const [compiled, linted] = await Promise.all([
      run('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'three.json'),
      run('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...PATHS),
    ]);
    expect(compiled).toMatchObject({ status: 0, stdout: '' });
    expect(linted).toMatchObject({ status: 0, stderr: '' });
  });

  test('its own spec and that of the tags pass', async () => {
    expect(await failuresOf('spec/cells/toy.spec.ts', 'spec/crossrefs.spec.ts')).toEqual([]);
  });

  test('it runs fused, and the command checks it, has it among all, trains it and lets it write', async () => {
    const [how, [check, help, train, sample]] = await commands(
      ['check', 'toy', '--json'],
      ['train', '--help'],
      ['train', 'letters.txt', ...SMALL, '--steps', '20', '--out', 'run', '--json'],
      ['sample', 'run', '--prompt', 'the', '--length', '12', '--json'],
    );
    expect(how).toBe('runs fused: 2 products and 1 kernel a step');
    expect(printed(check)).toMatchObject({ ok: true, cell: 'toy', tensors: TAGS.map(tag => ({ tag, ok: true })) });
    expect(help?.stdout).toMatch(/the recurrent cell:[\s\S]*\btoy\b/);
    expect(printed(train)).toMatchObject({ ok: true, step: 20, steps: 20 });
    const text = expect.stringMatching(/^[a-z\n ]{12}$/);
    expect(printed(sample)).toMatchObject({ ok: true, prompt: 'the', text });
  });
});

test('what is wrong shows: another forward pass, a gradient that is not added up, a tag lost', async () => {
  const path = join(copy, 'lib/cells/toy.ts');
  const right = readFileSync(path, 'utf8');
  const failing = async (...changes: readonly (readonly [right: string, wrong: string])[]) => {
    for (const [code] of changes) expect(right).toContain(code);
    writeFileSync(
      path,
      changes.reduce((code, [before, after]) => code.replaceAll(before, after), right),
    );
    return failuresOf('spec/cells/toy.spec.ts', 'spec/crossrefs.spec.ts');
  };
  const [tags, derivation, check] = [
    'derivations and code name the same equations',
    'is its derivation, equation by equation',
    'passes the gradient check, each tensor under the tag of its equation',
  ];
  // With its slope: a right gradient of another cell.
  expect(await failing(['tanh', 'relu'])).toEqual([derivation]);
  expect(
    await failing(
      ['addTTimes(dp.W', 'addTo(dp.W, scale(dp.W, -1));\n    addTTimes(dp.W'],
      ['  addTTimes,', '  addTo,\n  addTTimes,\n  scale,'],
      ['// TOY-B6 ', '//'],
    ),
  ).toEqual(expect.arrayContaining([tags, check, 'none, where none is planted']));
});

/** The tests of the copy's specs that fail, by title. */
async function failuresOf(...specs: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await run(
    'node_modules/vitest/vitest.mjs',
    ...['run', '--reporter=json', '--config', 'specs.config.mjs', ...specs],
  );
  if (!stdout.startsWith('{')) throw new Error(`vitest has no report: ${stdout}${stderr}`);
  const { numTotalTests, testResults } = JSON.parse(stdout) as {
    readonly numTotalTests: number;
    readonly testResults: readonly {
      readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
    }[];
  };
  expect(testResults).toHaveLength(specs.length);
  expect(numTotalTests).toBeGreaterThan(specs.length);
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed')
    .map(({ title }) => title)
    .sort();
}

/** How the cell runs, and how the copy's commands end, in one process. */
async function commands(...all: readonly (readonly string[])[]): Promise<readonly [how: string, readonly Outcome[]]> {
  const args = all.map(command => JSON.stringify(command));
  const { status, stdout, stderr } = await run('--import', 'tsx', 'commands.ts', ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** What a command prints as JSON. */
function printed(outcome: Outcome | undefined): unknown {
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(outcome?.stdout ?? '');
}

/** Runs node in the copy to its end, outside of what this test's own runner has set. */
function run(
  ...args: readonly string[]
): Promise<{ readonly status: unknown; readonly stdout: string; readonly stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV$)/.test(name)));
  return new Promise(resolve => {
    execFile(process.execPath, args, { cwd: copy, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ status: error ? error.code : 0, stdout, stderr });
    });
  });
}
