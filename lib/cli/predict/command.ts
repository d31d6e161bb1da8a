/** `bptt predict`: what a model of `bptt fit` says of a file. */
import { Command } from 'commander';
import { answersOf } from '../../tasks/answers.ts';
import type { Answer } from '../../tasks/task.ts';
import type { Cells } from '../modules/cell.ts';
import { MODEL_CELL, readModel } from '../tasks/model.ts';
import { type ReadingFlags, readingOf, withReading } from '../tasks/options.ts';
import { printRaw } from '../terminal.ts';

interface Flags extends ReadingFlags {
  readonly cell?: string;
  readonly json?: boolean;
}

/** `bptt predict MODEL FILE`. */
export function predictCommand(cells: Cells): Command {
  const command = new Command('predict')
    .description('let a model of bptt fit answer for a file')
    .argument('<model>', 'the file that bptt fit wrote')
    .argument('<file>', 'a table of the same columns; what is to be foretold may be absent');
  return withReading(command)
    .option('--cell <module>', MODEL_CELL)
    .option('--json', 'a line of JSON for every answer (default: as the file is written)')
    .option('--quiet', 'no difference: answers are all there is')
    .addHelpText(
      'after',
      `
The file is read, and answered, piece after piece: it may be larger than memory. Where a line is wrong, what stands before it is answered.

Examples:
  bptt predict runs/temperatures.safetensors this-year.csv
  bptt predict runs/sentences.safetensors new.jsonl --json > tagged.jsonl`,
    )
    .action(async (path: string, file: string, flags: Flags) => {
      const model = await readModel(path, cells, flags.cell);
      const reading = readingOf(file, flags, model.source);
      const write = flags.json || reading.format === 'jsonl' ? asJson : csvWriter(reading.delimiter);
      for await (const said of answersOf(model, reading)) printRaw(write(said));
    });
}

function asJson(answer: Answer): string {
  return JSON.stringify(answer);
}

/** Writes answers as CSV: before the first, the names of its columns. */
function csvWriter(delimiter: string): (answer: Answer) => string {
  let isFirst = true;
  const field = (value: Answer[string]) => {
    const text = typeof value === 'object' ? value.join(' ') : String(value);
    return text.includes(delimiter) || /["\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return answer => {
    const row = Object.values(answer).map(field).join(delimiter);
    const head = isFirst ? `${Object.keys(answer).map(field).join(delimiter)}\n` : '';
    isFirst = false;
    return `${head}${row}`;
  };
}
