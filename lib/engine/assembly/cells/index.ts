/** The fused kernels of all cells. */
export * from './gru';
export * from './gru-reset-before';
export * from './lstm';
export * from './lstm-coupled';
export * from './lstm-no-forget';
export * from './lstm-peephole';
export * from './rnn';
export * from './trace';
