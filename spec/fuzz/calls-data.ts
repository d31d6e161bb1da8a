/** Right calls of sequences, parameters and other data, of the algebra, and of what makes cells. */
import * as lib from '../../lib/index.ts';
import { call, method, open, taking, whole } from './api.ts';
import { type Calls, dense, one, set, some } from './inputs.ts';

const { Sequence, ParamSet, Random } = lib;

/** Data. */
export const data: Calls = {
  'Sequence.dense': () => call(Sequence.dense, [1, 2, 3, 4], { T: 2, B: 2, F: 1, lengths: [1, 2] }),
  'Sequence.over': () => call(Sequence.over, Float64Array.of(1, 2, 3, 4), { T: 2, B: 2, F: 1, lengths: [1, 2] }),
  'Sequence.zeros': () => call(Sequence.zeros, { T: 2, B: 2, F: 1, lengths: [1, 2] }),
  'Sequence.oneHot': () => call(Sequence.oneHot, [0, 1, 2, 1], { T: 2, B: 2, classes: 3, lengths: [1, 2] }),
  'Sequence.pack': () => call(Sequence.pack, [[0, 2, 1], [1]], { classes: 3 }),
  'Sequence.unpack': () => method(dense(2), 'unpack'),
  'Sequence.unpackIndices': () => method(Sequence.oneHot([0, 1, 2], { T: 3, classes: 3 }), 'unpackIndices'),
  'Sequence.at': () => method(dense(2), 'at', 1),
  'Sequence.rows': () => method(dense(2), 'rows'),
  'Sequence.slice': () => method(one(2), 'slice', 1, 3),
  'Sequence.active': () => method(dense(2), 'active', 1),
  'Sequence.counts': () => method(dense(2), 'counts', 1),
  'Sequence.countedRows': () => method(dense(2), 'countedRows'),
  'Sequence.extent': () => method(dense(2), 'extent'),
  'ParamSet.of': () => call(ParamSet.of, open({ W: [2, 3], b: [1, 2] }), { keeps: { b: 1 }, first: { b: 2 } }),
  'ParamSet.join': () => call(ParamSet.join, open({ a: set(), b: set() })),
  'ParamSet.get': () => method(set(), 'get', 'b_f'),
  'ParamSet.set': taking(() => method(set(), 'set', 'b_f', [7, 8]), '1'),
  'ParamSet.load': () => method(set(), 'load', [1, 2, 3, 4, 5, 6]),
  'ParamSet.named': () => method(set(), 'named'),
  'ParamSet.open': () => method(set(), 'open'),
  'ParamSet.namedGrads': () => method(set(), 'namedGrads'),
  'ParamSet.zeroGrads': () => method(set(), 'zeroGrads'),
  Random: () => call((seed: number) => new Random(seed), 7),
  'Random.fromState': () => call(Random.fromState, [1, 2, 3, 4]),
  'Random.state': () => method(new Random(1), 'state'),
  'Random.uniform': () => method(new Random(1), 'uniform'),
  'Random.normal': () => method(new Random(1), 'normal'),
  'Random.index': () => method(new Random(1), 'index', [0.5, 0, 2]),
  FlatMatrix: () =>
    call(
      (data: Float64Array, rows: number, columns: number, offset: number) =>
        new lib.FlatMatrix(data, rows, columns, offset),
      Float64Array.of(1, 2, 3, 4, 5),
      2,
      2,
      1,
    ),
  OneHotMatrix: () =>
    call((indices: Int32Array, classes: number) => new lib.OneHotMatrix(indices, classes), Int32Array.of(0, 2), 3),
};

