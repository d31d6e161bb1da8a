/**
 * Public functions, each called with right arguments of which one, or one field within, is something else. Whatever comes,
 * a call returns, or throws an error of the library; and after a throw everything is as it was, and works.
 */
import fc from 'fast-check';
import { AbstractMatrix } from 'ml-matrix';
import { BpttError } from '../../lib/errors.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { digest, hostile, isOfAnotherType, isRecord, relatives, Thrown } from './values.ts';

/** A function of anything: the one type that all calls are made by. */
export type Callable = (...args: readonly unknown[]) => unknown;

/** A call that is right. */
export interface Call {
  readonly f: Callable;
  readonly args: readonly unknown[];
  /** What must be as it was after a throw, beside the arguments: what the method belongs to. */
  readonly keeps: readonly unknown[];
  /** Places in the arguments, such as `1.clipNorm`, that take values of other types than the right one's too. */
  readonly several?: readonly string[];
}

/** A right call, made anew for every try. */
export type MakeCall = () => Call;

/** Any function as one of anything: what no TypeScript caller could do is done here, and here alone. */
export function call(f: unknown, ...args: readonly unknown[]): Call {
  return { f: f as Callable, args, keeps: [] };
}

/** A method of an object, which must be as it was after a throw. */
export function method(owner: object, name: string, ...args: readonly unknown[]): Call {
  const f = (owner as Readonly<Record<string, Callable | undefined>>)[name];
  if (!f) throw new Error(`there is no method ${name}`);
  return { f: (...given) => f.apply(owner, [...given]), args, keeps: [owner] };
}

/** Setting a field. */
export function assignment(owner: object, name: string, value: unknown): Call {
  return { f: given => Reflect.set(owner, name, given), args: [value], keeps: [owner] };
}

/** What the library returned and is to be handed back, such as a tape: it is replaced as a whole only. */
export function whole<T extends object>(value: T): T {
  wholes.add(value);
  return value;
}

const wholes = new WeakSet<object>();

/** Whether a value is replaced as a whole only. */
export function isWhole(value: unknown): boolean {
  return typeof value === 'object' && value !== null && wholes.has(value);
}

/** A record that may hold whatever names the caller likes: no option of it is unknown. */
export function open<T extends object>(record: T): T {
  opened.add(record);
  return record;
}

const opened = new WeakSet<object>();

/** A call of which some places take values of other types too. */
export function taking(make: MakeCall, ...several: readonly string[]): MakeCall {
  return () => ({ ...make(), several });
}

/** What a number of calls came to. */
export interface ApiReport {
  readonly calls: number;
  readonly returned: number;
  readonly refused: number;
  /** What is not as it should be, each once. */
  readonly findings: readonly string[];
}

/** One thing within the arguments, and what to put in its place. */
interface Change {
  readonly path: readonly (string | number)[];
  readonly name: string;
  /** What to put there, given what is there. */
  readonly value: (there: unknown) => unknown;
  /** What must come of it; whatever it is, an error that is not the library's is wrong. */
  readonly must: 'be refused' | 'be the same or refused' | undefined;
}

/** Milliseconds of computing that a call may take, whether it returns or throws. */
const SLOW = 2000;

/**
 * Calls every function with every change of its arguments.
 *
 * @param kinds the names of the values to put there: all unless given.
 */
export function everyChange(calls: Readonly<Record<string, MakeCall>>, kinds?: readonly string[]): ApiReport {
  const report = new Report();
  for (const [name, make] of Object.entries(calls)) {
    const after = right(make);
    for (const change of changesOf(make())) {
      if (kinds?.includes(change.name) ?? true) report.add(name, [change], attempt(make, [change], after));
    }
  }
  return report;
}

/**
 * Calls functions at random with one or two changes of their arguments.
 *
 * @param seed what to repeat it with.
 */
