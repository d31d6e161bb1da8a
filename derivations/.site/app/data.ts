/** “Your own data”: a table goes in, a network learns from it in a worker. What is chosen is in the address; the table is not. */
import type { Settings, TaskName } from 'bptt/tasks';
import { whenSeen } from './by-itself.ts';
import { columnsTable, type Role, rolesIn } from './data-columns.ts';
import type { Answer, Look, Made, Progress, Question, Standing, Wish } from './data-messages.ts';
import { clearResults, showAnswers, showJudged } from './data-results.ts';
import { byId } from './dom.ts';
import { download, type Given, intake } from './intake.ts';
import { lastText, rememberText, type Text } from './last-text.ts';
import { lossPicture } from './loss-picture.ts';
import { sentence } from './text-of.ts';

const task = byId('task', HTMLSelectElement);
const missing = byId('missing', HTMLSelectElement);
const choice = byId('cell', HTMLSelectElement);
const problem = byId('problem', HTMLParagraphElement);
const understood = byId('understood', HTMLParagraphElement);
const go = byId('go', HTMLButtonElement);
const bar = byId('progress', HTMLProgressElement);
const keep = byId('download', HTMLButtonElement);
const status = byId('status', HTMLParagraphElement);
const storage = byId('storage', HTMLParagraphElement);
const loss = byId('loss', HTMLElement);

/** The settings that can be chosen. */
const SETTINGS = ['hidden', 'layers', 'epochs', 'batch', 'learningRate', 'length', 'horizon'] as const;
const EXAMPLE = 'temperatures.csv';

/** By which name a tab's newest model is kept. */
const MODEL = 'model of data';

let worker = started();
let asked = 0;
let given: Given | undefined;
let chosen: { readonly task?: TaskName; readonly roles: Readonly<Record<string, Role>> } = { roles: {} };
let seen: { readonly look?: Look; readonly made?: Made } = {};
/** What was chosen when the table was read. */
let readAs = '';
/** The newest model that was handed over to be kept, by what was chosen when it learnt. */
let learnt: Text | undefined;
let goes = false;
/** Whether it is to learn as soon as the table is read. */
let isEager = false;
/** What the button said when it was pressed: to leave a field changes it, before the click is one. */
let pressed = '';

const source = intake('data', 'pasted', take, why => say(why));
restore();

function started(): Worker {
  const made = new Worker('data-worker.js', { type: 'module' });
  made.onmessage = ({ data }: MessageEvent<Answer>) => answered(data);
  made.onerror = ({ message }) => say(`The worker cannot run: ${message || 'it cannot be loaded'}.`);
  return made;
}

function ask(
  question: Omit<Extract<Question, { kind: 'read' }>, 'id'> | { kind: 'train' | 'pause' | 'save' | 'foretell' },
) {
  if (question.kind === 'read') asked += 1;
  worker.postMessage({ id: asked, ...question });
}

/** A table that was handed over. */
function take(table: Given): void {
  given = table;
  chosen = { roles: {} };
  read();
}

/** Reads the table as it is chosen. What was learnt is gone, but for what was kept of the same choices: so it is asked for only where something changed. */
function read(): void {
  keepInAddress();
  setRunning(false);
  isEager = false;
  seen = {};
  go.disabled = !given;
  keep.disabled = true;
  storage.textContent = '';
  delete loss.dataset.epochs;
  clearResults();
  go.textContent = 'Train';
  bar.value = 0;
  if (!given) return;
  worker.terminate(); // whatever it does is of another table
  worker = started();
  say('');
  understood.textContent = '…';
  status.textContent = 'The table is read …';
  readAs = choices();
  const before = learnt?.name === readAs ? { before: learnt.bytes } : {};
  ask({ kind: 'read', name: given.name, bytes: given.bytes, wish: wish(), ...before });
}

/** What a training is kept by: all that was chosen but for how long it is to be. */
function choices(): string {
  const { settings, ...others } = wish();
  return JSON.stringify({ ...others, settings: { ...settings, epochs: undefined } });
}

