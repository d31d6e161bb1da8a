/**
 * The zoo: every kind of mistake that can be planted without knowing the equations of a cell, each in one cell or layer that
 * can have it. Each must be caught; where one gradient is spoilt the report must name that tensor and no other, and the kind of
 * mistake where its numbers say so, else the law. These are done to whole matrices, which no equations show, so that finite differences
 * and laws alone see them. Mistakes in the equations of all cells are planted line by line in `planted.spec.ts` and `suspects.spec.ts`.
 */
import { describe, expect, it } from 'vitest';
import { checkCell } from '../../lib/check/check-cell.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { dotTest } from '../../lib/check/dot-test.ts';
import { cellMistakes, layerMistakes } from './zoo-mistakes.ts';

/** Two steps of two sequences: as few as show sums over both. */
const FEW = { T: 2, B: 2, d: 2, m: 2, C: 1, seed: 4 } as const;

describe('a mistake in a cell is caught', () => {
  it(`of ${cellMistakes.length} kinds, at least 51`, () => {
    expect(cellMistakes.length).toBeGreaterThanOrEqual(51);
    expect(new Set(cellMistakes.map(({ what }) => what)).size).toBe(cellMistakes.length);
  });

  it.each(cellMistakes)('$what', ({ cell, spoils, guess, breaks, on = FEW }) => {
    const { ok, laws, tensors, smallest } = checkCell(cell, on);
    expect(ok).toBe(false);
    const spoilt = smallest?.tensors.filter(tensor => !tensor.ok) ?? [];
    if (spoils) expect(spoilt.map(({ name }) => name)).toEqual([spoils]);
    if (guess) expect(spoilt[0]?.guess).toBe(guess);
    const broken = laws.flatMap(law => (law.ok ? [] : [law.name]));
    if (breaks) expect(broken).toContainEqual(expect.stringMatching(breaks));
    else expect(tensors.every(tensor => tensor.ok)).toBe(false);
  });
});

describe('a mistake in a layer is caught', () => {
  it(`of ${layerMistakes.length} kinds, at least 8`, () => expect(layerMistakes.length).toBeGreaterThanOrEqual(8));

  it.each(layerMistakes)('that $what', ({ layer, breaks }) => {
    const { ok, tensors, laws } = checkLayer(layer);
    expect({ ok, gradients: tensors.every(tensor => tensor.ok) }).toEqual({
      ok: false,
      gradients: breaks !== undefined,
    });
    if (breaks) expect(laws.flatMap(law => (law.ok ? [] : [law.name]))).toContainEqual(expect.stringMatching(breaks));
  });

  /** One that assigns is seen by a second call only. */
  const inDotTest = layerMistakes.filter(({ breaks }) => breaks !== 'added to the gradients');
  it.each(inDotTest)('that $what, by the dot test alone', ({ layer }) =>
    expect(dotTest(layer, { T: 22, B: 5 }).ok).toBe(false),
  );
});
