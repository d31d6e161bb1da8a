/**
 * The optimisers and schedules against PyTorch's, in float64. `spec/fixtures/pytorch/make_optim.py` makes the cases and
 * says what is in them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { adagrad } from '../../lib/optim/adagrad.ts';
import { type AdamOptions, adam } from '../../lib/optim/adam.ts';
import type { Optimiser } from '../../lib/optim/optimiser.ts';
import { type RmspropOptions, rmsprop } from '../../lib/optim/rmsprop.ts';
import { constant, cosine, type Schedule, stepDecay, warmUp } from '../../lib/optim/schedules.ts';
import { type MomentumOptions, sgd } from '../../lib/optim/sgd.ts';
import { ParamSet } from '../../lib/params.ts';

type Options = MomentumOptions & RmspropOptions & AdamOptions;

interface Case {
  readonly optimiser: 'sgd' | 'rmsprop' | 'adam' | 'adagrad';
  readonly torch: string;
  readonly options: Options;
  /** A learning rate for every step; null where it stays as it is. */
  readonly rates: readonly number[] | null;
  /** The parameters after every step. */
  readonly after: readonly (readonly number[])[];
}

interface Fixture {
  readonly torch: string;
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly schedules: Readonly<Record<'step' | 'cosine' | 'warmUp', readonly number[]>>;
  readonly cases: readonly Case[];
}

const { cases, start, gradients, schedules }: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/optim.json', import.meta.url), 'utf8'),
);

const TOLERANCE = 1e-12;

const optimisers: Record<Case['optimiser'], (params: ParamSet, options: Options) => Optimiser> = {
  sgd,
  rmsprop,
  adam,
  adagrad,
};

/** The largest distance from PyTorch's parameters over all steps. */
function distance({ optimiser: name, options, rates, after }: Case): number {
  const params = ParamSet.of({ theta: [1, start.length] });
  params.values.set(start);
  const optimiser = optimisers[name](params, options);
  let largest = 0;
  gradients.forEach((gradient, n) => {
    params.grads.set(gradient);
    if (rates) optimiser.learningRate = rates[n] ?? Number.NaN;
    optimiser.step(params);
    params.values.forEach((theta, i) => {
      largest = Math.max(largest, Math.abs(theta - (after[n]?.[i] ?? Number.NaN)));
    });
  });
  return largest;
}

const named = cases.map(given => {
  const { torch, options, rates } = given;
  return [`${torch} ${JSON.stringify(options)}${rates ? ', a rate a step' : ''}`, given] as const;
});

/** PyTorch's Adagrad has √mem + ε and ours √(mem + ε): they are the same where ε is nothing. */
const differs = ({ optimiser, options }: Case) => optimiser === 'adagrad' && options.epsilon === 0.1;

test('the cases cover all optimisers, 20 steps each', () => {
  expect(new Set(cases.map(({ torch }) => torch.replace('torch.optim.', '')))).toEqual(
    new Set(['SGD', 'RMSprop', 'Adam', 'AdamW', 'Adagrad']),
  );
  for (const { after } of cases) expect(after).toHaveLength(20);
  expect(cases.filter(({ rates }) => rates)).toHaveLength(2);
});

describe.each(named.filter(([, given]) => !differs(given)))('%s', (_, given) => {
  it('takes the same 20 steps', () => {
    expect(distance(given)).toBeLessThan(TOLERANCE);
  });

  it('takes others where an option is changed by a little, so that every one of them is seen', () => {
    for (const [name, value] of Object.entries(given.options)) {
      if (given.rates && name === 'learningRate') continue; // set before every step
      if (value < 1e-100) continue; // the ε that is nothing
      const changed = value === true ? false : value * (name === 'epsilon' ? 1.1 : 1 + 1e-6);
      expect(distance({ ...given, options: { ...given.options, [name]: changed } }), name).toBeGreaterThan(TOLERANCE);
    }
    if (given.rates)
      expect(distance({ ...given, rates: given.rates.map(rate => rate * (1 + 1e-6)) })).toBeGreaterThan(TOLERANCE);
  });
});

test('Adagrad’s ε stands under the root as on the slide, and not beside it as in PyTorch', () => {
  const shown = cases.filter(differs);
  expect(shown).toHaveLength(1);
  for (const given of shown) expect(distance(given)).toBeGreaterThan(1e-3);
});

describe.each<[keyof Fixture['schedules'], Schedule]>([
  ['step', stepDecay({ learningRate: 0.3, every: 4, factor: 0.5 })],
  ['cosine', cosine({ learningRate: 0.3, steps: 10, floor: 0.02 })],
  ['warmUp', warmUp(5, constant(0.3))],
])('the schedule %s', (name, schedule) => {
  it('has PyTorch’s learning rates', () => {
    expect(schedules[name].length).toBeGreaterThan(7);
    schedules[name].forEach((rate, n) => {
      expect(Math.abs(schedule(n) - rate)).toBeLessThan(1e-15);
    });
  });
});
