/** Judges derivations off the page's thread, and trains the cells that they are. */
import { type Cell, CharTrainer } from 'bptt';
import { cellOf, checkDerivation } from 'bptt/check';
import temml from 'temml';
import type { Answer, Question } from './messages.ts';

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Question>) => void;
  postMessage(answer: Answer): void;
};

worker.onmessage = ({ data }) => {
  const { id, kind, text } = data;
  try {
    if (kind === 'judge') worker.postMessage({ id, kind, ...judged(text) });
    else train(id, text, data.on);
  } catch (error) {
    worker.postMessage({ id, kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  }
};

function judged(text: string) {
  const { ok, layout, lines } = checkDerivation(text);
  const displays = Array.from(text.matchAll(/\$\$([\s\S]*?)\$\$|\\\[([\s\S]*?)\\\]/g));
  const found = lines.map(({ name, verdict, reason, place, mended, difference }) => {
    const at = offsetOf(text, place.line, place.column);
    const display = displays.find(({ index, 0: whole }) => at >= index && at <= index + whole.length);
    const latex = (display?.[1] ?? display?.[2] ?? '').replace(/\\tag\{[^}]*\}/g, '').trim();
    return {
      ...{ name, verdict, line: place.line },
      why: [reason, difference && `${difference.left} on the left, ${difference.right} on the right`]
        .filter(Boolean)
        .join('; '),
      html: latex ? temml.renderToString(latex, { displayMode: true, throwOnError: false }) : '',
      ...(mended && {
        mended: {
          what: mended.what,
          html: temml.renderToString(mended.latex, { displayMode: true, throwOnError: false }),
        },
      }),
    };
  });
  return { ok, layout, lines: found };
}

function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) at = text.indexOf('\n', at) + 1;
  return at + column - 1;
}

/** Updates between two reports. */
const BETWEEN = 20;
const UPDATES = 400;

function train(id: number, text: string, on: string): void {
  const cell = cellOf(text, { name: 'yours' }) as Cell;
  const trainer = new CharTrainer(on, { cell, hidden: 32, chunk: 20, heldOut: 0, initStd: 0.1 });
  const began = performance.now();
  for (let n = 1; n <= UPDATES; n++) {
    const { loss } = trainer.step();
    if (n % BETWEEN === 0)
      worker.postMessage({ id, kind: 'trained', step: n, loss, symbols: (n * 20_000) / (performance.now() - began) });
  }
}
