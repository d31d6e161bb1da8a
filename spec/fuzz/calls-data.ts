/** Right calls of sequences, parameters and other data, of the algebra, and of what makes cells. */
import * as lib from '../../lib/index.ts';
import { call, method, open, taking } from './api.ts';
import { type Calls, dense, one, set, some } from './inputs.ts';

const { Sequence, ParamSet, Random } = lib;

/** Data. */
export const data: Calls = {
  'Sequence.dense': () => call(Sequence.dense, [1, 2, 3, 4], { T: 2, B: 2, F: 1, lengths: [1, 2] }),
  'Sequence.over': () => call(Sequence.over, Float64Array.of(1, 2, 3, 4), { T: 2, B: 2, F: 1, lengths: [1, 2] }),
  'Sequence.zeros': () => call(Sequence.zeros, { T: 2, B: 2, F: 1, lengths: [1, 2] }),
  'Sequence.oneHot': () => call(Sequence.oneHot, [0, 1, 2, 1], { T: 2, B: 2, classes: 3, lengths: [1, 2] }),
  'Sequence.at': () => method(dense(2), 'at', 1),
  'Sequence.rows': () => method(dense(2), 'rows'),
  'Sequence.slice': () => method(one(2), 'slice', 1, 3),
  'Sequence.active': () => method(dense(2), 'active', 1),
  'Sequence.counts': () => method(dense(2), 'counts', 1),
  'Sequence.countedRows': () => method(dense(2), 'countedRows'),
  'Sequence.extent': () => method(dense(2), 'extent'),
  'ParamSet.of': () => call(ParamSet.of, open({ W: [2, 3], b: [1, 2] }), { keeps: { b: 1 }, first: { b: 2 } }),
  'ParamSet.join': () => call(ParamSet.join, open({ a: set(), b: set() })),
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
  logSoftmax: () => call(lib.logSoftmax, some(2, 3)),
  swapUpdateGate: () => call(lib.swapUpdateGate, open({ W_z: some(2, 2), U_z: some(2, 1), b_z: some(1, 2) })),
};

/** What makes cells. */
export const cells: Calls = {
  cellNamed: () => call(lib.cellNamed, 'rnn', open({ rnn: lib.rnn })),
  conditioned: () => call(lib.conditioned, lib.rnn, { k: 2, when: 'first' }),
  traceFixed: taking(() => call(lib.traceFixed, [0.5, 0.25]), '0'),
};
