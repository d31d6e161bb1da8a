/**
 * Formats of files, bytes in and bytes out: `import { load, save } from 'bptt/io'`. Nothing here needs Node, and a page may use
 * it as it is; what reads and writes at a path is in `bptt/io/node`.
 */
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export { type Kept, type LoadOptions, load, type Models, type Saved, save } from './model-file.ts';
export { type OnnxOptions, toOnnx } from './onnx.ts';
export { onnxCells } from './onnx-cells.ts';
export { encoderDecoderToOnnx } from './onnx-encoder-decoder.ts';
export { resumeTrainer } from './resume-trainer.ts';
export { type Dtype, readSafetensors, type Tensor, type TensorFile, writeSafetensors } from './safetensors.ts';
export { readSealed, writeSealed } from './sealed.ts';
export { fromTorch, type TorchModules, torchCells, toTorch } from './torch.ts';
export { decodeTorch, encodeTorch, type TorchFileOptions } from './torch-file.ts';
