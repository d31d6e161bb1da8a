/** “Where does the gradient go?”: a network is set, and a worker says what becomes of its gradients. What is set is in the address. */
import { cells, Matrix } from 'bptt';
import type { Study } from 'bptt/flow';
import { drawChart } from './chart.ts';
import { byId } from './dom.ts';
import type { FlowAnswer, FlowQuestion } from './flow-messages.ts';
import { drawPlane } from './flow-plane.ts';
import { addressOf, FIRST, keeps, SETS, type Setting, settingOf } from './flow-setting.ts';
import { Squares } from './squares.ts';

const input = (id: string) => byId(id, HTMLInputElement);
const choices = { cell: byId('cell', HTMLSelectElement), init: byId('init', HTMLSelectElement) };
const sliders = { gain: input('gain'), bias: input('bias'), T: input('T'), m: input('m'), seed: input('seed') };
const drawn = input('drawn');
const says = byId('says', HTMLParagraphElement);

/** The lightest square of the reach stands for this part of the strongest. */
const FAINTEST = 1e-8;
const reach = new Squares({
  says: (t, j, value) => `the loss of step ${j + 1}, in h at step ${t}: ${value.toExponential(3)}`,
  share: (value, most) => (value > 0 ? Math.max(0, 1 - Math.log10(most / value) / -Math.log10(FAINTEST)) : 0),
});
byId('reach', HTMLDivElement).append(reach.element);

const worker = started();
/** Another for claims, which take seconds: meanwhile the network can be set. */
let claims: Worker | undefined;
let asked = 0;
let busy = false;
let waiting: Setting | undefined;
let last: Study | undefined;
let setting: Setting = FIRST;

for (const name of Object.keys(cells)) choices.cell.add(new Option(name, name));
restore();
for (const element of [choices.cell, choices.init, ...Object.values(sliders), drawn]) {
  element.addEventListener('input', () =>
    set(read(), element === sliders.bias ? { bias: Number(sliders.bias.value) } : {}),
  );
}
window.addEventListener('hashchange', restore);
for (const button of document.querySelectorAll<HTMLButtonElement>('#claims button')) {
  button.addEventListener('click', () => {
    claim(button);
    const sets = SETS[button.value];
    if (sets) set({ ...setting, gain: 1, bias: null, ...sets });
  });
}
new IntersectionObserver(([seen], observer) => {
  if (!seen?.isIntersecting) return;
  observer.disconnect();
  const shown = document.querySelector<HTMLButtonElement>('#claims [aria-pressed="true"]');
  if (shown && byId('evidence', HTMLDivElement).childElementCount === 0) claim(shown);
}).observe(byId('evidence', HTMLDivElement));
new ResizeObserver(() => last && draw(last)).observe(byId('fading', HTMLDivElement));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => last && draw(last));

function started(): Worker {
  const made = new Worker('flow-worker.js', { type: 'module' });
  made.onmessage = ({ data }: MessageEvent<FlowAnswer>) => answered(data);
  made.onerror = () => say('The part of this page that computes cannot start in this browser.');
  return made;
}

function restore(): void {
  const { setting: found, refused } = settingOf(location.hash.slice(1));
  set(found, {}, refused.length > 0 ? `Not understood in the address: ${refused.join(', ')}.` : '');
}

function read(): Setting {
  const number = (slider: HTMLInputElement) => Number(slider.value);
  const cell = choices.cell.value;
  const isSet = keeps(cell) && !drawn.checked;
  const seed = Math.max(1, Math.min(9999, Math.round(number(sliders.seed)) || 1));
  return {
    cell,
    init: choices.init.value as Setting['init'],
    gain: number(sliders.gain),
    bias: isSet ? number(sliders.bias) : null,
    ...{ T: number(sliders.T), m: number(sliders.m), seed },
  };
}

/** Shows what is set, and has it studied. */
function set(wanted: Setting, more: Partial<Setting> = {}, note: string = ''): void {
  setting = { ...wanted, ...more };
  const hasGate = keeps(setting.cell);
  choices.cell.value = setting.cell;
  choices.init.value = setting.init;
  for (const name of ['gain', 'T', 'm', 'seed'] as const) sliders[name].value = `${setting[name]}`;
  if (setting.bias !== null) sliders.bias.value = `${setting.bias}`;
  sliders.bias.disabled = !hasGate;
  drawn.disabled = !hasGate;
  drawn.checked = setting.bias === null;
  for (const name of ['gain', 'T', 'm'] as const) byId(`${name}-is`, HTMLOutputElement).value = `${setting[name]}`;
  byId('bias-is', HTMLOutputElement).value = hasGate
    ? setting.bias === null
      ? 'as drawn'
      : `${setting.bias}`
    : 'none';
  history.replaceState(null, '', `#${addressOf(setting)}`);
  byId('note', HTMLParagraphElement).textContent = note;
  waiting = setting;
  study();
}

function study(): void {
  if (busy || !waiting) return;
  busy = true;
  worker.postMessage({ id: ++asked, kind: 'study', setting: waiting } satisfies FlowQuestion);
  waiting = undefined;
}

