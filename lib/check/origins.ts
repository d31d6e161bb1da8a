/**
 * Which equations a gradient comes from: those that a cell or a layer declares, and what is read off the lines that compute
 * it. Where no source can be read, as in a browser, there are the declared ones alone.
 */
import type { Cell, CellSize, Tag } from '../cells/cell.ts';
import { record } from '../equations/record.ts';
import { type Through, throughOf } from '../equations/through.ts';
import type { Layer } from '../layers/layer.ts';
import { type Making, makingOf } from '../layers/made.ts';
import { prefixed } from '../layers/names.ts';

/** Of every parameter, of `x`, and of every part of the state, where it is known; what is behind it, where that was asked for. */
export type Origins = Readonly<Record<string, Partial<Through>>>;

/**
 * Those that a check asks for: to read them takes a tenth of the time of a small check, so that it is done once, and only
 * where not all tags that are asked for are declared, or the equations `behind` them are asked for too.
 */
export function asked(
  equations: Readonly<Record<string, Tag>>,
  names: () => readonly string[],
  read: () => Origins,
): (behind?: boolean) => Origins {
  let found: Origins | undefined;
  return (behind = false) => {
    if (!behind && names().every(name => equations[name] !== undefined))
      return Object.fromEntries(Object.entries(equations).map(([name, tag]) => [name, { tag }]));
    found ??= read();
    return found;
  };
}

/** Those of a cell of that size: recorded for it, which takes some milliseconds. */
export function originsOfCell(cell: Cell, size: CellSize): Origins {
  const { equations } = record(cell, size);
  return declared(cell.equations, equations ? throughOf(equations) : {});
}

/** Those of a layer, read off the cells that it is made of; their names have the layers' in front, as parameters do. */
export function originsOfLayer(layer: Layer): Origins {
  const making = makingOf(layer);
  return declared(layer.equations, making ? ofMaking(making) : {});
}

function ofMaking(making: Making): Origins {
  switch (making.kind) {
    case 'cell':
      return originsOfCell(making.cell, { d: making.d, m: making.m });
    case 'stack':
      return stacked(making.layers);
    case 'bidirectional': {
      const [forward, backward] = [originsOfLayer(making.forward), originsOfLayer(making.backward)];
      return { ...prefixed({ forward, backward }), x: { via: [...passed(forward), ...passed(backward)] } };
    }
    default:
      return {}; // what it declares is all
  }
}

/** What goes through a layer has gone through all above it. */
function stacked(layers: readonly (readonly [name: string, layer: Layer])[]): Origins {
  const all: Record<string, Origins> = {};
  let above: readonly Tag[] = [];
  let x: Through = { via: [] };
  for (const [name, layer] of [...layers].reverse()) {
    const own = originsOfLayer(layer);
    const through = ({ tag, via = [] }: Partial<Through>): Through => ({
      ...(tag && { tag }),
      via: unique([...via, ...above]),
    });
    all[name] = Object.fromEntries(Object.entries(own).map(([key, origin]) => [key, through(origin)]));
    x = through(own.x ?? {});
    above = unique([...passed(own), ...above]);
  }
  return { ...prefixed(all), x };
}

/** The equations that dx goes through, from the last to the first. */
const passed = ({ x }: Origins): readonly Tag[] => [...(x?.tag ? [x.tag] : []), ...(x?.via ?? [])];

const unique = (tags: readonly Tag[]): readonly Tag[] => [...new Set(tags)];

/** A tag that is declared stands before one that is read off. */
function declared(equations: Readonly<Partial<Record<string, Tag>>> = {}, read: Origins): Origins {
  const own = Object.entries(equations).map(([name, tag]) => {
    const { tag: found, via = [] } = read[name] ?? {};
    const behind = found && found !== tag ? [found, ...via] : via;
    return [name, { ...(tag && { tag }), via: behind }] as const;
  });
  return { ...read, ...Object.fromEntries(own) };
}
