/**
 * The derivations and the code name the same equations.
 *
 * A display equation of `derivations/` carries `\tag{RNN-F1}`; the line of code that computes it ends in
 * `// RNN-F1  a_t = …`. RNN-F is a series: F for forward, B for backward, other letters or none for the rest. Here both
 * are read as text, and every tag that stands on one side only, or out of order, is named.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './examples.ts';

interface Source {
  readonly path: string;
  readonly text: string;
}

interface Texts {
  readonly derivations: readonly Source[];
  readonly lib: readonly Source[];
  readonly spec: readonly Source[];
}

/** A tag where it stands. */
interface Tagged {
  readonly path: string;
  /** File and line. */
  readonly where: string;
  /** `RNN-F1`, of which the prefix is `RNN`, the letter `F` (or none), the series `RNN-F` and the number 1. */
  readonly tag: string;
  readonly prefix: string;
  readonly letter: string;
  readonly series: string;
  readonly number: number;
  /** What follows on the line, where the pattern captures it. */
  readonly rest: string;
}

/** MY is of cells that tests write as a user would, outside of the library. */
const TAG = String.raw`(?<prefix>(?!MY-)[A-Z]{2,})-(?<letter>[A-Z]?)(?<number>\d+)`;

/** `\tag{RNN-F1}`, in a derivation. */
const DEFINITION = String.raw`\\tag\{${TAG}\}`;

/** The tag anywhere in a text. */
const MENTION = String.raw`\b${TAG}\b`;

/** The comment behind code that begins with a tag; not a comment line, nor a line of a doc comment. */
const EQUATION = String.raw`^(?!\s*[/*]).*\S // ${TAG}\b(?<rest>.*)$`;

/** A string that is all tag, as in `equations: { W: 'RNN-B2' }`. */
const STRING = `(?<=^(?!\\s*[/*]).*)'${TAG}'`;

const texts = repository();

test('derivations and code name the same equations', () => {
  expect(problemsOf(texts)).toEqual([]);
});

