/** `bptt flow`: what becomes of a gradient on its way back through time. */
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { rnnRelu } from '../../cells/rnn.ts';
import { ValueError } from '../../errors.ts';
import { greatest } from '../../extremes.ts';
import { hasKeepingGate, type InitName, initNames } from '../../flow/networks.ts';
import type { Checkpoint } from '../../io/checkpoint.ts';
import { writeAtomically } from '../../io/node/files.ts';
import { makeFolder } from '../../io/node/folders.ts';
import { encodeAt } from '../../models/level.ts';
import { requireInteger, requireSize } from '../../require.ts';
import { type Corpus, corpusNames, readCorpus } from '../corpus.ts';
import { type Cells, findCell, findCells, OWN_CELL } from '../modules/cell.ts';
import { openCheckpoint } from '../runs/cell-place.ts';
import { notedText } from '../runs/text-place.ts';
import { number, print, printJson, progress, untilSignal, type Verbosity } from '../terminal.ts';
import type { Findings } from './findings.ts';
import {
  CLAIMS,
  compareNetworks,
  type Measurement,
  STUDIED_STEPS,
  type Subject,
  studied,
  trained,
  tryClaims,
  untrained,
} from './measurements.ts';
import { flowPage } from './page.ts';

interface Flags extends Verbosity {
  readonly cell: string;
  readonly init?: InitName;
  readonly gain: number;
  readonly forgetBias?: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly length: number;
  readonly seed: number;
  readonly compare?: string;
  readonly seeds: number;
  readonly claims?: boolean;
  readonly text?: string;
  readonly corpus?: string;
  readonly layer?: number;
  readonly clip: number;
  readonly adjoint?: boolean;
  readonly out?: string;
}

/** The options that each kind of run takes, beside --out, --json and --quiet. */
const TAKES = {
  claims: ['claims'],
  compare: ['compare', 'init', 'gain', 'forgetBias', 'inputs', 'hidden', 'length', 'seeds'],
  checkpoint: ['cell', 'length', 'text', 'corpus', 'layer', 'clip', 'adjoint'],
  cell: ['cell', 'init', 'gain', 'forgetBias', 'inputs', 'hidden', 'length', 'seed', 'clip', 'adjoint'],
} as const;

/** `bptt flow`: norms, reach, spectra, exponents; cell beside cell; the lectures' claims. */
export function flowCommand(cells: Cells): Command {
  const count = (flag: string, text: string, value: number) =>
    new Option(`${flag} <n>`, text).default(value).argParser(number(flag));
  return new Command('flow')
    .description('see what becomes of a gradient on its way back through time')
    .argument('[checkpoint]', 'a checkpoint, or the folder of a run; an untrained network unless given')
    .option('--cell <name>', `the cell: ${Object.keys(cells).join(', ')}, ${OWN_CELL}`, 'rnn')
    .addOption(new Option('--init <name>', 'its first weights (default: uniform)').choices(initNames))
    .addOption(count('--gain', 'what its recurrent matrices are multiplied by', 1))
    .option('--forget-bias <b>', 'of f or z, which keep the state (default: ln(length))', number('--forget-bias'))
    .addOption(count('--inputs', 'inputs, standard normal', 16))
    .addOption(count('--hidden', 'hidden units', 32))
    .addOption(count('--length', 'steps', 100))
    .addOption(count('--seed', 'fixes weights and inputs', 1))
    .option(
      '--compare <names>',
      'networks beside each other: names of cells, and irnn, and modules of your own, with commas between',
    )
    .addOption(count('--seeds', 'with --compare: how many of each', 20))
    .option('--claims', 'put what the lectures say of gradients through time to the test')
    .option('--text <file>', 'with a checkpoint: the text to read, its end (default: what it was trained on)')
    .option('--corpus <name>', `with a checkpoint: a text that comes along: ${corpusNames.join(', ')}`)
    .option(
      '--layer <n>',
      'with a checkpoint: which layer, from 1 at the bottom (default: the topmost)',
      number('--layer'),
    )
    .addOption(count('--clip', 'the norm that clipping leaves', 5))
    .option('--adjoint', 'only what takes no dense matrix: for long sequences')
    .option('-o, --out <folder>', 'where the pictures and flow.html go; none unless given')
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      `
First weights: uniform ±1/√m (PyTorch's), glorot, normal with variance 1/m, orthogonal, identity. irnn is rnn-relu with
identity. Exit code 1 where a claim is not borne out.

Examples:
  bptt flow --cell lstm --length 100 -o runs/flow
  bptt flow --compare rnn,irnn,lstm,gru --length 100 --json
  bptt flow --compare lstm,gru --forget-bias 1
  bptt flow --compare lstm,./my-cell.ts
  bptt flow runs/sonnets --length 50 -o runs/sonnets
  bptt flow --claims -o runs/claims`,
    )
    .action(async (path: string | undefined, flags: Flags, command: Command) => {
      const run = await runOf(path, flags, command, cells);
      const findings = await finish(run.measure, run.total, flags);
      if (!findings) {
        process.exitCode = 1;
        if (flags.json) printJson({ ok: false, stopped: true });
        return;
      }
      await report(findings, commandLine(path, flags, command), flags);
    });
}

