import { Command } from 'commander';
import type { Cell } from '../cells/cell.ts';
import { format } from '../check/format.ts';
import type { CheckReport } from '../check/report.ts';
import { ValueError } from '../errors.ts';
import { greatest } from '../extremes.ts';
import { requireSize } from '../require.ts';
import { type Subject, subjects } from './subjects.ts';
import { number, print, printJson, type Verbosity } from './terminal.ts';
import { isModulePath, subjectsIn } from './user-module.ts';

interface Flags extends Verbosity {
  readonly all?: boolean;
  readonly layers: number;
  readonly bidirectional?: boolean;
  readonly seed: number;
}

/** `bptt check`: gradients against finite differences, and the laws of a backward pass. */
export function checkCommand(cells: Readonly<Record<string, Cell>>): Command {
  const names = subjects(cells, {}).map(({ name }) => name);
  return new Command('check')
    .description('check every gradient of a cell, layer or loss against finite differences')
    .argument(
      '[name]',
      `which: a module of your own that exports cells or layers (my-cell.ts, my-cell.js), or ${names.join(', ')}`,
    )
    .option('--all', 'every cell, layer and loss')
    .option('--layers <n>', 'a cell in so many layers on top of each other', number('--layers'), 1)
    .option('--bidirectional', 'a cell in both directions of time')
    .option('--seed <n>', 'fixes the numbers that are drawn', number('--seed'), 1)
    .option('--json', 'one line of JSON')
    .option('--quiet', 'nothing but the verdict')
    .addHelpText(
      'after',
      '\nExamples:\n  bptt check rnn\n  bptt check lstm --layers 2 --bidirectional --seed 7 --json\n  bptt check ./my-cell.ts\n  bptt check --all',
    )
    .action(async (name: string | undefined, flags: Flags) => {
      const { all, layers, bidirectional = false } = flags;
      requireSize('--layers', layers);
      const known = subjects(cells, { layers, bidirectional });
      if (all && name !== undefined) throw new ValueError('cell', 'a name or --all', 'both');
      if (all) return checkAll(known, flags);
      if (name !== undefined && isModulePath(name)) {
        if (layers !== 1 || bidirectional) throw new ValueError('--layers', 'a cell by its name', name);
        for (const own of await subjectsIn(name)) checkOne(own, flags);
        return;
      }
      const subject = known.find(candidate => candidate.name === name);
      if (!subject) throw new ValueError('cell', `one of ${names.join(', ')}, or --all`, JSON.stringify(name));
      if (subject.kind !== 'cell' && (layers !== 1 || bidirectional)) {
        throw new ValueError(bidirectional ? '--bidirectional' : '--layers', 'a cell to build layers of', subject.name);
      }
      checkOne(subject, flags);
    });
}

const BOUND = 'finite differences to 1e-8 + 1e-7·|n|';

function checkOne({ kind, name, check }: Subject, { seed, json, quiet }: Flags): void {
  const report = check(seed);
  const { ok, tensors, laws, problem, smallest } = report;
  if (!ok) process.exitCode = 1;
  if (json) {
    printJson({ ok, [kind]: name, problem, checks: checksOf(report), tensors, ...(smallest && { smallest }) });
    return;
  }
  if (!quiet) print(format(report));
  const verdict = tensors.every(tensor => tensor.ok) ? `every gradient agrees with ${BOUND}` : `WRONG by ${BOUND}`;
  const broken = laws.filter(law => !law.ok).length;
  print(`${name}: ${verdict}${broken === 0 ? '' : `; ${broken} of ${laws.length} laws BROKEN`}`);
}

function checkAll(all: readonly Subject[], { seed, json, quiet }: Flags): void {
  const results = all.map(({ kind, name, check }) => {
    const report = check(seed);
    const { ok, tensors } = report;
    const checks = checksOf(report);
    if (!json && !quiet) {
      const worst = checks[0]?.worst.toExponential(1);
      const verdict = ok ? `ok, ${checks.length} checks` : 'WRONG';
      print(`${kind.padEnd(6)} ${name.padEnd(28)} max |a−n| ${worst}  ${verdict}`);
    }
    return { kind, name, ok, checks, tensors };
  });
  const ok = results.every(result => result.ok);
  if (!ok) process.exitCode = 1;
  if (json) {
    printJson({ ok, subjects: results });
    return;
  }
  const wrong = results.filter(result => !result.ok).map(({ name }) => name);
  print(ok ? `all ${results.length} agree with ${BOUND}` : `WRONG by ${BOUND}: ${wrong.join(', ')}`);
}

/** What ran, and the worst figure of each. */
function checksOf({ tensors, laws }: CheckReport) {
  const worst = greatest(tensors.map(({ maxAbs }) => maxAbs));
  return [{ name: 'finite differences', ok: tensors.every(({ ok }) => ok), worst }, ...laws];
}
