/** The derivations of what is made of cells. */

export interface Network {
  readonly file: string;
  readonly given?: readonly string[];
  /** Tags that are not judged, and why. */
  readonly besides?: Readonly<Record<string, string>>;
}

const SEARCH = 'how what a beam keeps is chosen: a probability of symbols, which has no gradient';
const STEPS_OF = 'a set of steps that goes with the time, and letters that are counted from others';

export const NETWORKS: readonly Network[] = [
  { file: 'attention' },
  { file: 'bidirectional' },
  {
    file: 'conditioned',
    given: ['through-time'],
    besides: {
      'CND-D1': 'a name that is written as an element of W',
      'CND-D2': 'gradients of the cell on the slide, in two cases',
      'CND-D3': 'a gradient of the cell on the slide',
    },
  },
  { file: 'delay' },
  { file: 'dropout' },
  {
    file: 'encoder-decoder',
    besides: { 'BS-F1': SEARCH, 'BS-F2': SEARCH, 'BS-D1': SEARCH },
  },
  { file: 'pooling' },
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
  {
    file: 'windows',
    besides: { 'WI-F2': STEPS_OF, 'WI-D2': STEPS_OF, 'WI-B3': STEPS_OF },
  },
];
