/** Every tag of the derivations that is not judged, by file, and why. A line that only says what a name is counts where a judged line rests on it. */

const GIVEN = 'it says what is called what; no judged line rests on it';
const STEPS = 'a set of steps that goes with a segment: a whole layer is applied, not a function';
const WORDS = 'it is said in words';
const COST = 'what something costs: numbers of bytes, operations or seconds';
const SEARCH = 'that nothing scores above it: a bound, and no equation';
const RANK = 'a score s with the class above it, and a largest one since a step that is another in every sequence';
const COUNTS = 'counts of sequences of symbols in a text';
const OTHERS = "the names of PyTorch's or ONNX's own arrays";
const MODEL = 'what operations of an ONNX model come to; the models are run against the library';
const MEASURED = 'what is measured of a trained network: an event, a correlation or a mean over a text';
const ANY = 'it is said of the Hessian of any network: no equation says what H, G or the map is';

/** The tags of one file that have a reason in common. */
const each = (reason: string, ...tags: readonly string[]) => tags.map(tag => [tag, reason] as const);

const LISTED: Readonly<Record<string, readonly (readonly [tag: string, reason: string])[]>> = {
  algebra: each(GIVEN, 'ALG-F26'),
  checkpointed: [
    ...each(STEPS, 'CKP-F1', 'CKP-F2', 'CKP-B1', 'CKP-B2', 'CKP-B3', 'CKP-D1'),
    ...each(COST, 'CKP-D2', 'CKP-D5'),
  ],
  embedding: each(GIVEN, 'EM-D1'),
  'encoder-decoder': each(SEARCH, 'BS-D1'),
  errata: each(WORDS, 'ERR-13'),
  exchange: [
    ...each(OTHERS, 'PT-F1', 'PT-F2', 'PT-D1', 'PT-F4', 'PT-F5', 'OX-F1', 'OX-F2', 'OX-F3', 'OX-F4', 'OX-F5'),
    ...each(MODEL, 'OX-F6', 'OX-F7', 'OX-F8', 'OX-F9', 'OX-F10'),
  ],
  'gradient-flow': [
    ...each('how much of one loss reaches one state, and means of that', 'FLOW-F8', 'FLOW-F10', 'FLOW-F11'),
    ...each('an expectation over directions', 'FLOW-F9'),
    ...each('a bound whose slopes are at most as large as said', 'FLOW-F13'),
    ...each('the parts of a Schur form, which is made by no equation', 'FLOW-F15', 'FLOW-D3'),
    ...each('the parts of a QR decomposition: the Q that are drawn are not orthogonal', 'FLOW-F17', 'FLOW-D4'),
  ],
  hmm: [
    ['HMM-D4', 'an inequality between the expectations of two models'],
    ['HMM-D5', 'the expectation of a sum over ways through the states'],
  ],
  'interpretable-cells': each(
    MEASURED,
    ...['CELL-F1', 'CELL-F2', 'CELL-F3', 'CELL-D1', 'CELL-D2', 'CELL-F4', 'CELL-D3', 'CELL-F5', 'CELL-F6', 'CELL-F7'],
  ),
  losses: each(
    RANK,
    ...['RK-F1', 'RK-F2', 'RK-F3', 'RK-F4', 'RK-F5', 'RK-F6', 'RK-D1', 'RK-D2'],
    ...['RK-B1', 'RK-B2', 'RK-B3', 'RK-B4', 'RK-B5', 'RK-B6'],
  ),
  'lstm-no-forget': [...each('a limit', 'LNF-D1'), ['LNF-T1', 'what was done in 1997, and is no gradient']],
  metrics: [
    ['MT-D2', 'it follows from an inequality of means, and no equation says of what'],
    ...each(COUNTS, 'BL-F1', 'BL-F2', 'BL-F3', 'BL-F4', 'BL-F5'),
  ],
  ngram: each(COUNTS, 'NG-F1', 'NG-F2', 'NG-F3', 'NG-F4', 'NG-F5', 'NG-F6', 'NG-D1', 'NG-D2'),
  parallel: [
    ...each('sums in the order of a tree, over shards', 'PAR-F1', 'PAR-F2', 'PAR-F3', 'PAR-F4', 'PAR-D1', 'PAR-F5'),
    ...each(COST, 'PAR-D2', 'PAR-D3', 'PAR-D4', 'PAR-D5', 'PAR-D6'),
  ],
  sampling: each('how a symbol is drawn', 'SA-F2', 'SA-F3', 'SA-F4'),
  'second-order': each(ANY, ...['ROP-D1', 'ROP-D2', 'ROP-D3', 'GN-D1', 'GN-B1', 'GN-D2', 'GN-D3', 'GN-D4', 'GN-D5']),
  slstm: [['SLSTM-D5', 'it holds where another gradient is zero']],
  'through-time': [
    ['BPTT-B4', 'what is agreed on, and is no derivative'],
    ['BPTT-T1', 'what is left out'],
    ['BPTT-T2', 'the losses of chunks, and a sum over steps behind a chunk'],
  ],
  windows: [['WI-D1', 'which step a block speaks of: it is given as which steps there are']],
};

/** The reasons of a file's tags, in the order of their names. */
export function unjudgedIn(file: string): ReadonlyMap<string, string> {
  return new Map(LISTED[file] ?? []);
}

export const FILES_WITH_UNJUDGED: readonly string[] = Object.keys(LISTED);
