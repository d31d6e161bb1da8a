/**
 * Cells and layers that say themselves what is wrong with what they return: which pass of which subject it was, which part
 * of the result, and the equation that the part comes from.
 */
import type { AbstractMatrix } from 'ml-matrix';
import type { Cell, Tag } from '../cells/cell.ts';
import { BpttError } from '../errors.ts';
import { type Layer, requireParts } from '../layers/layer.ts';
import { describe, requireFinite, requireObject } from '../require.ts';
import { requireExtent, requireSequence } from '../sequence.ts';
import type { Origins } from './origins.ts';

/** A pass of what is checked that did not end, or did not return finite numbers. */
export class PassError extends BpttError {
  override readonly name: string = 'PassError';
  /** The equation of the part at fault, where that is known. */
  readonly equation: Tag | undefined;

  constructor(argument: string, expected: string, got: string, { equation, cause }: Origin = {}) {
    super(argument, expected, got);
    this.equation = equation;
    if (cause !== undefined) this.cause = cause;
  }
}

/** Where an error comes from. */
interface Origin {
  readonly equation?: Tag | undefined;
  readonly cause?: unknown;
}

/** The same cell, whose passes throw {@link PassError} when they throw anything, or return or add what is not finite. */
export function watchedCell(cell: Cell, origins: () => Origins): Cell {
  const { name, keeps, first, time } = cell;
  return {
    name,
    ...(keeps && { keeps }),
    ...(first && { first }),
    ...(time && { time }),
    ...(cell.sizes && { sizes: size => ended(`${name}.sizes`, () => cell.sizes?.(size) ?? {}) }),
    params: size => ended(`${name}.params`, () => cell.params(size)),
    state: size => ended(`${name}.state`, () => cell.state(size)),
    forward(p, x, prev, time) {
      const pass = `${name}.forward`;
      const result = ended(pass, () => cell.forward(p, x, prev, time), p);
      requireNumbers(pass, 'next.', Object(result).next);
      return result;
    },
    backward(p, tape, dnext, dp) {
      const pass = `${name}.backward`;
      const result = ended(pass, () => cell.backward(p, tape, dnext, dp), p);
      const { dx, dprev } = Object(result) as Partial<ReturnType<Cell['backward']>>;
      requireNumbers(pass, '', { dx }, () => ({ dx: origins().x }));
      requireNumbers(pass, 'dprev.', dprev, origins);
      requireNumbers(pass, 'dp.', dp, origins);
      return result;
    },
  };
}

/** The same of a layer, whose results must be those that it declares. */
export function watchedLayer(layer: Layer, oneHot: boolean, origins: () => Origins): Layer {
  const { name, state, inputs, outputs } = layer;
  return {
    ...layerFields(layer),
    forward(x, s0) {
      const pass = `${name}.forward`;
      const result = requireObject(
        pass,
        ended(pass, () => layer.forward(x, s0)),
      );
      requireSequence(`${pass}: y`, result.y, outputs);
      requireNumbers(pass, 'sT.', requireParts(`${pass}: sT`, result.sT, state, x.B));
      return result;
    },
    backward(tape, dy, dsT) {
      const pass = `${name}.backward`;
      const result = requireObject(
        pass,
        ended(pass, () => layer.backward(tape, dy, dsT)),
      );
      const { dx, ds0 } = result;
      if (!oneHot)
        requireNumbers(pass, '', { dx: requireExtent(`${pass}: dx`, dx, inputs).rows() }, () => ({ dx: origins().x }));
      requireNumbers(pass, 'ds0.', requireParts(`${pass}: ds0`, ds0, state, dy.B), origins);
      requireNumbers(pass, 'dp.', layer.params.namedGrads(), origins);
      return result;
    },
  };
}

/** What a layer has beside its passes, methods of a class among them. */
function layerFields(layer: Layer): Omit<Layer, 'forward' | 'backward'> {
  const { name, params, inputs, outputs, state, counts, equations, release } = layer;
  return {
    ...{ name, params, inputs, outputs, state, equations },
    ...(counts && { counts }),
    ...(release && { release: (tape: unknown) => release.call(layer, tape) }),
  };
}

/** What a pass returns. Of an error from within it, whose pass it was; one that says so already is left as it is. */
function ended<T>(pass: string, run: () => T, p?: object): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof PassError || (error instanceof BpttError && error.argument.startsWith(pass))) throw error;
    const names = p ? ` (its parameters are ${Object.keys(p).join(', ')})` : '';
    throw new PassError(pass, `a pass that returns${names}`, saidBy(error), { cause: error });
  }
}

/** What was thrown, in words, whatever it is. */
export function saidBy(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : describe(thrown);
}

/** Every matrix that is there is finite. Shapes are not looked at: that is done where they are used. */
function requireNumbers(
  pass: string,
  prefix: string,
  parts: Readonly<Record<string, AbstractMatrix | undefined>> | undefined,
  origins: () => Readonly<Record<string, Origins[string] | undefined>> = () => ({}),
): void {
  for (const [name, matrix] of Object.entries(parts ?? {})) {
    if (typeof matrix?.to2DArray !== 'function') continue;
    try {
      requireFinite(`${pass}: ${prefix}${name}`, matrix);
    } catch (error) {
      if (!(error instanceof BpttError)) throw error;
      const equation = origins()[name]?.tag;
      const from = equation ? ` (${equation})` : '';
      throw new PassError(`${error.argument}${from}`, error.expected, error.got, { equation, cause: error });
    }
  }
}
