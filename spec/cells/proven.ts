/** What the spec of every cell holds of it: what its derivation says, right gradients, and that mistakes in them are seen. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { proven, STEPS } from '../../lib/check/cases.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { record } from '../../lib/equations/record.ts';
import * as algebra from '../../lib/matrix.ts';
import { comparedWith } from '../derivation/recorded.ts';
import { ROOT } from '../examples.ts';

/** Where a cell is derived. */
export interface Derived {
  /** `lstm` of `derivations/lstm.md`; the cell's name unless given. */
  readonly file?: string;
  /** `GRB` of `GRB-F1`, where the file derives several cells; that of its first tag unless given. */
  readonly prefix?: string;
  /** What becomes of the text, where it leaves something open. */
  readonly with?: (text: string) => string;
  /** Tags that give what the cell's lines do in floats alone: one of the two is written by an identity of a function. */
  readonly inFloats?: RegExp;
}

/** The cell's forward and backward lines give what the equations of the same tags do, and so does its next state. */
export function describeDerivation(cell: Cell, derived: Derived = {}): void {
  const { file = cell.name, with: changed = (text: string) => text, inFloats = /^$/ } = derived;
  it('is its derivation, equation by equation', () => {
    const text = changed(readFileSync(join(ROOT, `derivations/${file}.md`), 'utf8'));
    const [, first = ''] = /\\tag\{([A-Z]+)-/.exec(text) ?? [];
    const found = comparedWith(text, cell, derived.prefix ?? first);
    expect(found.size).toBeGreaterThan(7);
    expect([...found]).toEqual([...found.keys()].map(tag => [tag, inFloats.test(tag) ? 'in floats' : 'exact']));
  });
}

/** The cell is proven, floats agree, the laws of its passes hold, and no gradient is all zero. */
export function describeCheck(cell: Cell, tags: readonly string[]): void {
  it('passes the gradient check, each tensor under the tag of its equation', () => {
    const { ok, restsOn, tensors } = checkCell(cell, { T: 3, B: 2, d: 2, m: 3, C: 3 });
    expect({ ok, restsOn }).toEqual({ ok: true, restsOn: 'proof' });
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(tags);
    for (const { largest } of tensors) expect(largest).toBeGreaterThan(0);
  });
}

/** A cell with a mistake; or what is written in a cell's text in place of what stands there once. */
export type Mistake = Cell | Readonly<Record<string, string>>;

/** Every mistake is refuted, and spoils tensors that are named and no others; without one all is well. */
export function describeMistakes(
  right: Cell,
  mistakes: readonly (readonly [what: string, spoilt: readonly string[], mistake: Mistake])[],
): void {
  describe('a planted mistake is caught, and named by the tensor it spoils', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bptt-mistakes-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('none, where none is planted', async () => {
      expect(spoiltIn(right)).toEqual([]);
      const isWritten = mistakes.some(([, , mistake]) => !isCell(mistake));
      if (isWritten) expect(spoiltIn(await rewritten(right, {}, join(folder, 'right.ts')))).toEqual([]);
    });

    it.each(mistakes.map((mistake, n) => [...mistake, join(folder, `${n}.ts`)] as const))(
      '%s',
      async (_, spoilt, mistake, file) => {
        const found = spoiltIn(isCell(mistake) ? mistake : await rewritten(right, mistake, file));
        expect(found).not.toEqual([]);
        expect(found.filter(name => !spoilt.includes(name))).toEqual([]); // in one step, before the recursion has carried it on
      },
    );
  });
}

function isCell(mistake: Mistake): mistake is Cell {
  return 'forward' in mistake;
}

/** The tensors whose gradients are wrong in a single step, by the cell's own equations. */
export function spoiltIn(cell: Cell): readonly string[] {
  for (const step of STEPS) {
    const { equations, reason } = record(cell, { d: step.d, m: step.m });
    if (!equations) throw new Error(reason);
    const { wrong } = proven(equations, step, 1);
    if (wrong.length > 0) return wrong;
  }
  return [];
}

/** Where the text of the library is as it was written: where mutants are tried, a copy of it is full of them. */
const WRITTEN = process.env.BPTT_WRITTEN ?? ROOT;

/** The cell of that name, of `lib/cells/NAME.ts` written to a file with some code in place of other, in which it may use all of the algebra. */
export async function rewritten(
  { name }: Cell,
  changes: Readonly<Record<string, string>>,
  file: string,
): Promise<Cell> {
  const text = Object.entries(changes).reduce(
    (code, [right, wrong]) => {
      expect(code.split(right)).toHaveLength(2);
      return code.replace(right, () => wrong);
    },
    readFileSync(join(WRITTEN, `lib/cells/${name}.ts`), 'utf8'),
  );
  const all = text.replace(
    /\{[^}]*\} from '\.\.\/matrix\.ts'/,
    `{ ${Object.keys(algebra).join(', ')} } from '../matrix.ts'`,
  );
  writeFileSync(
    file,
    all.replace(/from '(\.\.?\/.*)'/g, (_, path) => `from '${join(ROOT, 'lib/cells', path)}'`),
  );
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Readonly<Record<string, Cell>>;
  const cell = Object.values(module).find(value => value.name === name);
  if (!cell) throw new Error(`${file} has no ${name}`);
  return cell;
}
