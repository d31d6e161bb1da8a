/** `bptt compare`: the models the lectures argue against beside those they argue for, on one held-out text. */
import { basename, join } from 'node:path';
import { Command, Option } from 'commander';
import { cellNamed } from '../../cells/index.ts';
import { MemoryError, ValueError } from '../../errors.ts';
import { greatest } from '../../extremes.ts';
import { writeAtomically } from '../../io/node/files.ts';
import { makeFolder } from '../../io/node/folders.ts';
import { isNotFinite } from '../../models/divergence.ts';
import { Vocabulary } from '../../models/vocabulary.ts';
import { requireInteger, requireSize } from '../../require.ts';
import { contenders } from '../../training/contenders.ts';
import { type Budget, bits, type Contender, type Texts } from '../../training/learning.ts';
import { recurrentNet } from '../../training/networks.ts';
import { type Corpus, corpusNames, requireCorpus } from '../corpus.ts';
import { type Cells, findCells } from '../modules/cell.ts';
import { number, print, printJson, progress, untilSignal, type Verbosity } from '../terminal.ts';
import { inTurns } from '../turns.ts';
import { type Compared, plotCompared } from './chart.ts';

interface Flags extends Budget, Verbosity {
  readonly corpus?: string;
  readonly models?: string;
  readonly cell?: string;
  readonly heldOut: number;
  readonly out: string;
}

/** What has come of the models that were asked for. */
interface Outcome {
  readonly models: readonly Compared[];
  /** Those that could not learn: of which memory is too small, or whose numbers are no longer finite. */
  readonly failed: readonly { readonly name: string; readonly why: string }[];
  readonly stopped: string | null;
}

/** The part of the training text, at its end, by which models are chosen. */
const VALIDATION = 0.1;

/** Parts of a model's learning that the progress bar tells apart. */
const PARTS = 100;

/** `bptt compare`: a table and a chart of models on the same held-out text. */
export function compareCommand(cells: Cells): Command {
  const count = (flag: string, text: string, value: number) =>
    new Option(`${flag} <n>`, text).default(value).argParser(number(flag));
  return new Command('compare')
    .description('hold counts, windows, a hidden Markov model and recurrent networks against each other')
    .argument('[file]', 'a UTF-8 text')
    .option('--corpus <name>', `a text that comes along: ${corpusNames.join(', ')}`)
    .option('--models <names>', `some of ${Object.keys(contenders).join(',')} (default: all)`)
    .option(
      '--cell <cells>',
      'networks of other cells beside them: names, and modules of your own, with commas between',
    )
    .addOption(count('--hidden', 'hidden units of each network', 192))
    .addOption(count('--steps', 'updates of each network', 2850))
    .addOption(count('--order', 'the largest order of the n-grams', 7))
    .addOption(count('--window', 'symbols that the window net sees', 5))
    .addOption(count('--states', 'states of the hidden Markov model', 64))
    .addOption(count('--rounds', 'how often these are re-estimated', 40))
    .addOption(count('--held-out', 'part of the text, at its end, that is kept for testing', 0.1))
    .addOption(count('--seed', 'fixes every number that is drawn', 1))
    .option('-o, --out <folder>', 'where the chart goes', join('runs', 'compare'))
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      `
All models learn from the same text. A tenth of it, at its end, is not learnt from: by it the order of the n-grams is chosen,
and when the others were at their best. Ctrl-C stops, and shows the models that were done; the exit code is then 1.

Examples:
  bptt compare --corpus sonnets
  bptt compare letters.txt --models ngram,lstm --steps 500
  bptt compare letters.txt --models gru --cell ./my-cell.ts
  bptt compare --corpus sonnets --models hmm --states 128 --json`,
    )
    .action(async (file: string | undefined, flags: Flags) => {
      const corpus = requireCorpus(file, flags.corpus);
      const chosen = requireOnce([...modelsNamed(flags.models), ...(await networksOf(flags.cell, cells))]);
      const texts = split(corpus.text, flags.heldOut);
      const budget = checkedBudget(flags);
      makeFolder(flags.out);
      const outcome = await learnAll(chosen, texts, budget, flags);
      await report(corpus, texts, outcome, flags);
    });
}

function modelsNamed(names: string | undefined): readonly (readonly [string, Contender])[] {
  const wanted = names === undefined ? Object.keys(contenders) : names.split(',').map(name => name.trim());
  return wanted.map(name => {
    const contender = Object.hasOwn(contenders, name) ? contenders[name] : undefined;
    if (!contender)
      throw new ValueError('--models', `some of ${Object.keys(contenders).join(',')}`, JSON.stringify(name));
    return [name, contender];
  });
}

/** Networks of cells that are named, or of one's own. */
async function networksOf(named: string | undefined, cells: Cells): Promise<readonly (readonly [string, Contender])[]> {
  if (named === undefined) return [];
  const { names, known } = await findCells(
    named.split(',').map(name => name.trim()),
    cells,
  );
  return names.map(name => {
    const cell = cellNamed(name, known);
    if (Object.hasOwn(contenders, name) && !Object.hasOwn(cells, name))
      throw new ValueError('--cell', 'a cell with a name of its own', `${name}, which is another model`);
    return [name, (texts, budget) => recurrentNet(cell, texts, budget)];
  });
}

