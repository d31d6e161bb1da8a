/** True gradients: how the loss changes when an element of a value is moved, all of them side by side. */
import { inLanes, type Lanes, laneOf, unitOf } from './lanes.ts';
import { type Block, isNumber } from './matrices.ts';
import type { Extent, Layout, Moment, Reader, Setting, Truth } from './scope.ts';
import { World } from './world.ts';

export function truthOf<N>(setting: Setting<N>, layout: Layout): Truth<N> {
  const known = new Map<string, Block<N>>();
  const once = (name: string, make: () => Block<N>): Block<N> => {
    const block = known.get(name) ?? make();
    known.set(name, block);
    return block;
  };
  const plain = new World(setting);
  const shapeOf = (moment: Moment) => plain.value(moment, { key: '', step: 0 });
  const several = { ...setting, ground: inLanes(setting.ground) };
  /** The same where each element of a moment is moved in a lane of its own. */
  const moved = (moment: Moment, lanes: number, seenBy: (reader: Reader) => boolean): World<Lanes<N>> => {
    const { key, time } = moment;
    return new World(several, { key, time, seenBy, by: element => unitOf(setting.ground.numbers, element, lanes) });
  };
  return {
    layout,
    gradient: (key, time, extent, through) =>
      once(`${key} ${time} ${extent} ${through}`, () => {
        const moment = { key, time };
        const of = shapeOf(moment);
        const { tangent } = moved(moment, of.data.length, readersOf(moment, extent, through)).loss();
        return laid({ ...of, data: of.data.map((_, element) => laneOf(tangent, element)) }, layout);
      }),
    jacobian: (of, by, extent, vec) =>
      once(`${of.key} ${of.time} by ${by.key} ${by.time} ${extent} ${vec}`, () => {
        const [above, below] = [shapeOf(of), shapeOf(by)];
        const isOwn = extent === 'immediate' || extent === 'step';
        const seenBy = isOwn ? readersAt(of, extent, setting) : readersOf(by, extent, []);
        const world = moved(by, below.data.length, seenBy);
        const { data: changes } = world.value(of, { key: '', step: Number.POSITIVE_INFINITY });
        const columns = below.data.map((_, element) =>
          changes.map(({ tangent }) => ({ tangent: laneOf(tangent, element) })),
        );
        if (isNumber(above) && !vec) {
          const data = columns.flatMap(column => column.map(({ tangent }) => tangent));
          return laid({ ...below, data }, layout);
        }
        const data = above.data.flatMap((_, i) =>
          columns.flatMap(column => column.slice(i, i + 1).map(({ tangent }) => tangent)),
        );
        return { rows: above.data.length, columns: below.data.length, data };
      }),
  };
}

/** The readers that a gradient counts. */
function readersOf({ time }: Moment, extent: Extent, through: readonly string[]): (reader: Reader) => boolean {
  const isLater = ({ key, step }: Reader) => time === undefined || (step > time && key !== 'the loss');
  switch (extent) {
    case 'handed':
      return isLater;
    case 'given':
      return reader => reader.key === 'the loss' || isLater(reader);
    case 'through':
      return reader => through.includes(reader.key);
    default:
      return () => true;
  }
}

/** The equation of a moment, or all equations of its step. */
function readersAt(of: Moment, extent: 'immediate' | 'step', setting: Setting<unknown>): (reader: Reader) => boolean {
  const offset =
    setting.system.definitions.get(of.key)?.find(definition => definition.offset !== undefined)?.offset ?? 0;
  const at = of.time === undefined ? 0 : of.time - offset;
  return ({ key, step }) => step === at && (extent === 'step' || key === of.key);
}

/** The gradient in a column as a row. */
function laid<N>(block: Block<N>, layout: Layout): Block<N> {
  return layout === 'rows' && block.columns === 1 && block.rows > 1
    ? { ...block, rows: 1, columns: block.rows }
    : block;
}
