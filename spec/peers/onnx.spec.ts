/** Exported models run by onnxruntime compute, to 32 bits, what the library does: every cell, every topology, either input. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { onnxCells } from '../../lib/io/onnx-cells.ts';
import { cellOf, deviationOf, type Feeds, onnxCases, problemOf } from '../io/onnx-cases.ts';
import type { Values } from '../io/onnx-interpreter.ts';
import { pairDeviation, pairs } from '../io/onnx-pairs.ts';

/** What of onnxruntime is used. */
interface Runtime {
  readonly Tensor: new (type: string, data: ArrayLike<number> | BigInt64Array, dims: readonly number[]) => OnnxTensor;
  readonly InferenceSession: { create(model: Uint8Array): Promise<Session> };
}

interface OnnxTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
}

const ort = createRequire(import.meta.url)('onnxruntime-node') as Runtime;

/** Some eight units in the last place of a number of 32 bits. */
const TOLERANCE = 1e-6;

describe.each(onnxCells)('%s in onnxruntime', name => {
  it.each(onnxCases)('$name', async given => {
    const problem = problemOf(given, cellOf(name));
    const { outputs, names } = await run(problem.model, problem.feeds);
    const deviation = deviationOf(outputs, problem);
    process.stdout.write(`| ${name} | ${given.name} | ${deviation.toExponential(1)} |\n`);
    expect(names).toEqual([Object.keys(problem.feeds), Object.keys(problem.expected)]);
    expect(deviation).toBeLessThan(TOLERANCE);
  });
});

it.each(Object.entries(pairs))('an encoder and a decoder, %s', async (_, make) => {
  expect(await pairDeviation(make, async (model, feeds) => (await run(model, feeds)).outputs)).toBeLessThan(TOLERANCE);
});

it('sees a state that is another', async () => {
  const [given] = onnxCases;
  if (!given) throw new Error('there are no cases');
  const problem = problemOf(given, cellOf('lstm'));
  const c0 = problem.feeds['s0.c'];
  if (!c0) throw new Error('there is no c');
  const feeds = { ...problem.feeds, 's0.c': { ...c0, data: c0.data.map(x => x + 0.01) } };
  const { outputs } = await run(problem.model, feeds);
  expect(deviationOf(outputs, problem)).toBeGreaterThan(1e-3);
});

/** What a model puts out, and the names of what it takes and puts out. */
async function run(model: Uint8Array, feeds: Feeds): Promise<{ outputs: Record<string, Values>; names: unknown }> {
  const session = await ort.InferenceSession.create(model);
  const given = Object.entries(feeds).map(([name, { element, dims, data }]) => [name, tensorOf(element, dims, data)]);
  const results = await session.run(Object.fromEntries(given));
  const outputs = Object.entries(results).map(([name, { dims, data }]) => [name, { dims, data: Array.from(data) }]);
  return { outputs: Object.fromEntries(outputs), names: [session.inputNames, session.outputNames] };
}

function tensorOf(element: Feeds[string]['element'], dims: readonly number[], data: readonly number[]): OnnxTensor {
  if (element === 'float') return new ort.Tensor('float32', Float32Array.from(data), dims);
  if (element === 'int32') return new ort.Tensor('int32', Int32Array.from(data), dims);
  return new ort.Tensor('int64', BigInt64Array.from(data, BigInt), dims);
}
