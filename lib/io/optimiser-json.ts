/** Optimisers as JSON, all but their memory: what makes each again, by name. */
import { ValueError } from '../errors.ts';
import { adagrad } from '../optim/adagrad.ts';
import { adam } from '../optim/adam.ts';
import { type Optimiser, type OptimiserMaking, optimiserMakingOf } from '../optim/optimiser.ts';
import { rmsprop } from '../optim/rmsprop.ts';
import { sgd } from '../optim/sgd.ts';
import type { ParamSet } from '../params.ts';
import { describe, requireKnown, requireObject } from '../require.ts';

type Make = (params: ParamSet, options: { readonly learningRate: number }) => Optimiser;

const MAKERS: Readonly<Record<string, Make>> = { adam, adagrad, rmsprop, sgd };

/** What is written of an optimiser. */
interface Written {
  readonly name: string;
  readonly learningRate: number;
  readonly options: OptimiserMaking['options'];
}

/**
 * How an optimiser of some parameters was made, as plain JSON.
 *
 * @throws ValueError when it is not the library's, or of other parameters.
 */
export function optimiserJson(optimiser: Optimiser, params: ParamSet): Written {
  const making = optimiserMakingOf(requireObject('optimiser', optimiser, 'an optimiser'));
  if (!making || !Object.hasOwn(MAKERS, making.name)) {
    throw new ValueError('optimiser', `one of ${Object.keys(MAKERS).join(', ')}`, describe(optimiser.name));
  }
  const { name, options, params: own } = making;
  if (own !== undefined && own !== params)
    throw new ValueError('optimiser', 'that of the model’s parameters', 'another’s');
  return { name, learningRate: optimiser.learningRate, options };
}

/**
 * The optimiser that was written as JSON, its memory empty.
 *
 * @param json anyone's.
 * @throws ValueError when it is none.
 */
export function optimiserOf(json: unknown, params: ParamSet): Optimiser {
  const { name, learningRate, options } = requireKnown('optimiser', json as Written, [
    'name',
    'learningRate',
    'options',
  ]);
  const make = typeof name === 'string' && Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (!make) throw new ValueError('optimiser.name', `one of ${Object.keys(MAKERS).join(', ')}`, describe(name));
  const made = make(params, { ...options, learningRate: 1 });
  made.learningRate = learningRate; // which may be 0 by now, where no optimiser begins
  return made;
}
