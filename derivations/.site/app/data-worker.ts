/** Reads tables off the page's thread, and learns from them. */
import { cells } from 'bptt';
import { answerTable, fitTable, type TableFit } from 'bptt/tasks';
import type { Answer, Question, Wish } from './data-messages.ts';
import { looked, type Readable, readable } from './table.ts';

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Question>) => void;
  postMessage(answer: Answer): void;
};

/** What is learnt from, and what learns. */
let table: Readable | undefined;
let fit: TableFit | undefined;
/** The question that is answered to; an older one's work stops. */
let current = 0;
let goes = false;

worker.onmessage = ({ data }) => {
  void answer(data).catch(error => {
    goes = false;
    worker.postMessage({ id: data.id, kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  });
};

async function answer(question: Question): Promise<void> {
  const { id, kind } = question;
  if (kind === 'read') return read(id, question.bytes, question.name, question.wish);
  if (kind === 'pause') goes = false;
  if (!fit || !table) return;
  if (kind === 'train') await train(id, fit);
  if (kind === 'save') worker.postMessage({ id, kind: 'saved', bytes: Uint8Array.from(fit.save()) });
  if (kind === 'foretell') {
    const answers = [];
    for await (const said of answerTable(fit.save(), table.bytes, { name: table.name })) {
      answers.push(said);
      if (answers.length === 20) break;
    }
    worker.postMessage({ id, kind: 'foretold', answers });
  }
}

async function read(id: number, bytes: Uint8Array, name: string, wish: Wish): Promise<void> {
  current = id;
  goes = false;
  [table, fit] = [undefined, undefined];
  const own = readable(bytes, name, wish.delimiter);
  const look = await looked(own, wish.task);
  worker.postMessage({ id, kind: 'looked', look });
  const cell = cells[wish.cell];
  const made = await fitTable(own.bytes, {
    ...wish.roles,
    task: look.task,
    ...{ name: own.name, delimiter: own.delimiter, missing: wish.missing, settings: wish.settings },
    ...(cell && { cell }),
  });
  if (current !== id) return;
  [table, fit] = [own, made];
  const { understanding, sizes, rows, parameters } = made;
  const { records, dropped, carried } = rows;
  worker.postMessage({
    ...{ id, kind: 'made' },
    made: { understanding, sizes, rows: records, dropped, carried, parameters },
  });
}

/** Milliseconds between two messages, after which what the page says is heard. */
const TURN = 60;

async function train(id: number, { training, judge }: TableFit): Promise<void> {
  if (goes) return;
  goes = true;
  const began = current;
  let turn = performance.now();
  let [judged, took] = [0, 0];
  while (goes && current === began && !training.done) {
    const { update, updates, loss, ended } = training.step();
    const now = performance.now();
    if (now - turn < TURN && !ended) continue;
    turn = now;
    tell(id, update, updates, loss, training);
    if (ended && now - judged > 10 * Math.max(TURN, took) && !training.done) {
      worker.postMessage({ id, kind: 'judged', judged: judge() });
      judged = performance.now();
      took = judged - now;
    }
    await new Promise(resolve => setTimeout(resolve));
  }
  if (current !== began) return;
  goes = false;
  if (training.done) worker.postMessage({ id, kind: 'judged', judged: judge() });
}

function tell(
  id: number,
  update: number,
  updates: number,
  loss: number,
  { history, done }: TableFit['training'],
): void {
  const epochs = history.map(({ epoch, loss: own, validation }) => ({ epoch, loss: own, validation }));
  worker.postMessage({ id, kind: 'progress', progress: { update, updates, epochs, loss, done } });
}
