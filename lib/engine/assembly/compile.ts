/**
 * Compiles this folder into `lib/engine/kernels.ts`, `kernels-fma.ts` and `kernels-around.ts`: `npm run build:wasm`.
 *
 * The library embeds the modules as text, so that they need no file beside them, in Node and in a browser. A spec
 * compiles again and compares, so that sources and modules cannot drift apart.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The stub of a runtime stays empty, since nothing is allocated. */
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--noExportMemory', '--enable', 'simd'];

const HEADER =
  '/** Made by `npm run build:wasm` from the AssemblyScript of `lib/engine/assembly`; not to be edited. */';

/**
 * The generated files: their texts by their paths from the root.
 *
 * @throws Error with the compiler's messages when the sources do not compile.
 */
export async function generate(): Promise<Readonly<Record<string, string>>> {
  const [base, fma, around] = await Promise.all([
    compile('index', []),
    compile('index', ['--enable', 'relaxed-simd']),
    compile('around', []),
  ]);
  return {
    'lib/engine/kernels.ts': `${HEADER}

/** What the module exports. Addresses are bytes in the imported memory. */
export interface Kernels {
${base.signatures.join('\n')}
}

/** The module, hexadecimal: in a compressed package a good third less than base64, which hides what repeats. */
export const kernels: string =
  '${base.wasm}';
`,
    'lib/engine/kernels-fma.ts': `${HEADER}

/** The same module with fused multiply-adds (relaxed SIMD). */
export const kernelsFma: string =
  '${fma.wasm}';
`,
    'lib/engine/kernels-around.ts': `${HEADER}

/** What the module exports. Addresses are bytes in the imported memory. */
export interface AroundKernels {
${around.signatures.join('\n')}
}

/** The module of what stands around the passes of a training step, hexadecimal. */
export const kernelsAround: string =
  '${around.wasm}';
`,
  };
}

async function compile(entry: string, options: readonly string[]): Promise<Compiled> {
  // Without the flag the compiler starts itself again, with it.
  const asc = ['--enable-source-maps', join(ROOT, 'node_modules/assemblyscript/bin/asc.js')];
  const folder = mkdtempSync(join(tmpdir(), 'bptt-kernels-'));
  try {
    const output = ['--outFile', join(folder, 'kernels.wasm'), '--bindings', 'raw'];
    const source = `lib/engine/assembly/${entry}.ts`;
    await promisify(execFile)(process.execPath, [...asc, source, ...OPTIONS, ...options, ...output], { cwd: ROOT });
    const bindings = readFileSync(join(folder, 'kernels.d.ts'), 'utf8');
    return {
      wasm: readFileSync(join(folder, 'kernels.wasm'), 'hex'),
      signatures: Array.from(bindings.matchAll(/export function (.*;)/g), ([, signature]) => `  ${signature}`),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Compiled {
  /** The module, hexadecimal. */
  readonly wasm: string;
  /** The functions that it exports, as the members of an interface. */
  readonly signatures: readonly string[];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generate())) writeFileSync(join(ROOT, path), text);
}
