/** Files, for Node: `import { decodeCheckpoint, readBytes } from 'bptt/io'`. */
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, resumeTrainer } from './checkpoint.ts';
export { makeFolder, readBytes, readText, writeAtomically } from './files.ts';
export { readSafetensors, type Tensor, type TensorFile, writeSafetensors } from './safetensors.ts';
export { readSealed, writeSealed } from './sealed.ts';
