/** Judges derivations off the page's thread, and trains the cells that they are. */
import { type Cell, CharTrainer } from 'bptt';
import { cellOf, checkDerivation } from 'bptt/check';
import temml from 'temml';
import type { Answer, Question } from './messages.ts';

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Question>) => void;
  postMessage(answer: Answer): void;
};

let isFirst = true;

worker.onmessage = ({ data }) => {
  const { id, kind, text } = data;
  try {
    if (kind === 'judge') {
      worker.postMessage({ id, kind, ...judged(text) });
      if (isFirst) setTimeout(() => judged(text)); // once more, so that what judges is compiled before the first key
      isFirst = false;
    }
    if (data.kind === 'train') train(id, text, data.on);
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
      html: latex ? formula(latex) : '',
      ...(mended && {
        mended: {
          what: mended.what,
          html: formula(mended.latex),
        },
      }),
    };
  });
  return { ok, layout, lines: found };
}

/** Formulas that were set already: a key changes one of them. */
const set = new Map<string, string>();

function formula(latex: string): string {
  const known = set.get(latex);
  if (known !== undefined) return known;
  if (set.size > 500) set.clear();
  const html = temml.renderToString(latex, { displayMode: true, throwOnError: false });
  set.set(latex, html);
  return html;
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
