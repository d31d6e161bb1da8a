/** `bptt evaluate`: how well a model of `bptt fit` does at a file, in a table and in pictures. */
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { writeAtomically } from '../../io/node/files.ts';
import { makeFolder, removeFile } from '../../io/node/folders.ts';
import { allItems } from '../../tasks/fitting.ts';
import type { Cells } from '../modules/cell.ts';
import { aboutOf } from '../tasks/about.ts';
import { MODEL_CELL, readModel } from '../tasks/model.ts';
import { type ReadingFlags, readingOf, withReading } from '../tasks/options.ts';
import { print, printJson, type Verbosity } from '../terminal.ts';
import { pageOf } from './page.ts';
import { pictureNames, picturesOf } from './pictures.ts';

interface Flags extends ReadingFlags, Verbosity {
  readonly cell?: string;
  readonly out: string;
}

/** `bptt evaluate MODEL FILE`. */
export function evaluateCommand(cells: Cells): Command {
  const command = new Command('evaluate')
    .description('judge a model of bptt fit by a file')
    .argument('<model>', 'the file that bptt fit wrote')
    .argument('<file>', 'a table of the same columns');
  return withReading(command)
    .option('--cell <module>', MODEL_CELL)
    .option('-o, --out <folder>', 'where pictures and page go', join('runs', 'evaluate'))
    .option('--json', 'one line of JSON, and nothing else')
    .option('--quiet', 'no difference: the result is all there is')
    .addHelpText(
      'after',
      `
Pictures: the loss while it was trained, what was foretold beside what came, or which classes were taken for which; and a page of all.

Examples:
  bptt evaluate runs/temperatures.safetensors this-year.csv
  bptt evaluate runs/walks.safetensors others.csv --out others`,
    )
    .action(async (path: string, file: string, flags: Flags) => {
      const { learnt, known: own, source, training } = await readModel(path, cells, flags.cell);
      const reading = readingOf(file, flags, source);
      const { items } = await allItems(reading, own.understanding);
      const judged = learnt.judge(items, aboutOf(file));
      const command = `bptt evaluate ${basename(path)} ${basename(file)}`;
      const pictures = await picturesOf(judged, training?.epochs ?? [], own, command);
      makeFolder(flags.out);
      const written = Object.entries(pictures).map(([name, svg]) => {
        const picture = join(flags.out, `${name}.svg`);
        writeAtomically(picture, svg);
        return [name, picture] as const;
      });
      for (const name of pictureNames) if (!(name in pictures)) removeFile(join(flags.out, `${name}.svg`)); // an earlier model's
      const page = join(flags.out, 'index.html');
      writeAtomically(page, pageOf(judged, pictures, command));
      const paths = { ...Object.fromEntries(written), page };
      const { task } = own.understanding;
      if (flags.json) {
        printJson({
          ok: true,
          task,
          sequences: items.length,
          ...judged.figures,
          confusion: judged.confusion,
          pictures: paths,
        });
        return;
      }
      for (const line of judged.lines) print(line);
      print('');
      for (const [name, at] of Object.entries(paths)) print(`${name.padEnd(10)} ${at}`);
    });
}
