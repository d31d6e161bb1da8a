/** A module of the user's own wherever a cell can be named, in a folder where the package is installed. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readSealed } from '../../lib/io/sealed.ts';
import { MAIN } from '../build.ts';
import { ROOT } from '../examples.ts';
import { freshFolder, inTurn, linesOf, type Outcome } from './command.ts';

const CELL = readFileSync(join(ROOT, 'spec/fixtures/my-cell.ts'), 'utf8');
const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(50);
const FEW = ['--hidden', '4', '--chunk', '5', '--log-every', '1', '--save-every', '3', '--sample-length', '5'];

/** A module that has left a file behind when it was run. */
const telling = (text: string) => `import { writeFileSync as tell } from 'node:fs';\ntell('it-was-run', '');\n${text}`;
const changed = (from: string, to: string) => {
  expect(CELL).toContain(from);
  return CELL.replaceAll(from, to);
};

/** A folder with a text, the fixture, and the package among its modules. */
function project(cell: string = CELL): string {
  const folder = freshFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(dirname(MAIN), '../../..'), join(folder, 'node_modules/bptt'), 'junction');
  writeFileSync(join(folder, 'letters.txt'), TEXT);
  writeFileSync(join(folder, 'my-cell.ts'), cell);
  return folder;
}

/** A project with a run of the fixture. */
async function trained(): Promise<string> {
  const folder = project();
  expect(await train(folder, '4', '--cell', './my-cell.ts', '--out', 'runs/mine')).toMatchObject(fine);
  return folder;
}

const train = (folder: string, steps: string, ...args: readonly string[]) =>
  inTurn(folder, 'train', 'letters.txt', ...FEW, '--steps', steps, ...args, '--json');
const sample = (folder: string, ...args: readonly string[]) =>
  inTurn(folder, 'sample', ...args, '--length', '5', '--json');
const fine = { status: 0, stderr: '' };

/** What a command that was refused says, on its one line. */
function refusal({ status, stdout, stderr }: Outcome): string {
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false });
  expect(linesOf(stderr)).toHaveLength(1);
  return stderr.trimEnd();
}

let folder = '';
beforeAll(async () => {
  folder = await trained();
});

