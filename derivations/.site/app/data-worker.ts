/** Reads tables off the page's thread, and learns from them. */
import { cells } from 'bptt';
import { answerTable, fitTable, resumeTable, type Settings, type TableFit } from 'bptt/tasks';
import type { Answer, Question, Standing } from './data-messages.ts';
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
/** How often a training has been told to go on: a loop that was told to stop does, though another has begun. */
let began = 0;

worker.onmessage = ({ data }) => {
  void answer(data).catch(error => {
    goes = false;
    worker.postMessage({ id: data.id, kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  });
};

async function answer(question: Question): Promise<void> {
  const { id, kind } = question;
  if (kind === 'read') return read(question);
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

async function read({ id, bytes, name, wish, before }: Extract<Question, { kind: 'read' }>): Promise<void> {
  current = id;
  goes = false;
  [table, fit] = [undefined, undefined];
  const own = readable(bytes, name, wish.delimiter);
  const look = await looked(own, wish.task);
  worker.postMessage({ id, kind: 'looked', look });
  const cell = cells[wish.cell];
  const made =
    (before && (await goneOn(before, own, wish.settings))) ??
    (await fitTable(own.bytes, {
      ...wish.roles,
      task: look.task,
      ...{ name: own.name, delimiter: own.delimiter, missing: wish.missing, settings: wish.settings },
      ...(cell && { cell }),
    }));
  if (current !== id) return;
  [table, fit] = [own, made];
  const { understanding, sizes, rows, parameters, training } = made;
  const { records, dropped, carried } = rows;
  worker.postMessage({
    ...{ id, kind: 'made' },
    made: {
      understanding,
      sizes,
      rows: records,
      dropped,
      carried,
      parameters,
      stands: standing(training.state().update, training),
    },
  });
  if (training.history.length > 0) tellJudged(id, made);
}

/** The training of a model that was kept; undefined where it is of another table or version: then it is begun anew. */
async function goneOn(before: Uint8Array, { bytes, name }: Readable, { epochs }: Partial<Settings>) {
  try {
    return await resumeTable(before, bytes, { name, ...(epochs !== undefined && { settings: { epochs } }) });
  } catch {
    return undefined;
  }
}

/** Milliseconds between two messages, after which what the page says is heard. */
const TURN = 60;

/** Milliseconds after which a model is handed over once more, to be kept. */
const KEPT_EVERY = 2000;

async function train(id: number, learning: TableFit): Promise<void> {
  const { training } = learning;
  if (goes) return;
  goes = true;
  began += 1;
  const [reading, own] = [current, began];
  let turn = performance.now();
  let [judged, took, kept, wait] = [0, 0, turn, KEPT_EVERY];
  while (goes && began === own && current === reading && !training.done) {
    const { update, updates, loss, ended } = training.step();
    const now = performance.now();
    if (now - turn < TURN && !ended) continue;
    turn = now;
    tell(id, update, updates, loss, training);
    if (ended && now - judged > 10 * Math.max(TURN, took) && !training.done) {
      tellJudged(id, learning);
      judged = performance.now();
      took = judged - now;
    }
    if (now - kept > wait && !training.done) {
      keep(id, learning);
      kept = performance.now();
      wait = Math.max(KEPT_EVERY, 20 * (kept - now)); // of a large one it takes long
    }
    await new Promise(resolve => setTimeout(resolve));
  }
  if (current !== reading || began !== own) return;
  goes = false;
  keep(id, learning);
  if (training.done) tellJudged(id, learning);
}

function tellJudged(id: number, { training, judge }: TableFit): void {
  worker.postMessage({ id, kind: 'judged', judged: judge(), epochs: training.history.length });
}

function tell(id: number, update: number, updates: number, loss: number, training: TableFit['training']): void {
  worker.postMessage({ id, kind: 'progress', progress: { updates, loss, ...standing(update, training) } });
}

function standing(update: number, { history, done }: TableFit['training']): Standing {
  return { update, epochs: history.map(({ epoch, loss, validation }) => ({ epoch, loss, validation })), done };
}

/** Hands the model over to be kept, with where its training stands. */
function keep(id: number, { training, save }: TableFit): void {
  worker.postMessage({ id, kind: 'kept', bytes: Uint8Array.from(save()), update: training.state().update });
}
