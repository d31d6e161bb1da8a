import { Command } from 'commander';
import type { Cell } from '../../cells/cell.ts';
import { type Verdict, worstOf } from '../../check/finite-differences.ts';
import { format } from '../../check/format.ts';
import { type CheckReport, lawVerdict } from '../../check/report.ts';
import { PassError, saidBy } from '../../check/watched.ts';
import { BpttError, ValueError } from '../../errors.ts';
import { shown } from '../../foreign.ts';
import { requireInteger, requireSize } from '../../require.ts';
import { isDerivation, isModulePath } from '../modules/load.ts';
import { number, print, printJson, type Verbosity } from '../terminal.ts';
import { showDerivation } from './derivation.ts';
import { subjectsIn } from './module.ts';
import { type On, type Subject, subjects } from './subjects.ts';

interface Flags extends Verbosity {
  readonly all?: boolean;
  readonly layers: number;
  readonly bidirectional?: boolean;
  readonly given?: readonly string[];
  readonly length?: number;
  readonly batch?: number;
  readonly inputs?: number;
  readonly hidden?: number;
  readonly initial?: string;
  readonly cotangents?: readonly string[];
  readonly seed: number;
}

/** `bptt check`: a cell's equations proven, gradients against finite differences, and the laws of a backward pass. */
export function checkCommand(cells: Readonly<Record<string, Cell>>): Command {
  const names = subjects(cells, {}).map(({ name }) => name);
  return new Command('check')
    .description(
      'prove the equations of a cell; check every gradient of a cell, layer or loss against finite differences',
    )
    .argument(
      '[name]',
      `which: a module of your own that exports cells or layers (my-cell.ts, my-cell.js), a derivation (my-cell.md), or ${names.join(', ')}`,
    )
    .option('--all', 'every cell, layer and loss')
    .option('--layers <n>', 'a cell in so many layers on top of each other', number('--layers'), 1)
    .option('--bidirectional', 'a cell in both directions of time')
    .option('--given <derivation...>', 'other derivations, whose forward equations hold for this one too')
    .option('--length <n>', 'steps of the longest sequence', number('--length'))
    .option('--batch <n>', 'sequences', number('--batch'))
    .option('--inputs <n>', 'inputs of a cell', number('--inputs'))
    .option('--hidden <n>', 'hidden units of a cell', number('--hidden'))
    .option(
      '--initial <state>',
      'what the state of a cell begins with: random numbers, or zero, in which no gradient is asked',
    )
    .option(
      '--cotangents <part...>',
      'the parts of the final state of a cell that the loss looks at besides the outputs',
    )
    .option('--seed <n>', 'fixes the numbers that are drawn', number('--seed'), 1)
    .option('--json', 'one line of JSON')
    .option('--quiet', 'nothing but the verdict')
    .addHelpText(
      'after',
      '\nExit code 1 where a gradient is wrong, a law broken, or rounding hides whether it is; where a cell of yours cannot be run, or a line of a derivation is wrong. What cannot be read in one is\nsaid, with its place, and counts as no mistake.\n\nExamples:\n  bptt check rnn\n  bptt check lstm --layers 2 --bidirectional --seed 7 --json\n  bptt check ./my-cell.ts --length 40 --batch 8 --inputs 16 --hidden 16\n  bptt check ./my-cell.ts --initial zero --cotangents h\n  bptt check derivations/lstm.md\n  bptt check --all',
    )
    .action(async (name: string | undefined, flags: Flags) => {
      const { all, layers, bidirectional = false } = flags;
      requireSize('--layers', layers);
      const on = problemOf(flags);
      const known = subjects(cells, { layers, bidirectional });
      if (all && name !== undefined) throw new ValueError('cell', 'a name or --all', 'both');
      if (all) {
        refuse(flags, [...STEPS, ...OF_CELLS], 'a cell, a layer or a loss by its name', '--all');
        return checkAll(known, flags);
      }
      if (name !== undefined && isDerivation(name)) {
        if (layers !== 1 || bidirectional) throw new ValueError('--layers', 'a cell by its name', name);
        refuse(flags, [...STEPS, ...OF_CELLS], 'a cell, a layer or a loss', name);
        await showDerivation(name, flags);
        return;
      }
      if (flags.given) throw new ValueError('--given', 'a derivation to check', name ?? 'none');
      if (name !== undefined && isModulePath(name)) {
        if (layers !== 1 || bidirectional) throw new ValueError('--layers', 'a cell by its name', name);
        const own = await subjectsIn(name);
        if (!own.some(({ kind }) => kind === 'cell')) refuse(flags, OF_CELLS, 'a cell', name);
        return show(
          own.map(one => tried(one, on)),
          flags,
        );
      }
      const subject = known.find(candidate => candidate.name === name);
      if (!subject)
        throw new ValueError(
          'cell',
          `one of ${names.join(', ')}, a file of yours (.ts, .js, .md), or --all`,
          name === undefined ? 'none' : JSON.stringify(name),
        );
      if (subject.kind !== 'cell' && (layers !== 1 || bidirectional)) {
        throw new ValueError(bidirectional ? '--bidirectional' : '--layers', 'a cell to build layers of', subject.name);
      }
      if (subject.kind !== 'cell') refuse(flags, OF_CELLS, 'a cell', subject.name);
      if (layers !== 1 || bidirectional) refuse(flags, ['initial', 'cotangents'], 'a cell by itself', 'one in layers');
      show([checked(subject, on)], flags);
    });
}

