/** `bptt cells CHECKPOINT TEXT`: which units of a trained network track what in a text. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { Command } from 'commander';
import { ValueError } from '../../errors.ts';
import { type Parts, unitsOf } from '../../flow/cells-activations.ts';
import { type Interpretable, interpretable } from '../../flow/interpretable.ts';
import { readText, writeAtomically } from '../../io/node/files.ts';
import { makeFolder } from '../../io/node/folders.ts';
import { symbolCount } from '../../models/text.ts';
import { requireInteger } from '../../require.ts';
import { corpusNames, readCorpus } from '../corpus.ts';
import { type Cells, OWN_MODULE } from '../modules/cell.ts';
import { openCheckpoint } from '../runs/cell-place.ts';
import { number, print, printJson, printRaw, progress, untilSignal, type Verbosity } from '../terminal.ts';
import { cellsPage } from './page.ts';
import { type CellsReport, jsonOf, linesOf, reportOf } from './report.ts';
import { shaded } from './shades.ts';

interface Flags extends Verbosity {
  readonly cell?: string;
  readonly corpus?: string;
  readonly out?: string;
  readonly unit?: number;
  readonly layer?: number;
  readonly state?: string;
  readonly symbols: number;
  readonly excerpt: number;
}

/** Symbols a line where there is no colour. */
const WIDTH = 100;

/** `bptt cells`: the lectures' search for interpretable cells. */
export function cellsCommand(cells: Cells): Command {
  return new Command('cells')
    .description('find the units that track quotations, line ends, words, brackets or capitals')
    .argument('<checkpoint>', 'a checkpoint, or the folder of a run')
    .argument('[text]', 'a UTF-8 text of symbols that the model knows; best the one that it was trained on')
    .option('--cell <module>', OWN_MODULE)
    .option('--corpus <name>', `a text that comes along: ${corpusNames.join(', ')}`)
    .option('-o, --out <folder>', 'where cells.html goes, the text coloured by any unit; none unless given')
    .option('--unit <n>', 'the unit to colour the text by, from 0 (default: the one found first)', number('--unit'))
    .option('--layer <n>', 'the recurrent layer, from 1 at the bottom (default: the topmost)', number('--layer'))
    .option('--state <part>', 'the part of the state: c, through tanh, or h (default: c where there is one)')
    .option('--symbols <n>', 'symbols to choose on at most, and to hold out', number('--symbols'), 100_000)
    .option('--excerpt <n>', 'symbols to show', number('--excerpt'), 1500)
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      `
A unit is chosen on one part of the text, and held to account on another: the second half or, where TEXT is what the model was
trained on, what it was not trained on. “chance 99 %” is what |r| exceeds at one in a hundred shifts of the text against the
unit, and “symbol” what a guess from the present symbol alone reaches.

Examples:
  bptt cells runs/sonnets --corpus sonnets
  bptt cells runs/moby moby-dick.txt
  bptt cells runs/moby moby-dick.txt --unit 20 -o runs/moby
  bptt cells runs/moby letters.txt --layer 1 --state h --json`,
    )
    .action(async (path: string, name: string | undefined, flags: Flags) => {
      const { symbols, excerpt, unit, layer, state, json } = flags;
      requireInteger('--symbols', symbols, 200);
      requireInteger('--excerpt', excerpt, 0);
      const checkpoint = await openCheckpoint(path, cells, flags.cell);
      const { model, options } = checkpoint;
      const asked = { ...(layer !== undefined && { layer }), ...(state !== undefined && { state }) };
      if (unit !== undefined) requireInteger('--unit', unit, 0, unitsOf(model, asked).m - 1);
      const { file, text } = textOf(name, flags.corpus);
      const trained = createHash('sha256').update(text).digest('hex') === checkpoint.text;
      const part = trained && options.heldOut > 0 ? options.heldOut : 0.5;
      const parts = partsOf(symbolCount(text), part, symbols);
      const found = await finish(interpretable(model, text, { ...parts, ...asked, excerpt }), parts, flags);
      if (!found) {
        process.exitCode = 1;
        if (json) printJson({ ok: false, checkpoint: checkpoint.file, text: file, stopped: true });
        return;
      }
      const report = reportOf(checkpoint, { file, text, trained }, found, { unit, symbols, excerpt });
      const page = flags.out === undefined ? null : join(flags.out, 'cells.html');
      if (flags.out !== undefined && page !== null) {
        makeFolder(flags.out);
        writeAtomically(page, cellsPage(report));
      }
      if (json) return printJson({ ...jsonOf(report), page });
      show(report);
      if (page !== null) print(`\npage ${page}`);
    });
}

function textOf(
  file: string | undefined,
  corpus: string | undefined,
): { readonly file: string; readonly text: string } {
  if (file !== undefined && corpus !== undefined) throw new ValueError('text', 'a FILE or --corpus', 'both');
  if (file !== undefined) return { file, text: readText(file) };
  if (corpus === undefined) throw new ValueError('text', `a FILE, or --corpus ${corpusNames[0]}`, 'neither');
  return { file: `--corpus ${corpus}`, text: readCorpus({ kind: 'corpus', name: corpus }).text };
}

/** The table, and the text coloured by one unit. */
function show(report: CellsReport): void {
  print(linesOf(report).join('\n'));
  const { symbols, bytes, m } = report.excerpt;
  if (symbols.length === 0) return;
  const depth = process.stdout.isTTY ? process.stdout.getColorDepth() : 1;
  const own = Uint8Array.from(symbols, (_, t) => bytes[t * m + report.unit] ?? 0);
  printRaw(`\n${shaded(symbols, own, depth, WIDTH)}`);
}

/** At most `symbols` on either side of where the last part of the text begins. */
function partsOf(length: number, heldOut: number, symbols: number): Parts {
  const cut = length - Math.floor(length * heldOut);
  return { from: Math.max(0, cut - symbols), cut, to: Math.min(length, cut + symbols) };
}

/** Runs the search to its end, or to a signal: then nothing is found. */
async function finish(
  steps: ReturnType<typeof interpretable>,
  { from, to }: Parts,
  verbosity: Verbosity,
): Promise<Interpretable | undefined> {
  const signal = untilSignal();
  const shown = progress(to - from, 0, verbosity);
  try {
    while (signal.name === null) {
      const { done, value } = steps.next();
      if (done) return value;
      shown.update(value, 'symbols read');
      await breathe();
    }
    return undefined;
  } finally {
    signal.ignore();
    shown.stop();
  }
}
