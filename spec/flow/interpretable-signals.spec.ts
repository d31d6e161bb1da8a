/** What a unit may track: each signal symbol by symbol, and that none looks ahead. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signals } from '../../lib/flow/cells-signals.ts';

/** The values of a signal over a text, a digit to a symbol; 10 and above as letters. */
function over(name: string, text: string): string {
  const signal = signals.find(other => other.name === name);
  if (!signal) throw new Error(`there is no ${name}`);
  return Array.from(signal.of(Array.from(text)), value => value.toString(36)).join('');
}

describe.each<[string, readonly (readonly [text: string, values: string, why: string])[]]>([
  [
    'inside quotation',
    [
      ['a “bc” d', '00111000', 'from the opening mark to the one before the closing mark'],
      ['a "bc" d "', '0011100001', 'straight marks open and close in turn'],
      ['“a “b” c” d', '11111111000', 'nested'],
      ['a” b “c”', '00000110', 'a closing mark without an opening one'],
      ['“a\nb', '1111', 'a line end alone ends nothing'],
      ['“a\n\nb', '11100', 'a blank line does'],
      [
        '"a\r\n \r\nb "c',
        '1111110001' + '1',
        'a blank line with white space in it does, and straight marks begin anew',
      ],
      ['“a\n\n“b” c', '111' + '0' + '110' + '00', 'a paragraph that opens the quotation anew'],
      ['«a» it’s ‘b’', '110000000000', 'guillemets, and no single marks'],
      ['🎭“🎭”', '0110', 'code points'],
    ],
  ],
  ['position in line', [['ab\n\ncde\n', '12001230', 'symbols since the line end']]],
  ['word boundary', [['ab, c1é-É\n', '0011000101'.slice(0, 10), 'all but letters and digits']]],
  ['position in word', [['abc de’f ', '123012010', 'letters so far']]],
  [
    'bracket depth',
    [
      ['a(b[c]{d})e', '01122122100', 'nested, of three kinds'],
      [')a(', '001', 'a closing one without an opening one'],
      ['(\n\n)', '1110', 'blank lines change nothing'],
    ],
  ],
  ['capital letter', [['Ab CÉ1ß', '1001100', 'of any alphabet']]],
])('%s', (name, cases) => {
  test.each(cases)('%j is %s: %s', (text, values) => {
    expect(over(name, text)).toBe(values);
  });
});

test('none looks ahead: what follows changes no value', () => {
  const text = fc.array(fc.constantFrom(...'aB ’“”"([)]\n\r.'), { maxLength: 40 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      for (const { of } of signals) {
        expect(of([...before, ...after]).slice(0, before.length)).toEqual(of(before));
      }
    }),
  );
});
