import type { ParamSet } from '../params.ts';

/** Changes parameters in the direction of their gradients. */
export interface Optimiser {
  readonly name: string;
  /** What it remembers between steps, by name: save it and set it to go on exactly. Empty where there is nothing. */
  readonly memory: Readonly<Record<string, Float64Array>>;
  /** One update of `params.values` from `params.grads`, which stay as they are. */
  step(params: ParamSet): void;
}
