/**
 * What the lectures say of gradients through time: every verdict of derivations/gradient-flow.md is borne out by what is
 * measured, and by what is measured of something else it is not.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { type Effort, type Evidence, fadingOfKind, lastOf } from '../../lib/flow/claims/claim.ts';
import { claims } from '../../lib/flow/claims/index.ts';
import { ROOT } from '../examples.ts';

/** A few small networks: the verdicts do not hang on size. */
const effort: Effort = { seeds: 2, length: 80, d: 8, m: 10 };

const found: ReadonlyMap<string, Evidence> = new Map(claims.map(claim => [claim.name, claim.measure(effort)]));

const figureOf = (claim: string, figure: string): number => found.get(claim)?.figures[figure] ?? Number.NaN;

describe('each verdict is borne out:', () => {
  it.each(claims.map(claim => [claim.name, claim] as const))('%s', (name, { verdict, source, says, because }) => {
    const { shown, figures, chart } = found.get(name) ?? { shown: false, figures: {}, chart: undefined };
    expect({ shown, figures }).toEqual({ shown: true, figures });
    expect(Object.values(figures).every(Number.isFinite)).toBe(true);
    expect(chart?.series.every(({ points }) => points.length > 0)).toBe(true);
    expect(['holds', 'needs a condition', 'wrong as written']).toContain(verdict);
    for (const text of [source, says, because]) expect(text.length).toBeGreaterThan(10);
  });
});

describe('and would not be by something else:', () => {
  /** In so few steps nothing has vanished or exploded yet. */
  const short: Effort = { ...effort, length: 3 };
  const needTime = ['singular-above-1', 'small-slopes', 'usually-decreases', 'early-layers', 'relu', 'identity'];

  it.each([...needTime, 'elementwise', 'uninterrupted', 'lstm-gru', 'trace'])('%s takes time to show', name => {
    const claim = claims.find(candidate => candidate.name === name);
    expect(claim?.measure(short).shown).toBe(false);
  });
});

describe('the figures, one by one', () => {
  it('closed-form: in turn the product has the norm of ERR-1, separated it is zero', () => {
    expect(figureOf('closed-form', 'in turn, 10 steps')).toBeCloseTo(7832.559, 2);
    expect(figureOf('closed-form', 'separated, 10 steps')).toBe(0);
  });

  it('eigenvalues: ρ(W) = 0.9 and ρ(DW) = 2, as ERR-2 and ERR-3 have them', () => {
    expect(figureOf('eigenvalues', 'ρ(W)')).toBeCloseTo(0.9, 12);
    expect(figureOf('eigenvalues', 'ρ(DW) where ρ(W) = 0')).toBeCloseTo(2, 12);
    expect(figureOf('eigenvalues', 'Henrici’s departure from normality')).toBeCloseTo(100, 9);
  });

  it('bound: λ₁ is off by less than two orders of magnitude, γ_W γ_g by more than ten', () => {
    expect(Math.abs(figureOf('bound', 'λ₁'))).toBeLessThan(2);
    expect(figureOf('bound', 'orders of magnitude off: γ_W γ_g')).toBeGreaterThan(10);
    expect(figureOf('bound', 'ρ(W)')).toBeGreaterThan(2);
  });

  it('close-to-1: the factor at w = 3 is 3(1 − h²) where h = tanh 3h', () => {
    const h = Math.sqrt(1 - figureOf('close-to-1', 'at w = 3') / 3);
    expect(h).toBeGreaterThan(0.9);
    expect(Math.tanh(3 * h)).toBeCloseTo(h, 12);
  });

  it('uninterrupted: the depth is e^b, 2.7 steps for a bias of 1', () => {
    expect(Math.abs(figureOf('uninterrupted', 'at b = 1') - Math.E)).toBeLessThan(0.3);
  });

  it('identity: below-zero biases end every unit of an IRNN, to the last', () => {
    expect(figureOf('identity', 'ReLU, bias −0.1')).toBe(0);
  });

  it('lstm-gru: a half-shut LSTM’s fading is planted as an open one’s, and seen', () => {
    const shut = fadingOfKind({ cell: lstm, init: 'uniform', forgetBias: 0 }, effort);
    expect(Math.max(...lastOf(shut))).toBeLessThan(1e-10);
  });
});

it('the derivation has each claim with its verdict and its figure, and the figure lies beside it', () => {
  const text = readFileSync(join(ROOT, 'derivations/gradient-flow.md'), 'utf8');
  for (const { name, verdict } of claims) {
    const [, section = ''] = text.split(`### ${name}: ${verdict}\n`);
    expect(section, `${name}: ${verdict}`).toContain(`](figures/${name}.svg)`);
    expect(existsSync(join(ROOT, 'derivations/figures', `${name}.svg`))).toBe(true);
  }
});