/** Algebra. */
export const algebra: Calls = {
  times: () => call(lib.times, some(2, 3), some(3, 2)),
  timesT: () => call(lib.timesT, some(2, 3), some(2, 3)),
  addTTimes: () => call(lib.addTTimes, some(3, 2), some(2, 3), some(2, 2)),
  addColumnSums: () => call(lib.addColumnSums, some(1, 3), some(2, 3)),
  addTo: () => call(lib.addTo, some(2, 3), some(2, 3)),
  addRow: () => call(lib.addRow, some(2, 3), some(1, 3)),
  mulRow: () => call(lib.mulRow, some(2, 3), some(1, 3)),
  add: () => call(lib.add, some(2, 3), some(2, 3), some(2, 3)),
  mul: () => call(lib.mul, some(2, 3), some(2, 3), some(2, 3)),
  sub: () => call(lib.sub, some(2, 3), some(2, 3)),
  affine: () => call(lib.affine, some(3, 3), some(2, 3), some(3, 2), some(2, 2), some(1, 3)),
  keepRows: () => call(lib.keepRows, some(2, 3), [true, false]),
  selectRows: () => call(lib.selectRows, [true, false], some(2, 3), some(2, 3)),
  sigmoid: () => call(lib.sigmoid, some(2, 3)),
  sigmoidSlope: () => call(lib.sigmoidSlope, some(2, 3)),
  oneMinus: () => call(lib.oneMinus, some(2, 3)),
  relu: () => call(lib.relu, some(2, 3)),
  reluSlope: () => call(lib.reluSlope, some(2, 3)),
  tanh: () => call(lib.tanh, some(2, 3)),
  tanhSlope: () => call(lib.tanhSlope, some(2, 3)),
  copy: () => call(lib.copy, some(2, 3)),
  reciprocal: () => call(lib.reciprocal, some(2, 3)),
  exp: () => call(lib.exp, some(2, 3)),
  log: () => call(lib.log, some(2, 3)),
  sqrt: () => call(lib.sqrt, some(2, 3)),
  softplus: () => call(lib.softplus, some(2, 3)),
  softplusSlope: () => call(lib.softplusSlope, some(2, 3)),
  elu: () => call(lib.elu, some(2, 3)),
  eluSlope: () => call(lib.eluSlope, some(2, 3)),
  gelu: () => call(lib.gelu, some(2, 3)),
  geluSlope: () => call(lib.geluSlope, some(2, 3)),
  softsign: () => call(lib.softsign, some(2, 3)),
  softsignSlope: () => call(lib.softsignSlope, some(2, 3)),
  hardSigmoid: () => call(lib.hardSigmoid, some(2, 3)),
  hardSigmoidSlope: () => call(lib.hardSigmoidSlope, some(2, 3)),
  abs: () => call(lib.abs, some(2, 3)),
  sign: () => call(lib.sign, some(2, 3)),
  sumUnits: () => call(lib.sumUnits, some(2, 3)),
  meanUnits: () => call(lib.meanUnits, some(2, 3)),
  maxUnits: () => call(lib.maxUnits, some(2, 3)),
  softmaxUnits: () => call(lib.softmaxUnits, some(2, 3)),
  div: () => call(lib.div, some(2, 3), some(2, 3)),
  max: () => call(lib.max, some(2, 3), some(2, 3)),
  min: () => call(lib.min, some(2, 3), some(2, 3)),
  above: () => call(lib.above, some(2, 3), some(2, 3)),
  softmaxUnitsGradient: () => call(lib.softmaxUnitsGradient, some(2, 3), some(2, 3)),
  addColumn: () => call(lib.addColumn, some(2, 3), some(2, 1)),
  subColumn: () => call(lib.subColumn, some(2, 3), some(2, 1)),
  mulColumn: () => call(lib.mulColumn, some(2, 3), some(2, 1)),
  divColumn: () => call(lib.divColumn, some(2, 3), some(2, 1)),
  scale: () => call(lib.scale, some(2, 3), 2),
  shift: () => call(lib.shift, some(2, 3), 2),
  clamp: () => call(lib.clamp, some(2, 3), -1, 1),
  clampSlope: () => call(lib.clampSlope, some(2, 3), -1, 1),
  outer: () => call(lib.outer, some(2, 3), some(2, 2)),
  applyEach: () => call(lib.applyEach, some(2, 6), some(2, 3)),
  applyEachT: () => call(lib.applyEachT, some(2, 6), some(2, 2)),
  map: () => call(lib.map, some(2, 3), Math.cos),
  beside: () => call(lib.beside, some(2, 3), some(2, 2), some(2, 1)),
  columns: () => call(lib.columns, some(2, 3), 1, 3),
  rows: () => call(lib.rows, some(3, 2), 1, 3),
  logSoftmax: () => call(lib.logSoftmax, some(2, 3)),
  swapUpdateGate: () => call(lib.swapUpdateGate, open({ W_z: some(2, 2), U_z: some(2, 1), b_z: some(1, 2) })),
};

