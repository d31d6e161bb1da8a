/**
 * A matrix as a picture of coloured squares: its numbers where it is pointed at, or by the arrow keys. It is drawn anew in
 * place, one pixel of a canvas a number, so that many follow a hand that drags.
 */
import type { AbstractMatrix } from 'bptt';
import { readoutOf } from './readout.ts';

export interface SquaresOptions {
  /** Says that number n, row after row, is to become another: it can be dragged up and down, and changed by + and −. */
  readonly change?: (n: number, value: number) => void;
  /** What is said of a number that is pointed at, in place of its name and value. */
  readonly says?: (row: number, column: number, value: number) => string;
  /** What else is said of number n, row after row. */
  readonly also?: (n: number) => string;
  /** The share of the strongest colour that a number has, from −1 to 1; of its matrix' largest unless given. */
  readonly share?: (value: number, most: number) => number;
}

/** Draws what comes into sight: what is not seen is not drawn, so that hundreds of pictures follow a hand. */
const sight = new IntersectionObserver(
  entries => {
    for (const { target, isIntersecting } of entries) shown.get(target)?.(isIntersecting);
  },
  { rootMargin: '150px' },
);
const shown = new WeakMap<Element, (isSeen: boolean) => void>();

/** Pixels that a number changes by 1 in, and what a key changes it by. */
const PIXELS = 60;
const KEY = 0.1;

export class Squares {
  readonly element: HTMLElement = document.createElement('figure');
  readonly #caption = document.createElement('figcaption');
  readonly #area = document.createElement('div');
  readonly #canvas = document.createElement('canvas');
  readonly #cursor = document.createElement('i');
  readonly #options: SquaresOptions;
  #title = '';
  #matrix: AbstractMatrix | undefined;
  #at = 0;
  #isSeen = false;
  #isDrawn = false;
  /** The numbers that were painted last, and whether in the colours of a dark page. */
  #painted = new Float64Array(0);
  #isDark = false;

