import { Command } from 'commander';
import type { Cell } from '../cells/cell.ts';
import { format } from '../check/format.ts';
import { ValueError } from '../errors.ts';
import { requireSize } from '../require.ts';
import { type Subject, subjects } from './subjects.ts';
import { number, print, printJson, type Verbosity } from './terminal.ts';

interface Flags extends Verbosity {
  readonly all?: boolean;
  readonly layers: number;
  readonly bidirectional?: boolean;
  readonly seed: number;
}

/** `bptt check`: gradients against finite differences. */
export function checkCommand(cells: Readonly<Record<string, Cell>>): Command {
  const names = subjects(cells, {}).map(({ name }) => name);
  return new Command('check')
    .description('check every gradient of a cell, layer or loss against finite differences')
    .argument('[name]', `which: ${names.join(', ')}`)
    .option('--all', 'every cell, layer and loss')
    .option('--layers <n>', 'a cell in so many layers on top of each other', number('--layers'), 1)
    .option('--bidirectional', 'a cell in both directions of time')
    .option('--seed <n>', 'fixes the numbers that are drawn', number('--seed'), 1)
    .option('--json', 'one line of JSON')
    .option('--quiet', 'nothing but the verdict')
    .addHelpText(
      'after',
      '\nExamples:\n  bptt check rnn\n  bptt check lstm --layers 2 --bidirectional --seed 7 --json\n  bptt check --all',
    )
    .action((name: string | undefined, flags: Flags) => {
      const { all, layers, bidirectional = false } = flags;
      requireSize('--layers', layers);
      const known = subjects(cells, { layers, bidirectional });
      if (all && name !== undefined) throw new ValueError('cell', 'a name or --all', 'both');
      if (all) return checkAll(known, flags);
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
  const { ok, tensors, laws } = report;
  if (!ok) process.exitCode = 1;
  if (json) {
    printJson({ ok, [kind]: name, tensors, ...(laws && { laws }) });
    return;
  }
  if (!quiet) {
    print(format(report));
    for (const law of laws ?? []) print(`${law.name.padEnd(40)} ${law.ok ? 'ok' : `BROKEN by ${law.broken}`}`);
  }
  const agree = tensors.every(tensor => tensor.ok);
  print(
    `${name}: ${agree ? 'every gradient agrees with' : 'WRONG by'} ${BOUND}${ok || !agree ? '' : ', but a law is BROKEN'}`,
  );
}

function checkAll(all: readonly Subject[], { seed, json, quiet }: Flags): void {
  const results = all.map(({ kind, name, check }) => {
    const { ok, tensors, laws } = check(seed);
    if (!json && !quiet) {
      const worst = Math.max(...tensors.map(({ maxAbs }) => maxAbs));
      print(`${kind.padEnd(6)} ${name.padEnd(28)} max |a−n| ${worst.toExponential(1)}  ${ok ? 'ok' : 'WRONG'}`);
    }
    return { kind, name, ok, tensors, ...(laws && { laws }) };
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
