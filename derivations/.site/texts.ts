/** Files beside the pages, for those who have none of their own at hand. */
import { sonnets } from '../../lib/demos/sonnets.ts';
import { Random } from '../../lib/random.ts';
import { readIn } from './root.ts';

/** What each holds, by its name. */
export function texts(): Readonly<Record<string, string>> {
  return {
    'sonnets.txt': sonnets(),
    'temperatures.csv': readIn('spec/fixtures/temperatures.csv'),
    'turns.csv': turns(),
    'dates.csv': dates(),
  };
}

/** Ways round a circle, step by step: to the left or to the right, from anywhere, and a little unsteady. */
function turns(): string {
  const rng = new Random(1);
  const rows = Array.from({ length: 60 }, (_, walk) => {
    const [way, from, steps] = [
      walk % 2 === 0 ? 1 : -1,
      2 * Math.PI * rng.uniform(),
      8 + Math.floor(8 * rng.uniform()),
    ];
    return Array.from({ length: steps }, (_, t) => {
      const angle = from + 0.35 * way * t + 0.15 * rng.normal();
      return `${walk + 1},${Math.cos(angle).toFixed(3)},${Math.sin(angle).toFixed(3)},${way > 0 ? 'left' : 'right'}`;
    }).join('\n');
  });
  return `sequence,x,y,turns\n${rows.join('\n')}\n`;
}

/** Dates as people write them, and as machines do. */
function dates(): string {
  const rng = new Random(2);
  const months = 'January February March April May June July August September October November December'.split(' ');
  const two = (n: number) => `${n}`.padStart(2, '0');
  const rows = Array.from({ length: 400 }, () => {
    const [year, month, day] = [
      1950 + Math.floor(100 * rng.uniform()),
      1 + Math.floor(12 * rng.uniform()),
      1 + Math.floor(28 * rng.uniform()),
    ];
    return `"${months[month - 1]} ${day}, ${year}",${year}-${two(month)}-${two(day)}`;
  });
  return `written,standard\n${rows.join('\n')}\n`;
}
