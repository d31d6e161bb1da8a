/** A model of `bptt fit`, at a path. */
import { readBytes } from '../../io/node/files.ts';
import { decoded, type TaskModel } from '../../tasks/model.ts';
import { type Cells, findCell } from '../modules/cell.ts';

/** How the option is called that names a model's cell. */
export const MODEL_CELL =
  'the module of its cell, where that is your own and its equations are not in the file: ./my-cell.ts';

/**
 * A model of `bptt fit`.
 *
 * @param named its cell, where that is named.
 * @throws FileError, FormatError when there is none; ValueError when there is no such cell.
 */
export async function readModel(path: string, known: Cells, named: string | undefined): Promise<TaskModel> {
  const own = named === undefined ? [] : [(await findCell(named, known)).cell];
  const cells = { ...known, ...Object.fromEntries(own.map(cell => [cell.name, cell])) };
  return decoded(readBytes(path), path, cells);
}
