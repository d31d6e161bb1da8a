/** Notation beyond a cell's: chapters, ℛ, functions of several names, parts of a list; each right once, and once misprinted. */
import { describe, expect, test } from 'vitest';
import { checkDerivation } from '../../lib/derivation/index.ts';

const last = (lines: readonly string[]) =>
  checkDerivation(lines.map(line => (line.includes('|---') ? line : `$$${line}$$`)).join('\n\n')).lines.at(-1)?.verdict;

const MAP = String.raw`s_t = f(s_{t-1}, \mathbf x_t; \theta)`;
const RNN = [String.raw`\mathbf a_t = W\mathbf h_{t-1} + U\mathbf x_t`, String.raw`\mathbf h_t = \tanh(\mathbf a_t)`];

const SHAPES = '\n\n| letter | shape |\n|---|---|\n| $W$, A, B | m×m |\n\n';

describe.each([
  {
    what: 'ℛ of a product and a function',
    system: RNN,
    right: String.raw`\mathcal R\{\mathbf h_t\} = (1-\mathbf h_t^2)\odot(\mathcal R\{W\}\mathbf h_{t-1} + W\mathcal R\{\mathbf h_{t-1}\} + \mathcal R\{U\}\mathbf x_t)`,
    wrong: String.raw`\mathcal R\{\mathbf h_t\} = (1-\mathbf h_t^2)\odot(\mathcal R\{W\}\mathbf h_{t-1} + \mathcal R\{U\}\mathbf x_t)`,
  },
  {
    what: 'a function of several columns',
    system: [MAP],
    right: String.raw`\frac{\partial s_t}{\partial\theta} = \frac{\partial s_t}{\partial s_{t-1}}\frac{\partial s_{t-1}}{\partial\theta} + \frac{\partial^+ s_t}{\partial\theta}`,
    wrong: String.raw`\frac{\partial s_t}{\partial\theta} = \frac{\partial s_t}{\partial s_{t-1}}\frac{\partial s_{t-1}}{\partial\theta}`,
  },
  {
    what: 'parts of a list',
    system: [
      String.raw`[\mathbf p_t; \mathbf q_t] = \mathbf h_t = \tanh(W\mathbf x_t)`,
      String.raw`\mathbf y_t = \mathbf p_t\odot\mathbf q_t`,
    ],
    right: String.raw`\frac{\partial L}{\partial\mathbf p_t} = \frac{\partial L}{\partial\mathbf y_t}\odot\mathbf q_t`,
    wrong: String.raw`\frac{\partial L}{\partial\mathbf p_t} = \frac{\partial L}{\partial\mathbf y_t}\odot\mathbf p_t`,
  },
  {
    what: 'a name defined anew',
    system: [
      String.raw`y = \tanh a \tag{XX-F1}`,
      String.raw`\frac{dy}{da} = 1-y^2 \tag{XX-B1}`,
      String.raw`y = e^a \tag{XX-F2}`,
    ],
    right: String.raw`\frac{dy}{da} = y \tag{XX-B2}`,
    wrong: String.raw`\frac{dy}{da} = 1-y^2 \tag{XX-B2}`,
  },
  {
    what: 'an inner product',
    system: [RNN[0] ?? ''],
    right: String.raw`\langle\mathbf a_t, \mathbf a_t\rangle = \|\mathbf a_t\|^2`,
    wrong: String.raw`\langle\mathbf a_t, \mathbf x_t\rangle = \|\mathbf a_t\|^2`,
  },
  {
    what: 'cases',
    system: [String.raw`\mathbf y = \begin{cases}\mathbf a & \mathbf a > 0\\ 2\mathbf a & \text{otherwise}\end{cases}`],
    right: String.raw`\frac{\partial L}{\partial\mathbf a} = \frac{\partial L}{\partial\mathbf y}\odot(2-[\mathbf a>0])`,
    wrong: String.raw`\frac{\partial L}{\partial\mathbf a} = \frac{\partial L}{\partial\mathbf y}\odot(1+[\mathbf a>0])`,
  },
  {
    what: 'a determinant and an inverse',
    system: ['S = AB', SHAPES],
    right: String.raw`\det S^{-1} = \frac1{\det A\,\det B}`,
    wrong: String.raw`\det S^{-1} = \frac1{\det A + \det B}`,
  },
  {
    what: 'sizes of a table, and a Kronecker product',
    system: [...RNN, SHAPES],
    right: String.raw`\frac{\partial\mathbf a_t}{\partial\,\mathrm{vec}(W)} = I_m\otimes\mathbf h_{t-1}^\top`,
    wrong: String.raw`\frac{\partial\mathbf a_t}{\partial\,\mathrm{vec}(W)} = I_m\otimes\mathbf h_t^\top`,
  },
  {
    what: 'what follows from an equation',
    system: [...RNN, SHAPES],
    right: String.raw`W = B A \quad\Longrightarrow\quad W\mathbf h_{t-1} + U\mathbf x_t = B A\mathbf h_{t-1} + U\mathbf x_t`,
    wrong: String.raw`W = A B \quad\Longrightarrow\quad W\mathbf h_{t-1} + U\mathbf x_t = B A\mathbf h_{t-1} + U\mathbf x_t`,
  },
  {
    what: 'what rests on tagged equations',
    system: [String.raw`y = \tanh a \tag{XX-F1}`, String.raw`y = e^a \tag{YY-F1}`],
    right: String.raw`\frac{dy}{da} = 1-y^2 \qquad\text{by XX-F1}`,
    wrong: String.raw`\frac{dy}{da} = 1-y^2 \qquad\text{by YY-F1}`,
  },
  {
    what: 'lists, part by part',
    system: RNN,
    right: String.raw`W=-A,\ U=-A \ \Longrightarrow\ (W\mathbf h_{t-1}, U\mathbf x_t) = -(A\mathbf h_{t-1}, A\mathbf x_t)`,
    wrong: String.raw`W=-A,\ U=-A \ \Longrightarrow\ (W\mathbf h_{t-1}, U\mathbf x_t) = -(A\mathbf h_{t-1}, W\mathbf x_t)`,
  },
  {
    what: 'an equation of some steps',
    system: [
      String.raw`s_t = f(s_{t-1}, \mathbf x_t; \theta)`,
      String.raw`s_t = s_{t-1} \quad\text{where } t > \tau_b`,
      String.raw`\mathbf y_t = g(s_t)`,
    ],
    right: String.raw`\frac{\partial L}{\partial s_{t-1}} = \frac{\partial L}{\partial s_t} \quad\text{where } t > \tau_b`,
    wrong: String.raw`\frac{\partial L}{\partial s_{t-1}} = \frac{\partial L}{\partial s_t} \quad\text{where } t \ge \tau_b`,
  },
  {
    what: 'elements by their numbers',
    system: [
      String.raw`\mathbf e_t = W\mathbf x_t`,
      String.raw`\alpha_{tj} = \frac{e^{e_{tj}}}{\sum_{i=1}^{\tau} e^{e_{ti}}}, \qquad j=1\dots\tau`,
      String.raw`\mathbf c_t = \sum_{j=1}^{\tau} \alpha_{tj}\,\mathbf h_j`,
    ],
    right: String.raw`\frac{\partial L}{\partial\mathbf e_t} = \frac{\partial L}{\partial\boldsymbol\alpha_t}\,\big(\mathrm{diag}(\boldsymbol\alpha_t)-\boldsymbol\alpha_t\boldsymbol\alpha_t^\top\big)`,
    wrong: String.raw`\frac{\partial L}{\partial\mathbf e_t} = \frac{\partial L}{\partial\boldsymbol\alpha_t}\,\big(\mathrm{diag}(\boldsymbol\alpha_t)+\boldsymbol\alpha_t\boldsymbol\alpha_t^\top\big)`,
  },
  {
    what: 'a sum over numbers',
    system: [String.raw`\mathbf a_t = \sum_{j=0}^{N-1} U_j\mathbf x_{t-j}`],
    right: String.raw`\frac{\partial L}{\partial U_j} = \sum_{t=1}^{\tau}\Big(\frac{\partial L}{\partial\mathbf a_t}\Big)^\top\mathbf x_{t-j}^\top`,
    wrong: String.raw`\frac{\partial L}{\partial U_j} = \sum_{t=1}^{\tau}\Big(\frac{\partial L}{\partial\mathbf a_t}\Big)^\top\mathbf x_t^\top`,
  },
  {
    what: 'the columns of one name in a list',
    system: [String.raw`\mathbf r_t = [\mathbf y_t; \mathbf c_t]`, String.raw`\mathbf h_t = \tanh(W\mathbf r_t)`],
    right: String.raw`\frac{\partial L}{\partial\mathbf c_t} = \Big(\frac{\partial L}{\partial\mathbf r_t}\Big)_{\mathbf c_t}`,
    wrong: String.raw`\frac{\partial L}{\partial\mathbf c_t} = -\Big(\frac{\partial L}{\partial\mathbf r_t}\Big)_{\mathbf c_t}`,
  },
  {
    what: 'rows and elements of a matrix',
    system: RNN,
    right: String.raw`\Big(\frac{\partial\mathbf h_t}{\partial\mathbf a_t}W\Big)_{ij} = \big(1-(\mathbf h_t)_i^2\big)(W)_{ij}`,
    wrong: String.raw`\Big(\frac{\partial\mathbf h_t}{\partial\mathbf a_t}W\Big)_{ij} = \big(1-(\mathbf h_t)_j^2\big)(W)_{ij}`,
  },
])('$what', ({ system, right, wrong }) => {
  test('is proven where it is right', () => expect(last([...system, right])).toBe('proven'));
  test('is wrong where it is not', () => expect(last([...system, wrong])).toBe('wrong'));
});