describe('a run of one’s own cell', () => {
  test('says how it runs, and notes where its module is, beside a checkpoint that does not', async () => {
    const own = project();
    const args = ['train', 'letters.txt', ...FEW, '--steps', '4', '--cell', './my-cell.ts', '--out', 'runs/mine'];
    const { status, stderr } = await inTurn(own, ...args);
    expect(status).toBe(0);
    expect(linesOf(stderr)).toContainEqual(
      expect.stringMatching(/^my-mgu runs fused: \d+ products? and \d+ kernels? a step$/),
    );
    expect(JSON.parse(readFileSync(join(own, 'runs/mine/cell.json'), 'utf8'))).toEqual({
      path: join('..', '..', 'my-cell.ts'),
      name: 'my-mgu',
      folder: expect.stringMatching(/^\d+-\d+$/),
    });
    const bytes = readFileSync(join(own, 'runs/mine/checkpoint.safetensors'));
    expect(bytes.toString('latin1')).not.toMatch(/my-cell|runs/);
    expect(readSealed(bytes).metadata.get('equations')).toMatch(/^[\da-f]{64}$/);
    expect(readFileSync(join(own, 'runs/mine/loss.svg'), 'utf8')).toContain('--cell my-cell.ts#my-mgu');
    expect(readFileSync(join(folder, 'runs/mine/checkpoint.safetensors')).equals(bytes)).toBe(true);
  });

  test.each(['module', 'commonjs'])('is as fast where package.json says that JavaScript is %s', async type => {
    const own = project();
    writeFileSync(join(own, 'package.json'), JSON.stringify({ type }));
    const args = ['train', 'letters.txt', ...FEW, '--steps', '1', '--cell', './my-cell.ts', '--out', 'run'];
    const { status, stderr } = await inTurn(own, ...args);
    expect(status).toBe(0);
    expect(stderr).toContain('my-mgu runs fused');
  });

  test('goes on to the same bits, from any folder, and where run and module have gone together', async () => {
    const [whole, halves] = [project(), await trained()];
    expect(await train(whole, '8', '--cell', './my-cell.ts', '--out', 'runs/mine')).toMatchObject(fine);
    const elsewhere = freshFolder();
    for (const name of ['runs', 'letters.txt', 'my-cell.ts', 'node_modules'])
      renameSync(join(halves, name), join(elsewhere, name));
    const run = join(elsewhere, 'runs/mine');
    expect(await inTurn(freshFolder(), 'train', '--resume', run, '--steps', '8', '--json')).toMatchObject(fine);
    for (const name of ['best.safetensors', 'loss.csv']) {
      expect(readFileSync(join(run, name)).equals(readFileSync(join(whole, 'runs/mine', name)))).toBe(true);
    }
    const tensors = (path: string) => readSealed(readFileSync(join(path, 'checkpoint.safetensors'))).tensors;
    expect(tensors(run)).toEqual(tensors(join(whole, 'runs/mine')));
  });

  test('is sampled from, looked into and studied as any other', async () => {
    expect(await sample(folder, 'runs/mine')).toMatchObject(fine);
    expect(await inTurn(folder, 'cells', 'runs/mine', 'letters.txt', '--symbols', '200', '--json')).toMatchObject(fine);
    const { stdout, ...others } = await inTurn(folder, 'flow', 'runs/mine', '--length', '6', '-o', 'flow', '--json');
    expect(others).toMatchObject(fine);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, m: 4 });
    expect(readFileSync(join(folder, 'flow/flow.html'), 'utf8')).toContain('runs/mine (my-mgu, m = 4)');
  });

  test('is no model of PyTorch or ONNX', async () => {
    const said = refusal(await inTurn(folder, 'export', 'runs/mine', '--to', 'onnx', '-o', 'mine.onnx', '--json'));
    expect(said).toMatch(/checkpoint\.safetensors: expected cell to be one of .*rnn.*, got "my-mgu"$/);
  });

  test('of a cell that cannot be recorded says so, and is known by its name', async () => {
    const opaque = changed('const f = sigmoid(', 'x.get(0, 0);\n    const f = sigmoid(');
    const own = project(opaque);
    const args = ['train', 'letters.txt', ...FEW, '--steps', '2', '--cell', './my-cell.ts', '--out', 'run'];
    const { status, stderr } = await inTurn(own, ...args);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^my-mgu runs unrolled, because it looks at the single element \[0,0\] of a matrix .*; its checkpoints know it by its name alone/m,
    );
    expect(await sample(own, 'run')).toMatchObject(fine);
  });
});

describe('beside others', () => {
  test('flow has it by itself and compared, and names it in the pictures', async () => {
    const short = ['--length', '6', '--hidden', '4', '--inputs', '2', '--json'];
    expect(await inTurn(folder, 'flow', '--cell', './my-cell.ts#myMgu', ...short)).toMatchObject(fine);
    const { stdout, ...others } = await inTurn(
      ...([folder, 'flow', '--compare', 'lstm,./my-cell.ts', '--seeds', '2', '-o', 'compared', ...short] as const),
    );
    expect(others).toMatchObject(fine);
    expect(stdout).toContain('"name":"my-mgu"');
    const picture = readFileSync(join(folder, 'compared/compare.svg'), 'utf8');
    expect(picture).toContain('>my-mgu<');
    expect(picture).toContain('--compare lstm,./my-cell.ts');
  });

  test('compare has it among the models', async () => {
    const small = ['--models', 'unigram', '--cell', 'lstm-coupled,./my-cell.ts', '--hidden', '4', '--steps', '2'];
    const { stdout, ...others } = await inTurn(folder, 'compare', 'letters.txt', ...small, '--json');
    expect(others).toMatchObject(fine);
    const { models, chart } = JSON.parse(stdout);
    expect(models.map(({ name }: { name: string }) => name)).toEqual(['unigram', 'lstm-coupled', 'my-mgu']);
    expect(readFileSync(join(folder, chart), 'utf8')).toContain('>my-mgu<');
  });

  const one = ['--only', 'my-mgu-d128-m128-B1-T50', '--backend', 'wasm', '--precision', 'f64', '--rounds', '1'];

  test('bench finds it right, and times it beside gru and lstm', async () => {
    const { stdout, ...others } = await inTurn(folder, 'bench', '--cell', './my-cell.ts', ...one, '--json');
    expect(others).toMatchObject(fine);
    const { ok, cases, own } = JSON.parse(stdout);
    const beside = ['gru', 'lstm'].map(name => ({
      name,
      tokensPerSecond: expect.any(Number),
      ratio: expect.any(Number),
    }));
    expect(own).toEqual({
      runs: expect.stringMatching(/^my-mgu runs fused: /),
      cases: [
        {
          ...{ case: 'my-mgu-d128-m128-B1-T50', backend: 'wasm', precision: 'f64' },
          ...{ tokensPerSecond: expect.any(Number), beside },
        },
      ],
    });
    expect(ok).toBe(true);
    expect(cases).toMatchObject([{ verified: { by: 'the reference', bound: 1e-12 } }]);
  });
});

