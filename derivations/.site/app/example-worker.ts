/** Runs one example, and sends what it prints, as Node would. */
import { format } from 'node-inspect-extracted';

/** A line that was printed, why it ended badly, or, without either, its end. */
export interface Printed {
  readonly line?: string;
  readonly failed?: string;
}

const worker = self as unknown as {
  onmessage: (event: MessageEvent<string>) => void;
  postMessage(printed: Printed): void;
};

console.log = (...values: unknown[]) => worker.postMessage({ line: format(...values) });

worker.onmessage = async ({ data: name }) => {
  try {
    await import(new URL(`examples/${name}.js`, import.meta.url).href);
    worker.postMessage({});
  } catch (error) {
    worker.postMessage({ failed: String(error) });
  }
};