export function someChanges(calls: Readonly<Record<string, MakeCall>>, runs: number, seed: number): ApiReport {
  const report = new Report();
  const known = Object.entries(calls).map(([name, make]) => {
    return { name, make, after: right(make), changes: changesOf(make()) };
  });
  const drawn = fc.tuple(fc.nat(2 ** 20), fc.nat(2 ** 20), fc.option(fc.nat(2 ** 20)));
  fc.assert(
    fc.property(drawn, ([which, first, second]) => {
      const { name, make, after, changes } = known[which % known.length] ?? {};
      if (!name || !make || !after || !changes) throw new Error('there is nothing to call');
      const [one, other] = [changes[first % changes.length], changes[(second ?? first) % changes.length]];
      const both = [...(one ? [one] : []), ...(one && other && apart(one, other) ? [other] : [])];
      report.add(name, both, attempt(make, both, after));
    }),
    { numRuns: runs, seed },
  );
  return report;
}

/**
 * What `exports` have that no call is of: a function `f`, what it returns where that is a function, `f()`, methods `f.m` of
 * that, of records and of classes, and fields that can be set.
 *
 * @param besides the exports, and what they return, that need none, and why.
 */
export function uncalled(
  exports: Readonly<Record<string, unknown>>,
  calls: Readonly<Record<string, MakeCall>>,
  besides: Readonly<Record<string, string>>,
): readonly string[] {
  const there = Object.entries(exports).filter(([name]) => !Object.hasOwn(besides, name));
  const wanted = there.flatMap(([name, value]) => {
    if (typeof value !== 'function') return namesIn(name, value);
    if (isClass(value)) return [...namesIn(name, value), ...namesIn(name, value.prototype)];
    const made = calls[name]?.();
    return [name, ...(made ? namesIn(name, made.f(...made.args)) : [])];
  });
  return wanted.filter(name => !Object.hasOwn(calls, name) && !Object.hasOwn(besides, name));
}

/** The same reason for some names. */
export function because(reason: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map(name => [name, reason]));
}

/** What can be called or set of a value that goes by a name. */
function namesIn(name: string, value: unknown): readonly string[] {
  if (typeof value === 'function' && !isClass(value)) return [`${name}()`];
  const prototype = typeof value === 'object' && value !== null && Object.hasOwn(value, 'constructor');
  if (!isRecord(value) && !prototype && typeof value !== 'function') return [];
  return Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([key, { value, set }]) => key !== 'constructor' && (typeof value === 'function' || set))
    .map(([key]) => `${name}.${key}`);
}

