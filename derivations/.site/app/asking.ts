/** Questions to a worker beside its training, each with its answer. */
import type { Own, OwnAnswer, Trained } from './train-messages.ts';

/** A question without its number. */
export type Asked = Own extends infer Q ? (Q extends Own ? Omit<Q, 'own'> : never) : never;

/** Asks a worker, and hears what was made there. */
export function asking(worker: Worker, made: (trained: Trained) => void): <T>(question: Asked) => Promise<T> {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(why: Error): void }>();
  let asked = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (typeof data !== 'object' || data === null || !('own' in data)) return;
    const answer = data as OwnAnswer;
    if (answer.own === 'made') return made(answer.answer);
    const question = waiting.get(answer.own);
    waiting.delete(answer.own);
    if ('why' in answer) question?.reject(new Error(answer.why));
    else question?.resolve(answer.answer);
  });
  worker.addEventListener('error', ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(message || 'the worker cannot be loaded'));
    waiting.clear();
  });
  return <T>(question: Asked) =>
    new Promise<T>((resolve, reject) => {
      asked += 1;
      waiting.set(asked, { resolve: resolve as (answer: unknown) => void, reject });
      worker.postMessage({ ...question, own: asked });
    });
}

/** A worker that trains nothing, and is asked. @param failed what is done where it cannot run. */
export function reader(file: string, failed: (why: string) => void): ReturnType<typeof asking> {
  const worker = new Worker(file, { type: 'module' });
  worker.addEventListener('error', ({ message }) =>
    failed(`The worker cannot run: ${message || 'it cannot be loaded'}.`),
  );
  return asking(worker, () => {});
}