describe('what is wrong is reported:', () => {
  const right = {
    derivations: ['$$a_t \\tag{EX-F1}$$', '$$h_t \\tag{EX-F2}$$', 'By EX-F2, through F1:', '$$da \\tag{EX-B1}$$'],
    lib: ['function f() {', '  const a = x; // EX-F1  a_t = x_t', '  const h = a; // EX-F2  h_t = a_t', '}'],
    backward: ['function b() {', '  const da = dh; // EX-B1  dL/da_t = dL/dh_t, through F2', '}'],
    spec: ["test('EX-F1 in UTF-8', () => {});"],
  };

  /** The problems of the right texts above with some of them replaced. */
  const problemsWith = (changed: Partial<Record<keyof typeof right, readonly string[]>>): string[] => {
    const { derivations, lib, backward, spec } = { ...right, ...changed };
    return problemsOf({
      derivations: [{ path: 'derivations/ex.md', text: derivations.join('\n') }],
      lib: [{ path: 'lib/cells/ex.ts', text: [...lib, ...backward].join('\n') }],
      spec: [{ path: 'spec/ex.spec.ts', text: spec.join('\n') }],
    });
  };

  test('nothing where nothing is', () => {
    expect(problemsWith({})).toEqual([]);
  });

  test('a tag that is not of the form', () => {
    expect(problemsWith({ derivations: [...right.derivations, '$$c \\tag{ex-F3}$$'] })).toEqual([
      'derivations/ex.md:5: \\tag{ex-F3} is not of the form RNN-F1',
    ]);
  });

  test('a tag defined twice', () => {
    expect(problemsWith({ derivations: [...right.derivations, '$$h_t \\tag{EX-F2}$$'] })).toEqual([
      'derivations/ex.md:5: EX-F2 is defined a second time',
      'derivations/ex.md:5: EX-F2 stands where EX-F3 is next',
    ]);
  });

  test('a tag defined in two files', () => {
    const source = { path: 'derivations/a.md', text: '\\tag{ERR-1}' };
    const spec = [{ path: 'spec/a.ts', text: '// ERR-1' }];
    expect(problemsOf({ derivations: [source, { ...source, path: 'derivations/b.md' }], lib: [], spec })).toEqual([
      'derivations/b.md:1: ERR-1 is defined a second time',
    ]);
  });

  test('a gap in the numbers', () => {
    const derivations = right.derivations.map(line => line.replace('EX-B1', 'EX-B2'));
    const backward = right.backward.map(line => line.replace('EX-B1', 'EX-B2'));
    expect(problemsWith({ derivations, backward })).toEqual(['derivations/ex.md:4: EX-B2 stands where EX-B1 is next']);
  });

  test('equations of a derivation out of order', () => {
    const [first = '', second = '', ...others] = right.derivations;
    expect(problemsWith({ derivations: [second, first, ...others] })).toEqual([
      'derivations/ex.md:1: EX-F2 stands where EX-F1 is next',
      'derivations/ex.md:2: EX-F1 stands where EX-F2 is next',
    ]);
  });

  test('a derivation that mentions an unknown tag', () => {
    expect(problemsWith({ derivations: [...right.derivations, 'See EX-B7, not UTF-8.'] })).toEqual([
      'derivations/ex.md:5: EX-B7 is in no derivation',
    ]);
  });

  test('a forward or backward equation that no line of code has', () => {
    const backward = ["const equations = { a: 'EX-B1' };", '// EX-B1  dL/da_t = dL/dh_t', ' * f(); // EX-B1  dL/da_t'];
    expect(problemsWith({ backward })).toEqual(['derivations/ex.md:4: EX-B1 is at no line of lib']);
  });

  test('code or a test that mentions an unknown tag', () => {
    const backward = ["const equations = { a: 'EX-B1', h: 'EX-B2' };", ...right.backward];
    expect(problemsWith({ backward, spec: ['/** EX-D1 holds. */'] })).toEqual([
      'lib/cells/ex.ts:5: EX-B2 is in no derivation',
      'spec/ex.spec.ts:1: EX-D1 is in no derivation',
    ]);
  });

  test('a prefix that no derivation has, in an equation comment or a string', () => {
    const lib = [
      ...right.lib,
      "const equations = { h: 'XE-B1', x: 'XE-B2' };",
      'g(); // EY-F1  g',
      '// such as ISO-8601',
      "'UTF-8'",
    ];
    expect(problemsWith({ lib, spec: ['g(); // EZ-F1  g', "{ h: 'XE-B1' }"] })).toEqual([
      'lib/cells/ex.ts:6: EY-F1 is in no derivation',
      'spec/ex.spec.ts:1: EZ-F1 is in no derivation',
      'lib/cells/ex.ts:5: XE-B1 is in no derivation',
      'lib/cells/ex.ts:5: XE-B2 is in no derivation',
    ]);
  });

  test('an equation comment without its formula, or one space off', () => {
    const lib = right.lib.map(line => line.replace('EX-F1  a_t = x_t', 'EX-F1').replace('EX-F2  ', 'EX-F2 '));
    expect(problemsWith({ lib })).toEqual([
      'lib/cells/ex.ts:2: EX-F1 is not followed by two spaces and the formula',
      'lib/cells/ex.ts:3: EX-F2 is not followed by two spaces and the formula',
    ]);
  });

  test('equations of a function out of order, those seen before aside', () => {
    const [open = '', first = '', second = '', close = ''] = right.lib;
    expect(problemsWith({ lib: [open, second, close, 'function g() {', first, second, first, close] })).toEqual([]);
    expect(problemsWith({ lib: [open, second, first, close] })).toEqual([
      'lib/cells/ex.ts:3: EX-F1 stands after EX-F2',
    ]);
  });

  test('a backward equation of a cell that does not name the forward one, or an unknown one', () => {
    const through = (text: string): string[] => problemsWith({ backward: [`da = dh; // EX-B1  dL/da_t${text}`] });
    expect(through(' = dL/dh_t')).toEqual(['lib/cells/ex.ts:5: EX-B1 does not say through which forward equation']);
    expect(through(', through F1 and F3')).toEqual(['lib/cells/ex.ts:5: EX-F3 is in no derivation']);
  });
});

/** Everything that is wrong with the tags of the repository, a line each. */
function problemsOf({ derivations, lib, spec }: Texts): string[] {
  const defined = find(derivations, DEFINITION);
  const tags = new Set(defined.map(({ tag }) => tag));
  const prefixes = new Set(defined.map(({ prefix }) => prefix));
  const equations = find(lib, EQUATION);
  return [
    ...malformed(derivations),
    ...definedTwice(defined),
    ...misnumbered(defined),
    ...unknown([...derivations, ...lib, ...spec], tags, prefixes),
    ...uncomputed(defined, equations),
    ...withoutFormula(equations),
    ...disordered(lib),
    ...notThrough(equations, tags),
  ];
}

/** A typing error in a tag must not hide it. */
function malformed(derivations: readonly Source[]): string[] {
  return lines(derivations).flatMap(({ where, line }) =>
    Array.from(line.matchAll(/\\tag\{[^}]*\}?/g), ([tag]) => tag)
      .filter(tag => !new RegExp(`^${DEFINITION}$`).test(tag))
      .map(tag => `${where}: ${tag} is not of the form RNN-F1`),
  );
}

function definedTwice(defined: readonly Tagged[]): string[] {
  return defined
    .filter(({ tag }, n) => defined.findIndex(other => other.tag === tag) !== n)
    .map(({ where, tag }) => `${where}: ${tag} is defined a second time`);
}

/** The numbers of a series are 1, 2, 3, … as they stand in the file. */
function misnumbered(defined: readonly Tagged[]): string[] {
  const seen = new Map<string, number>();
  return defined.flatMap(({ path, where, tag, series, number }) => {
    const next = (seen.get(`${path} ${series}`) ?? 0) + 1;
    seen.set(`${path} ${series}`, next);
    return number === next ? [] : [`${where}: ${tag} stands where ${series}${next} is next`];
  });
}