function answered(answer: FlowAnswer): void {
  if (answer.kind === 'claim') {
    evidence(answer);
    return;
  }
  busy = false;
  if (answer.kind === 'failed') say(answer.why);
  else {
    last = answer.study;
    draw(answer.study);
    describe(answer.study, answer.setting);
  }
  study();
}

function say(text: string): void {
  says.textContent = text;
}

function draw({ steps, fading, reach: R, predictions, memory, recurrent, lastStep }: Study): void {
  const distance = 'distance back (steps)';
  drawChart(
    byId('fading', HTMLDivElement),
    {
      ...{ x: distance, y: 'part of the gradient that is left', log: true },
      series: [{ name: 'mean over all losses', points: fading.map((kappa, d) => [d, kappa]) }],
    },
    {
      label: `What is left of a gradient, 0 to ${steps - 1} steps back`,
      rule: { x: memory, name: `memory: ${memory.toFixed(1)} steps` },
    },
  );
  reach.update('which loss reaches which state', new Matrix(R.slice(1).map(row => Array.from(row))));
  const line = (name: string, of: 'truth' | 'bound' | 'eigenvalue' | 'exponent') => ({
    name,
    points: predictions.map(prediction => [prediction.distance, prediction[of]] as const),
  });
  drawChart(
    byId('bounds', HTMLDivElement),
    {
      ...{ x: distance, y: '2-norm of ∂h_T/∂s at that distance', log: true },
      series: [
        line('truth', 'truth'),
        line(recurrent ? 'bound: σ_max(W) to the power' : 'bound: product of ‖J_t‖', 'bound'),
        line(recurrent ? 'ρ(W) to the power' : 'ρ(J_T) to the power', 'eigenvalue'),
        line('e to λ₁ times the distance', 'exponent'),
      ],
    },
    { label: 'The norm of the Jacobian beside what bounds and eigenvalues say of it' },
  );
  drawPlane(byId('plane', HTMLDivElement), { lastStep, recurrent: recurrent?.eigenvalues ?? [] });
}

/** What is found, in words and in a table. */
function describe(found: Study, { T, cell }: Setting): void {
  const { fading, memory, recurrent, exponents, lastStep, overflow, steps, predictions } = found;
  const left = fading.at(-1) ?? Number.NaN;
  const far = predictions.at(-1);
  const rows: Readonly<Record<string, number>> = {
    'left at the first step': left,
    'memory (steps)': memory,
    'λ₁ (nats a step)': exponents.exponents[0] ?? Number.NaN,
    'ρ(J_T)': lastStep.reduce((most, { re, im }) => Math.max(most, Math.hypot(re, im)), 0),
    ...(recurrent && { 'σ_max(W)': recurrent.norm, 'ρ(W)': recurrent.radius }),
    'bound over truth': (far?.bound ?? Number.NaN) / (far?.truth ?? Number.NaN),
  };
  byId('found', HTMLTableSectionElement).replaceChildren(
    ...Object.entries(rows).map(([name, value]) => {
      const row = document.createElement('tr');
      row.dataset.name = name;
      row.append(head(name), textOf('td', figure(value)));
      return row;
    }),
  );
  const fate =
    left < 1e-7
      ? 'It vanishes: less is left than float32 can add to 1.'
      : left > 10
        ? 'It explodes.'
        : left > 0.01
          ? 'Enough is left to learn from.'
          : 'Little is left.';
  const stopped = overflow
    ? ` Numbers overflow at step ${overflow.step}: what is shown is of the ${steps} before.`
    : '';
  say(`In ${cell}, ${left.toExponential(1)} of a gradient is left ${steps - 1} steps back. ${fate}${stopped}`);
  byId('span', HTMLSpanElement).textContent = `${T}`;
}

function head(name: string): HTMLElement {
  const cell = textOf('th', name);
  cell.setAttribute('scope', 'row');
  return cell;
}

function figure(value: number): string {
  const size = Math.abs(value);
  const text = size !== 0 && (size < 0.001 || size >= 10_000) ? value.toExponential(3) : value.toPrecision(5);
  return text.replace(/^-/, '−');
}

function claim(button: HTMLButtonElement): void {
  const name = button.value;
  for (const other of document.querySelectorAll<HTMLButtonElement>('#claims button')) {
    other.setAttribute('aria-pressed', `${other === button}`);
  }
  for (const text of document.querySelectorAll<HTMLElement>('[data-claim]')) text.hidden = text.dataset.claim !== name;
  byId('measured', HTMLParagraphElement).textContent = 'It is measured …';
  byId('evidence', HTMLDivElement).replaceChildren();
  claims ??= started();
  claims.postMessage({ id: ++asked, kind: 'claim', name } satisfies FlowQuestion);
}

function evidence({ name, evidence: found }: Extract<FlowAnswer, { kind: 'claim' }>): void {
  if (document.querySelector<HTMLElement>(`[data-claim="${name}"]`)?.hidden !== false) return;
  const figures = Object.entries(found.figures).map(([what, value]) => `${what}: ${figure(value)}`);
  byId('measured', HTMLParagraphElement).textContent = `Measured here, of three networks: ${figures.join('; ')}.`;
  drawChart(byId('evidence', HTMLDivElement), found.chart, { label: `What was measured of the claim ${name}` });
}

function textOf(tag: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
