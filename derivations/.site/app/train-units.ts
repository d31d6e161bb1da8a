/** The text, coloured by one unit of the network. */
import { byId } from './dom.ts';
import type { Session } from './session.ts';
import type { Track, Units } from './train-messages.ts';

const unit = byId('unit', HTMLInputElement);
const unitIs = byId('unit-is', HTMLOutputElement);
const layer = byId('layer', HTMLInputElement);
const place = byId('units', HTMLDivElement);
const list = byId('tracks', HTMLDivElement);

/** Who is asked. */
type Ask = Session['ask'];

let ask: Ask | undefined;
let shown: Units | undefined;
let spans: readonly HTMLSpanElement[] = [];

unit.addEventListener('input', colour);
layer.addEventListener('change', () => {
  if (ask) void lookAtUnits(ask, true);
});

/** Reads the text anew with a network; also looks for units that follow something, where that is asked for. */
export async function lookAtUnits(asked: Ask, tracked: boolean): Promise<void> {
  ask = asked;
  const which = Number(layer.value) || 1;
  const units = await asked<Units>({ kind: 'units', layer: which });
  if (units.symbols.length === 0) return;
  shown = units;
  layer.max = String(units.layers);
  layer.disabled = units.layers === 1;
  unit.max = String(units.m);
  unit.disabled = false;
  spans = units.symbols.map(symbol => {
    const span = document.createElement('span');
    span.textContent = symbol;
    return span;
  });
  const text = document.createElement('p');
  text.append(...spans);
  place.replaceChildren(text);
  colour();
  if (!tracked) return;
  try {
    showTracks(await asked<readonly Track[]>({ kind: 'track', layer: which }));
  } catch (error) {
    list.textContent = `No unit is looked for: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

function colour(): void {
  if (!shown) return;
  const { m, values, state } = shown;
  const j = Math.min(m, Number(unit.value)) - 1;
  unitIs.textContent = `${j + 1} of ${m}, ${state === 'c' ? 'tanh c' : 'h'}`;
  for (const [t, span] of spans.entries()) {
    const value = Math.max(-1, Math.min(1, values[t * m + j] ?? 0));
    const share = `${Math.round(45 * Math.abs(value))}%`;
    span.style.backgroundColor = `color-mix(in srgb, var(${value > 0 ? '--accent' : '--bad'}) ${share}, transparent)`;
    span.dataset.value = (values[t * m + j] ?? 0).toFixed(3);
    span.title = span.dataset.value;
  }
  for (const button of list.querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(Number(button.dataset.unit) === j));
}

function showTracks(tracks: readonly Track[]): void {
  list.replaceChildren(
    ...tracks.map(({ name, unit: j, r }) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.unit = String(j);
      button.textContent = `${name}: unit ${j + 1}, r = ${r.toFixed(2)}`;
      button.addEventListener('click', () => {
        unit.value = String(j + 1);
        colour();
      });
      return button;
    }),
  );
  if (tracks[0] && !list.dataset.chosen) {
    unit.value = String(tracks[0].unit + 1); // the clearest, at first
    list.dataset.chosen = 'yes';
  }
  colour();
}