  constructor(options: SquaresOptions = {}) {
    this.#options = options;
    this.element.className = 'heat';
    this.#area.className = options.change ? 'squares open' : 'squares';
    this.#area.tabIndex = 0;
    this.#cursor.hidden = true;
    this.#area.append(this.#canvas, this.#cursor);
    this.element.append(this.#caption, this.#area);
    this.#listen();
    shown.set(this.element, isSeen => {
      this.#isSeen = isSeen;
      if (isSeen && !this.#isDrawn) this.#draw();
    });
    sight.observe(this.element);
  }

  /** Shows these numbers under that name. */
  update(title: string, matrix: AbstractMatrix): void {
    const { rows, columns } = matrix;
    if (title !== this.#title) {
      this.#title = title;
      this.element.dataset.name = title;
      this.#area.setAttribute('role', this.#options.change ? 'application' : 'img');
      this.#area.setAttribute('aria-label', `${title}, ${rows} by ${columns}: arrow keys read its numbers`);
    }
    if (this.#canvas.width !== columns || this.#canvas.height !== rows || !this.#matrix) {
      this.#canvas.width = columns;
      this.#canvas.height = rows;
      this.#painted = new Float64Array(rows * columns).fill(Number.NaN);
      this.#area.style.setProperty('--columns', `${columns}`);
      this.#area.style.setProperty('--rows', `${rows}`);
      this.#at = Math.min(this.#at, rows * columns - 1);
    }
    this.#matrix = matrix;
    this.#isDrawn = false;
    if (this.#isSeen) this.#draw();
    if (!this.#cursor.hidden) queueMicrotask(() => this.#cursor.hidden || this.#say()); // when all is drawn: it asks for places
  }

  #draw(): void {
    if (!this.#matrix) return;
    if (this.#caption.textContent !== this.#title) this.#caption.textContent = this.#title;
    this.#isDrawn = true;
    const isOther = copied(this.#matrix, this.#painted);
    if (!isOther && this.#isDark === dark.matches) return;
    this.#isDark = dark.matches;
    paint(this.#canvas, this.#painted, this.#options.share);
  }

  /** Whether what is looked at is made of this. */
  set taken(is: boolean) {
    this.element.classList.toggle('taken', is);
  }

  #listen(): void {
    const area = this.#area;
    const show = () => {
      this.#cursor.hidden = false;
      this.#say();
    };
    const hide = () => {
      this.#cursor.hidden = true;
      readoutOf().hide();
    };
    area.addEventListener('pointermove', event => {
      this.#at = this.#placeOf(event);
      show();
    });
    area.addEventListener('pointerleave', hide);
    area.addEventListener('focus', show);
    area.addEventListener('blur', hide);
    area.addEventListener('keydown', event => this.#key(event));
    const { change } = this.#options;
    if (change) area.addEventListener('pointerdown', event => this.#drag(event, change));
  }

  #placeOf({ clientX, clientY }: PointerEvent): number {
    const { rows, columns } = this.#matrix ?? { rows: 1, columns: 1 };
    const { left, top, width, height } = this.#area.getBoundingClientRect();
    const within = (share: number, count: number) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    return within((clientY - top) / height, rows) * columns + within((clientX - left) / width, columns);
  }

  #key(event: KeyboardEvent): void {
    const { rows, columns } = this.#matrix ?? { rows: 1, columns: 1 };
    const { change } = this.#options;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const adds = { '+': KEY, '-': -KEY }[event.key];
    if (by !== undefined) {
      if (this.#at + by >= 0 && this.#at + by < rows * columns) this.#at += by;
      this.#say();
    } else if (event.key === 'Home' || event.key === 'End') {
      this.#at = event.key === 'Home' ? 0 : rows * columns - 1;
      this.#say();
    } else if (adds !== undefined && change) change(this.#at, this.#value() + adds);
    else if (event.key === 'Escape') readoutOf().hide();
    else return;
    event.preventDefault();
  }

  #drag(down: PointerEvent, change: (n: number, value: number) => void): void {
    down.preventDefault();
    const n = this.#placeOf(down);
    const value = this.#value(n);
    let waits = 0;
    let y = down.clientY;
    const move = (event: PointerEvent) => {
      y = event.clientY;
      if (waits) return;
      waits = requestAnimationFrame(() => {
        waits = 0;
        change(n, value + (down.clientY - y) / PIXELS);
      });
    };
    const up = () => {
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', up);
      window.removeEventListener('pointercancel', up);
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', up);
    window.addEventListener('pointercancel', up);
  }

  #value(n: number = this.#at): number {
    const columns = this.#matrix?.columns ?? 1;
    return this.#matrix?.get(Math.floor(n / columns), n % columns) ?? Number.NaN;
  }

  #say(): void {
    const { rows, columns } = this.#matrix ?? { rows: 1, columns: 1 };
    const [row, column] = [Math.floor(this.#at / columns), this.#at % columns];
    this.#cursor.style.left = `${(100 * column) / columns}%`;
    this.#cursor.style.top = `${(100 * row) / rows}%`;
    const value = this.#value();
    const also = this.#options.also?.(this.#at) ?? '';
    const own = `${this.#title}[${rows > 1 ? `${row},` : ''}${column}] = ${value.toPrecision(6)}${also && `\n${also}`}`;
    readoutOf().show(this.#options.says?.(row, column, value) ?? own, this.#cursor);
  }
}

type Colour = readonly [red: number, green: number, blue: number];

/** Below nothing, nothing, and above: in a light page and a dark one. */
const COLOURS: Readonly<Record<'light' | 'dark', readonly [below: Colour, none: Colour, above: Colour]>> = {
  light: [
    [33, 94, 168],
    [238, 241, 238],
    [190, 62, 12],
  ],
  dark: [
    [110, 170, 240],
    [38, 45, 48],
    [246, 140, 80],
  ],
};

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Copies a matrix' numbers, row after row, and says whether any is another than was there. */
function copied(matrix: AbstractMatrix, to: Float64Array): boolean {
  const { rows, columns } = matrix;
  let isOther = false;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = matrix.get(i, j);
      if (to[i * columns + j] === value) continue;
      to[i * columns + j] = value;
      isOther = true;
    }
  }
  return isOther;
}

function paint(canvas: HTMLCanvasElement, numbers: Float64Array, share: SquaresOptions['share']): void {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context || numbers.length === 0) return;
  const [below, none, above] = COLOURS[dark.matches ? 'dark' : 'light'];
  let most = 0;
  for (const value of numbers) most = Math.max(most, Math.abs(value) || 0);
  const image = context.createImageData(canvas.width, canvas.height);
  for (const [n, value] of numbers.entries()) {
    const part = share ? share(value, most) : value / (most || 1);
    const end = part < 0 ? below : above;
    const by = Math.min(1, Math.abs(part) || 0);
    for (let c = 0; c < 3; c++) image.data[4 * n + c] = (none[c] ?? 0) + ((end[c] ?? 0) - (none[c] ?? 0)) * by;
    image.data[4 * n + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