describe('refused, with one line that says what was expected:', () => {
  const second = "\nexport const other = { ...myMgu, name: 'other' };\n";
  test.each<readonly [string, string, string, RegExp]>([
    ['no such file', '', './no-such.ts', /^bptt: \.\/no-such\.ts: expected a module of your own, got no such file$/],
    ['a module without a cell', 'export const h = 1;', './m.ts', /expected a module that exports a cell, got h$/],
    [
      'two cells',
      CELL + second,
      './m.ts',
      /^bptt: \.\/m\.ts: expected a module that exports one cell, or the name of one behind it, as in \.\/m\.ts#my-mgu, got my-mgu, other$/,
    ],
    ['no cell of that name', CELL + second, './m.ts#third', /exports one cell called third, got my-mgu, other$/],
    [
      'a name of the library’s',
      changed("'my-mgu'", "'lstm'"),
      './m.ts',
      /name: expected a name of its own, got that of another cell, lstm$/,
    ],
    [
      'a name that is none',
      changed("'my-mgu'", "'my\\u001b[31m'"),
      './m.ts',
      /name: expected 1 to 60 characters that can be shown on a line/,
    ],
    [
      'a module that throws',
      'throw new RangeError("no luck");',
      './m.ts',
      /expected a module that can be run, got RangeError: no luck$/,
    ],
  ])('%s', async (_, text, cell, message) => {
    const own = project();
    if (text) writeFileSync(join(own, 'm.ts'), text);
    const before = existsSync(join(own, 'run'));
    expect(refusal(await train(own, '2', '--cell', cell, '--out', 'run'))).toMatch(message);
    expect(existsSync(join(own, 'run'))).toBe(before);
    expect(refusal(await inTurn(own, 'flow', '--compare', `rnn,${cell}`, '--json'))).toMatch(message);
    expect(refusal(await inTurn(own, 'compare', 'letters.txt', '--cell', cell, '--json'))).toMatch(message);
    expect(refusal(await inTurn(own, 'bench', '--cell', cell, '--json'))).toMatch(message);
  });

  test('one of two cells is had by its name', async () => {
    const own = project(CELL + second);
    expect(await train(own, '2', '--cell', './my-cell.ts#other', '--out', 'run')).toMatchObject(fine);
    expect(await sample(own, 'run')).toMatchObject(fine);
    expect(await sample(own, 'run', '--cell', './my-cell.ts')).toMatchObject(fine);
    expect(refusal(await sample(own, 'run', '--cell', './my-cell.ts#my-mgu'))).toMatch(/got "other"$/);
  });

  test('a name of another model, and a network twice', async () => {
    const own = project(changed("'my-mgu'", "'hmm'"));
    const compare = (...cells: readonly string[]) =>
      inTurn(own, 'compare', 'letters.txt', '--cell', ...cells, '--json');
    expect(refusal(await compare('./my-cell.ts'))).toMatch(/--cell: expected a cell with a name of its own, got hmm/);
    expect(refusal(await compare('gru'))).toMatch(/each model once, got gru twice$/);
    writeFileSync(join(own, 'irnn.ts'), changed("'my-mgu'", "'irnn'"));
    const flow = await inTurn(own, 'flow', '--compare', 'irnn,./irnn.ts', '--json');
    expect(refusal(flow)).toMatch(/name: expected a name of its own, got that of another cell, irnn$/);
  });

  test.each([
    ['forward', 'mul(f, hPrev)', 'mul(f, hPrev, f)'],
    ['backward', 'mul(dh, sub(c, hPrev))', 'mul(dh, sub(hPrev, c))'],
  ])('other equations than those that it was trained with: %s', async (_, from, to) => {
    writeFileSync(join(folder, `${_}.ts`), changed(from, to));
    const message =
      /checkpoint\.safetensors: expected equations to be those of the cell my-mgu that it was trained with, got other equations$/;
    expect(refusal(await sample(folder, 'runs/mine', '--cell', `./${_}.ts`))).toMatch(message);
    const more = ['--resume', 'runs/mine', '--cell', `./${_}.ts`, '--steps', '9', '--json'];
    expect(refusal(await inTurn(folder, 'train', ...more))).toMatch(message);
  });

  test('a cell named for a checkpoint of the library’s', async () => {
    expect(await train(folder, '2', '--out', 'runs/rnn')).toMatchObject(fine);
    expect(refusal(await sample(folder, 'runs/rnn', '--cell', './my-cell.ts'))).toMatch(
      /--cell: expected rnn, of which .*checkpoint\.safetensors is, got \.\/my-cell\.ts$/,
    );
    expect(existsSync(join(folder, 'runs/rnn/cell.json'))).toBe(false);
  });
});

