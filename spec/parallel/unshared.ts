/** A program whose threads may not share memory: it says whether three of them train to what one does. */
Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
const {
  crossEntropy,
  examples,
  fit: trained,
  lastStep,
  linear,
  lstm,
  recurrent,
  stack,
} = await import('../../lib/index.ts');
const { parallel } = await import('../../lib/parallel/index.ts');

const x = Array.from({ length: 96 }, (_, n) => [n % 2, 1, n % 3 === 0 ? 1 : 0]);
const data = examples({ x, classes: 2, y: x.map(([first = 0]) => first) });

async function learnt(workers: number): Promise<string> {
  const net = stack({ lstm: recurrent(lstm, { d: 2, m: 3 }), last: lastStep(3), out: linear({ m: 3, C: 2 }) });
  net.params.values.fill(0.1);
  const fast = await parallel(net, { workers });
  await trained(fast, data, { loss: crossEntropy, batch: 96, epochs: 4 });
  return net.params.values.join();
}

const one = await learnt(1);
process.stdout.write((await learnt(3)) === one ? 'the same\n' : 'another\n');
