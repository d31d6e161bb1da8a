/** Which network the page “Where does the gradient go?” looks at, and what is found of it: nothing here is the page's. */
import { cells } from 'bptt';
import { type InitName, initNames, probe, type Study, standardNetwork, study } from 'bptt/flow';

export interface Setting {
  readonly cell: string;
  readonly init: InitName;
  readonly gain: number;
  /** Of the gate that keeps the state; as it is first drawn where null. */
  readonly bias: number | null;
  readonly T: number;
  readonly m: number;
  readonly seed: number;
}

/** What is looked at first: the LSTM as its weights are usually drawn. */
export const FIRST: Setting = { cell: 'lstm', init: 'uniform', gain: 1, bias: null, T: 50, m: 16, seed: 1 };

/** The least and the most of every number that can be set. */
export const RANGES = { gain: [0.25, 4], bias: [-3, 6], T: [5, 100], m: [2, 32], seed: [1, 9999] } as const;

/** Inputs, standard normal. */
const D = 8;

/** Whether a cell has a gate that keeps its state. */
export function keeps(cell: string): boolean {
  return Object.keys(cells[cell]?.keeps ?? {}).length > 0;
}

/** A setting in an address: what is as at first is left out. */
export function addressOf(setting: Setting): string {
  const own = Object.entries(setting).filter(([name, value]) => value !== FIRST[name as keyof Setting]);
  return new URLSearchParams(own.map(([name, value]): [string, string] => [name, `${value}`])).toString();
}

/** The setting of an address. What is no value is as it is at first, and `refused` says so. */
export function settingOf(address: string): { readonly setting: Setting; readonly refused: readonly string[] } {
  const refused: string[] = [];
  const setting: Record<string, unknown> = { ...FIRST };
  for (const [name, text] of new URLSearchParams(address)) {
    const value = parsed(name, text);
    if (value === undefined) refused.push(`${name}=${text}`.slice(0, 40));
    else setting[name] = value;
  }
  if (!keeps(String(setting.cell))) setting.bias = null;
  return { setting: setting as unknown as Setting, refused };
}

function parsed(name: string, text: string): string | number | null | undefined {
  if (name === 'cell') return Object.hasOwn(cells, text) ? text : undefined;
  if (name === 'init') return initNames.find(init => init === text);
  if (name === 'bias' && text === 'null') return null;
  if (!Object.hasOwn(RANGES, name)) return undefined;
  const [least, most] = RANGES[name as keyof typeof RANGES];
  const value = Number(text);
  const isWhole = name === 'gain' || name === 'bias' || Number.isInteger(value);
  return text !== '' && isWhole && value >= least && value <= most ? value : undefined;
}

/** Studies the network of a setting: {@link Study} says what is found. */
export function studied({ cell: name, init, gain, bias, T, m, seed }: Setting): Study {
  const { cell } = standardNetwork(name);
  const { layer, x, dy } = probe({ cell, init, gain, forgetBias: bias, d: D, m, seed }, T);
  const run = study(layer, x, dy);
  for (let step = run.next(); ; step = run.next()) if (step.done) return step.value;
}

/** What a claim of the lectures sets, by its name; a claim that is of matrices alone sets nothing. */
export const SETS: Readonly<Record<string, Partial<Setting>>> = {
  'singular-above-1': { cell: 'rnn', init: 'glorot' },
  'singular-below-1': { cell: 'rnn', init: 'glorot', gain: 0.4 },
  bound: { cell: 'rnn', init: 'glorot' },
  'small-slopes': { cell: 'rnn', init: 'normal', gain: 4 },
  'gain-in-the-loop': { cell: 'rnn', init: 'normal', gain: 0.5 },
  'usually-decreases': { cell: 'rnn', init: 'uniform' },
  'early-layers': { cell: 'rnn', init: 'uniform' },
  relu: { cell: 'rnn-relu', init: 'glorot' },
  identity: { cell: 'rnn-relu', init: 'identity' },
  elementwise: { cell: 'lstm', init: 'uniform', bias: 0 },
  uninterrupted: { cell: 'lstm', init: 'uniform', bias: 1 },
  'lstm-gru': { cell: 'lstm', init: 'uniform', bias: 4 },
  trace: { cell: 'trace', init: 'uniform' },
};
