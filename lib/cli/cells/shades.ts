/**
 * How an activation is shown: one of sixteen shades that grow darker from the least to the largest, so that they keep
 * their order in black and white, or one of eight blocks where there is no colour.
 */
import { shown } from '../../foreign.ts';

/** A colour: red, green, blue in 0…255. */
type Colour = readonly [red: number, green: number, blue: number];

/** The shades, and how many there are. */
export const SHADES = 16;

const LIGHTEST: Colour = [255, 255, 255];
const DARKEST: Colour = [8, 29, 88];
const BLOCKS = '▁▂▃▄▅▆▇█';

/** An activation as a byte: −scale is 0, scale is 255. */
export function byteOf(a: number, scale: number): number {
  return Math.max(0, Math.min(255, Math.round(127.5 * (1 + a / scale))));
}

/** What a byte shows as, 0 the lightest. */
export function shadeOf(byte: number): number {
  return byte >> 4;
}

/** The colour behind a symbol, and that of the symbol: black or white, whichever is read more easily. */
export function coloursOf(shade: number): { readonly back: Colour; readonly front: Colour } {
  const at = shade / (SHADES - 1);
  const mix = (from: number, to: number) => Math.round(from + at * (to - from));
  const back: Colour = [mix(LIGHTEST[0], DARKEST[0]), mix(LIGHTEST[1], DARKEST[1]), mix(LIGHTEST[2], DARKEST[2])];
  const black: Colour = [0, 0, 0];
  const white: Colour = [255, 255, 255];
  return { back, front: contrast(back, black) >= contrast(back, white) ? black : white };
}

/** The ratio of the luminances of two colours, 1 to 21 (WCAG 2, “contrast ratio”). */
export function contrast(a: Colour, b: Colour): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance([red, green, blue]: Colour): number {
  const linear = (c: number) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** A symbol as it may be shown: one that may not be as a replacement character, since each has its place. */
export function printable(symbol: string): string {
  if (symbol === '\n') return symbol;
  if (symbol === '\t') return ' ';
  return shown(symbol) === symbol ? symbol : '\u{fffd}';
}

/**
 * A text for a terminal, a byte of activation to a symbol.
 *
 * @param depth bits of colour that the terminal has: 24, 8, or fewer for none.
 * @param width symbols a line where there is no colour, and a line of blocks below each line instead.
 */
export function shaded(symbols: readonly string[], bytes: Uint8Array, depth: number, width: number): string {
  return depth >= 8 ? coloured(symbols, bytes, depth) : underlined(symbols, bytes, width);
}

function coloured(symbols: readonly string[], bytes: Uint8Array, depth: number): string {
  const plain = '\u001b[0m';
  let present = plain;
  const parts = symbols.map((symbol, t) => {
    const wanted = symbol === '\n' ? plain : paint(shadeOf(bytes[t] ?? 0), depth);
    const change = wanted === present ? '' : wanted;
    present = wanted;
    return `${change}${printable(symbol)}`;
  });
  return `${parts.join('')}${present === plain ? '' : plain}`;
}

function paint(shade: number, depth: number): string {
  const { back, front } = coloursOf(shade);
  if (depth >= 24) return `\u001b[38;2;${front.join(';')};48;2;${back.join(';')}m`;
  const grey = 255 - Math.round((shade * 23) / (SHADES - 1)); // 232…255 are greys, from near black to near white
  return `\u001b[38;5;${grey >= 244 ? 16 : 231};48;5;${grey}m`;
}

function underlined(symbols: readonly string[], bytes: Uint8Array, width: number): string {
  const lines: string[] = [];
  let [text, blocks] = ['', ''];
  let count = 0;
  const end = (): void => {
    lines.push(text);
    if (blocks !== '') lines.push(blocks);
    [text, blocks, count] = ['', '', 0];
  };
  for (const [t, symbol] of symbols.entries()) {
    if (symbol === '\n') end();
    else {
      if (count === width) end();
      text += printable(symbol);
      blocks += BLOCKS[(bytes[t] ?? 0) >> 5];
      count += 1;
    }
  }
  if (count > 0) end();
  return lines.join('\n');
}
