/** Which runtimes the command has make vectors of 256 bits, and what it does where kernels go wrong by it. */
import { expect, test } from 'vitest';
import { type WideRuntime, widen } from '../../lib/cli/wide.ts';
import { KNOWN } from '../../lib/engine/self-test.ts';

const FLAG = 'experimental-wasm-revectorize';

/** What a runtime is left with: the flags that are set at the end, those that were set while it tested itself, and the verdict. */
function left(runtime: Partial<WideRuntime> = {}) {
  const flags = new Map<string, string>();
  const tested: string[] = [];
  const verdict = widen({
    ...{ v8: '13.6.233.17-node.63', arch: 'x64', off: false },
    setFlag(flag) {
      const [name = '', value = flag.startsWith('--no-') ? 'no' : 'yes'] = flag.replace(/^--(no-)?/, '').split('=');
      flags.set(name, value);
    },
    ...runtime,
    selfTest() {
      tested.push(...Array.from(flags, ([name, value]) => `${name}=${value}`));
      return runtime.selfTest?.() ?? KNOWN;
    },
  });
  return { verdict, flags: Object.fromEntries(flags), tested };
}

const PATIENT = { 'wasm-sync-tier-up': 'no', 'wasm-tiering-budget': '13000000' };

test('where the kernels compute right, it stays so', () => {
  const { verdict, flags, tested } = left();
  expect(verdict).toBe(true);
  expect(flags).toEqual({ [FLAG]: 'yes', ...PATIENT });
  expect(tested).toEqual([`${FLAG}=yes`, 'wasm-sync-tier-up=yes', 'wasm-tiering-budget=1']);
});

test.each<readonly [string, () => number]>([
  ['give other bits', () => KNOWN + 1],
  [
    'cannot be compiled',
    () => {
      throw new Error('no');
    },
  ],
])('where they %s, all is as it was', (_, selfTest) => {
  expect(left({ selfTest })).toMatchObject({ verdict: false, flags: { [FLAG]: 'no', ...PATIENT } });
});

test.each<Partial<WideRuntime>>([{ v8: '12.4.254' }, { v8: '15.0' }, { arch: 'arm64' }, { off: true }])(
  'nothing is set where %o',
  runtime => {
    expect(left(runtime)).toEqual({ verdict: false, flags: {}, tested: [] });
  },
);
