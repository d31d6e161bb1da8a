/** Runs examples in a worker each, and shows what they print beside what they say they do. */
import type { Printed } from './example-worker.ts';

/** Seconds after which an example is given up. */
const PATIENCE = 20;

for (const example of document.querySelectorAll<HTMLElement>('[data-example]')) {
  const button = example.querySelector('button');
  button?.addEventListener('click', () => run(example, button));
}

function run(example: HTMLElement, button: HTMLButtonElement): void {
  const { example: name = '', stated = '[]' } = example.dataset;
  const output = example.querySelector('output');
  if (!output) return;
  const lines: string[] = [];
  button.disabled = true;
  example.dataset.state = 'runs';
  const worker = started(name);
  if (!worker) {
    end('failed', ['A browser starts no worker for a page that is opened from a file.']);
    return;
  }
  const timer = setTimeout(
    () => end('failed', [...lines, `It has not ended within ${PATIENCE} seconds.`]),
    1000 * PATIENCE,
  );
  worker.onmessage = ({ data }: MessageEvent<Printed>) => {
    if (data.line !== undefined) lines.push(...data.line.split('\n'));
    else if (data.failed !== undefined) end('failed', [...lines, data.failed]);
    else end(compared(lines, JSON.parse(stated) as string[]), lines);
  };
  worker.onerror = ({ message }) => end('failed', [...lines, message || 'It could not be loaded.']);

  function end(state: string, shown: readonly string[]): void {
    clearTimeout(timer);
    worker?.terminate();
    if (button) button.disabled = false;
    example.dataset.state = state;
    if (output) output.textContent = shown.length === 0 ? 'It ran, and printed nothing.' : shown.join('\n');
  }
}

function started(name: string): Worker | undefined {
  try {
    const worker = new Worker('example-worker.js', { type: 'module' });
    worker.postMessage(name);
    return worker;
  } catch {
    return undefined;
  }
}

/** `right` where all that an example says it prints is what it prints. */
function compared(lines: readonly string[], stated: readonly string[]): string {
  const isSame = lines.length === stated.length && lines.every((line, n) => line.trimEnd() === stated[n]);
  return isSame ? 'right' : 'other';
}
