/** Every tag of the derivations that is not judged, by file, and why. A line that only says what a name is counts where a judged line rests on it. */

const GIVEN = 'it says what is called what; no judged line rests on it';
const COST = 'what something costs: numbers of bytes, operations or seconds';
const SEARCH = 'that nothing scores above it: a bound, and no equation';
const COUNTS = 'counts of sequences of symbols in a text';
const MEASURED = 'what is measured of a trained network: an event, a correlation or a mean over a text';
const ANY = 'it is said of the Hessian of any network: no equation says what H, G or the map is';

/** The tags of one file that have a reason in common. */
const each = (reason: string, ...tags: readonly string[]) => tags.map(tag => [tag, reason] as const);

const LISTED: Readonly<Record<string, readonly (readonly [tag: string, reason: string])[]>> = {
  algebra: each(GIVEN, 'ALG-F26'),
  checkpointed: [
    ['CKP-D1', 'in which order there is something'],
    ['CKP-D5', 'what is about as large, and no equation'],
  ],
  embedding: each(GIVEN, 'EM-D1'),
  'encoder-decoder': each(SEARCH, 'BS-D1'),
  exchange: [['OX-F9', '−∞, of which there is none in a field; the models are run against the library']],
  'gradient-flow': [
    ...each('how much of one loss reaches one state, and means of that', 'FLOW-F8', 'FLOW-F10', 'FLOW-F11'),
    ...each('an expectation over directions', 'FLOW-F9'),
    ...each('the parts of a QR decomposition: the Q that are drawn are not orthogonal', 'FLOW-F17', 'FLOW-D4'),
  ],
  hmm: [
    ['HMM-D4', 'an inequality between the expectations of two models'],
    ['HMM-D5', 'the expectation of a sum over ways through the states'],
  ],
  'interpretable-cells': each(
    MEASURED,
    ...['CELL-F1', 'CELL-F3', 'CELL-D1', 'CELL-D2', 'CELL-F4', 'CELL-D3', 'CELL-F5', 'CELL-F6', 'CELL-F7'],
  ),
  'lstm-no-forget': [['LNF-T1', 'what was done in 1997, and is no gradient']],
  metrics: each(COUNTS, 'BL-F1', 'BL-F2', 'BL-F3'),
  ngram: each(COUNTS, 'NG-F1', 'NG-F2', 'NG-F3'),
  parallel: [
    ...each('sums in the order of a tree, over shards', 'PAR-F1', 'PAR-F2', 'PAR-F3', 'PAR-F4', 'PAR-D1', 'PAR-F5'),
    ...each(COST, 'PAR-D2', 'PAR-D3', 'PAR-D4', 'PAR-D5', 'PAR-D6'),
  ],
  'second-order': each(ANY, 'ROP-D1', 'ROP-D3', 'GN-D3', 'GN-D4', 'GN-D5'),
  slstm: [['SLSTM-D5', 'it holds where another gradient is zero']],
  windows: [['WI-D1', 'which step a block speaks of: it is given as which steps there are']],
};

/** The reasons of a file's tags, in the order of their names. */
export function unjudgedIn(file: string): ReadonlyMap<string, string> {
  return new Map(LISTED[file] ?? []);
}

export const FILES_WITH_UNJUDGED: readonly string[] = Object.keys(LISTED);
