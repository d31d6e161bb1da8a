/**
 * Where the cell of a run is, where it is not the library's. A checkpoint says what its cell is called and what the hash of
 * its equations is, and nothing of a file: what is sent by others must not make this process run a program. The folder of the
 * run notes the module, as seen from there, and that counts in the very folder that `bptt train` wrote it in: not in a copy,
 * and not in one that somebody packed. Anywhere else the module is named by --cell.
 */
import { dirname, isAbsolute, join, relative } from 'node:path';
import { FileError, FormatError, ValueError } from '../../errors.ts';
import { type Checkpoint, decodeCheckpoint } from '../../io/checkpoint.ts';
import { savedCell } from '../../io/checkpoint-file.ts';
import { readBytes, readText, writeAtomically } from '../../io/node/files.ts';
import { identityOf, isThere, removeFile, wholePath } from '../../io/node/folders.ts';
import { parseJson } from '../../io/json.ts';
import { checkpointFile, type RunFolder, runFolder } from './folder.ts';
import { type CellPlace, type Cells, cellIn, moduleNamed } from '../modules/cell.ts';

/** What the file in a run's folder says. */
interface Note {
  /** The path of the module, as seen from the folder. */
  readonly path: string;
  readonly name: string;
  /** The folder that it was written in. */
  readonly folder: string;
}

/** The cells that a checkpoint may be read with. */
export interface Known {
  readonly known: Cells;
  /** Where its own cell was found, where it is not one that is known by name. */
  readonly place?: CellPlace;
}

/** Notes in the folder of a run where its cell is; nothing where that is known by its name. */
export function noteCell({ folder, cell }: RunFolder, place: CellPlace | undefined): void {
  if (!place) {
    removeFile(cell); // of a run that was never begun
    return;
  }
  const note: Note = { path: relative(wholePath(folder), place.path), name: place.name, folder: identityOf(folder) };
  writeAtomically(cell, `${JSON.stringify(note)}\n`);
}

/**
 * Reads a checkpoint, given as its file or as the folder of its run.
 *
 * @param named the module of its cell, where it is named; else it is where the folder of the run says.
 * @throws FileError, FormatError, ValueError when there is none, its cell is not found, or is another one.
 */
export async function openCheckpoint(path: string, cells: Cells, named?: string): Promise<Checkpoint> {
  const file = checkpointFile(path);
  const bytes = readBytes(file, { regular: file !== path });
  const { known } = await cellsFor(bytes, file, cells, named);
  return decodeCheckpoint(bytes, file, known);
}

/** As {@link openCheckpoint}: the cells that are known by name, with that of the checkpoint. */
export async function cellsFor(bytes: Uint8Array, file: string, cells: Cells, named?: string): Promise<Known> {
  const saved = savedCell(bytes, file);
  const own = named === undefined ? undefined : moduleNamed(named);
  if (named !== undefined && !own && named !== saved)
    throw new ValueError('--cell', `${saved}, of which ${file} is`, named);
  if (Object.hasOwn(cells, saved)) {
    if (own) throw new ValueError('--cell', `${saved}, of which ${file} is`, own.path);
    return { known: cells };
  }
  const from = own ?? noted(runFolder(dirname(file), 'csv'), saved);
  const { cell, place } = await cellIn(from.path, from.name ?? saved, cells);
  return { known: { ...cells, [cell.name]: cell }, ...(place && { place }) };
}

/** Where the folder says that the cell is; throws ValueError where that is not to be trusted, or nothing is said. */
function noted({ folder, cell }: RunFolder, saved: string): { readonly path: string; readonly name: string } {
  const note = noteIn(cell);
  if (note && note.folder === identityOf(folder)) {
    return { path: isAbsolute(note.path) ? note.path : join(folder, note.path), name: note.name };
  }
  const got = note ? `none: ${cell} says ${note.path}, and was not written in this folder` : 'none';
  throw new ValueError('--cell', `the module with its cell ${saved}`, got);
}

/** What the file says; nothing where it is not there, or is none of ours. */
function noteIn(file: string): Note | undefined {
  if (!isThere(file)) return undefined;
  try {
    const json = parseJson(readText(file, { regular: true }), (expected, got) => new FormatError(file, expected, got));
    const { path, name, folder } = { ...(json as Partial<Note> | null) };
    const isNote = [path, name, folder].every(part => typeof part === 'string');
    return isNote ? ({ path, name, folder } as Note) : undefined;
  } catch (error) {
    if (error instanceof FormatError || error instanceof FileError) return undefined;
    throw error;
  }
}