/** Keeps a model, with where its training stands: it is there after a reload. */
function remember(bytes: Uint8Array<ArrayBuffer>, update: number): void {
  learnt = { name: readAs, bytes };
  rememberText(MODEL, learnt).then(
    () => {
      storage.textContent = `Kept in this browser at update ${update.toLocaleString('en')}, until the tab is closed.`;
    },
    () => {
      storage.textContent = 'This browser cannot keep it: it is trained all the same, and Download keeps it.';
    },
  );
}

function wish(): Wish {
  const settings = Object.fromEntries(SETTINGS.map(name => [name, Number(byId(name, HTMLInputElement).value)]));
  const roles = rolesIn(chosen.roles);
  return {
    ...(chosen.task && { task: chosen.task }),
    ...(roles && { roles }),
    missing: missing.value as Wish['missing'],
    cell: choice.value,
    settings: settings as Partial<Settings>,
  };
}

function answered(answer: Answer): void {
  if (answer.id !== asked) return;
  if (answer.kind === 'looked') showLook(answer.look);
  if (answer.kind === 'made') showMade(answer.made);
  if (answer.kind === 'progress') showProgress(answer.progress);
  if (answer.kind === 'judged' && seen.made) void showJudged(answer, seen.made);
  if (answer.kind === 'foretold' && seen.made) showAnswers(answer.answers, seen.made);
  if (answer.kind === 'saved') download(`${(given?.name ?? 'model').replace(/\.\w+$/, '')}.safetensors`, answer.bytes);
  if (answer.kind === 'kept') remember(answer.bytes, answer.update);
  if (answer.kind === 'failed') {
    setRunning(false);
    go.disabled = !seen.made;
    if (!seen.made) go.textContent = 'Train';
    if (seen.look && !seen.made) columnsTable(seen.look, chosen.roles, changed);
    status.textContent = seen.made ? 'It has stopped.' : 'Nothing is learnt yet.';
    say(inWords(answer.why));
  }
}

/** A message of the library, with what it means for this page. */
function inWords(why: string): string {
  return /SIMD/.test(why)
    ? `${why}. This browser cannot run the engine; one of the last years can. The table is still here.`
    : sentence(why);
}

function say(why: string): void {
  problem.textContent = why;
}

function showLook(look: Look): void {
  seen = { look };
  task.value = look.task;
  for (const name of ['length', 'horizon']) byId(name, HTMLInputElement).disabled = look.task !== 'forecast'; // of which others know nothing
  understood.textContent = look.notes.join(' ') || '…';
  columnsTable(look, undefined, changed);
}

function changed(roles: Readonly<Record<string, Role>>): void {
  chosen = { task: task.value as TaskName, roles };
  read();
}

function showMade(made: Made): void {
  seen = { ...seen, made };
  const { sizes, rows, dropped, carried, parameters, understanding } = made;
  const count = (n: number) => n.toLocaleString('en');
  if (seen.look) columnsTable(seen.look, understanding, changed);
  const mended = [
    ...(dropped > 0 ? [`${count(dropped)} rows were dropped.`] : []),
    ...(carried > 0 ? [`${count(carried)} values were carried.`] : []),
  ];
  understood.textContent = [
    ...(seen.look?.notes ?? []),
    `${count(rows)} rows: ${count(sizes.train)} ${sizes.what} are learnt from, ${count(sizes.validation)} choose the best network, ${count(sizes.test)} test it.`,
    ...mended,
  ].join(' ');
  const { update, epochs } = made.stands;
  const trained = update > 0 ? `kept at update ${count(update)}, after ${epochs.length} epochs` : 'not yet trained';
  status.textContent = `${count(parameters)} parameters, ${trained}.`;
  if (update > 0) go.textContent = 'Go on';
  bar.value = epochs.length / Number(byId('epochs', HTMLInputElement).value);
  showStanding(made.stands);
  if (isEager && !made.stands.done) go.click();
}

function showProgress(progress: Progress): void {
  const { update, updates, loss: now, epochs, done } = progress;
  const last = epochs.at(-1);
  bar.value = done ? 1 : update / updates;
  const judged =
    typeof last?.validation === 'number' ? `, ${last.validation.toPrecision(4)} of what it has not learnt from` : '';
  if (!done)
    status.textContent = `Epoch ${epochs.length + 1}, update ${update.toLocaleString('en')}: loss ${now.toPrecision(4)}${judged}.`;
  showStanding(progress);
}

