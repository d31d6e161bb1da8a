/**
 * Backpropagation through time, every gradient derived by hand. `import { rnn, unroll, … } from 'bptt'`.
 *
 * Nothing here needs Node: file formats are in `bptt/io`, the gradient checker in `bptt/check`.
 */
export { type AbstractMatrix, Matrix } from 'ml-matrix';
export type { Cell, CellSize, Misfit, State, Tag } from './cells/cell.ts';
export { type Conditioning, conditioned } from './cells/conditioned.ts';
export { gru, swapUpdateGate } from './cells/gru.ts';
export { gruResetBefore } from './cells/gru-reset-before.ts';
export { cellNamed, cells } from './cells/index.ts';
export { type LstmTape, lstm } from './cells/lstm.ts';
export { lstmCoupled } from './cells/lstm-coupled.ts';
export { lstmLayerNorm } from './cells/lstm-layer-norm.ts';
export { lstmNoForget } from './cells/lstm-no-forget.ts';
export { lstmPeephole } from './cells/lstm-peephole.ts';
export { mgu } from './cells/mgu.ts';
export { minGru } from './cells/min-gru.ts';
export { minLstm } from './cells/min-lstm.ts';
export { type RnnTape, rnn, rnnRelu } from './cells/rnn.ts';
export { slstm } from './cells/slstm.ts';
export { trace, traceFixed } from './cells/trace.ts';
export { linear } from './engine/linear.ts';
export type { Backend, EngineOptions } from './engine/options.ts';
export type { Precision } from './engine/precision.ts';
export { explain, recurrent } from './engine/recurrent.ts';
export type { EngineTape } from './engine/tapes.ts';
export { wideVectors } from './engine/wide.ts';
export { BpttError, FileError, FormatError, MemoryError, ShapeError, ValueError, WorkerError } from './errors.ts';
export {
  forgetBias,
  glorot,
  type Initialiser,
  identity,
  normal,
  orthogonal,
  uniform,
  uniformOverRoot,
  zeros,
} from './init/initialisers.ts';
export { type Column, type CsvOptions, readCsv, type Table } from './io/csv.ts';
export { type JsonLinesOptions, type JsonRecordsOptions, readJsonLines } from './io/json-lines.ts';
export type { Fields, Kind, Kinds, Missing, Numbered, ReadCounts, Records } from './io/records.ts';
export type { TextSource } from './io/text-source.ts';
export { type Attention, type AttentionOptions, type AttentionTape, attention } from './layers/attention/attention.ts';
export type { Attentive } from './layers/attention/attentive.ts';
export { type BahdanauTape, bahdanau } from './layers/attention/bahdanau.ts';
export { type LuongTape, luong } from './layers/attention/luong.ts';
export { type BidirectionalTape, bidirectional } from './layers/bidirectional.ts';
export { type Bridge, type BridgeTape, bridge, type Stateful } from './layers/bridge.ts';
export { type DelayTape, delay } from './layers/delay.ts';
export { type Dropout, type DropoutTape, dropout } from './layers/dropout.ts';
export { type EmbeddingTape, embedding } from './layers/embedding.ts';
export type { Layer } from './layers/layer.ts';
export { lastStep, maxOverTime, meanOverTime, type PoolTape } from './layers/pool.ts';
export { type ReadoutTape, readout } from './layers/readout.ts';
export { reverseWithinLengths } from './layers/reversal.ts';
export { type StackTape, stack } from './layers/stack.ts';
export { type PlainState, type Stream, stream } from './layers/stream.ts';
export { type UnrollTape, unroll } from './layers/unroll.ts';
export { type WindowTape, windowInput, windowOutput } from './layers/windows.ts';
export { type BinaryCrossEntropyTape, binaryCrossEntropy } from './losses/binary-cross-entropy.ts';
export { type CrossEntropyTape, crossEntropy, logSoftmax } from './losses/cross-entropy.ts';
export type { Loss, LossValue, Weighting } from './losses/loss.ts';
export { type RankingOptions, type RankingTape, type RankingTerm, rankingLoss } from './losses/ranking.ts';
export { type SquaredErrorTape, squaredError } from './losses/squared-error.ts';
export * from './matrix.ts';
export { type Baselines, baselines } from './models/baselines.ts';
export { type CharModel, charModel, evaluate, type SampleOptions, sample } from './models/char-model.ts';
export {
  type CharTrainerOptions,
  lectureOptions,
  type OptimiserName,
  optimiserNames,
  type RateSchedule,
} from './models/char-options.ts';
export { CharTrainer, type TrainerPosition, type TrainingStep } from './models/char-trainer.ts';
export type { ChoiceOptions } from './models/choice.ts';
export type { BeamOptions, DecodeOptions, Hypothesis } from './models/decoding.ts';
export { DivergenceError } from './models/divergence.ts';
export { type EncoderDecoder, type EncoderDecoderTape, encoderDecoder } from './models/encoder-decoder.ts';
export { type Hmm, hmm } from './models/hmm.ts';
export { type Forecast, type Kalman, kalman } from './models/kalman.ts';
export type { Level } from './models/level.ts';
export type { Marks } from './models/marks.ts';
export type { Engine } from './models/network.ts';
export { type Ngram, ngram } from './models/ngram.ts';
export { sampleStream } from './models/sample-stream.ts';
export { type TranslatorSize, translator } from './models/translator.ts';
export { Vocabulary } from './models/vocabulary.ts';
export { type WindowNet, windowNet } from './models/window-net.ts';
export { adagrad } from './optim/adagrad.ts';
export { type AdamOptions, adam } from './optim/adam.ts';
export { clipByGlobalNorm, clipByNorm, clipByValue } from './optim/clip.ts';
export type { Optimiser } from './optim/optimiser.ts';
export { type RmspropOptions, rmsprop } from './optim/rmsprop.ts';
export { constant, cosine, type Schedule, stepDecay, warmUp } from './optim/schedules.ts';
export { type MomentumOptions, sgd } from './optim/sgd.ts';
export { type JoinedNames, type KnownParams, ParamSet } from './params.ts';
export { Random } from './random.ts';
export { type Extent, Sequence } from './sequence.ts';
export type { Matrices, Shape, Shapes } from './shape.ts';
export { type CheckpointedTape, type CheckpointOptions, checkpointed } from './through-time/checkpointed.ts';
export { gaussNewtonVector } from './through-time/gauss-newton.ts';
export { type LstmPaths, lstmPaths } from './through-time/lstm-paths.ts';
export { hessianVector } from './through-time/r-operator.ts';
export { type Rtrl, rtrl, type Sensitivity } from './through-time/rtrl.ts';
export { gruTwice } from './through-time/second-order/gru.ts';
export { lstmTwice } from './through-time/second-order/lstm.ts';
export type { LabelledBatch, TwiceNet } from './through-time/second-order/r-forward.ts';
export { rnnTwice } from './through-time/second-order/rnn.ts';
export type { BackwardStep, RTape, TwiceCell } from './through-time/second-order/twice-cell.ts';
export { crossEntropyTwice, squaredErrorTwice, type TwiceLoss } from './through-time/second-order/twice-loss.ts';
export { type Chunk, type ChunkLoss, truncated } from './through-time/truncated.ts';
export { type Bleu, bleu, type Token } from './training/bleu.ts';
export { accuracy, argmax, argmaxLast, type ClassFigures, confusion, perClass } from './training/classes.ts';
export { type Batch, type Examples, examples, type Row } from './training/examples.ts';
export { carryOn, fit, type Watching } from './training/fit.ts';
export type { FitOptions } from './training/fit-options.ts';
export type { Learner } from './training/learner.ts';
export { bitsPerSymbol, mae, perplexity, rmse, type StepWeights } from './training/metrics.ts';
export { pairs } from './training/pairs.ts';
export { Scaler, type ScalerData } from './training/scaler.ts';
export { Training, type Update } from './training/training.ts';
export type { Epoch, TrainingState } from './training/training-state.ts';
export { type WindowExampleOptions, windowExamples } from './training/window-examples.ts';
export { type WindowOptions, type Windows, windows } from './training/windows.ts';
export { FlatMatrix, type FloatArray, OneHotMatrix } from './views.ts';
