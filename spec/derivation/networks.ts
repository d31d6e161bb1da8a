/** The derivations of what is made of cells. */

export interface Network {
  readonly file: string;
  readonly given?: readonly string[];
  /** Tags that are not judged, and why. */
  readonly besides?: Readonly<Record<string, string>>;
}

const SEARCH = 'how what a beam keeps is chosen: a probability of symbols, which has no gradient';

export const NETWORKS: readonly Network[] = [
  { file: 'attention' },
  { file: 'delay' },
  {
    file: 'encoder-decoder',
    besides: { 'BS-F1': SEARCH, 'BS-F2': SEARCH, 'BS-D1': SEARCH },
  },
  { file: 'rtrl', given: ['through-time'] },
  {
    file: 'through-time',
    given: ['rnn', 'readout'],
    besides: {
      'BPTT-B4': 'what is agreed on, and is no derivative',
      'BPTT-T1': 'what is left out',
      'BPTT-T2': 'the losses of chunks, and a sum over steps behind a chunk',
    },
  },
  { file: 'window-net' },
];
