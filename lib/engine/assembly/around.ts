/** What the second module exports: what a training step does around its passes. Nothing in it depends on the machine. */
export * from './losses';
export * from './norms';
export * from './optimisers';
export { logSoftmaxRowsF64 as logSoftmaxRows } from './softmax';
