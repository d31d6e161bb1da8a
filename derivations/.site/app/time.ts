/** “Back through time”: a cell over a short sequence, step by step, every number of it. What is seen is in the address. */
import { type AbstractMatrix, type Cell, cells } from 'bptt';
import { byId } from './dom.ts';
import { heatMap } from './heat-map.ts';
import { difference, type Named, type Passes, passesOf, type Scene } from './passes.ts';

const choice = byId('cell', HTMLSelectElement);
const length = byId('T', HTMLInputElement);
const units = byId('m', HTMLInputElement);
const seed = byId('seed', HTMLInputElement);
const at = byId('t', HTMLInputElement);
const where = byId('where', HTMLOutputElement);
const network = byId('network', HTMLDivElement);
const forwards = byId('forward', HTMLDivElement);
const backwards = byId('backward', HTMLDivElement);
const parameters = byId('parameters', HTMLDivElement);
const checked = byId('checked', HTMLParagraphElement);

for (const name of Object.keys(cells)) choice.add(new Option(name, name));

let scene: Scene = { cell: 'lstm', T: 12, m: 4, seed: 1, changed: {} };
let t = 12;
let passes: Passes;
let waiting = 0;

restore();
for (const input of [choice, length, units, seed]) input.addEventListener('input', () => begin({}));
at.addEventListener('input', () => {
  t = Number(at.value);
  show();
});
window.addEventListener('hashchange', restore);

function begin(changed: Scene['changed']): void {
  scene = {
    cell: choice.value,
    T: Number(length.value),
    m: Number(units.value),
    seed: Number(seed.value) || 1,
    changed,
  };
  t = Math.min(t, scene.T);
  compute();
}

function compute(): void {
  passes = passesOf(cellOf(scene), scene);
  at.max = String(scene.T);
  at.value = String(t);
  show();
  clearTimeout(waiting);
  waiting = window.setTimeout(check, 400);
}

function cellOf({ cell }: Scene): Cell {
  return (cells[cell] ?? cells.lstm) as Cell;
}

function show(): void {
  const step = passes.steps[t - 1];
  if (!step) return;
  where.textContent = `step ${t} of ${scene.T}`;
  byId('T-is', HTMLOutputElement).textContent = length.value;
  byId('m-is', HTMLOutputElement).textContent = units.value;
  showNetwork();
  forwards.replaceChildren(
    heatMap(`x_${t}`, step.x, { change: (n, value) => change(`x_${t}`, n, value) }),
    ...maps(step.values),
  );
  backwards.replaceChildren(
    ...maps(step.arrives, name => `dL/d${name}_${t}`),
    heatMap(`dL/dx_${t}`, step.dx),
    ...maps(step.leaves, name => `dL/d${name}_${t - 1}`),
  );
  parameters.replaceChildren(
    ...Object.entries(passes.params).map(([name, matrix]) => {
      const row = document.createElement('div');
      row.className = 'parameter';
      row.append(
        heatMap(name, matrix, { change: (n, value) => change(name, n, value) }),
        ...of(step.adds, name, `added at step ${t}`),
        ...of(step.sums, name, `sum over steps ${t} to ${scene.T}`),
      );
      return row;
    }),
  );
  const kept = encodeURIComponent(JSON.stringify({ ...scene, t }));
  window.history.replaceState(null, '', `#${kept}`);
}

function of(matrices: Named, name: string, title: string): readonly HTMLElement[] {
  const matrix = matrices[name];
  return matrix ? [heatMap(title, matrix)] : [];
}

function maps(matrices: Named, title: (name: string) => string = name => name): readonly HTMLElement[] {
  return Object.entries(matrices).map(([name, matrix]) => heatMap(title(name), matrix));
}

/** A box for every step, as high as the logarithm of what arrives there. */
function showNetwork(): void {
  const norms = passes.steps.map(({ arrives }) => norm(arrives.h));
  const [most, least] = [Math.max(...norms), 1e-12];
  network.replaceChildren(
    ...norms.map((size, n) => {
      const box = document.createElement('button');
      box.type = 'button';
      box.className = n + 1 === t ? 'step now' : 'step';
      const share = Math.max(0, 1 + Math.log10(Math.max(size, least) / most) / 6);
      box.style.setProperty('--share', share.toFixed(3));
      box.setAttribute('aria-label', `step ${n + 1}, the gradient in h is ${size.toExponential(2)} long`);
      box.title = `‖dL/dh_${n + 1}‖ = ${size.toExponential(3)}`;
      box.textContent = String(n + 1);
      box.addEventListener('click', () => {
        t = n + 1;
        at.value = String(t);
        show();
      });
      return box;
    }),
  );
}

function norm(matrix: AbstractMatrix | undefined): number {
  return Math.hypot(...(matrix?.to1DArray() ?? [0]));
}

function change(name: string, n: number, value: number): void {
  scene = { ...scene, changed: { ...scene.changed, [`${name}.${n}`]: value } };
  compute();
}

/** Every gradient of a parameter beside the difference of two losses. */
function check(): void {
  const cell = cellOf(scene);
  let [worst, count] = [0, 0];
  for (const [name, matrix] of Object.entries(passes.params)) {
    const gradient = passes.steps[0]?.sums[name];
    for (let n = 0; n < matrix.rows * matrix.columns; n++) {
      const [i, j] = [Math.floor(n / matrix.columns), n % matrix.columns];
      const numeric = difference(cell, scene, `${name}.${n}`, matrix.get(i, j));
      worst = Math.max(worst, Math.abs(numeric - (gradient?.get(i, j) ?? Number.NaN)));
      count += 1;
    }
  }
  checked.textContent = `All ${count} gradients of parameters beside finite differences: they differ by ${worst.toExponential(1)} at most.`;
}

function restore(): void {
  try {
    const kept = JSON.parse(decodeURIComponent(location.hash.slice(1))) as Scene & { readonly t: number };
    scene = kept;
    t = kept.t;
  } catch {}
  choice.value = scene.cell;
  length.value = String(scene.T);
  units.value = String(scene.m);
  seed.value = String(scene.seed);
  compute();
}
