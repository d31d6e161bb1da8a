/** “Back through time”: a cell over a short sequence, equation by equation, every number of it. What is seen is in the address. */
import { type AbstractMatrix, type Cell, cells } from 'bptt';
import { keepInAddress } from './address.ts';
import { Columns } from './columns.ts';
import { byId } from './dom.ts';
import { EquationList } from './equations.ts';
import { type Inputs, type Listing, type Row, valuesOf } from './listing.ts';
import { Network } from './network.ts';
import { Parameters } from './parameters.ts';
import { gradientsAt, normOf, type Passes, passesOf, type Step } from './passes.ts';
import { FIRST, hashOf, OWN, unitsFor, type View, viewOf } from './scene.ts';
import { StateMaps } from './state-maps.ts';
import { after, before, firstBack, type Moment } from './steps.ts';
import type { Differences, TimeAnswer, TimeQuestion, TimeStop } from './time-messages.ts';

/** What is known of the cell that is looked at. */
interface Known {
  readonly cell: Cell;
  readonly rows: readonly Row[];
  readonly listing?: Listing;
  readonly text?: string;
  valuesOf(inputs: Inputs): readonly AbstractMatrix[];
}

/** Where a derivation is kept that is too long for an address: {@link ownOf}. */
const KEPT = 'bptt.derivation';

const input = (id: string) => byId(id, HTMLInputElement);
const says = (id: string, text: string) => {
  for (const place of document.querySelectorAll(`[data-says="${id}"]`)) place.textContent = text;
};
const choice = byId('cell', HTMLSelectElement);
const sliders = { T: input('T'), m: input('m'), seed: input('seed'), t: input('t'), row: input('row') };
const play = byId('play', HTMLButtonElement);

const network = new Network(t => go({ t, row: view.row }));
byId('network', HTMLDivElement).append(network.element);
const goesIn = new StateMaps(byId('goes-in', HTMLDivElement));
const arrives = new StateMaps(byId('arrives', HTMLDivElement));
const forwards = new EquationList(byId('forward', HTMLOListElement));
const backwards = new EquationList(byId('backward', HTMLOListElement));
const parameters = new Parameters(byId('parameters', HTMLDivElement));
const columns = new Columns(byId('columns', HTMLDivElement), t => go({ t, row: view.row }));

const worker = new Worker('time-worker.js', { type: 'module' });
worker.onmessage = ({ data }: MessageEvent<TimeAnswer>) => answered(data);

let view: View = FIRST;
let known: Known | undefined;
let passes: Passes | undefined;
let values: readonly AbstractMatrix[] = [];
let differences: Differences = {};
let asked = 0;
let isAsked = false;
let waits = 0;
let playing = 0;

for (const name of Object.keys(cells)) choice.add(new Option(name, name));
choice.addEventListener('input', () => load({ ...view, cell: choice.value, changed: {}, row: 0 }));
for (const name of ['T', 'm', 'seed'] as const) {
  sliders[name].addEventListener('input', () => {
    const wished = { ...view, [name]: Math.round(Number(sliders[name].value)) || 1 };
    begin({ ...wished, seed: Math.max(1, Math.min(9999, wished.seed)), t: Math.min(view.t, wished.T), changed: {} });
  });
}
for (const name of ['t', 'row'] as const) {
  sliders[name].addEventListener('input', () => go({ t: view.t, row: view.row, [name]: Number(sliders[name].value) }));
}
byId('next', HTMLButtonElement).addEventListener('click', () => step(after));
byId('previous', HTMLButtonElement).addEventListener('click', () => step(before));
play.addEventListener('click', () => (playing ? stop() : start()));
window.addEventListener('hashchange', restore);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
const seen = new Set<Element>();
new IntersectionObserver(entries => {
  for (const { target, isIntersecting } of entries) isIntersecting ? seen.add(target) : seen.delete(target);
  showWhatIsSeen();
}).observe(byId('columns', HTMLDivElement));
tellWhileScrolled();
restore();

/** Until one touches something, the equation goes with the part of the text that is read. */
function tellWhileScrolled(): void {
  let isTouched = location.hash.length > 1;
  for (const event of ['pointerdown', 'keydown', 'input']) {
    document.querySelector('main')?.addEventListener(event, () => {
      isTouched = true;
    });
  }
  const reading = new IntersectionObserver(
    entries => {
      const read = entries.find(({ isIntersecting }) => isIntersecting)?.target;
      if (isTouched || !known || !(read instanceof HTMLElement)) return;
      go({ t: view.t, row: read.dataset.pass === 'backward' ? firstBack(known.rows) : 0 });
    },
    { rootMargin: '-50% 0px -49% 0px' },
  );
  for (const section of document.querySelectorAll('section[data-pass]')) reading.observe(section);
}

