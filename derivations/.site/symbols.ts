/** What the letters of a derivation are: read off its equations as they are judged, and put on the letters of its formulas. */
import { parseHTML } from 'linkedom';
import { type Definition, keyIn } from '../../lib/derivation/definitions.ts';
import { readingOf } from '../../lib/derivation/lines.ts';
import { allNames, shownKey } from '../../lib/derivation/names.ts';
import { sizesOf } from '../../lib/derivation/sizes.ts';
import type { System } from '../../lib/derivation/system.ts';
import { systemsOf } from '../../lib/derivation/systems.ts';
import { meaningsIn } from './meanings.ts';
import { derivations } from './tags.ts';

/** What is said of a letter. */
export interface Letter {
  readonly name: string;
  /** What it is, or what a table says that it means, and its shape. */
  readonly what: string;
  /** The equation that defines it, or that uses it first, and which of the two. */
  readonly tag?: string;
  readonly is: 'defined by' | 'first in';
}

/** The letters of a derivation, by the prefix of the equations that they are in, and by how they are written. */
export interface Symbols {
  /** A formula whose letters know what they are. */
  marked(math: string, tag: string | undefined): string;
  /** What is said of each, by what is on the letter. */
  readonly said: ReadonlyMap<string, Letter>;
}

/** @param given the derivations that it builds on. */
export function symbolsOf(name: string, given: readonly string[]): Symbols {
  const text = derivations.get(name) ?? '';
  const systems = systemsOf(
    readingOf(text),
    given.map(other => readingOf(derivations.get(other) ?? '')),
  );
  const meanings = meaningsIn(text);
  const known = new Map<string, ReadonlyMap<string, Letter>>();
  for (const prefix of new Set(systems.lines.map(line => line.prefix))) {
    if (prefix !== '') known.set(prefix, symbolsIn(systems.for(prefix), meanings));
  }
  const said = new Map<string, Letter>();
  const [first = ''] = known.keys();
  let last = first;
  return {
    said,
    marked(math, tag) {
      const prefix = tag?.replace(/-\w+$/, '') ?? last;
      if (known.has(prefix)) last = prefix;
      return markedBy(math, known.get(last) ?? new Map(), symbol => {
        const key = `${last} ${symbol.name}`;
        said.set(key, symbol);
        return key;
      });
    },
  };
}

function symbolsIn(system: System, meanings: ReadonlyMap<string, string>): ReadonlyMap<string, Letter> {
  const found = new Map<string, Letter>();
  const shapeOf = shapesOf(system);
  for (const key of [...system.definitions.keys(), ...system.leaves]) {
    const definition = system.definitions.get(key)?.[0];
    const uses = ({ of }: Definition) => allNames(of).some(name => keyIn(name, system.vocabulary) === key);
    const tag = (definition ?? system.forward.find(uses))?.line.tag;
    const given = system.isTimed(key) ? 'an input of every step' : 'a parameter';
    const kind = definition ? (system.carried.has(key) ? 'part of the state' : '') : given;
    const what = [meanings.get(writtenAs(key)) ?? kind, shapeOf(key)].filter(part => part).join(', ');
    if (what === '' && tag === undefined) continue;
    const is = definition ? 'defined by' : 'first in';
    found.set(writtenAs(key), { name: shownKey(key), what, is, ...(tag !== undefined && { tag }) });
  }
  return found;
}

/** Shapes that a table says, and of a cell those that are made of m of the state and d of the input. */
function shapesOf(system: System): (key: string) => string | undefined {
  let sizes: ReturnType<typeof sizesOf>;
  try {
    sizes = sizesOf(system);
  } catch {
    return () => undefined;
  }
  const sizeOf = (key: string) => {
    try {
      return sizes.of(key);
    } catch {
      return undefined;
    }
  };
  const letters = new Map<number, string>([[1, '1']]);
  const isCell = system.carried.has('𝐛h') && system.leaves.has('𝐛x') && !system.definitions.has('𝐛x');
  for (const [key, letter] of Object.entries(isCell ? { 𝐛h: 'm', 𝐛x: 'd' } : {})) {
    const size = sizeOf(key)?.[0];
    if (size !== undefined && !letters.has(size)) letters.set(size, letter);
  }
  return key => {
    const said = system.said.get(key);
    if (!said && system.definitions.get(key)?.[0]?.line.prose) return undefined; // it may be of any size
    const [rows, columns] = said ?? (sizeOf(key) ?? []).map(size => letters.get(size));
    if (rows === undefined || columns === undefined) return undefined;
    if (columns === '1') return rows === '1' ? 'a number' : `a column of ${rows}`;
    return `${rows}×${columns}`;
  };
}