function requireOnce(chosen: readonly (readonly [string, Contender])[]): readonly (readonly [string, Contender])[] {
  const names = chosen.map(([name]) => name);
  const twice = names.find((name, n) => names.indexOf(name) < n);
  if (twice !== undefined) throw new ValueError('--models', 'each model once', `${twice} twice`);
  return chosen;
}

/** The held-out part is the last of the text, as in `train`; the validation part is the last of the rest. */
function split(text: string, part: number): Texts {
  if (!(part > 0 && part < 1)) throw new ValueError('--held-out', 'a part in (0, 1)', `${part}`);
  const vocabulary = Vocabulary.of(text);
  const indices = vocabulary.encode(text);
  const learnt = indices.length - Math.floor(indices.length * part);
  const fit = learnt - Math.floor(learnt * VALIDATION);
  const texts = {
    fit: indices.subarray(0, fit),
    validation: indices.subarray(fit, learnt),
    heldOut: indices.subarray(learnt),
  };
  for (const [name, { length }] of Object.entries(texts)) {
    if (length < 2)
      throw new ValueError('text', 'a text with at least two symbols in each part', `${length} in ${name}`);
  }
  return { vocabulary, ...texts };
}

function checkedBudget(flags: Flags): Budget {
  for (const name of ['hidden', 'steps', 'order', 'window', 'states', 'rounds'] as const) {
    requireSize(`--${name}`, flags[name]);
  }
  requireInteger('--seed', flags.seed, 0, 2 ** 32 - 1);
  return flags;
}

/** Lets one model after the other learn, until all have or a signal comes; those that had not are left out. */
async function learnAll(
  chosen: readonly (readonly [string, Contender])[],
  texts: Texts,
  budget: Budget,
  verbosity: Verbosity,
): Promise<Outcome> {
  const signal = untilSignal();
  const shown = progress(PARTS * chosen.length, 0, verbosity);
  const models: Compared[] = [];
  const failed: { readonly name: string; readonly why: string }[] = [];
  try {
    for (const [n, [name, contender]] of chosen.entries()) {
      const began = performance.now();
      const at = ({ done, total, note }: { readonly done: number; readonly total: number; readonly note: string }) =>
        shown.update(PARTS * n + Math.floor((PARTS * done) / total), `${name} ${note}`);
      try {
        const model = await inTurns(contender(texts, budget), () => signal.name !== null, at);
        if (!model) break;
        const seconds = (performance.now() - began) / 1000;
        const nats = model.evaluate(texts.heldOut);
        models.push({ name, what: model.what, parameters: model.parameters, seconds, nats, bits: nats / Math.LN2 });
        shown.say(`${name}: ${bits(nats)} held out, after ${seconds.toFixed(1)} s`);
      } catch (error) {
        if (!(error instanceof MemoryError || isNotFinite(error))) throw error; // what the others have learnt is worth keeping
        failed.push({ name, why: error.message });
        shown.say(`${name}: ${error.message}`);
      }
      shown.update(PARTS * (n + 1), name);
    }
  } finally {
    signal.ignore();
    shown.stop();
  }
  return { models, failed, stopped: models.length + failed.length < chosen.length ? signal.name : null };
}

async function report(
  { source }: Corpus,
  { vocabulary, fit, validation, heldOut }: Texts,
  { models, failed, stopped }: Outcome,
  flags: Flags,
): Promise<void> {
  const ok = !stopped && failed.length === 0;
  if (!ok) process.exitCode = 1;
  const text = source.kind === 'corpus' ? `--corpus ${source.name}` : basename(source.name);
  const { hidden, steps, states, seed, json } = flags;
  let chart: string | null = null;
  if (!stopped && models.length > 0) {
    chart = join(flags.out, 'compare.svg');
    const own = flags.cell === undefined ? '' : ` --cell ${flags.cell}`;
    const sizes = `--hidden ${hidden} --steps ${steps} --states ${states} --seed ${seed}`;
    writeAtomically(chart, await plotCompared(models, `bptt compare ${text}${own} ${sizes}`));
  }
  const symbols = { classes: vocabulary.size, fit: fit.length, validation: validation.length, heldOut: heldOut.length };
  if (json) return printJson({ ok, stopped, ...symbols, seed, models, failed, chart });
  if (models.length > 0) print(table(models));
  const parts = `${fit.length} characters learnt from, ${validation.length} chosen by, ${heldOut.length} held out`;
  print(`\n${parts}; ${vocabulary.size} different ones`);
  for (const { name, why } of failed) print(`without ${name}: ${why}`);
  if (stopped) print(`stopped by ${stopped} after ${models.length} models`);
  if (chart) print(`chart ${chart}`);
}

/** The models, a line each. */
function table(models: readonly Compared[]): string {
  const rows = [
    ['model', 'bits/char', 'parameters', 'seconds', ''],
    ...models.map(({ name, what, parameters, seconds, bits }) => [
      name,
      bits.toFixed(3),
      parameters.toLocaleString('en').replaceAll(',', ' '),
      seconds.toFixed(1),
      what,
    ]),
  ];
  const width = Math.max(8, greatest(rows.map(([name = '']) => name.length)));
  return rows
    .map(([name = '', bits = '', parameters = '', seconds = '', what = '']) =>
      `${name.padEnd(width)} ${bits.padStart(9)} ${parameters.padStart(11)} ${seconds.padStart(8)}  ${what}`.trimEnd(),
    )
    .join('\n');
}
