/** What is asked of a hand: plain data, which goes to another thread as it is. What it is about lies in memory: shared, or handed over. */
import type { Shard } from './shards.ts';

/** Memory that hands see: all of them the same or, where they may not share any, each its own. */
export type Memory = SharedArrayBuffer | ArrayBuffer;

/** Numbers of a memory: from a byte on, so many. */
export interface Place {
  readonly at: number;
  readonly count: number;
}

/** Numbers or indices of a sequence, and how wide the numbers are. */
export interface SequencePlace extends Place {
  readonly kind: 'f64' | 'f32' | 'index';
}

/** What a mask is drawn from, and whether there is one. */
export interface Drop {
  readonly seed: number;
  readonly training: boolean;
}

/** Which part of the batch, and which of these it is. */
export interface Part extends Shard {
  readonly shard: number;
}

/** A part on its way forward. */
export interface Forward extends Part {
  readonly T: number;
  readonly lengths?: readonly number[];
  readonly x: SequencePlace;
  /** What there is of a state, by part. */
  readonly s0: Readonly<Record<string, Place>> | undefined;
  readonly y: SequencePlace;
  readonly sT: Readonly<Record<string, Place>>;
}

/** The same part on its way back; dx where it is asked for. */
export interface Backward extends Part {
  readonly dy: SequencePlace;
  readonly dsT: Readonly<Record<string, Place>> | undefined;
  readonly dx: SequencePlace | undefined;
  readonly ds0: Readonly<Record<string, Place>>;
  /** Where the gradient of the parameters goes. */
  readonly grads: Place;
}

/** dL/dx of indices, asked for later. */
export interface InputGradient extends Part {
  readonly dx: SequencePlace;
}

/** What a hand does at once, over the same memory. */
export type Work = { readonly network: number; readonly memory: Memory } & (
  | {
      readonly kind: 'forward';
      readonly pass: number;
      readonly params: Place;
      /** How the layers that drop features are set, in the order of the network's parts. */
      readonly drops: readonly Drop[];
      readonly parts: readonly Forward[];
    }
  | { readonly kind: 'backward'; readonly pass: number; readonly parts: readonly Backward[] }
  | { readonly kind: 'input gradient'; readonly pass: number; readonly parts: readonly InputGradient[] }
);

/** A network to be made of its JSON, with products done in another backend where one is said. */
export interface NetworkRequest {
  readonly kind: 'network';
  readonly network: number;
  readonly json: object;
  readonly backend: BackendRequest | undefined;
  /** The address of a module with cells that are not the library's. */
  readonly cells: string | undefined;
}

/** A BLAS that every thread opens for itself. */
export interface BackendRequest {
  readonly library: string;
  readonly threads?: number;
}

/** What may be asked of a hand: a network to be made, work, passes and networks to be forgotten. */
export type Request =
  | NetworkRequest
  | Work
  | { readonly kind: 'release'; readonly network: number; readonly pass: number }
  | { readonly kind: 'forget'; readonly network: number };
