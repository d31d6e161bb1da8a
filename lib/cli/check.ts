import { Command } from 'commander';
import { checkCell } from '../check/check-cell.ts';
import { format } from '../check/format.ts';
import { ValueError } from '../errors.ts';
import { charCells } from '../models/char-model.ts';
import { number, print, printJson } from './terminal.ts';

/** `bptt check CELL`: every gradient of a cell against finite differences. */
export function checkCommand(): Command {
  return new Command('check')
    .description('check every gradient of a cell against finite differences')
    .argument('<cell>', `which: ${Object.keys(charCells).join(', ')}`)
    .option('--seed <n>', 'fixes the numbers that are drawn', number('--seed'), 1)
    .option('--json', 'one line of JSON')
    .option('--quiet', 'nothing but the verdict')
    .addHelpText('after', '\nExamples:\n  bptt check rnn\n  bptt check rnn-relu --seed 7 --json')
    .action((name: string, { seed, json, quiet }: { seed: number; json?: boolean; quiet?: boolean }) => {
      const cell = Object.hasOwn(charCells, name) ? charCells[name] : undefined;
      if (!cell) throw new ValueError('cell', `one of ${Object.keys(charCells).join(', ')}`, JSON.stringify(name));
      const report = checkCell(cell, { seed });
      if (!report.ok) process.exitCode = 1;
      if (json) return printJson({ ok: report.ok, cell: name, tensors: report.tensors });
      if (!quiet) print(format(report));
      print(`${name}: ${report.ok ? 'every gradient agrees' : 'WRONG'} with finite differences to 1e-8 + 1e-7·|n|`);
    });
}