/** What there is of a training: it may be taken away, and its losses are drawn; where it is at its end it answers. */
function showStanding({ epochs, done }: Standing): void {
  keep.disabled = epochs.length === 0;
  if (done) {
    status.textContent = `Done after ${epochs.length} ${epochs.length === 1 ? 'epoch' : 'epochs'}; the best is kept.`;
    setRunning(false);
    go.textContent = 'Train anew';
    ask({ kind: 'foretell' });
  }
  if (epochs.length < 1 || Number(loss.dataset.epochs) === epochs.length) return;
  loss.dataset.epochs = String(epochs.length);
  void lossPicture(loss, { x: 'epoch', y: 'loss' }, [
    { name: 'learnt from', points: epochs.map(({ epoch, loss: own }) => [epoch, own]) },
    { name: 'held back', points: epochs.flatMap(({ epoch, validation: v }) => (v === null ? [] : [[epoch, v]])) },
  ]);
}

function setRunning(now: boolean): void {
  goes = now;
  go.textContent = now ? 'Pause' : 'Go on';
}

const press = () => {
  pressed = go.textContent ?? '';
};
go.addEventListener('pointerdown', press);
go.addEventListener('keydown', ({ key }) => {
  if (key === 'Enter' || key === ' ') press();
});
go.addEventListener('click', () => {
  const said = pressed || go.textContent;
  pressed = '';
  if (said === 'Train anew') {
    learnt = undefined;
    read();
  }
  if (!seen.made) {
    isEager = said !== 'Pause'; // a field that was left had the table read anew, and nothing goes on meanwhile
    return;
  }
  if (said === 'Pause' && !goes) return; // and it was read before the button was let go
  setRunning(!goes);
  isEager = false;
  say('');
  ask({ kind: goes ? 'train' : 'pause' });
});
keep.addEventListener('click', () => ask({ kind: 'save' }));
task.addEventListener('change', () => {
  chosen = { task: task.value as TaskName, roles: {} };
  read();
});
for (const input of [missing, choice, ...SETTINGS.map(name => byId(name, HTMLInputElement))])
  input.addEventListener('change', read);

function hasOption({ options }: HTMLSelectElement, value: string): boolean {
  return Array.from(options).some(option => option.value === value);
}

/** What is in the address: all that was chosen, and the example where it is one. */
interface Kept {
  readonly example?: string;
  readonly task?: TaskName;
  readonly roles?: Readonly<Record<string, Role>>;
  readonly missing?: string;
  readonly cell?: string;
  readonly settings?: Readonly<Record<string, number>>;
}

function keepInAddress(): void {
  const { settings, cell, ...more } = wish();
  const kept: Kept = {
    ...(given?.example && { example: given.example }),
    ...(chosen.task && { task: chosen.task }),
    ...(Object.keys(chosen.roles).length > 0 && { roles: chosen.roles }),
    ...{ missing: more.missing, cell, settings: settings as Record<string, number> },
  };
  window.history.replaceState(null, '', `#${encodeURIComponent(JSON.stringify(kept))}`);
}

function restore(): void {
  const isPlain = location.hash === '';
  let kept: Kept = {};
  try {
    kept = { ...(JSON.parse(decodeURIComponent(location.hash.slice(1))) as Kept) };
  } catch {}
  if (kept.missing) missing.value = kept.missing;
  if (kept.cell && hasOption(choice, kept.cell)) choice.value = kept.cell;
  for (const name of SETTINGS) {
    const value = kept.settings?.[name];
    if (Number.isFinite(value)) byId(name, HTMLInputElement).value = String(value);
  }
  whenSeen(loss, isPlain, () => {
    if (given?.example && !goes && !seen.made?.stands.done) go.click();
  });
  void begin(kept);
}

/** Takes the table that the tab had, as it was chosen, and what was learnt of it. */
async function begin({ example, task: known, roles }: Kept): Promise<void> {
  learnt = await lastText(MODEL).catch(() => undefined);
  const taken = await source.begin(example, EXAMPLE);
  if (!taken || (!known && !roles)) return;
  chosen = { ...(known && { task: known }), roles: { ...roles } };
  read();
}
