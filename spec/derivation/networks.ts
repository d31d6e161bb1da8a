/** The derivations of what is made of cells. */

export interface Network {
  readonly file: string;
  readonly given?: readonly string[];
}

export const NETWORKS: readonly Network[] = [
  { file: 'attention' },
  { file: 'bidirectional' },
  { file: 'conditioned', given: ['through-time'] },
  { file: 'delay' },
  { file: 'dropout' },
  { file: 'encoder-decoder' },
  { file: 'pooling' },
  { file: 'rtrl', given: ['through-time'] },
  { file: 'through-time', given: ['rnn', 'readout'] },
  { file: 'window-net' },
  { file: 'windows' },
];
