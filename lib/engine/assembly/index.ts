/** What the WebAssembly module exports. */
export * from './doubles';
export * from './product';
export * from './rows';
export * from './softmax';
