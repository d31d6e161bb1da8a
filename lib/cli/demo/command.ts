import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { Command } from 'commander';
import type { Cell } from '../../cells/cell.ts';
import { cellNamed } from '../../cells/index.ts';
import type { Demo, DemoNetwork, DemoResult } from '../../demos/demo.ts';
import { ValueError } from '../../errors.ts';
import { writeAtomically } from '../../io/node/files.ts';
import { makeFolder } from '../../io/node/folders.ts';
import { plotCurves } from '../../plot.ts';
import { requireInteger, requireSize } from '../../require.ts';
import { type BackendName, backendOption, engineNamed } from '../backend.ts';
import { knownDemos } from '../discover.ts';
import { pngLibrary, toPng } from '../png.ts';
import { number, print, printJson, progress, untilSignal, type Verbosity } from '../terminal.ts';
import { TURN } from '../turns.ts';

interface Flags extends Verbosity {
  readonly seed: number;
  readonly cell?: string;
  readonly layers?: number;
  readonly backend: BackendName;
  readonly out: string;
  readonly png?: boolean;
}

/** `bptt demo NAME`: a system of the lectures learns. */
export function demoCommand(cells: Readonly<Record<string, Cell>>): Command {
  return new Command('demo')
    .description('watch a system of the lectures learn; without a name, list them')
    .argument('[name]', 'which')
    .option('--seed <n>', 'fixes every number that is drawn', number('--seed'), 1)
    .option('--cell <name>', 'the recurrent cell, for char-lm')
    .option('--layers <n>', 'recurrent layers on top of each other, for char-lm', number('--layers'))
    .addOption(backendOption())
    .option('-o, --out <folder>', 'where its picture goes, if it draws one', join('runs', 'demos'))
    .option('--png', 'the picture also as PNG (npm install @resvg/resvg-js)')
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      '\nExit code 1 where the demo misses its threshold.\n\nExamples:\n  bptt demo\n  bptt demo hello --seed 7\n  bptt demo adding-problem --backend auto',
    )
    .action(async (name: string | undefined, flags: Flags) => {
      const demos = await knownDemos();
      if (name === undefined) return list(Object.values(demos), flags);
      const demo = Object.hasOwn(demos, name) ? demos[name] : undefined;
      if (!demo) throw new ValueError('demo', `one of ${Object.keys(demos).join(', ')}`, JSON.stringify(name));
      const network = networkOf(demo, flags, cells);
      await show(demo, flags, { ...network, engine: await engineNamed(flags.backend) });
    });
}

function list(demos: readonly Demo[], { json }: Verbosity): void {
  const known = demos.map(({ name, title, metric, threshold }) => ({ name, title, metric, threshold }));
  if (json) printJson({ ok: true, demos: known });
  else for (const { name, title } of known) print(`${name.padEnd(18)} ${title}`);
}

async function show(demo: Demo, flags: Flags, network: DemoNetwork): Promise<void> {
  const { name, title, metric: what, threshold } = demo;
  const { seed, backend, json, quiet } = flags;
  requireInteger('--seed', seed, 0, 2 ** 32 - 1);
  if (flags.png) await pngLibrary();
  if (!json && !quiet) print(`${title}\n`);
  const began = performance.now();
  const result = await finish(demo.run(seed, network), flags);
  if (!result) {
    process.exitCode = 1;
    if (json) printJson({ ok: false, demo: name, seed, stopped: true });
    return;
  }
  const { metric, lines, curves } = result;
  const ok = metric >= threshold;
  if (!ok) process.exitCode = 1;
  const seconds = (performance.now() - began) / 1000;
  let picture: string | null = null;
  let png: string | undefined;
  if (curves) {
    makeFolder(flags.out);
    picture = join(flags.out, `${name}.svg`);
    const svg = await plotCurves(
      curves,
      `bptt demo ${name} --seed ${seed}${backend === 'wasm' ? '' : ` --backend ${backend}`}`,
    );
    writeAtomically(picture, svg);
    if (flags.png) {
      png = join(flags.out, `${name}.png`);
      writeAtomically(png, await toPng(svg));
    }
  }
  if (json) return printJson({ ok, demo: name, seed, metric, threshold, what, seconds, picture, png, lines });
  print(lines.join('\n'));
  print(`\n${what}: ${Number(metric.toPrecision(4))} (${ok ? 'at least' : 'MISSES'} ${threshold})`);
  if (picture) print(`picture ${picture}`);
  if (png) print(`png     ${png}`);
}

function networkOf({ name }: Demo, { cell, layers }: Flags, cells: Readonly<Record<string, Cell>>): DemoNetwork {
  if (name !== 'char-lm' && (cell !== undefined || layers !== undefined)) {
    throw new ValueError(
      cell === undefined ? '--layers' : '--cell',
      'the demo char-lm: others have a network of their own',
      name,
    );
  }
  return {
    ...(cell !== undefined && { cell: cellNamed(cell, cells) }),
    ...(layers !== undefined && { layers: requireSize('--layers', layers) }),
  };
}

/** Runs a demo to its end, or to a signal: then there is no result. */
async function finish(steps: ReturnType<Demo['run']>, verbosity: Verbosity): Promise<DemoResult | undefined> {
  const signal = untilSignal();
  let shown: ReturnType<typeof progress> | undefined;
  let turn = performance.now();
  try {
    while (signal.name === null) {
      const { done, value } = steps.next();
      if (done) return value;
      shown ??= progress(value.total, 0, verbosity);
      const now = performance.now();
      if (now - turn < TURN && value.done < value.total) continue;
      turn = now;
      shown.update(value.done, value.note);
      await breathe();
    }
    return undefined;
  } finally {
    signal.ignore();
    shown?.stop();
  }
}
