/** Right calls of what learns from tables. */
import { answerTable, type FitTableOptions, fitTable, resumeTable, type TableOptions } from '../../lib/tasks/index.ts';
import { call, type MakeCall, taking, whole } from './api.ts';
import { begun } from './calls-training.ts';

const TABLE = `time,height\n${Array.from({ length: 40 }, (_, t) => `${t},${(t % 5) + 0.5}`).join('\n')}\n`;
const OPTIONS: FitTableOptions = {
  ...{
    task: 'forecast',
    name: 'waves.csv',
    delimiter: ',',
    missing: 'error',
    missingValues: ['', 'NA'],
    level: 'char',
  },
  ...{ time: 'time', features: ['height'], target: 'height' },
  settings: { length: 4, epochs: 1, hidden: 2, batch: 8 },
};

const model = whole(await learnt());

async function learnt(): Promise<Uint8Array> {
  const fit = await fitTable(TABLE, OPTIONS);
  while (!fit.training.done) fit.training.step();
  return fit.save();
}

const options = (): FitTableOptions => ({ ...OPTIONS, settings: { ...OPTIONS.settings } });
const reading = (): TableOptions => ({
  name: 'waves.csv',
  delimiter: ',',
  missing: 'error',
  missingValues: ['', 'NA'],
});

export const taskCalls: Readonly<Record<string, MakeCall>> = {
  fitTable: taking(() => call(begun(fitTable), TABLE, options()), '0'),
  resumeTable: taking(
    () => call(begun(resumeTable), model, TABLE, { name: 'waves.csv', settings: { epochs: 2, patience: 3 } }),
    '1',
  ),
  answerTable: taking(() => call(answered, model, TABLE, reading()), '1'),
};

/** What walks over the answers is not handed back: it holds what changes as it goes. */
function answered(...args: Parameters<typeof answerTable>): undefined {
  answerTable(...args);
}
