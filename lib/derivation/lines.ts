/** The lines of a derivation: its display equations with their tags, and what the prose says of letters. */

import { rangesIn } from './counts.ts';
import { equationsOf, type Statement } from './grammar.ts';
import { parseLatex, Unread } from './latex.ts';
import { type Formula, formulasOf } from './markdown.ts';
import { stepsAbove, withStepAbove } from './superscripts.ts';

/** A display equation, or a row of one. */
export interface Line {
  /** What it is called: its tag, or its number in the text in parentheses. */
  readonly name: string;
  readonly tag?: string;
  /** `RNN` of `RNN-F1`; empty where there is no tag. */
  readonly prefix: string;
  /** `F` of `RNN-F1`. */
  readonly letter: string;
  /** Whether it stands in the prose. */
  readonly prose: boolean;
  /** Where the formula begins in the text. */
  readonly offset: number;
  /** Where in the formula it begins: of a row of an `align`, its first sign. */
  readonly start: number;
  readonly latex: string;
  readonly statements: readonly Statement[];
  /** Why it was not read, and where in the formula. */
  readonly unread?: { readonly reason: string; readonly at: number };
}

/** A letter that runs over a set of letters, said at a place of the text. */
export interface NamedSet {
  readonly letter: string;
  readonly members: readonly string[];
  readonly offset: number;
}

export interface Reading {
  readonly text: string;
  readonly lines: readonly Line[];
  /** Equations in the prose that say what a name stands for: “Write $\mathbf g_t=\dots$”. */
  readonly abbreviations: readonly Line[];
  readonly sets: readonly NamedSet[];
  /** The letter that its text counts steps with, where that is not t. */
  readonly clock?: string;
}

/** Words after which an equation in a line defines. */
const DEFINES = /\b(?:write|with|let|where|for|call|and|of)\b[^.;:]*$/i;

export function readingOf(text: string): Reading {
  const formulas = formulasOf(text);
  const isAbove = stepsAbove(formulas.filter(({ display }) => display).map(({ latex }) => latex));
  const lines: Line[] = [];
  const abbreviations: Line[] = [];
  let defines = false;
  for (const formula of formulas) {
    const isNext: boolean = defines && /^[\s,]*(and)?\s*$/.test(formula.before);
    defines = !formula.display && formula.latex.includes('=') && (isNext || DEFINES.test(formula.before));
    if (formula.display) for (const line of linesOf(formula, lines.length, isAbove)) lines.push(line);
    else if (defines) for (const line of linesOf(formula, 0, isAbove)) if (!line.unread) abbreviations.push(line);
  }
  return { text, lines: inherited(lines), abbreviations, sets: setsOf(text) };
}

/** A line without a tag is a step beside the tagged ones before it. */
function inherited(lines: readonly Line[]): readonly Line[] {
  let prefix = '';
  return lines.map(line => {
    if (line.tag !== undefined) prefix = line.prefix;
    return line.tag === undefined && prefix !== '' ? { ...line, prefix, letter: 'D' } : line;
  });
}

function linesOf(formula: Formula, before: number, isAbove: boolean): readonly Line[] {
  const { latex, offset, display } = formula;
  const unnamed = (n: number) => ({
    name: `(${before + n + 1})`,
    prefix: '',
    letter: '',
    prose: !display,
    offset,
    start: 0,
    latex,
    statements: [],
  });
  if (formula.open) return [{ ...unnamed(0), unread: { reason: 'the formula is not closed', at: 0 } }];
  try {
    const rows = parseLatex(latex);
    return rows.map(({ cells, tag }, n): Line => {
      const nodes = isAbove ? cells.flat().map(withStepAbove) : cells.flat();
      const [, prefix = '', letter = ''] = tag?.match(/^([A-Z]+)-([A-Z]?)\d+$/) ?? [];
      const start = rows.length > 1 ? startOf(latex, nodes[0]?.at ?? 0) : 0;
      const head = { ...unnamed(n), start, prefix, letter, ...(tag !== undefined && { name: tag, tag }) };
      try {
        return { ...head, statements: equationsOf(nodes) };
      } catch (error) {
        return { ...head, unread: reasonOf(error) };
      }
    });
  } catch (error) {
    const [, tag] = latex.match(/\\tag\{([^{}]*)\}/) ?? [];
    const [, prefix = '', letter = ''] = tag?.match(/^([A-Z]+)-([A-Z]?)\d+$/) ?? [];
    return [{ ...unnamed(0), prefix, letter, ...(tag !== undefined && { name: tag, tag }), unread: reasonOf(error) }];
  }
}

/** Where what has its first letter at a place begins: a fraction at its `\\frac`. */
function startOf(latex: string, at: number): number {
  const [command = ''] = latex.slice(Math.max(0, at - 40), at).match(/(?:\\(?!\\)[a-z]+\{*)*$/i) ?? [];
  return at - command.length;
}

/** What an error of reading says; any other is thrown on. */
export function reasonOf(error: unknown): { readonly reason: string; readonly at: number } {
  if (error instanceof RangeError) return { reason: 'it is nested too deeply', at: 0 };
  if (!(error instanceof Unread)) throw error;
  return { reason: error.message, at: error.at };
}

const SET =
  /(?<![\p{L}\\])([a-z])\s+(?:running over|runs over|ranges over|of|in|=)\s+((?:[a-z]\s*,\s*(?:and\s+)?)+[a-z])(?!\p{L})/gu;

/** “k running over f, i, o, g”, “for k = r, z, n”, “$k \in \{f, i\}$”. */
function setsOf(text: string): readonly NamedSet[] {
  const plain = text.replace(/[$\\{}]/g, ' ');
  const letters = Array.from(plain.matchAll(SET), ({ 1: letter = '', 2: members = '', index }) => ({
    letter,
    members: members.match(/\b[a-z]\b/g) ?? [],
    offset: index,
  }));
  return [...letters, ...rangesIn(plain)];
}
