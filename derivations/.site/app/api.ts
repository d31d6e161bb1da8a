/** The reference: finds names as one types. Examples are run by `examples.ts`. */
import { byId } from './dom.ts';
import './examples.ts';

type Named = readonly [name: string, entry: string, place: string];

const names = JSON.parse(byId('names', HTMLScriptElement).text) as readonly Named[];
const field = byId('search', HTMLInputElement);
const list = byId('found', HTMLUListElement);
const count = byId('found-how-many', HTMLSpanElement);

/** Names that are shown at most. */
const MOST = 12;

field.addEventListener('input', show);
field.addEventListener('keydown', event => {
  if (event.key === 'Enter') list.querySelector('a')?.click();
  if (event.key !== 'Escape') return;
  field.value = '';
  show();
});
list.addEventListener('click', () => {
  field.value = '';
  show();
});

function show(): void {
  const wanted = field.value.trim().toLowerCase();
  const found = wanted === '' ? [] : names.filter(([name]) => name.toLowerCase().includes(wanted));
  const best = found.sort((a, b) => rank(a, wanted) - rank(b, wanted) || a[0].length - b[0].length);
  list.replaceChildren(...best.slice(0, MOST).map(itemOf));
  count.textContent = wanted === '' ? '' : found.length === 0 ? 'no name has that in it' : `${found.length} found`;
}

/** A name that begins so comes before one that has it inside. */
const rank = ([name]: Named, wanted: string): number => (name.toLowerCase().startsWith(wanted) ? 0 : 1);

function itemOf([name, entry, place]: Named): HTMLElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = place;
  link.textContent = name;
  item.append(link, ` of ${entry}`);
  return item;
}