function restore(): void {
  const { view: found, refused } = viewOf(location.hash);
  byId('note', HTMLParagraphElement).textContent =
    refused.length > 0 ? `Not understood in the address: ${refused.join(', ')}.` : '';
  void load(found);
}

/** Another cell: its equations are fetched. */
async function load(wanted: View): Promise<void> {
  stop();
  try {
    known = wanted.cell === OWN ? await ownOf(wanted) : await listedOf(wanted.cell);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    byId('note', HTMLParagraphElement).textContent = `The equations of ${wanted.cell} are not there: ${why}`;
    if (wanted.cell !== FIRST.cell) await load(FIRST);
    return;
  }
  const { rows, cell } = known;
  const back = firstBack(rows);
  forwards.begin(rows.slice(0, back), choose);
  backwards.begin(rows.slice(back), choose);
  const m = unitsFor(cell, wanted.m);
  parameters.begin(Object.keys(cell.params({ d: 3, m })), change);
  sliders.row.max = `${rows.length - 1}`;
  begin({ ...wanted, m, row: Math.min(wanted.row, rows.length - 1) });
}

async function listedOf(name: string): Promise<Known> {
  const response = await fetch(`cells/${name}.json`);
  if (!response.ok) throw new Error(`the server says ${response.status}`);
  const listing = (await response.json()) as Listing;
  return { cell: cells[name] as Cell, rows: listing.rows, listing, valuesOf: inputs => valuesOf(listing, inputs) };
}

/** The cell that the derivation in the address says, or the one that was kept on the page where derivations are judged. */
async function ownOf({ text = localStorage.getItem(KEPT) ?? '' }: View): Promise<Known> {
  const { ownCell } = (await import(new URL('own.js', import.meta.url).href)) as typeof import('./own.ts');
  const own = ownCell(text);
  if (!Array.from(choice.options).some(({ value }) => value === OWN)) choice.add(new Option('one’s own', OWN));
  return { cell: own.cell, rows: own.rows, text, valuesOf: inputs => own.valuesOf(inputs) };
}

/** Computes a scene anew. */
function begin(wanted: View): void {
  if (!known) return;
  const m = unitsFor(known.cell, wanted.m);
  view = { ...wanted, m };
  passes = passesOf(known.cell, view, view.t);
  document.documentElement.dataset.units = m > 8 ? 'many' : m > 4 ? 'some' : 'few';
  show();
}

function go(to: Moment): void {
  view = { ...view, t: to.t, row: Math.min(to.row, (known?.rows.length ?? 1) - 1) };
  show();
}

function choose(row: Row): void {
  go({ t: view.t, row: Math.max(0, known?.rows.indexOf(row) ?? 0) });
}

function change(name: string, n: number, value: number): void {
  begin({ ...view, changed: { ...view.changed, [`${name}.${n}`]: value } });
}

function step(next: typeof after): boolean {
  const moment = next(view, known?.rows ?? [], view.T);
  if (moment) go(moment);
  return moment !== undefined;
}

function start(): void {
  play.textContent = 'Stop';
  if (!after(view, known?.rows ?? [], view.T)) go({ t: 1, row: 0 });
  playing = window.setInterval(() => step(after) || stop(), 700);
}

function stop(): void {
  clearInterval(playing);
  playing = 0;
  play.textContent = 'Play';
}

/** Shows where one is. */
function show(): void {
  const at = passes?.steps[view.t - 1];
  if (!known || !passes || !at) return;
  const { rows } = known;
  const { t, T, m } = view;
  values = known.valuesOf({ m, p: passes.params, x: at.x, prev: at.prev, dnext: at.arrives });
  const row = rows[view.row] as Row;
  const pass = row.pass;
  const norms = passes.steps.map(({ arrives: ds }) => normOf(ds.h));
  network.update({ norms, t, pass, loss: passes.loss });
  differences = {};
  goesIn.update({ [`x_${t}`]: at.x, ...named(at.prev, name => `${name}_${t - 1}`) }, change, takenIn(row, 'prev'));
  arrives.update({ ...named(at.arrives, name => `dL/d${name}_${t}`) }, undefined, takenIn(row, 'dnext'));
  forwards.update(values, row);
  backwards.update(values, row);
  parameters.update(passes.params, gradientsAt(passes, t), t, T);
  parameters.take(takenIn(row, 'p'));
  beside();
  controls(row);
  tell(at, norms);
  showWhatIsSeen();
  const { text } = known;
  const short = text !== undefined && text.length < 3000 ? { text } : {};
  keepInAddress(hashOf({ ...view, ...short }));
  if (isAsked) worker.postMessage({ id: ++asked } satisfies TimeStop);
  isAsked = false;
  clearTimeout(waits);
  waits = window.setTimeout(check, 300);
}

