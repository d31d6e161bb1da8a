/** Tables that are fitted to the end, and all that is answered of one. */
import { type FitTableOptions, fitTable, type TableFit } from '../../lib/tasks/index.ts';

export async function fitted(table: Uint8Array | string, options: FitTableOptions): Promise<TableFit> {
  const fit = await fitTable(table, options);
  while (!fit.training.done) fit.training.step();
  return fit;
}

export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