const table = () => whole(lib.confusion([0, 1, 1], [0, 1, 0], { classes: 2 }));
const scaler = () =>
  lib.Scaler.fit([
    [1, 5],
    [3, 6],
  ]);
const columns = () => open({ a: 'number', b: 'text' });

/** What goes into models, and how good is what comes out. */
export const own: Calls = {
  windows: () =>
    call(
      lib.windows,
      [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ],
      { length: 2, horizon: 1, stride: 1 },
    ),
  'Scaler.fit': () =>
    call(lib.Scaler.fit, [
      [1, 5],
      [3, 6],
    ]),
  'Scaler.from': () => call(lib.Scaler.from, { means: [1, 2], deviations: [0, 1] }),
  'Scaler.transform': taking(
    () =>
      method(scaler(), 'transform', [
        [1, 5],
        [3, 6],
      ]),
    '0',
  ),
  'Scaler.inverse': taking(() => method(scaler(), 'inverse', dense(2)), '0'),
  'Scaler.toJSON': () => method(scaler(), 'toJSON'),
  argmax: () => call(lib.argmax, dense(2)),
  argmaxLast: () => call(lib.argmaxLast, dense(2)),
  accuracy: () => call(lib.accuracy, [0, 1, -1], Int32Array.of(0, 0, 0)),
  confusion: () => call(lib.confusion, [0, 1, -1], Int32Array.of(0, 0, 0), { classes: 2 }),
  perClass: () => call(lib.perClass, table()),
  bitsPerSymbol: () => call(lib.bitsPerSymbol, 2),
  perplexity: () => call(lib.perplexity, 2),
  rmse: taking(
    () => call(lib.rmse, dense(2), dense(2), { mask: [1, 0, 1, 1, 1, 1], weights: [1, 1, 2, 1, 1, 1] }),
    '2.weights.5', // padding, which is not looked at
    '2.mask.0',
    '2.mask.5',
  ),
  mae: () => call(lib.mae, dense(2), dense(2)),
  bleu: taking(
    () => call(lib.bleu, [['a', 'b']], [[['a', 'c'], ['b']]], { order: 2 }),
    ...['0.0.0', '0.0.1', '1.0.0.0', '1.0.0.1', '1.0.1.0'], // words or classes
  ),
  readCsv: () =>
    call(lib.readCsv, 'a,b\n1,x\n', {
      name: 'f.csv',
      delimiter: ',',
      header: ['a', 'b'],
      columns: columns(),
      missing: 'drop',
      within: 'a',
      missingValues: ['', 'NA'],
    }),
  'readCsv.columns': () => method(lib.readCsv('a,b\n1,x\n'), 'columns'),
  'readCsv.counts': () => method(lib.readCsv('a,b\n1,x\n'), 'counts'),
  readJsonLines: () => call(lib.readJsonLines, '{"a": 1}', { name: 'f.jsonl', columns: columns(), missing: 'drop' }),
  'readJsonLines.counts': () => method(lib.readJsonLines('1\n'), 'counts'),
};

/** What makes cells. */
export const cells: Calls = {
  cellNamed: () => call(lib.cellNamed, 'rnn', open({ rnn: lib.rnn })),
  conditioned: () => call(lib.conditioned, lib.rnn, { k: 2, when: 'first' }),
  traceFixed: taking(() => call(lib.traceFixed, [0.5, 0.25]), '0'),
};
