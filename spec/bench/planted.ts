/** Backends with a mistake planted in them. */
import { type Backend, type Ours, wasm } from '../../bench/backends.ts';
import type { Precision, Runtime } from '../../lib/engine/precision.ts';
import { type Products, wasmProducts } from '../../lib/engine/products.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { Sequence } from '../../lib/sequence.ts';

/** WebAssembly with wrong layers. */
export function withLayers(spoil: (layer: Layer, precision: Precision) => Layer): Backend {
  return { ...wasm, recurrent: (cell, size, precision) => spoil(wasm.recurrent(cell, size, precision), precision) };
}

/** The engine with gradients of matrices twice what they should be. */
export function withTwice(): Backend {
  const products = (runtime: Runtime): Products => {
    const right = wasmProducts(runtime);
    const product: Products['product'] = (transA, ...others) => {
      right.product(transA, ...others);
      if (transA) right.product(transA, ...others);
    };
    return { ...right, product };
  };
  return { ...wasm, engine: precision => ({ precision, backend: { name: 'twice', products } }) };
}

/** WebAssembly with wrong products. */
export function withProducts(spoil: (product: Ours) => Ours): Backend {
  return { ...wasm, product: (...product) => spoil(wasm.product(...product)) };
}

/** dL/dx a thousandth too large. */
export function largerDx(layer: Layer): Layer {
  return {
    ...layer,
    backward(tape, dy, dsT) {
      const { dx, ds0 } = layer.backward(tape, dy, dsT);
      return { dx: scaled(dx, 1.001), ds0 };
    },
  };
}

/** A part in a million of y added to it: a wrong function. */
export function largerY(layer: Layer): Layer {
  return {
    ...layer,
    forward(x, s0) {
      const { y, ...others } = layer.forward(x, s0);
      return { y: scaled(y, 1 + 1e-6), ...others };
    },
  };
}

/** The largest element of the gradient twice what it should be. */
export function doubled(layer: Layer): Layer {
  return {
    ...layer,
    backward(tape, dy, dsT) {
      const result = layer.backward(tape, dy, dsT);
      const { grads } = layer.params;
      const largest = grads.reduce((most, g, n) => (Math.abs(g) > Math.abs(grads[most] ?? 0) ? n : most), 0);
      grads[largest] = 2 * (grads[largest] ?? 0);
      return result;
    },
  };
}

function scaled(s: Sequence, by: number): Sequence {
  return Sequence.dense(
    Float64Array.from(s.data, value => by * value),
    { ...s.extent(), F: s.F },
  );
}