function isClass(value: unknown): value is { readonly prototype: object } {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

class Report implements ApiReport {
  calls = 0;
  returned = 0;
  refused = 0;
  readonly #findings = new Set<string>();

  get findings(): readonly string[] {
    return [...this.#findings];
  }

  add(name: string, changes: readonly Change[], outcome: Outcome): void {
    this.calls += 1;
    if (outcome === 'returned') this.returned += 1;
    else if (outcome === 'refused') this.refused += 1;
    else {
      const what = changes.map(({ path, name }) => `${path.join('.')} = ${name}`).join(', ');
      this.#findings.add(`${name}(${what}): ${outcome.finding}`);
    }
  }
}

/** Whether neither of two changes is within the other. */
function apart({ path: a }: Change, { path: b }: Change): boolean {
  return a.slice(0, b.length).join('\0') !== b.slice(0, a.length).join('\0');
}

/** What a call with right arguments comes to, and leaves behind. */
function right(make: MakeCall): string {
  const { f, args, keeps } = make();
  return digest([f(...args), args, keeps]);
}

type Outcome = 'returned' | 'refused' | { readonly finding: string };

/** One call with changed arguments; after a throw, one with the right ones. */
function attempt(make: MakeCall, changes: readonly Change[], after: string): Outcome {
  const { f, args, keeps } = make();
  const given = changes.reduce((given, { path, value }) => replaced(given, path, value), args);
  const before = digest([args, keeps, given]);
  const began = process.cpuUsage();
  const took = () => process.cpuUsage(began).user / 1000;
  try {
    const result = f(...given);
    if (took() > SLOW) return { finding: `took ${took().toFixed(0)} ms` };
    if (changes.some(({ must }) => must === 'be refused')) return { finding: 'was accepted' };
    const [change, ...more] = changes;
    if (more.length > 0 || change?.must !== 'be the same or refused') return 'returned';
    return digest([result, args, keeps]) === after ? 'returned' : { finding: 'was checked, and then read again' };
  } catch (error) {
    if (!(error instanceof BpttError || error instanceof Thrown)) return { finding: `threw ${text(error)}` };
    if (took() > SLOW) return { finding: `took ${took().toFixed(0)} ms, and threw ${error.message}` };
    if (digest([args, keeps, given]) !== before) return { finding: `changed something, and threw ${error.message}` };
    const again = outcomeOf(f, args, keeps);
    if (again !== after) return { finding: `does something else after ${error.message}: ${again.slice(0, 80)}` };
    return 'refused';
  }
}

/** What a right call comes to, or what it throws. */
function outcomeOf(f: Callable, args: readonly unknown[], keeps: readonly unknown[]): string {
  try {
    return digest([f(...args), args, keeps]);
  } catch (error) {
    return text(error);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 120)}` : String(error);
}

/** Everything that may be put in the place of everything. */
function changesOf({ args, several = [] }: Call): readonly Change[] {
  return pathsOf(args).flatMap(({ path, value, foreign, thing, within }) => {
    const oneType = !foreign && !within && !several.includes(path.join('.'));
    const kinds = Object.entries(hostile)
      .filter(([name]) => !(foreign && name === 'a function'))
      .map(([name, make]): Change => {
        const must = oneType && isOfAnotherType(value, make()) ? 'be refused' : undefined;
        return { path, name, value: make, must };
      });
    const kin = Object.keys(relatives(value)).map((name): Change => {
      const must = thing ? undefined : MUST[name];
      return { path, name, value: there => relatives(there)[name]?.(), must };
    });
    return [...kinds, ...kin];
  });
}

/** What must come of a relative of the right value. */
const MUST: Readonly<Record<string, Change['must']>> = {
  'an unknown key': 'be refused',
  'changing when read again': 'be the same or refused',
};

interface Place {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** Whether it is a method of what was given: what another function in its place does is not the library's to say. */
  readonly foreign: boolean;
  /** Whether it is a cell, a layer or another thing with a name, or open: it may have more than is asked for. */
  readonly thing: boolean;
  /** Whether it is within such a thing, whose maker says what it is. */
  readonly within: boolean;
}

/** Every argument and every field of a record within, three deep; of an array the first and the last. */
function pathsOf(args: readonly unknown[]): readonly Place[] {
  const places: Place[] = [];
  const visit = (path: Place['path'], value: unknown, owner: unknown, within: boolean): void => {
    const foreign = typeof value === 'function' && isRecord(owner) && path.length > 1 && 'name' in owner;
    const isObject = typeof value === 'object' && value !== null;
    const named = isRecord(value) && 'name' in value;
    const thing = within || named || (isObject && (opened.has(value) || wholes.has(value)));
    places.push({ path, value, foreign, thing, within });
    if (path.length > 3 || value instanceof Sequence || value instanceof ParamSet) return;
    if (value instanceof AbstractMatrix || value instanceof Random) return;
    if (isWhole(value)) return;
    if (Array.isArray(value)) {
      for (const n of new Set([0, value.length - 1]))
        if (n in value) visit([...path, n], value[n], value, within || named);
    } else if (isRecord(value)) {
      for (const [key, field] of Object.entries(value))
        visit([...path, key], field, value, within || named || opened.has(value));
    }
  };
  args.forEach((value, n) => {
    visit([n], value, args, false);
  });
  return places;
}

/** A copy of `all` with something else at a path; as it is where a change before has taken the path away. */
function replaced<T>(all: T, path: readonly (string | number)[], value: Change['value']): T {
  const [first, ...rest] = path;
  if (first === undefined) return value(all) as T;
  if (Array.isArray(all)) return all.map((item, n) => (n === first ? replaced(item, rest, value) : item)) as T;
  if (!isRecord(all)) return all;
  const fields = Object.getOwnPropertyDescriptors(all);
  const field = fields[first];
  if (!field) return all;
  const there = 'value' in field ? field.value : undefined;
  const changed = { value: replaced(there, rest, value), enumerable: true, writable: true, configurable: true };
  return Object.defineProperties({}, { ...fields, [first]: changed }) as T;
}
