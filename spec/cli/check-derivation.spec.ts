/** `bptt check FILE.md` and `bptt train --cell FILE.md`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { freshFolder, inTurn, linesOf } from './command.ts';

const own = (file: string) => join(ROOT, file);

describe.concurrent('bptt check of a derivation', () => {
  test('lists every tag with its verdict', async () => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', own('derivations/lstm.md'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = linesOf(stdout);
    expect(lines.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6].map(n => expect.stringMatching(`^LSTM-F${n} .*defines$`)));
    expect(lines.at(-2)).toMatch(/^LSTM-B11 {2}99:3 {5}proven$/);
    expect(lines.at(-1)).toBe('22 equations: 16 proven, 6 define; gradients of columns are rows');
  });

  test('exits with 1 and names the line where one is wrong', async () => {
    const path = own('spec/fixtures/lecture-closed-form.md');
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', path);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(linesOf(stdout).filter(line => line.includes('WRONG'))).toEqual([
      expect.stringMatching(/^7 {2}23:3 {5}WRONG$/),
      expect.stringMatching(/^8 equations: 1 WRONG/),
    ]);
    const json = await inTurn(freshFolder(), 'check', path, '--json');
    expect(json.status).toBe(1);
    const { derivation, ok, lines } = JSON.parse(json.stdout);
    expect({ derivation, ok }).toEqual({ derivation: path, ok: false });
    expect(lines.filter(({ verdict }: { verdict: string }) => verdict === 'wrong')).toMatchObject([
      { name: '7', place: { line: 23, column: 3 } },
    ]);
  });

  test('with what another derivation defines', async () => {
    const { stdout } = await inTurn(
      freshFolder(),
      'check',
      own('derivations/rnn.md'),
      '--given',
      own('derivations/readout.md'),
    );
    expect(linesOf(stdout).find(line => line.startsWith('RNN-D5'))).toMatch(/proven$/);
  });

  test('is refused in one line where it has no equation', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'prose.md'), 'Only $h_t$ in prose.\n');
    const { status, stdout, stderr } = await inTurn(folder, 'check', 'prose.md');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(/^bptt: prose\.md: expected a display equation .*, got none/),
    ]);
  });

  test('is refused in one line where there is none', async () => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', 'nothing.md');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/nothing\.md: expected/)]);
  });
});

describe.concurrent('bptt train with a derivation as its cell', () => {
  const train = (folder: string, cell: string) =>
    inTurn(
      folder,
      'train',
      '--corpus',
      'sonnets',
      '--cell',
      cell,
      '--hidden',
      '8',
      '--steps',
      '5',
      '--out',
      'run',
      '--json',
    );

  test('trains as the cell that is written in TypeScript', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'mine.md'), `# Mine\n\n${STUDENT}`);
    const { status, stdout, stderr } = await train(folder, './mine.md');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // The same network as the library's.
    const { stdout: own } = await train(freshFolder(), 'rnn');
    expect(JSON.parse(stdout).heldOut.nats).toBeCloseTo(JSON.parse(own).heldOut.nats, 9);
  });

  test('refuses one with a wrong line, and says which', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'mine.md'), STUDENT.replace('1 - h_t^2', '1 - h_t'));
    const { status, stderr } = await train(folder, './mine.md');
    expect(status).toBe(2);
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(/^bptt: \.\/mine\.md: expected lines that are right, got \(3\) \(line 3\), which is wrong/),
    ]);
  });
});

test.each([
  ['no equation', '# Notes\n\nOnly $h_t$ in prose.\n', 'no display equation'],
  [
    'what no cell can have',
    () => readFileSync(own('derivations/rnn.md'), 'utf8'),
    'g has no place in a cell, in RNN-F2',
  ],
])('a derivation of %s is refused as a cell by the name of its file', async (_, text, got) => {
  const folder = freshFolder();
  writeFileSync(join(folder, 'mine.md'), typeof text === 'string' ? text : text());
  writeFileSync(join(folder, 'letters.txt'), 'to be or not to be '.repeat(20));
  const { status, stderr } = await inTurn(folder, 'train', 'letters.txt', '--cell', 'mine.md');
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringContaining(`bptt: mine.md: expected equations that make a cell, got ${got}`),
  });
});

const STUDENT = String.raw`$$a_t = W h_{t-1} + U x_t + b$$
$$h_t = \tanh(a_t)$$
$$\delta_t = \frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial h_t} \odot (1 - h_t^2)$$
$$\frac{\partial L}{\partial W} = \sum_t \delta_t h_{t-1}^\top$$
$$\frac{\partial L}{\partial U} = \sum_t \delta_t x_t^\top$$
$$\frac{\partial L}{\partial b} = \sum_t \delta_t$$
$$\frac{\partial L}{\partial x_t} = U^\top \delta_t$$
$$\frac{\partial L}{\partial h_{t-1}} \mathrel{+}= W^\top \delta_t$$
`;
