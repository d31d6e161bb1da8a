/**
 * The benchmark's peers in Python, PyTorch, JAX and numpy, compute what the library does: every kind of case, either precision.
 * They are those of the Python that BPTT_PYTHON names, or of python3; without PyTorch nothing is run.
 */
import { afterAll, expect, test } from 'vitest';
import { wasm } from '../../bench/backends.ts';
import type { Case } from '../../bench/cases/case.ts';
import { charStep } from '../../bench/cases/char-step.ts';
import { layerCase } from '../../bench/cases/layers.ts';
import { productCase } from '../../bench/cases/product.ts';
import { trainCase } from '../../bench/cases/train.ts';
import { openField } from '../../bench/field.ts';
import { chosenFamilies } from '../../bench/peers/index.ts';

const field = await openField(chosenFamilies(['pytorch', 'jax', 'numpy']), {
  python: process.env.BPTT_PYTHON,
  patience: Number.POSITIVE_INFINITY,
});
for (const { family, why } of field.absent) process.stdout.write(`without ${family}: ${why}\n`);
const isThere = field.absent.every(({ family }) => family !== 'pytorch');
afterAll(() => field.close());

const small = [3, 4, 3, 5] as const;
const cases: readonly Case[] = [
  ...(['lstm', 'gru', 'rnn'] as const).flatMap(cell => [
    layerCase(cell, small),
    layerCase(cell, small, { ragged: true }),
    layerCase(cell, small, { topology: 'stacked' }),
    layerCase(cell, small, { topology: 'bidirectional' }),
  ]),
  charStep,
  trainCase(1, [5, 3, 4]),
  productCase(9),
];

test.runIf(isThere).each(cases)('$name', async ({ name, work, open }) => {
  const opened = open();
  const expected = () => opened.ours(wasm, 'f64').result({ states: false });
  for (const precision of ['f64', 'f32'] as const) {
    const race = { name, precision, opened, work, backends: [wasm], expected };
    const { rivals, leftOut } = await field.invite(race);
    expect(leftOut).toEqual([]);
    expect(rivals.length).toBeGreaterThan(0);
    for (const { name, verified, note, drop } of rivals) {
      expect({ name, verified, note }).toEqual({ name, verified: true, note: null });
      drop?.();
    }
  }
});
