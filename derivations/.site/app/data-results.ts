/** How well a network does at what it has not learnt from: figures, and what it foretold beside what came. */
import type { Judged, Answer as Said } from 'bptt/tasks';
import type { Answer, Made } from './data-messages.ts';
import { byId } from './dom.ts';
import { legend, picture } from './picture.ts';

/** Steps of a forecast that are drawn: a reader sees no more. */
const DRAWN = 200;

/** Pixels of a step: less cannot be told apart. */
const STEP = 4.5;

/** What figures are called, and how they are written; the rest is not shown. */
const FIGURES: Readonly<Record<string, readonly [words: string, written: (x: number) => string]>> = {
  rmse: ['root mean square error', precise],
  naiveRmse: ['… of foretelling the last value again', precise],
  mae: ['mean absolute error', precise],
  accuracy: ['right', percent],
  commonest: ['… by always saying the commonest', percent],
  exact: ['without a mistake', percent],
  bleu: ['BLEU', precise],
  bits: ['bits a symbol', precise],
  unigramBits: ['… by how often each symbol occurs', precise],
  perplexity: ['perplexity', precise],
  loss: ['loss', precise],
};

function precise(x: number): string {
  return x.toPrecision(4);
}

function percent(x: number): string {
  return `${(100 * x).toFixed(1)} %`;
}

/** Shows nothing: what was there is of another table, or of other settings. */
export function clearResults(): void {
  const none = document.createElement('p');
  none.className = 'faint';
  none.textContent = 'Once it has learnt.';
  byId('figures', HTMLDivElement).replaceChildren(none);
  for (const id of ['answers', 'forecast', 'loss']) byId(id, HTMLElement).replaceChildren();
}

/** Shows what the network says of the table: of a series what comes next, of others the first sequences. */
export function showAnswers(answers: readonly Said[], { understanding }: Made): void {
  const [first] = answers;
  if (!first) return;
  const table = document.createElement('table');
  table.createCaption().textContent =
    understanding.task === 'forecast' ? 'What comes after the last row.' : 'What it says of the first sequences.';
  const head = table.createTHead().insertRow();
  for (const name of Object.keys(first)) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const answer of answers) {
    const row = body.insertRow();
    for (const value of Object.values(answer)) {
      const text = typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(4) : String(value);
      row.insertCell().textContent = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    }
  }
  byId('answers', HTMLDivElement).replaceChildren(table);
}

export async function showJudged(
  { judged: { figures, forecast, confusion }, epochs }: Extract<Answer, { kind: 'judged' }>,
  { understanding }: Made,
): Promise<void> {
  const list = document.createElement('dl');
  list.dataset.epochs = String(epochs);
  for (const [name, [words, written]] of Object.entries(FIGURES)) {
    const value = figures[name];
    if (value === undefined || value === null) continue;
    const [term, number] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = words;
    number.textContent = written(value);
    number.dataset.figure = name;
    number.dataset.value = String(value);
    list.append(term, number);
  }
  byId('figures', HTMLDivElement).replaceChildren(list, ...(confusion ? [confusionTable(confusion)] : []));
  const figure = byId('forecast', HTMLElement);
  figure.hidden = !forecast;
  if (forecast) return drawForecast(figure, forecast, understanding.target ?? '');
}

function confusionTable({ classes, counts }: NonNullable<Judged['confusion']>): HTMLTableElement {
  const table = document.createElement('table');
  table.createCaption().textContent = 'Row: what it was. Column: what it was taken for.';
  const head = table.createTHead().insertRow();
  for (const name of ['', ...classes]) {
    const cell = document.createElement(name === '' ? 'td' : 'th');
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [k, row] of counts.entries()) {
    const line = body.insertRow();
    const name = document.createElement('th');
    name.scope = 'row';
    name.textContent = classes[k] ?? '';
    line.append(name);
    for (const [other, count] of row.entries()) {
      const cell = line.insertCell();
      cell.textContent = String(count);
      if (other === k) cell.className = 'right';
    }
  }
  return table;
}

function drawForecast(figure: HTMLElement, forecast: NonNullable<Judged['forecast']>, target: string): Promise<void> {
  const isDated = forecast.every(({ at }) => /^\d{4}-\d\d-\d\d/.test(at) && !Number.isNaN(Date.parse(at)));
  const last = forecast.slice(-Math.min(DRAWN, Math.floor(figure.clientWidth / STEP)));
  const before = forecast.length - last.length;
  const steps = last.map(({ at, truth, foretold }, n) => ({
    step: isDated ? new Date(at) : before + n + 1,
    truth,
    foretold,
    naive: forecast[before + n - 1]?.truth,
  }));
  const says = `What was foretold of ${target} beside what came, over the last ${steps.length} steps`;
  return picture(figure, says, (Plot, width) => ({
    width,
    ...{ height: 300, marginLeft: 48, marginRight: 70 },
    x: {
      label: isDated ? null : 'step',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: Math.max(3, Math.floor(width / 130)),
    },
    y: { label: target, labelArrow: 'none', grid: true, ticks: 6 },
    marks: [
      Plot.line(
        steps.filter(({ naive }) => naive !== undefined),
        { x: 'step', y: 'naive', stroke: 'var(--faint)', strokeWidth: 1, strokeDasharray: '2 3' },
      ),
      Plot.line(steps, { x: 'step', y: 'truth', stroke: 'var(--ink)', strokeWidth: 1.25 }),
      Plot.line(steps, { x: 'step', y: 'foretold', stroke: 'var(--accent)', strokeWidth: 2 }),
      ...legend(Plot, [
        { words: 'foretold', fill: 'var(--accent)' },
        { words: 'came', fill: 'var(--ink)' },
        { words: 'last value', fill: 'var(--faint)' },
      ]),
    ],
  }));
}
