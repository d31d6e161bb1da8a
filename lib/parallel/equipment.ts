/** Cells of a module, which every thread imports for itself. */
import { type Cell, isCell, requireCell } from '../cells/cell.ts';

/** The cells that the module at an address exports, by the names they call themselves; none where there is no address. */
export async function cellsAt(address: string | undefined): Promise<Readonly<Record<string, Cell>>> {
  if (address === undefined) return {};
  const exported = Object.entries((await import(address)) as object);
  return Object.fromEntries(
    exported.flatMap(([name, cell]) => (isCell(cell) ? [[requireCell(name, cell).name, cell]] : [])),
  );
}
