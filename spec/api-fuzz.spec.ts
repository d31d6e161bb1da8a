/** Public functions called wrongly, some thousands of times; `npm run fuzz` calls them with everything. */
import { afterAll, expect, describe as group, it } from 'vitest';
import { ValueError } from '../lib/errors.ts';
import * as bptt from '../lib/index.ts';
import { everyChange, type MakeCall, method, someChanges, uncalled } from './fuzz/api.ts';
import { removeFolder } from './fuzz/calls-io.ts';
import { modules } from './fuzz/modules.ts';

afterAll(removeFolder);

it.each(modules)('has a call of every function of $name, and of every method of what these return', module => {
  expect(uncalled(module.exports, module.calls, module.besides)).toEqual([]);
});

/** What is put in every place: all kinds are `npm run fuzz`'s. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  bptt: [
    ...['undefined', 'null', "'2'", 'an unknown key', 'an array that begins well and has 2^32−1 places'],
    ...['detached', 'whose memory is gone'],
  ],
};

it.each(modules)(
  '$name throws errors of the library only, changes nothing before it does, and works after it',
  ({ name, calls }) => {
    const everywhere = everyChange(calls, KINDS[name] ?? ['null', 'an unknown key', 'detached']);
    const somewhere = someChanges(calls, name === 'bptt' ? 800 : 200, 1);
    expect([...everywhere.findings, ...somewhere.findings]).toEqual([]);
    expect(somewhere.refused).toBeGreaterThan(somewhere.calls / 4);
    expect(somewhere.returned).toBeGreaterThan(somewhere.calls / 40);
  },
);

group('a mistake is found', () => {
  const counter = (add: (this: { sum: number; broken: boolean }, n: number) => number): Record<string, MakeCall> => ({
    add: () => method({ sum: 0, broken: false, add }, 'add', 2),
  });
  const refuse = (n: unknown) => {
    if (typeof n !== 'number' || Number.isNaN(n)) throw new ValueError('n', 'a number', String(typeof n));
  };

  it.each<[string, Record<string, MakeCall>, RegExp | undefined]>([
    [
      'none',
      counter(function (n) {
        refuse(n);
        this.sum += n;
        return this.sum;
      }),
      undefined,
    ],
    ["an error of JavaScript's", counter(n => n.toFixed().length), /: threw TypeError: /],
    ['what should have been refused', counter(n => (n ? 1 : 0)), /add\(0 = '2'\): was accepted/],
    [
      'a change before the throw',
      counter(function (n) {
        this.sum += 1;
        refuse(n);
        return n;
      }),
      /changed something, and threw n: expected a number/,
    ],
  ])('%s', (_, planted, finding) => {
    const { findings } = everyChange(planted);
    if (finding) expect(findings.join('\n')).toMatch(finding);
    else expect(findings).toEqual([]);
  });

  it('what no longer works after the throw', () => {
    let broken = false;
    const planted = () => {
      broken = false;
      const add = (n: number) => {
        broken ||= typeof n !== 'number' || Number.isNaN(n);
        refuse(n);
        return broken ? -n : n;
      };
      return method({ add }, 'add', 2);
    };
    expect(everyChange({ add: planted }).findings.join('\n')).toMatch(/does something else after n: expected a number/);
  });

  it('a function, a method, a result and a field that nobody calls', () => {
    const made = { go: () => 1, set speed(_: number) {} };
    const exports = {
      make: () => made,
      rate: () => () => 1,
      forgotten: () => 1,
      things: { use: () => 1 },
      Random: bptt.Random,
    };
    const known = { make: () => method(exports, 'make'), rate: () => method(exports, 'rate') };
    expect(uncalled(exports, known, { Random: 'known' })).toEqual([
      'make.go',
      'make.speed',
      'rate()',
      'forgotten',
      'things.use',
    ]);
    expect(uncalled({ Random: bptt.Random }, {}, {})).toEqual([
      'Random.fromState',
      'Random.state',
      'Random.uniform',
      'Random.normal',
      'Random.index',
    ]);
  });
});
