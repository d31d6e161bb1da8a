/** A student's derivation: what is right is proven, what is wrong is named at its line, and what is meant is said. */
import { describe, expect, test } from 'vitest';
import { checkDerivation, formatDerivation, type JudgedLine } from '../../lib/derivation/index.ts';

/** Displays in order, each in its own paragraph from line 3 on. */
const derivation = (...displays: readonly string[]) =>
  `# Mine\n\n${displays.map(latex => `$$${latex}$$\n`).join('\n')}`;

const verdicts = (text: string) => checkDerivation(text).lines.map(({ verdict }) => verdict);
const wrongIn = (text: string): readonly JudgedLine[] =>
  checkDerivation(text).lines.filter(({ verdict }) => verdict === 'wrong');

const RNN = [
  String.raw`\mathbf a_t = W\mathbf h_{t-1} + U\mathbf x_t + \mathbf b`,
  String.raw`\mathbf h_t = \tanh(\mathbf a_t)`,
];
const ROWS = [
  String.raw`\frac{\partial L}{\partial\mathbf a_t} = \frac{\partial L}{\partial\mathbf h_t}\,\mathrm{diag}(1-\mathbf h_t^2)`,
  String.raw`\frac{\partial L}{\partial W} = \sum_{t=1}^{\tau}\Big(\frac{\partial L}{\partial\mathbf a_t}\Big)^\top\mathbf h_{t-1}^\top`,
  String.raw`\frac{\partial L}{\partial\mathbf h_{t-1}} \mathrel{+}= \frac{\partial L}{\partial\mathbf a_t}\,W`,
];
/** The same with columns, in plain letters, with δ for the gradient in a. */
const COLUMNS = [
  'a_t = W h_{t-1} + U x_t + b',
  String.raw`h_t = \tanh(a_t)`,
  String.raw`\delta_t = \frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial h_t} \circ (1 - h_t \circ h_t)`,
  String.raw`\frac{\partial L}{\partial W} = \sum_t \delta_t h_{t-1}^T`,
  String.raw`\frac{\partial L}{\partial U} = \sum_t \delta_t x_t^\top`,
  String.raw`\frac{\partial L}{\partial x_t} = U^\top \delta_t`,
];

describe('right lines', () => {
  test('with gradients as rows', () => {
    const report = checkDerivation(derivation(...RNN, ...ROWS));
    expect(report.layout).toBe('rows');
    expect(report.lines.map(({ verdict }) => verdict)).toEqual(['defines', 'defines', 'proven', 'proven', 'proven']);
  });

  test('with gradients as columns', () => {
    const report = checkDerivation(derivation(...COLUMNS));
    expect(report.layout).toBe('columns');
    expect(report.lines.slice(2).map(({ verdict }) => verdict)).toEqual(['proven', 'proven', 'proven', 'proven']);
  });

  test('in `align`, a line and a tag each, and in \\[ \\]', () => {
    const text = String.raw`\begin{align} a_t &= W h_{t-1} + U x_t \tag{1}\\ h_t &= \tanh(a_t) \tag{2} \end{align}
and \[ \frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial h_t} \odot (1 - h_t^2) \tag{3} \]`;
    expect(checkDerivation(text).lines).toMatchObject([
      { name: '1', verdict: 'defines', place: { line: 1, column: 15 } },
      { name: '2', verdict: 'defines', place: { line: 1, column: 50 } },
      { name: '3', verdict: 'proven', place: { line: 2, column: 7 } },
    ]);
  });

  test('each row of `align` at its own place, a fraction at its beginning', () => {
    const text = String.raw`\begin{align}
a_t &= W h_{t-1} + U x_t \\
h_t &= \tanh(a_t) \\
\frac{\partial L}{\partial a_t} &= \frac{\partial L}{\partial h_t} \odot (1 - h_t^2)
\end{align}`;
    expect(checkDerivation(text).lines.map(({ place }) => `${place.line}:${place.column}`)).toEqual([
      '2:1',
      '3:1',
      '4:1',
    ]);
  });

  test('that rest on an identity hold numerically', () => {
    const right = String.raw`\frac{\partial\mathbf h_t}{\partial\mathbf a_t} = \mathrm{diag}\big(\sigma(\mathbf a_t)\odot\sigma(-\mathbf a_t)\big)`;
    expect(verdicts(derivation(RNN[0] ?? '', String.raw`\mathbf h_t = \sigma(\mathbf a_t)`, right))[2]).toBe(
      'holds numerically',
    );
  });

  test('of any function g, with its slope', () => {
    const slope = String.raw`\frac{\partial L}{\partial\mathbf a_t} = \frac{\partial L}{\partial\mathbf h_t}\odot g'(\mathbf a_t)`;
    const [a = ''] = RNN;
    expect(verdicts(derivation(a, String.raw`\mathbf h_t = g(\mathbf a_t)`, slope))[2]).toBe('proven');
    const wrong = slope.replace("g'", 'g');
    expect(verdicts(derivation(a, String.raw`\mathbf h_t = g(\mathbf a_t)`, wrong))[2]).toBe('wrong');
  });

  test('after a wrong one are not wrong', () => {
    const [slope = '', ...others] = ROWS;
    const lines = checkDerivation(derivation(...RNN, slope.replace('1-', '1+'), ...others)).lines;
    expect(lines.map(({ verdict }) => verdict)).toEqual(['defines', 'defines', 'wrong', 'proven', 'proven']);
  });
});

