/** Derivations as students write them, by several books' letters: right, each line is judged and none is wrong; with one mistake, that line is and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDerivation } from '../../lib/derivation/index.ts';
import { ROOT } from '../examples.ts';

const FOLDER = join(ROOT, 'spec/fixtures/students');

interface Mistake {
  readonly right: string;
  readonly wrong: string;
  /** What is said to mend it, where one edit does. */
  readonly mended: string | undefined;
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'elman-rows': {
    right: String.raw`1-\mathbf{h}_{t+1}^2`,
    wrong: String.raw`1-\mathbf{h}_{t}^2`,
    mended: 't for t+1',
  },
  'goodfellow-rnn': {
    right: String.raw`(\nabla_{\boldsymbol h^{(t)}} L)\, \boldsymbol h^{(t-1)\top}`,
    wrong: String.raw`(\nabla_{\boldsymbol h^{(t)}} L)\, \boldsymbol h^{(t)\top}`,
    mended: 't for t−1',
  },
  'karpathy-rnn': {
    right: String.raw`dW_{hy} = \sum_t dy_t h_t^\top`,
    wrong: String.raw`dW_{hy} = \sum_t dy_t h_{t-1}^\top`,
    mended: 't−1 for t',
  },
  'colah-lstm': {
    right: '* f_{t+1}',
    wrong: '* f_t',
    mended: 't for t+1',
  },
  'graves-lstm': {
    right: String.raw`\frac{\partial L}{\partial w_{co}} = \sum_t \delta^o_t \odot c_t`,
    wrong: String.raw`\frac{\partial L}{\partial w_{co}} = \sum_t \delta^o_t \odot c_{t-1}`,
    mended: 't−1 for t',
  },
  'cho-gru': {
    right: String.raw`(h_{t-1} - \tilde h_t)`,
    wrong: String.raw`(\tilde h_t - h_{t-1})`,
    mended: 'a sign',
  },
  'chung-gru': {
    right: String.raw`\circ \mathbf z_t$$`,
    wrong: String.raw`\circ (1 - \mathbf z_t)$$`,
    mended: 'x for 1 − x',
  },
  'softmax-ce': {
    right: String.raw`\delta_{ij} - p_j`,
    wrong: String.raw`\delta_{ij} - p_i`,
    mended: undefined,
  },
  attention: {
    right: String.raw`\frac{\partial L}{\partial \mathbf c} V^\top`,
    wrong: String.raw`\frac{\partial L}{\partial \mathbf c} V`,
    mended: 'a transpose',
  },
  'bptt-closed': {
    right: String.raw`\sigma'(\mathbf x_{i-1})`,
    wrong: String.raw`\sigma'(\mathbf x_{i})`,
    mended: undefined,
  },
  'bptt-sums': {
    right: String.raw`\sum_{k=1}^{t}`,
    wrong: String.raw`\sum_{k=1}^{t-1}`,
    mended: undefined,
  },
  jordan: {
    right: String.raw`\right) W_y$$`,
    wrong: String.raw`\right) W_h$$`,
    mended: 'a letter',
  },
  'elman-n': {
    right: String.raw`V^\top \frac{\partial L}{\partial y_n}`,
    wrong: String.raw`V \frac{\partial L}{\partial y_n}`,
    mended: 'a transpose',
  },
  'steps-above': {
    right: String.raw`\sum_{t} \delta^t (h^{t-1})^\top`,
    wrong: String.raw`\sum_{t} \delta^t (h^{t})^\top`,
    mended: 't for t−1',
  },
  elements: {
    right: String.raw`\frac{\partial L}{\partial a_{t,i}} U_{ij}`,
    wrong: String.raw`\frac{\partial L}{\partial a_{t,i}} U_{ji}`,
    mended: 'a transpose',
  },
  'lstm-stacked': {
    right: String.raw`\odot i_t \odot (1 - g_t^2)`,
    wrong: String.raw`\odot i_t \odot (1 - g_t)`,
    mended: 'a square',
  },
  mse: {
    right: String.raw`W^\top (\hat y - y)`,
    wrong: String.raw`W (\hat y - y)`,
    mended: 'a transpose',
  },
  logistic: {
    right: String.raw`\frac{dL}{dz} = p - y`,
    wrong: String.raw`\frac{dL}{dz} = y - p`,
    mended: undefined,
  },
  'relu-rnn': {
    right: String.raw`\mathbb{1}[a_t > 0]`,
    wrong: String.raw`\mathbb{1}[a_t < 0]`,
    mended: 'a sign',
  },
  bahdanau: {
    right: String.raw`\alpha_k \frac{\partial L}{\partial \alpha_k}`,
    wrong: String.raw`\alpha_j \frac{\partial L}{\partial \alpha_k}`,
    mended: undefined,
  },
  'lstm-deltas': {
    right: String.raw`\delta f_t = \delta c_t \circ c_{t-1}`,
    wrong: String.raw`\delta f_t = \delta c_t \circ c_{t}`,
    mended: 't for t−1',
  },
  layernorm: {
    right: String.raw`\frac{n_i}{m}`,
    wrong: String.raw`\frac{1}{m}`,
    mended: undefined,
  },
  'batch-rows': {
    right: String.raw`^\top X$$`,
    wrong: 'X$$',
    mended: undefined,
  },
  'any-function': {
    right: String.raw`W^\top \frac{\partial L}{\partial a_{t+1}}`,
    wrong: String.raw`W \frac{\partial L}{\partial a_{t+1}}`,
    mended: 'a transpose',
  },
  bidirectional: {
    right: String.raw`\frac{\partial L}{\partial\mathbf y_t} V'`,
    wrong: String.raw`\frac{\partial L}{\partial\mathbf y_t} V`,
    mended: 'a letter',
  },
};

const textOf = (name: string) => readFileSync(join(FOLDER, `${name}.md`), 'utf8');

test('each has its mistake', () => {
  const files = readdirSync(FOLDER).map(file => file.replace(/\.md$/, ''));
  expect(files.toSorted()).toEqual(Object.keys(MISTAKES).toSorted());
});

describe.each(Object.entries(MISTAKES))('%s', (name, { right, wrong, mended }) => {
  const text = textOf(name);

  test('is right', () => {
    const { lines } = checkDerivation(text);
    expect(lines.filter(({ verdict }) => !/^(defines|proven|holds numerically)$/.test(verdict))).toEqual([]);
    expect(lines.some(({ verdict }) => verdict !== 'defines')).toBe(true);
  });

  test('is wrong at its line with a mistake in it', () => {
    expect(text.split(right)).toHaveLength(2);
    const { lines } = checkDerivation(text.replace(right, () => wrong));
    const found = lines.filter(({ verdict }) => verdict === 'wrong');
    expect(found).toHaveLength(1);
    expect(lines.filter(({ verdict }) => verdict === 'not read')).toEqual([]);
    const at = text.slice(0, text.indexOf(right)).split('\n').length;
    expect(found[0]?.place.line).toBe(at);
    expect(found[0]?.mended?.what).toBe(mended);
  });
});
