/** The unrolled network as a picture: a box a step, x going in, h going on to the loss, and the gradient that comes back. */
const SVG = 'http://www.w3.org/2000/svg';

export interface NetworkState {
  /** ‖dL/dh_t‖, from step 1 on. */
  readonly norms: readonly number[];
  readonly t: number;
  readonly pass: 'forward' | 'backward';
  readonly loss: number;
}

/** Where things stand, in pixels from above. */
const Y = { bars: 6, base: 58, box: 66, end: 94, below: 116, label: 130, height: 136 } as const;
const BOX = (Y.box + Y.end) / 2;

/** Decades of a norm that the highest bar stands for. */
const DECADES = 8;

interface Step {
  readonly bar: SVGElement;
  readonly box: SVGElement;
  readonly on: SVGElement;
  readonly back: SVGElement;
  readonly up: SVGElement;
  /** What it was shown as last. */
  shown: string;
}

export class Network {
  readonly element: SVGSVGElement;
  #steps: readonly Step[] = [];
  #state: NetworkState | undefined;
  /** The norms that the bars show. */
  #drawn: readonly number[] = [];
  readonly #loss: SVGElement;
  readonly #layer: SVGElement;

  /** @param choose is told which step is pointed at. */
  constructor(choose: (t: number) => void) {
    this.element = document.createElementNS(SVG, 'svg');
    this.element.setAttribute('class', 'network');
    this.element.setAttribute('role', 'img');
    this.element.setAttribute('aria-label', 'The unrolled network');
    this.element.setAttribute('height', `${Y.height}`);
    this.#layer = part('g', this.element);
    this.#loss = part('g', this.element, { class: 'loss' });
    part('circle', this.#loss, { cy: BOX, r: 13 });
    part('text', this.#loss, { y: BOX + 5, 'text-anchor': 'middle' }).textContent = 'L';
    this.element.addEventListener('click', ({ clientX }) => {
      const { left, width } = this.element.getBoundingClientRect();
      const T = this.#steps.length;
      choose(Math.max(1, Math.min(T, 1 + Math.floor(((clientX - left) * T) / (width - END)))));
    });
    new ResizeObserver(() => this.#state && this.#place(this.#state)).observe(this.element);
  }

  update(state: NetworkState): void {
    const isNew = state.norms.length !== this.#steps.length;
    this.#state = state;
    if (isNew) this.#place(state);
    this.#show(state);
  }

  #place({ norms }: NetworkState): void {
    const T = norms.length;
    const width = this.element.clientWidth || 600;
    const pitch = (width - END) / T;
    const half = Math.min(17, 0.28 * pitch);
    const every = Math.ceil(18 / pitch);
    this.#layer.replaceChildren();
    this.#drawn = [];
    this.#steps = norms.map((_, n) => {
      const x = pitch * (n + 0.5);
      const [from, to] = [x + half + 1, n + 1 < T ? x + pitch - half - 1 : width - 30];
      const step = {
        bar: part('rect', this.#layer, { class: 'bar', x: x - half, width: 2 * half }),
        box: part('rect', this.#layer, {
          class: 'box',
          x: x - half,
          y: Y.box,
          width: 2 * half,
          height: Y.end - Y.box,
          rx: 3,
        }),
        on: part('path', this.#layer, { class: 'on', d: arrow(from, to, BOX - 6, pitch) }),
        back: part('path', this.#layer, { class: 'back', d: arrow(to, from, BOX + 7, pitch) }),
        up: part('path', this.#layer, { class: 'up', d: `M${x} ${Y.below}V${Y.end + 3}m-3 4l3-4l3 4` }),
        shown: '',
      };
      if (n % every === 0) {
        part('text', this.#layer, { x, y: Y.label, 'text-anchor': 'middle' }).textContent = `${n + 1}`;
      }
      return step;
    });
    this.#loss.setAttribute('transform', `translate(${width - 15} 0)`);
    this.#show(this.#state as NetworkState);
  }

  #show({ norms, t, pass, loss }: NetworkState): void {
    const isLong = norms.some((norm, n) => norm !== this.#drawn[n]);
    if (isLong) this.#bars(norms, loss);
    for (const [n, step] of this.#steps.entries()) {
      const shown = `${pass} ${Math.sign(n + 1 - t)}`;
      if (shown === step.shown) continue;
      step.shown = shown;
      const { bar, box, on, back, up } = step;
      const isBack = pass === 'backward' && n + 1 >= t;
      bar.classList.toggle('reached', isBack);
      box.classList.toggle('now', n + 1 === t);
      up.classList.toggle('reached', pass === 'backward' || n + 1 <= t);
      on.classList.toggle('reached', pass === 'backward' || n + 1 < t);
      back.classList.toggle('reached', isBack);
    }
    this.#loss.classList.toggle('now', pass === 'backward');
  }

  /** Bars and arrows back as long and wide as the logarithms of norms. */
  #bars(norms: readonly number[], loss: number): void {
    this.#drawn = norms;
    const most = Math.max(...norms, 1e-300);
    for (const [n, { bar, back }] of this.#steps.entries()) {
      const norm = norms[n] ?? 0;
      const share = Math.max(0, 1 + Math.log10(Math.max(norm, 1e-300) / most) / DECADES);
      const height = 1 + share * (Y.base - Y.bars - 1);
      bar.setAttribute('y', `${Y.base - height}`);
      bar.setAttribute('height', `${height}`);
      back.style.strokeWidth = `${1 + 2.5 * share}`;
    }
    const [first = 0, last = 0] = [norms[0], norms.at(-1)];
    const says = `${norms.length} steps, the loss ${loss.toPrecision(4)}; the gradient in h is ${last.toExponential(2)} long at the last step and ${first.toExponential(2)} at the first`;
    this.element.setAttribute('aria-label', says);
  }
}

/** Pixels at the right that the loss stands in. */
const END = 44;

/** A line with a head, which is left out where there is no room for one. */
function arrow(from: number, to: number, y: number, pitch: number): string {
  const head = pitch > 16 ? `m${from < to ? -4 : 4}-3l${from < to ? 4 : -4} 3l${from < to ? -4 : 4} 3` : '';
  return `M${from} ${y}H${to}${head}`;
}

function part(name: string, parent: Element, attributes: Readonly<Record<string, string | number>> = {}): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, `${value}`);
  parent.append(element);
  return element;
}
