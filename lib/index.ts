/**
 * Backpropagation through time, every gradient derived by hand. `import { rnn, unroll, … } from 'bptt'`.
 *
 * Nothing here needs Node: file formats are in `bptt/io`, the gradient checker in `bptt/check`.
 */
export type { Cell, CellSize, State, Tag } from './cells/cell.ts';
export { cellNamed, cells } from './cells/index.ts';
export { type LstmTape, lstm } from './cells/lstm.ts';
export { type RnnTape, rnn, rnnRelu } from './cells/rnn.ts';
export { BpttError, FileError, FormatError, ShapeError, ValueError } from './errors.ts';
export { type Initialiser, identity, normal, orthogonal, zeros } from './init/initialisers.ts';
export type { Layer } from './layers/layer.ts';
export { readout } from './layers/readout.ts';
export { stack } from './layers/stack.ts';
export { unroll } from './layers/unroll.ts';
export { type CrossEntropyTape, crossEntropy, logSoftmax } from './losses/cross-entropy.ts';
export type { Loss, LossValue, Weighting } from './losses/loss.ts';
export * from './matrix.ts';
export { type Baselines, baselines } from './models/baselines.ts';
export { type CharModel, charModel, evaluate, type SampleOptions, sample } from './models/char-model.ts';
export {
  CharTrainer,
  type CharTrainerOptions,
  lectureOptions,
  type TrainerPosition,
  type TrainingStep,
} from './models/char-trainer.ts';
export { Vocabulary } from './models/vocabulary.ts';
export { adagrad } from './optim/adagrad.ts';
export { clipByNorm, clipByValue } from './optim/clip.ts';
export type { Optimiser } from './optim/optimiser.ts';
export { sgd } from './optim/sgd.ts';
export { ParamSet } from './params.ts';
export { Random } from './random.ts';
export { type Extent, Sequence } from './sequence.ts';
export type { Matrices, Shape, Shapes } from './shape.ts';
export { type Chunk, type ChunkLoss, truncated } from './through-time/truncated.ts';
export { FlatMatrix, type FloatArray, OneHotMatrix } from './views.ts';