/** Options that say what a subject is checked on, and those of them that say it of a cell. */
const STEPS = ['length', 'batch'] as const;
const OF_CELLS = ['inputs', 'hidden', 'initial', 'cotangents'] as const;

/** None of these options is given, or throws ValueError. */
function refuse(flags: Flags, names: readonly (keyof Flags)[], expected: string, got: string): void {
  const given = names.find(name => flags[name] !== undefined);
  if (given) throw new ValueError(`--${given}`, expected, got);
}

/** The problem that is asked for, of sizes that are some. */
function problemOf({ length: T, batch: B, inputs: d, hidden: m, initial, cotangents, seed }: Flags): On {
  requireInteger('--seed', seed, 0, 2 ** 32 - 1);
  for (const [name, size] of Object.entries({ length: T, batch: B, inputs: d, hidden: m }))
    if (size !== undefined) requireSize(`--${name}`, size);
  if (initial !== undefined && initial !== 'random' && initial !== 'zero')
    throw new ValueError('--initial', 'random or zero', JSON.stringify(initial));
  const sizes = { ...(T && { T }), ...(B && { B }), ...(d && { d }), ...(m && { m }) };
  return { seed, ...sizes, ...(initial && { initial }), ...(cotangents && { cotangents }) };
}

const BOUND = 'finite differences to 1e-8 + 1e-7·|n|';

/** What the verdict on the gradients of one subject is called. */
const SAYS: Readonly<Record<Verdict, string>> = {
  ok: `every gradient agrees with ${BOUND}`,
  wrong: `WRONG by ${BOUND}`,
  'too noisy': `TOO NOISY to judge by ${BOUND}`,
};

/** What there is to say of a subject: its report, or the error that kept it from one. */
interface Checked {
  readonly kind: Subject['kind'];
  readonly name: string;
  readonly verdict: Verdict | 'failed';
  readonly report?: CheckReport;
  /** How the engine runs it, of a cell. */
  readonly runs?: string;
  readonly error?: BpttError;
}

function checked({ kind, name, check, runs }: Subject, on: On): Checked & { readonly report: CheckReport } {
  const report = check(on);
  return { kind, name, verdict: report.verdict, report, ...(runs && { runs: runs() }) };
}

/** The same of a subject of the user's, whose mistakes are its verdict, and keep no other from being checked. */
function tried(subject: Subject, on: On): Checked {
  try {
    return checked(subject, on);
  } catch (thrown) {
    const { kind, name } = subject;
    const error =
      thrown instanceof BpttError ? thrown : new ValueError(name, `a ${kind} that can be run`, saidBy(thrown));
    return { kind, name, verdict: 'failed', error };
  }
}

