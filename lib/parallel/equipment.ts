/** Cells that are not the library's: of the network itself, and of a module, which every thread imports for itself. */
import { type Cell, isCell, requireCell } from '../cells/cell.ts';
import { partsOf } from '../io/network-json.ts';
import { type Made, makingOf } from '../layers/made.ts';

/** The cells that a network is made of. */
export function cellsIn(network: Made): Readonly<Record<string, Cell>> {
  const makings = Array.from(partsOf(network), makingOf);
  return Object.fromEntries(
    makings.flatMap(making => (making?.kind === 'cell' ? [[making.cell.name, making.cell]] : [])),
  );
}

/** The cells that the module at an address exports, by the names they call themselves; none where there is no address. */
export async function cellsAt(address: string | undefined): Promise<Readonly<Record<string, Cell>>> {
  if (address === undefined) return {};
  const exported = Object.entries((await import(address)) as object);
  return Object.fromEntries(
    exported.flatMap(([name, cell]) => (isCell(cell) ? [[requireCell(name, cell).name, cell]] : [])),
  );
}