/** Names of inputs of a kind that an equation takes: x goes with the state before. */
function takenIn({ takes }: Row, role: 'p' | 'prev' | 'dnext'): ReadonlySet<string> {
  const taken = takes.flatMap(id => known?.listing?.values[id]?.input ?? []);
  const of = { p: '', prev: `_${view.t - 1}`, dnext: `_${view.t}` }[role];
  const own = taken.filter(one => one.role === role).map(({ name }) => `${role === 'dnext' ? 'dL/d' : ''}${name}${of}`);
  return new Set(role === 'prev' && taken.some(one => one.role === 'x') ? [...own, `x_${view.t}`] : own);
}

function controls({ pass, tag, makes }: Row): void {
  const { t, T, m, row } = view;
  choice.value = view.cell;
  sliders.t.max = `${T}`;
  for (const name of ['T', 'm', 'seed', 't', 'row'] as const) sliders[name].value = `${view[name]}`;
  byId('T-is', HTMLOutputElement).value = `${T}`;
  byId('m-is', HTMLOutputElement).value = `${m}`;
  const made = makes.map(({ name }) => name).join(', ');
  byId('where', HTMLOutputElement).value = `step ${t} of ${T}`;
  byId('which', HTMLOutputElement).value =
    `${pass === 'forward' ? 'forward' : 'back'}, ${row + 1} of ${known?.rows.length}: ${tag ? `${tag} makes ` : ''}${made}`;
}

/** The figures in the text. */
function tell({ next }: Step, norms: readonly number[]): void {
  const [first = 0, last = 0, here = 0] = [norms[0], norms.at(-1), norms[view.t - 1]];
  const short = (value: number) =>
    Math.abs(value) >= 0.01 && Math.abs(value) < 1000 ? value.toFixed(3) : value.toExponential(1);
  says('T', `${view.T}`);
  says('t', `${view.t}`);
  says('cell', view.cell === OWN ? 'your cell' : view.cell);
  says('loss', short(passes?.loss ?? Number.NaN).replace('-', '−'));
  says('last', short(last));
  says('first', short(first));
  says('here', short(here));
  says('h', short(normOf(next.h)));
}

function showWhatIsSeen(): void {
  if (seen.size === 0 || !known) return;
  columns.update({ ...view, changed: inputsOf(view.changed) }, known.rows[view.row]?.pass ?? 'forward');
}

/** The numbers that were dragged in the inputs, which all cells have. */
function inputsOf(changed: View['changed']): View['changed'] {
  return Object.fromEntries(Object.entries(changed).filter(([place]) => place.startsWith('x_')));
}

function named<T>(record: Readonly<Record<string, T>>, name: (part: string) => string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).map(([part, value]) => [name(part), value]));
}

/** Has every gradient held against its finite difference. */
function check(): void {
  const { listing, text } = known ?? {};
  const question = { id: ++asked, view, ...(listing && { listing }), ...(text !== undefined && { text }) };
  worker.postMessage(question satisfies TimeQuestion);
  isAsked = true;
}

function answered(answer: TimeAnswer): void {
  if (answer.id !== asked) return;
  const checked = byId('checked', HTMLParagraphElement);
  if (answer.kind === 'failed') checked.textContent = answer.why;
  else if (answer.kind === 'all') {
    checked.textContent = `All ${answer.count} gradients of parameters beside finite differences: they differ by ${answer.worst.toExponential(1)} at most.`;
  } else {
    differences = { ...differences, ...answer.differences };
    beside();
  }
}

function beside(): void {
  arrives.beside(name => differences[name.replace(/^dL\/d(\w+)_\d+$/, '$1')]);
  backwards.beside(differences, values);
  parameters.beside(differences);
}
