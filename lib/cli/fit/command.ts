/** `bptt fit`: a network learns from a file of one's own. */
import { basename, extname, join } from 'node:path';
import { Command, Option } from 'commander';
import { ValueError } from '../../errors.ts';
import { isThere } from '../../io/node/folders.ts';
import type { Settings } from '../../tasks/task.ts';
import { type Level, type TaskName, taskNames } from '../../tasks/understanding.ts';
import { type Cells, findCell, OWN_CELL } from '../modules/cell.ts';
import {
  givenRoles,
  type ReadingFlags,
  type RoleFlags,
  readingOf,
  settingsOf,
  withReading,
  withRoles,
  withSettings,
} from '../tasks/options.ts';
import type { Verbosity } from '../terminal.ts';
import { beginFit, resumeFit } from './run.ts';

interface Flags extends Settings, ReadingFlags, RoleFlags, Verbosity {
  readonly task?: TaskName;
  readonly level?: Level;
  readonly cell: string;
  readonly out?: string;
  readonly resume?: string;
}

/** The options that may stand beside --resume. */
const CHANGEABLE: readonly string[] = ['resume', 'epochs', 'patience', 'cell', 'json', 'quiet'];

/** `bptt fit FILE --task TASK`. */
export function fitCommand(cells: Cells): Command {
  const command = new Command('fit')
    .description('learn from a file of your own: CSV, or JSON Lines')
    .argument('<file>', 'a table (.csv, .tsv), or a line of JSON each (.jsonl)')
    .addOption(
      new Option(
        '--task <name>',
        'what is learnt: what a series does next, the class of a sequence, a tag for every step, another text, or what comes next in a text',
      ).choices(taskNames),
    );
  withReading(withRoles(command))
    .addOption(new Option('--level <what>', 'what a text is made of (default: as it looks)').choices(['char', 'word']))
    .option('--cell <name>', `the recurrent cell: ${Object.keys(cells).join(', ')}, ${OWN_CELL}`, 'gru');
  return withSettings(command)
    .option('-o, --out <file>', 'the model (default: a new file below runs/)')
    .option('--resume <model>', 'go on with a model, where its training was stopped')
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      `
Columns are guessed by their names and by what they hold; what was understood is printed first. A sequence is a row with a text or a
list, or several rows that are equal in --sequence. Part of the file is not learnt from: by it the best parameters are chosen, and another
part is what the result is of. Of series that is the end.

One file holds the model, with all that belongs to it: bptt predict and bptt evaluate read it, and load() of bptt/io. Ctrl-C writes what
is there, and --resume goes on as if it had not stopped. FILE-metadata.json beside FILE may say { "noiseFloor": 2 }: the root mean square
of what nothing foretells.

Examples:
  bptt fit temperatures.csv --task forecast --target temperature --length 28
  bptt fit walks.csv --task classify --sequence walk --target person
  bptt fit sentences.jsonl --task tag
  bptt fit dates.csv --task translate
  bptt fit temperatures.csv --resume runs/temperatures.safetensors --epochs 80 --patience 20`,
    )
    .action(async (file: string, flags: Flags, own: Command) => {
      if (flags.resume !== undefined) {
        const isGiven = (name: string) => own.getOptionValueSource(name) === 'cli';
        const fixed = own.options.find(
          option => !CHANGEABLE.includes(option.attributeName()) && isGiven(option.attributeName()),
        );
        if (fixed)
          throw new ValueError(fixed.long ?? fixed.flags, 'nothing beside --resume: the model fixes it', 'a value');
        const changes = {
          ...(isGiven('epochs') && { epochs: flags.epochs }),
          ...(isGiven('patience') && { patience: flags.patience }),
        };
        const named = isGiven('cell') ? flags.cell : undefined;
        return resumeFit(file, { path: flags.resume, cells, cell: named }, changes, flags);
      }
      if (flags.task === undefined) throw new ValueError('--task', `one of ${taskNames.join(', ')}`, 'none');
      const { cell } = await findCell(flags.cell, cells);
      return beginFit(
        readingOf(file, flags),
        {
          ...givenRoles(flags),
          task: flags.task,
          ...(flags.level !== undefined && { level: flags.level }),
          settings: await settingsOf(flags),
          cell,
          out: newFile(file, flags.out),
        },
        flags,
      );
    });
}

/** A file that is not there yet: the one asked for, or the first of `runs/name`, `runs/name-2`, … */
function newFile(file: string, asked: string | undefined): string {
  if (asked !== undefined) {
    if (isThere(asked))
      throw new ValueError('--out', 'a file that is not there yet (--resume goes on with one)', asked);
    return asked;
  }
  const name = basename(file, extname(file));
  for (let n = 1; ; n++) {
    const path = join('runs', `${n === 1 ? name : `${name}-${n}`}.safetensors`);
    if (!isThere(path)) return path;
  }
}
