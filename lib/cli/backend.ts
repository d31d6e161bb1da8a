/** The option --backend: what computes. */
import { Option } from 'commander';
import { FileError } from '../errors.ts';
import type { Engine } from '../models/network.ts';

const BACKENDS = ['wasm', 'blas', 'reference', 'auto'] as const;

/** WebAssembly, a BLAS of the machine, the readable layers, or a BLAS where there is one and WebAssembly where not. */
export type BackendName = (typeof BACKENDS)[number];

export function backendOption(): Option {
  const text = "what computes: WebAssembly, the machine's BLAS, the readable layers, or a BLAS if there is one";
  return new Option('--backend <name>', text).choices(BACKENDS).default('wasm');
}

/** @throws FileError when a BLAS is asked for and there is none, saying what to install. */
export async function engineNamed(name: BackendName): Promise<Engine> {
  if (name === 'reference') return 'reference';
  if (name === 'wasm') return {};
  const { blas } = await import('../engine/blas.ts');
  try {
    return { backend: blas() };
  } catch (error) {
    if (name === 'auto' && error instanceof FileError) return {};
    throw error;
  }
}
