/** What the WebAssembly module exports. */
export * from './doubles';
export { setWide } from './four-rows';
export * from './product';
export * from './rows';
export * from './softmax';