describe('a single edit mends', () => {
  const [slope = '', dW = '', dh = ''] = ROWS;
  test.each([
    ['a sign', slope.replace('1-', '1+'), 'a sign'],
    ['a sign of all', slope.replace('= \\frac', '= -\\frac'), 'a sign'],
    ['a transpose', dh.replace(/W$/, 'W^\\top'), 'a transpose'],
    ['a missing factor', slope.replace(String.raw`\,\mathrm{diag}(1-\mathbf h_t^2)`, ''), 'a missing factor'],
    ['a factor too many', slope.replace('1-', '2(1-').replace('^2)', '^2))'), 'a factor too many'],
    ['t for t − 1', dW.replace('h_{t-1}', 'h_t'), 't for t−1'],
    ['a wrong letter', slope.replace('\\mathbf h_t^2', '\\mathbf a_t^2'), 'a letter'],
    ['a square', slope.replace('h_t^2', 'h_t'), 'a square'],
    ['a sum over time', dW.replace('\\sum_{t=1}^{\\tau}', ''), 'a missing sum'],
  ])('%s', (_, line, what) => {
    const [wrong, ...others] = wrongIn(derivation(...RNN, line));
    expect(others).toEqual([]);
    expect(wrong?.mended?.what).toBe(what);
    const { left = 0, right = 0 } = wrong?.difference ?? { left: 1, right: 1 };
    expect(left).not.toBeCloseTo(right, 9);
    // What it is mended to is right.
    const mended = wrong?.mended?.latex ?? '';
    expect(verdicts(derivation(...RNN, mended)).at(-1)).toBe('proven');
  });

  test('a 0 that should be a term, without the 0', () => {
    const [wrong] = wrongIn(derivation(...RNN, slope, dh.replace(/\\mathrel.*/, '= 0')));
    expect(wrong?.mended?.what).toBe('a missing term');
    expect(wrong?.mended?.latex).toMatch(/= \\frac/);
  });

  test('a missing term', () => {
    const readout = String.raw`\mathbf o_t = V\mathbf h_t + \mathbf c`;
    const line = String.raw`\frac{\partial L}{\partial\mathbf h_t} = \frac{\partial L}{\partial\mathbf o_t}\,V`;
    const given = String.raw`\frac{\partial L}{\partial\mathbf h_t} = \frac{\partial L}{\partial\mathbf o_t}\,V + \frac{\partial L}{\partial\mathbf a_{t+1}}\,W`;
    expect(verdicts(derivation(...RNN, readout, given)).at(-1)).toBe('proven');
    const [wrong] = wrongIn(
      derivation(
        ...RNN,
        readout,
        String.raw`\frac{\partial L}{\partial\mathbf x_t} = \frac{\partial L}{\partial\mathbf a_{t+1}}\,U`,
        line,
      ),
    );
    expect(wrong?.verdict).toBe('wrong');
  });
});

test('a line is printed with both sides and the nearest right one', () => {
  const [slope = ''] = ROWS;
  const text = formatDerivation(checkDerivation(derivation(...RNN, slope.replace('1-', '1+'))));
  expect(text.split('\n')).toEqual([
    expect.stringMatching(/^\(1\) {2}3:3 {6}defines$/),
    expect.stringMatching(/^\(2\) {2}5:3 {6}defines$/),
    expect.stringMatching(/^\(3\) {2}7:3 {6}WRONG$/),
    expect.stringMatching(/^ {14}the left side is -?\d.*, the right side -?\d.* \(t = 1, \[1\]\)$/),
    expect.stringMatching(/^ {14}a sign: \\frac/),
    '3 equations: 1 WRONG, 2 define; gradients of columns are rows',
  ]);
});

test('one seed, one report', () => {
  const text = derivation(
    ...RNN,
    ...ROWS,
    String.raw`\frac{\partial L}{\partial\mathbf b} = \frac{\partial L}{\partial\mathbf a_t}`,
  );
  const report = (seed: number) => checkDerivation(text, { seed });
  expect(report(1)).toEqual(report(1));
  expect(report(2)).not.toEqual(report(1));
  expect(report(2).lines.map(({ verdict }) => verdict)).toEqual(report(1).lines.map(({ verdict }) => verdict));
});

test('a table of shapes says what the equations leave open', () => {
  const table = '| letter | shape |\n|---|---|\n| $s_t$ | 1 |\n';
  const line = String.raw`\frac{\partial L}{\partial h_t} = s_t \frac{\partial L}{\partial q_t}`;
  const system = derivation('q_t = s_t h_t', line);
  expect(checkDerivation(system).lines[0]).toMatchObject({
    verdict: 'wrong',
    reason: expect.stringMatching(/cannot fit/),
  });
  expect(verdicts(`${table}\n${system}`)).toEqual(['defines', 'proven']);
});
