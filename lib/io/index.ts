/**
 * Files, for Node: `import { decodeCheckpoint, readBytes } from 'bptt/io'`. Of Node are the hash of what is sealed, checkpoints
 * among it (`node:crypto`), and what reads and writes at a path (`node:fs`, `node:path`; `node:tty` tells a terminal, `node:buffer`
 * how long a text may be); the formats themselves need none of that.
 */
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, resumeTrainer } from './checkpoint.ts';
export { type ReadOptions, readBytes, readText, writeAtomically } from './files.ts';
export { makeFolder } from './folders.ts';
export { type Kept, type LoadOptions, load, type Models, type Saved, save } from './model-file.ts';
export { type OnnxOptions, onnxCells, toOnnx } from './onnx.ts';
export { type Dtype, readSafetensors, type Tensor, type TensorFile, writeSafetensors } from './safetensors.ts';
export { readSealed, writeSealed } from './sealed.ts';
export { fromTorch, type TorchModules, torchCells, toTorch } from './torch.ts';
export { decodeTorch, encodeTorch, type TorchFileOptions } from './torch-file.ts';
