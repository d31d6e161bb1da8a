import { expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { translator } from '../../lib/models/translator.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

const source = Sequence.pack([[3, 1, 2], [0]], { classes: 4 });
const target = Sequence.pack(
  [
    [0, 2],
    [0, 1],
  ],
  { classes: 3 },
);

it('is the same in the engine and in the reference, of any cell', () => {
  for (const cell of [gru, lstm]) {
    const [fast, plain] = ([{}, 'reference'] as const).map(engine => {
      const net = translator(cell as never, { classes: 4, targets: 3, m: 5 }, engine);
      normal(0.5)(net.params, new Random(1));
      const { y, weights } = net.forward(source, target);
      return { y: Array.from(y.data), weights };
    });
    expect(fast?.weights?.F).toBe(3);
    for (const [n, o] of (fast?.y ?? []).entries()) expect(o).toBeCloseTo(plain?.y[n] ?? Number.NaN, 10);
  }
});

it('reads and writes as many symbols unless told otherwise, and has the sizes it is told', () => {
  const net = translator(gru, { classes: 4, m: 5 });
  expect([net.encoder.inputs, net.encoder.outputs, net.decoder.inputs, net.decoder.outputs]).toEqual([4, 10, 4, 4]);
  expect(() => translator(gru, { classes: 4, m: 0 })).toThrow(new ValueError('m', 'a positive integer', '0'));
});