/** What is asked for, with the number of its steps. */
async function runOf(
  path: string | undefined,
  flags: Flags,
  command: Command,
  cells: Cells,
): Promise<{ readonly measure: Measurement; readonly total: number }> {
  const kind =
    path !== undefined ? 'checkpoint' : flags.claims ? 'claims' : flags.compare !== undefined ? 'compare' : 'cell';
  const others = givenOptions(command).filter(name => !['out', 'json', 'quiet', ...TAKES[kind]].includes(name));
  const [other] = others;
  if (other !== undefined) {
    const long = command.options.find(option => option.attributeName() === other)?.long ?? other;
    throw new ValueError(long, `no such option ${WITH[kind]}`, 'a value');
  }
  if (kind === 'claims') return { measure: tryClaims(), total: CLAIMS };
  const { init, gain, forgetBias, inputs: d, hidden: m, seeds } = flags;
  const length = requireSize('--length', flags.length);
  if (kind === 'compare') {
    const asked = (flags.compare ?? '').split(',').map(name => name.trim());
    const { names, known } = await findCells(asked, { ...cells, irnn: rnnRelu });
    const options = { length, d, m, seeds, init, gain, ...(forgetBias !== undefined && { forgetBias }) };
    return { measure: compareNetworks(names, options, known), total: names.length * seeds };
  }
  const subject = await (path === undefined ? untrainedOf(flags, cells) : trainedOf(path, flags, command, cells));
  return { measure: studied(subject, flags.adjoint ?? false, flags.clip), total: STUDIED_STEPS };
}

/** How an error calls the kind of run that does not take an option. */
const WITH = {
  claims: 'beside --claims',
  compare: 'beside --compare',
  checkpoint: 'beside a checkpoint, which fixes it',
  cell: 'without a checkpoint or --compare',
} as const;

async function untrainedOf(flags: Flags, cells: Cells): Promise<Subject> {
  const { init = 'uniform', gain, inputs: d, hidden: m, length, seed } = flags;
  const { cell } = await findCell(flags.cell, cells);
  const forgetBias = flags.forgetBias ?? (hasKeepingGate(cell) ? Math.log(length) : null);
  return untrained({ cell, init, gain, forgetBias, d, m, seed }, length);
}

async function trainedOf(path: string, flags: Flags, command: Command, cells: Cells): Promise<Subject> {
  const named = command.getOptionValueSource('cell') === 'cli' ? flags.cell : undefined;
  const checkpoint = await openCheckpoint(path, cells, named);
  const { model } = checkpoint;
  const which = requireInteger('--layer', flags.layer ?? model.layers, 1, model.layers);
  const { text } = textOf(flags, checkpoint);
  return trained(path, model, encodeAt(model.level, model.vocabulary, text), flags.length, which);
}

/** The text that is asked for, or else the one that the checkpoint was trained on, where it says which. */
function textOf({ text, corpus }: Flags, checkpoint: Checkpoint): Corpus {
  if (text !== undefined && corpus !== undefined) throw new ValueError('--text', 'a file or --corpus', 'both');
  if (text !== undefined) return readCorpus({ kind: 'file', name: text });
  if (corpus !== undefined) return readCorpus({ kind: 'corpus', name: corpus });
  return notedText(checkpoint, '--text');
}

/** Runs a measurement to its end, or to a signal: then there is no result. */
async function finish(steps: Measurement, total: number, verbosity: Verbosity): Promise<Findings | undefined> {
  const signal = untilSignal();
  const shown = progress(total, 0, verbosity);
  try {
    while (signal.name === null) {
      const { done, value } = steps.next();
      if (done) return value;
      shown.update(value, 'measured');
      await breathe();
    }
    return undefined;
  } finally {
    signal.ignore();
    shown.stop();
  }
}

async function report(findings: Findings, command: string, { out, json }: Flags): Promise<void> {
  const { title, says, table, lines = aligned(table), data } = findings;
  const unshown = Array.isArray(data.claims) && data.claims.some(({ shown }: { readonly shown: boolean }) => !shown);
  if (unshown) process.exitCode = 1;
  if (!json) print([title, ...says, '', ...lines].join('\n'));
  let written: { readonly page: string; readonly figures: readonly string[] } | null = null;
  if (out !== undefined) {
    const figures = await findings.figures(command);
    makeFolder(out);
    for (const { name, svg } of figures) writeAtomically(join(out, `${name}.svg`), svg);
    const page = join(out, 'flow.html');
    writeAtomically(page, flowPage({ title, command, says, table, figures, data: { command, ...data } }));
    written = { page, figures: figures.map(({ name }) => join(out, `${name}.svg`)) };
  }
  if (json)
    return printJson({ ok: !unshown, command, ...data, page: written?.page ?? null, figures: written?.figures ?? [] });
  if (written) print(`\npage     ${written.page}\npictures ${written.figures.join(' ')}`);
}

/** Rows as lines, their columns below each other. */
function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) => greatest(table.map(row => (row[column] ?? '').length)));
  return table.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The command, for captions: what was given, but for where it goes and how it talks. */
function commandLine(path: string | undefined, flags: Flags, command: Command): string {
  const given = givenOptions(command).filter(name => !['out', 'json', 'quiet'].includes(name));
  const options = given.map(name => {
    const value = (flags as unknown as Readonly<Record<string, unknown>>)[name];
    const long = command.options.find(option => option.attributeName() === name)?.long ?? name;
    return value === true ? long : `${long} ${value}`;
  });
  return ['bptt flow', ...(path === undefined ? [] : [path]), ...options].join(' ');
}

function givenOptions(command: Command): string[] {
  return command.options
    .map(option => option.attributeName())
    .filter(name => command.getOptionValueSource(name) === 'cli');
}
