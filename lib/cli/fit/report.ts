/** What `bptt fit` says at its end. */
import type { ReadCounts } from '../../io/records.ts';
import type { TaskModel } from '../../tasks/model.ts';
import { sizesOf } from '../../tasks/split.ts';
import type { Reading } from '../../tasks/table.ts';
import type { About, Parts, Steps } from '../../tasks/task.ts';
import { print, printJson, type Verbosity } from '../terminal.ts';

/** A model that learns, and what it learns from. */
export interface Fit {
  readonly model: Omit<TaskModel, 'training'>;
  readonly reading: Reading;
  readonly parts: Parts;
  readonly counts: ReadCounts;
  readonly steps: Steps;
  readonly out: string;
}

/**
 * Prints how well the model does at what it has not learnt from, and where it is; or all of it as one line of JSON.
 *
 * @param stopped the signal that stopped it before it was done, if one did.
 */
export function report(fit: Fit, stopped: string | null, about: About, { json }: Verbosity): void {
  const { model, reading, parts, counts, steps, out } = fit;
  const { understanding } = model.known;
  const { figures, lines } = stopped === null ? model.learnt.judge(parts.test, about) : { figures: {}, lines: [] };
  const { what, ...sizes } = sizesOf(parts, model.known);
  const best = steps.history.findLast(epoch => epoch.best) ?? steps.history.at(-1);
  if (json) {
    const { task, level, kinds: _, ...roles } = understanding;
    const epochs = {
      epochs: steps.history.length,
      bestEpoch: best?.epoch ?? null,
      validation: best?.validation ?? null,
    };
    printJson({
      ...{
        ok: true,
        task,
        file: reading.name,
        understood: { ...roles, ...(roles.text !== undefined && { level }) },
        rows: counts,
        [what]: sizes,
      },
      ...{ stopped, ...epochs, parameters: model.learnt.model.params.size, ...figures, model: out },
    });
    return;
  }
  if (counts.dropped > 0) print(`dropped    ${counts.dropped} rows in which a value was missing`);
  if (counts.carried > 0) print(`carried    ${counts.carried} values from the row before`);
  print(`${what.padEnd(10)} ${sizes.train} learnt from, ${sizes.validation} chosen by, ${sizes.test} tested`);
  if (stopped) {
    print(
      `stopped by ${stopped} in epoch ${steps.history.length + 1}: bptt fit ${reading.name} --resume ${out} goes on`,
    );
  } else {
    print(`epochs     ${steps.history.length}, the best of which was ${best?.epoch ?? 0}\n`);
    for (const line of lines) print(line);
    print('');
  }
  print(`model      ${out}`);
}
