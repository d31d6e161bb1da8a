import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { Command, Option } from 'commander';
import type { Cells } from '../lib/cli/modules/cell.ts';
import { findCell, OWN_CELL } from '../lib/cli/modules/cell.ts';
import { number, print, printJson, progress, untilSignal, type Verbosity } from '../lib/cli/terminal.ts';
import type { Precision } from '../lib/engine/precision.ts';
import { FileError, ValueError } from '../lib/errors.ts';
import { writeAtomically } from '../lib/io/node/files.ts';
import { makeFolder } from '../lib/io/node/folders.ts';
import { requireSize } from '../lib/require.ts';
import { type Backend, chosenBackends, backends as knownBackends } from './backends.ts';
import { chosenCases } from './cases/index.ts';
import { chart } from './chart.ts';
import { changesTable, compared, rowsOf, save } from './compare.ts';
import { openField } from './field.ts';
import { besideLibrary, besideTable, ownCell } from './own-cell.ts';
import { chosenFamilies, familyNames } from './peers/index.ts';
import { run } from './run.ts';
import { text } from './table.ts';

interface Flags extends Verbosity {
  readonly full?: boolean;
  readonly cell?: string;
  readonly only?: readonly string[];
  readonly backend: readonly string[];
  readonly precision: readonly string[];
  readonly peers: readonly string[];
  readonly rounds: number;
  readonly python?: string;
  readonly save?: string;
  readonly compare?: string;
  readonly out: string;
}

/** Seconds that a peer may take for a case once: by default, and with `--full`. */
const [PATIENCE, MORE_PATIENCE] = [3, 60];

/** `bench`: how fast it is, beside others. */
export function benchCommand(cells: Cells, known: Readonly<Record<string, Backend>> = knownBackends): Command {
  return new Command('bench')
    .description('verify every case, then time it in turns with every other library that is installed')
    .option('--full', 'the large cases too')
    .option('--cell <name>', `one cell beside gru and lstm, d = m = 128: a name, ${OWN_CELL}`)
    .option('--only <names>', 'cases by their names or what these begin with, with commas between', list)
    .addOption(names('--backend', `what ours runs on: auto, ${Object.keys(known).join(', ')}`, 'auto'))
    .addOption(names('--precision', 'f64, f32 or both', 'f64,f32'))
    .addOption(names('--peers', `who runs beside it: all, none, ${familyNames.join(', ')}`, 'all'))
    .option('--rounds <n>', 'times that everyone has a turn', number('--rounds'), 7)
    .option('--python <path>', 'the Python that has PyTorch, JAX and numpy (default: $BPTT_PYTHON, or python3)')
    .option('--save <file>', 'keep the figures for a later --compare')
    .option('--compare <file>', 'hold the figures against those of an earlier run')
    .option('-o, --out <folder>', 'where the chart goes', join('runs', 'bench'))
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      `
Exit code 1 where a result is wrong: it is then not timed.

Examples:
  bptt bench
  bptt bench --only lstm-d128,char-step --rounds 20
  bptt bench --cell ./my-cell.ts
  bptt bench --full --python venv/bin/python --save before.json`,
    )
    .action(async (flags: Flags, command: Command) => {
      if (flags.cell !== undefined && command.getOptionValueSource('peers') === 'cli')
        throw new ValueError('--peers', 'nothing beside --cell, which has gru and lstm beside it', 'a value');
      await bench(flags, cells, known);
    });
}

async function bench(flags: Flags, cells: Cells, known: Readonly<Record<string, Backend>>): Promise<void> {
  const { full = false, only, json, quiet } = flags;
  const chosen = chosenBackends(flags.backend, known);
  const { absent } = chosen;
  const asked = chosenPrecisions(flags.precision, chosen.backends);
  const own =
    flags.cell === undefined ? undefined : ownCell((await findCell(flags.cell, cells)).cell, chosen.backends, asked);
  const { backends, precisions } = own ?? { backends: chosen.backends, precisions: asked };
  const cases = chosenCases(only, full, own?.cases);
  const rounds = requireSize('--rounds', flags.rounds);
  const python = flags.python ?? process.env.BPTT_PYTHON;
  if (python?.includes(sep) && !existsSync(python)) throw new FileError('--python', 'an executable', `no ${python}`);
  const earlier = flags.compare === undefined ? undefined : rowsOf(flags.compare);
  const field =
    own?.field ?? (await openField(chosenFamilies(flags.peers), { python, patience: full ? MORE_PATIENCE : PATIENCE }));
  const signal = untilSignal();
  const shown = progress(cases.length * precisions.length, 0, { ...(json && { json }), ...(quiet && { quiet }) });
  try {
    for (const { family, why } of [...absent, ...field.absent]) shown.say(`without ${family}: ${why}`);
    const onlooker = { next: shown.update, stopped: () => signal.name };
    const found = await run({ cases, backends, precisions, rounds, field }, onlooker);
    const report = { ...found, absent: [...absent, ...found.absent] };
    shown.stop();
    if (!report.ok) process.exitCode = 1;
    const changes = earlier && compared(report, earlier);
    if (flags.save !== undefined) save(flags.save, report);
    const picture = report.cases.length > 0 ? join(flags.out, 'bench.svg') : null;
    if (picture) {
      makeFolder(flags.out);
      writeAtomically(picture, await chart(report));
    }
    if (json) {
      const beside = own && { own: { runs: own.runs, cases: besideLibrary(report) } };
      return printJson({ ...report, ...beside, ...(changes && { changes }), picture });
    }
    print(text(report));
    if (own) print(`\n${besideTable(besideLibrary(report))}\n\n${own.runs}`);
    if (changes && flags.compare) print(`\n${changesTable(changes, flags.compare)}`);
    if (picture) print(`\npicture ${picture}`);
  } finally {
    shown.stop();
    signal.ignore();
    field.close();
  }
}

function chosenPrecisions(names: readonly string[], chosen: readonly Backend[]): readonly Precision[] {
  const known = (['f64', 'f32'] as const).filter(precision => names.includes(precision));
  const other = names.find(name => name !== 'f64' && name !== 'f32');
  if (other !== undefined) throw new ValueError('--precision', 'f64, f32', JSON.stringify(other));
  const possible = known.filter(precision => chosen.some(({ precisions }) => precisions.includes(precision)));
  if (possible.length > 0) return possible;
  throw new ValueError('--precision', `one that ${chosen.map(({ name }) => name).join(', ')} has`, names.join(','));
}

/** An option that takes names with commas between. */
function names(flag: string, text: string, value: string): Option {
  return new Option(`${flag} <names>`, text).argParser(list).default(list(value), value);
}

function list(text: string): readonly string[] {
  return text.split(',').map(name => name.trim());
}
