/** What is chosen on the page of texts, which is in the address too. */
import type { Level } from 'bptt';
import { byId } from './dom.ts';
import type { Choice } from './train-messages.ts';

const NUMBERS = ['hidden', 'layers', 'learningRate', 'batch', 'chunk'] as const;

const cell = byId('cell', HTMLSelectElement);
const level = byId('level', HTMLSelectElement);
const steps = byId('steps', HTMLInputElement);
const field = (name: string) => byId(name, HTMLInputElement);

/** How it is to be trained. */
export function chosen(): Choice {
  const [hidden = 0, layers = 0, learningRate = 0, batch = 0, chunk = 0] = NUMBERS.map(name =>
    Number(field(name).value),
  );
  return { cell: cell.value, level: level.value as Level, hidden, layers, learningRate, batch, chunk };
}

/** Shows how it is trained. */
export function choose(choice: Choice): void {
  cell.value = choice.cell;
  level.value = choice.level;
  for (const name of NUMBERS) field(name).value = String(choice[name]);
}

/** Updates in all. */
export function updates(): number {
  return Math.max(1, Math.floor(Number(steps.value)) || 1);
}

interface Kept extends Partial<Choice> {
  readonly steps?: number;
  readonly example?: string;
}

/** Puts what is chosen into the address. */
export function keepInAddress(example: string | undefined): void {
  const kept: Kept = { ...chosen(), steps: updates(), ...(example && { example }) };
  window.history.replaceState(null, '', `#${encodeURIComponent(JSON.stringify(kept))}`);
}

/** Chooses what the address says. */
export function restored(): Kept {
  let kept: Kept = {};
  try {
    kept = { ...(JSON.parse(decodeURIComponent(location.hash.slice(1))) as Kept) };
  } catch {}
  for (const select of [cell, level]) {
    const value = kept[select.id as 'cell' | 'level'];
    if (Array.from(select.options).some(option => option.value === value)) select.value = String(value);
  }
  for (const name of [...NUMBERS, 'steps'] as const)
    if (Number.isFinite(kept[name])) field(name).value = String(kept[name]);
  return kept;
}