test.each([
  ['another than', String.raw`W\mathbf h_t \ne W\mathbf a_t`, 'holds numerically'],
  ['another than itself', String.raw`W\mathbf h_t \ne W\mathbf h_t`, 'wrong'],
  ['at most', String.raw`\|W\mathbf h_t\|_2 \le \|W\|_2\,\|\mathbf h_t\|`, 'holds numerically'],
  ['at most what it is more than', String.raw`\|W\|_F \le \|W\|_2`, 'wrong'],
])('%s', (_, line, verdict) => expect(last([...RNN, SHAPES, line])).toBe(verdict));

test('an indicator with the wrong sign is caught whatever is drawn', () => {
  for (let seed = 0; seed < 12; seed++) {
    const { lines } = checkDerivation(String.raw`$$y = \max(0,a)$$ $$\frac{dy}{da} = -[y>0]$$`, { seed });
    expect(lines.at(-1)?.verdict).toBe('wrong');
  }
});

test.each([
  [String.raw`2^{\lfloor\mathbf a\rfloor}\odot 2^{\mathbf a-\lfloor\mathbf a\rfloor}`, 'holds numerically'],
  [String.raw`2^{\lceil\mathbf a\rceil}\odot 2^{\mathbf a+\lceil\mathbf a\rceil}`, 'wrong'],
])('a power that is no whole number: %s', (right, verdict) =>
  expect(last([String.raw`\mathbf a = W\mathbf x`, `2^{\\mathbf a} = ${right}`])).toBe(verdict),
);

test.each([
  [
    'two definitions before the line',
    [String.raw`y = a \odot b \tag{XX-F1}`, String.raw`y = a + b \tag{XX-F2}`, String.raw`da = dy \tag{XX-B1}`],
  ],
  [
    'one of two equations',
    [RNN[0] ?? '', String.raw`\mathbf h_t = \mathbf a_t \quad\text{or}\quad \mathbf h_t = 2\mathbf a_t`],
  ],
  ['what is given', [...RNN, 'W W = W']],
])('not read: %s', (_, lines) => expect(last(lines)).toBe('not read'));
