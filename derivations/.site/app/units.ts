/** What the units of a language model do while it reads: the state of a layer after every symbol. */
import { type CharModel, Sequence } from 'bptt';
import type { Units } from './train-messages.ts';

/** Symbols that are coloured, and that are read before them so that the state is one of the middle of a text. */
const [COLOURED, BEFORE] = [700, 100];

/**
 * Reads the beginning of a text, the state zero before it.
 *
 * @param text classes of the model's vocabulary.
 * @param layer from 1 at the bottom.
 */
export function unitsOver({ net, vocabulary, level, layers }: CharModel, text: Int32Array, layer: number): Units {
  const name = layers === 1 ? 'cell' : `cell${Math.min(Math.max(1, layer), layers)}`;
  const part = Object.hasOwn(net.state, `${name}.c`) ? 'c' : 'h';
  const key = `${name}.${part}`;
  const m = net.state[key] ?? 0;
  const from = text.length > COLOURED + BEFORE ? BEFORE : 0;
  const read = text.subarray(0, from + COLOURED);
  const values = new Float32Array((read.length - from) * m);
  let state: ReturnType<typeof net.forward>['sT'] | undefined;
  for (const [t, symbol] of read.entries()) {
    const x = Sequence.oneHot([symbol], { T: 1, classes: vocabulary.size });
    const { sT, tape } = net.forward(x, state);
    net.release?.(tape);
    state = sT;
    if (t < from) continue;
    for (let j = 0; j < m; j++) {
      const value = sT[key]?.get(0, j) ?? Number.NaN;
      values[(t - from) * m + j] = part === 'c' ? Math.tanh(value) : value;
    }
  }
  const symbols = Array.from(read.subarray(from), k => shown(vocabulary.symbols[k] ?? '', level));
  return { symbols, m, layers, state: part, values };
}

/** How a symbol is shown: marks of paragraphs as the ends they are, a byte that is no letter as its number. */
function shown(symbol: string, level: CharModel['level']): string {
  if (level === 'word') return symbol === '<start>' ? '' : symbol === '<stop>' ? '\n\n' : symbol;
  if (level === 'byte' && symbol !== '\n' && !/[ -~]/.test(symbol)) return '·';
  return symbol;
}