function show(all: readonly Checked[], { json, quiet }: Flags): void {
  const ok = all.every(({ verdict }) => verdict === 'ok');
  if (!ok) process.exitCode = 1;
  if (json) {
    const [only, ...others] = all.map(dataOf);
    printJson(others.length === 0 && only ? only : { ok, subjects: [only, ...others] });
    return;
  }
  for (const { name, report, error } of all) {
    if (error) print(`${shown(name)}: FAILED: ${shown(error.message, MESSAGE)}`);
    if (!report) continue;
    if (!quiet) print(format(report));
    const broken = report.laws.filter(law => lawVerdict(law) === 'wrong').length;
    const gradients = SAYS[worstOf(report.tensors.map(({ verdict }) => verdict))];
    const proven = report.proof?.verdict === 'wrong' ? 'proven WRONG; ' : report.proof?.ok ? 'proven exactly; ' : '';
    print(
      `${shown(name)}: ${proven}${gradients}${broken === 0 ? '' : `; ${broken} of ${report.laws.length} laws BROKEN`}`,
    );
  }
  if (quiet) return;
  for (const { name, runs } of all) {
    if (runs) print(`${all.length > 1 ? `${shown(name)}: ` : ''}${shown(runs, MESSAGE)}`);
  }
}

/** Characters of an error that are shown. */
const MESSAGE = 500;

/** One subject, for machines. */
function dataOf({ kind, name, verdict, report, runs, error }: Checked): Readonly<Record<string, unknown>> {
  const head = { ok: verdict === 'ok', verdict, [kind]: name };
  if (error) {
    const { name: type, argument, message } = error;
    const equation = error instanceof PassError ? error.equation : undefined;
    return { ...head, error: { name: type, argument, message, ...(equation && { equation }) } };
  }
  if (!report) return head;
  const { problem, scope, tensors, smallest } = report;
  const rest = { ...(smallest && { smallest }), ...(runs && { runs }) };
  return { ...head, ...proofOf(report), problem, ...(scope && { scope }), checks: checksOf(report), tensors, ...rest };
}

/** What is proven of a cell, and what its verdict rests on. */
function proofOf({ proof, restsOn }: CheckReport): Readonly<Record<string, unknown>> {
  if (!proof) return {};
  const { verdict, reason, draws, degree, chance, cases, suspects } = proof;
  const why = { ...(reason && { reason }), ...(suspects.length > 0 && { suspects }) };
  return { proof: { verdict, draws, degree, chance, cases, ...why }, restsOn };
}

function checkAll(all: readonly Subject[], { seed, json, quiet }: Flags): void {
  const results = all.map(subject => {
    const { kind, name } = subject;
    const { report, runs } = checked(subject, { seed });
    const { ok, verdict, tensors, proof } = report;
    const checks = checksOf(report);
    if (!json && !quiet) {
      const worst = checks[0]?.worst.toExponential(1);
      const found = {
        ok: `ok${proof?.ok ? ', proven' : ''}, ${checks.length} checks`,
        wrong: 'WRONG',
        'too noisy': 'TOO NOISY',
      }[verdict];
      print(`${kind.padEnd(6)} ${name.padEnd(28)} max |a−n| ${worst}  ${found}${runs ? `, ${runs}` : ''}`);
    }
    return { kind, name, ok, verdict, ...proofOf(report), checks, tensors, ...(runs && { runs }) };
  });
  const ok = results.every(result => result.ok);
  if (!ok) process.exitCode = 1;
  if (json) {
    printJson({ ok, subjects: results });
    return;
  }
  const named = (verdict: Verdict) => results.filter(result => result.verdict === verdict).map(({ name }) => name);
  const [wrong, noisy] = [named('wrong'), named('too noisy')];
  if (ok) print(`all ${results.length} agree with ${BOUND}`);
  if (wrong.length > 0) print(`${SAYS.wrong}: ${wrong.join(', ')}`);
  if (noisy.length > 0) print(`${SAYS['too noisy']}: ${noisy.join(', ')}`);
}

/** What ran, and the worst figure of each. */
function checksOf({ tensors, laws }: CheckReport) {
  const worst = tensors.reduce((most, { maxAbs }) => Math.max(most, maxAbs), 0);
  return [{ name: 'finite differences', ok: tensors.every(({ ok }) => ok), worst }, ...laws];
}