describe('a module is run where its user named it, and nowhere else:', () => {
  const named = /--cell: expected the module with its cell my-mgu, got none/;
  let own = '';
  beforeAll(async () => {
    own = project(telling(CELL));
    // In a process of its own: one that has run a module does not run it again.
    const args = ['letters.txt', ...FEW, '--steps', '4', '--cell', './my-cell.ts', '--out', 'runs/mine', '--json'];
    expect(await inTurn(own, 'train', ...args)).toMatchObject(fine);
    rmSync(join(own, 'it-was-run'));
  });
  const refusedUnrun = async (path: string, message: RegExp) => {
    expect(refusal(await sample(own, path))).toMatch(message);
    expect(refusal(await inTurn(own, 'train', '--resume', path, '--steps', '9', '--json'))).toMatch(message);
    expect(existsSync(join(own, 'it-was-run'))).toBe(false);
  };

  test('not for a checkpoint by itself', async () => {
    cpSync(join(own, 'runs/mine/checkpoint.safetensors'), join(own, 'alone/checkpoint.safetensors'));
    await refusedUnrun('alone', named);
  });

  test('not for a copy of a run, which says where it was', async () => {
    cpSync(join(own, 'runs/mine'), join(own, 'runs/copy'), { recursive: true });
    await refusedUnrun('runs/copy', /got none: .*cell\.json says .*my-cell\.ts, and was not written in this folder$/);
  });

  test.each(['{', '{"path":5}', '{"path":"../../my-cell.ts","name":"my-mgu","folder":"1-1"}', '[]', 'null'])(
    'not for a note that is not its own: %s',
    async note => {
      cpSync(join(own, 'runs/mine'), join(own, 'runs/forged'), { recursive: true });
      writeFileSync(join(own, 'runs/forged/cell.json'), note);
      await refusedUnrun('runs/forged', named);
    },
  );

  test('but where it is named, which resuming notes', async () => {
    renameSync(join(own, 'my-cell.ts'), join(own, 'moved.ts'));
    expect(refusal(await sample(own, 'runs/mine'))).toMatch(
      /my-cell\.ts: expected a module of your own, got no such file$/,
    );
    expect(await sample(own, 'runs/mine', '--cell', './moved.ts')).toMatchObject(fine);
    expect(existsSync(join(own, 'it-was-run'))).toBe(true);
    const resumed = ['--resume', 'runs/mine', '--cell', './moved.ts', '--steps', '6', '--json'];
    expect(await inTurn(own, 'train', ...resumed)).toMatchObject(fine);
    expect(await sample(own, 'runs/mine')).toMatchObject(fine);
  });
});