/**
 * A tag of a known prefix is defined. Text may hold other words of that form (UTF-8), but the comment of an equation
 * and a string of lib that is all tag may not, so that a typing error in the prefix shows too.
 */
function unknown(sources: readonly Source[], tags: ReadonlySet<string>, prefixes: ReadonlySet<string>): string[] {
  const code = sources.filter(({ path }) => path.endsWith('.ts'));
  const strings = find(code, STRING).filter(({ path, letter }) => path.startsWith('lib/') && letter !== '');
  return [
    ...find(sources, MENTION).filter(({ tag, prefix }) => prefixes.has(prefix) && !tags.has(tag)),
    ...[...find(code, EQUATION), ...strings].filter(({ prefix }) => !prefixes.has(prefix)),
  ].map(({ where, tag }) => `${where}: ${tag} is in no derivation`);
}

/** The code computes every forward and backward equation. The others are judged as they stand: see `spec/derivation/own.spec.ts`. */
function uncomputed(defined: readonly Tagged[], equations: readonly Tagged[]): string[] {
  const computed = new Set(equations.map(({ tag }) => tag));
  return defined
    .filter(({ tag, letter }) => (letter === 'F' || letter === 'B') && !computed.has(tag))
    .map(({ where, tag }) => `${where}: ${tag} is at no line of lib`);
}

function withoutFormula(equations: readonly Tagged[]): string[] {
  return equations
    .filter(({ rest }) => !/^ {2}\S/.test(rest))
    .map(({ where, tag }) => `${where}: ${tag} is not followed by two spaces and the formula`);
}

/** Within each declaration of a file the equations of a series follow each other; one may be repeated later. */
function disordered(lib: readonly Source[]): string[] {
  return lib.flatMap(source => {
    const last = new Map<string, Tagged>();
    const seen = new Set<string>();
    return find([source], EQUATION).flatMap(equation => {
      const { where, tag, series, number } = equation;
      const run = `${declaration(source, where)} ${series}`;
      if (seen.has(`${run}${number}`)) return [];
      seen.add(`${run}${number}`);
      const before = last.get(run);
      last.set(run, equation);
      return before && number < before.number ? [`${where}: ${tag} stands after ${before.tag}`] : [];
    });
  });
}

/** Every backward equation of a cell names the forward equations it goes through, and wherever one does, they exist. */
function notThrough(equations: readonly Tagged[], tags: ReadonlySet<string>): string[] {
  return equations
    .filter(({ letter }) => letter === 'B')
    .flatMap(({ path, where, tag, prefix, rest }) => {
      const [through = ''] = rest.match(/\bthrough F\d.*/) ?? [];
      const forward = Array.from(through.matchAll(/\bF\d+\b/g), ([short]) => `${prefix}-${short}`);
      if (forward.length === 0 && path.startsWith('lib/cells/'))
        return [`${where}: ${tag} does not say through which forward equation`];
      return forward.filter(full => !tags.has(full)).map(full => `${where}: ${full} is in no derivation`);
    });
}

/** Which of a file's top-level declarations, the lines that begin in column 1, a line is in. */
function declaration({ text }: Source, where: string): number {
  const above = text.split('\n').slice(0, Number(where.split(':')[1]));
  return above.filter(line => /^\w/.test(line)).length;
}

/** All places that match a pattern around {@link TAG}. */
function find(sources: readonly Source[], pattern: string): Tagged[] {
  return lines(sources).flatMap(({ path, where, line }) =>
    Array.from(line.matchAll(new RegExp(pattern, 'g')), ({ groups = {} }) => {
      const { prefix = '', letter = '', number = '', rest = '' } = groups;
      const series = `${prefix}-${letter}`;
      return { path, where, tag: `${series}${number}`, prefix, letter, series, number: Number(number), rest };
    }),
  );
}

function lines(sources: readonly Source[]): { readonly path: string; readonly where: string; readonly line: string }[] {
  return sources.flatMap(({ path, text }) =>
    text.split('\n').map((line, n) => ({ path, where: `${path}:${n + 1}`, line })),
  );
}

function repository(): Texts {
  const files = (folder: string, extension: string): Source[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map(path => `${folder}/${path.replaceAll('\\', '/')}`)
      .filter(
        path =>
          path.endsWith(extension) &&
          path !== 'spec/crossrefs.spec.ts' &&
          // Not a reader's own, a package's, or what a program has written.
          !/^derivations\/\.site\/|^spec\/(fixtures|peers\/node_modules)\/|^lib\/engine\/kernels(-fma)?\.ts$/.test(
            path,
          ),
      )
      .sort()
      .map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  return { derivations: files('derivations', '.md'), lib: files('lib', '.ts'), spec: files('spec', '.ts') };
}