/** A key as its parts are read off a formula: letter, what is above, what is below. */
function writtenAs(key: string): string {
  const [, bold = '', letter = '', sup = '', sub = ''] = /^(𝐛?)([^^_]+)(?:\^([^_]+))?(?:_(.+))?$/u.exec(key) ?? [];
  return form(bold !== '', letter, sup, sub);
}

function form(bold: boolean, letter: string, sup: string, sub: string): string {
  return `${bold ? '𝐛' : ''}${letter.normalize('NFC')}^${sup}_${sub.replaceAll(',', '')}`;
}

/** What is asked of an element of a formula. */
interface MathElement {
  readonly localName: string;
  readonly textContent: string | null;
  readonly children: ArrayLike<MathElement>;
  readonly parentElement: MathElement | null;
  setAttribute(name: string, value: string): void;
}

/** Puts on every letter of a formula what `keyOf` gives of it. */
function markedBy(math: string, known: ReadonlyMap<string, Letter>, keyOf: (symbol: Letter) => string): string {
  const { document } = parseHTML(`<html><body>${math}</body></html>`);
  for (const letter of document.querySelectorAll('mi') as Iterable<MathElement>) {
    const base = accented(letter);
    if (isIndex(base)) continue;
    const symbol = found(base, letter, known);
    if (symbol) letter.setAttribute('data-symbol', keyOf(symbol));
  }
  return document.body.innerHTML;
}

/** A letter with its accent. */
function accented(letter: MathElement): MathElement {
  const over = letter.parentElement;
  return over?.localName === 'mover' && over.children[0] === letter ? over : letter;
}

const SCRIPTS = new Set(['msub', 'msup', 'msubsup', 'munder', 'munderover']);

/** Whether something stands above or below another. */
function isIndex(element: MathElement): boolean {
  for (let at = element; at.parentElement; at = at.parentElement) {
    if (SCRIPTS.has(at.parentElement.localName) && at.parentElement.children[0] !== at) return true;
  }
  return false;
}

/** Bold letters, upright and slanted, Latin and Greek. */
const BOLD = /[\u{1D400}-\u{1D433}\u{1D468}-\u{1D49B}\u{1D6A8}-\u{1D6E1}\u{1D71C}-\u{1D755}]/u;
const ACCENTS: Readonly<Record<string, string>> = {
  '~': '\u0303',
  '^': '\u0302',
  '‾': '\u0304',
  '¯': '\u0304',
  ˉ: '\u0304',
};

/** A step, or a place in a list: no part of a name. */
const MOMENT = /^[tτTjkin\d](?:[−+-].*)?$/u;

function found(base: MathElement, letter: MathElement, known: ReadonlyMap<string, Letter>): Letter | undefined {
  const text = letter.textContent ?? '';
  const accent = base === letter ? '' : (ACCENTS[base.children[1]?.textContent ?? ''] ?? '');
  const scripts = base.parentElement;
  const has = scripts && SCRIPTS.has(scripts.localName) && scripts.children[0] === base;
  const kind = has ? scripts.localName : '';
  const part = (n: number) => (scripts?.children[n]?.textContent ?? '').normalize('NFKC');
  const sub = kind === 'msub' || kind === 'msubsup' ? part(1) : '';
  const sup = (kind === 'msup' ? part(1) : kind === 'msubsup' ? part(2) : '').replace(/[⊤2*]$/u, '');
  const [bold, name] = [BOLD.test(text), text.normalize('NFKC') + accent];
  const written = form(bold, name, sup, sub);
  const own = known.get(written) ?? oneOfMany(written, known);
  if (own) return own;
  const lasting = sub
    .split(',')
    .filter((index: string) => !MOMENT.test(index))
    .join('');
  const fewer = [sup, ''].flatMap(above => [lasting, ''].map(below => form(bold, name, above, below)));
  return fewer.map(less => known.get(less)).find(symbol => symbol !== undefined);
}

/** W_k where there are W_f, W_i, …: what is said of each. */
function oneOfMany(written: string, known: ReadonlyMap<string, Letter>): Letter | undefined {
  const like = (key: string) => key.replace(/(?<=\^)[^_](?=_)|(?<=_)[^_]$/gu, '?');
  const asked = like(written);
  const many = Array.from(known).filter(([key]) => like(key) === asked);
  const [first, second] = many;
  if (!first || !second || !asked.includes('?')) return undefined;
  const { what } = first[1];
  return { ...first[1], name: many.map(([, { name }]) => name).join(', '), what: what && `each ${what}` };
}
