/** What the entries of the package export, read by TypeScript's own compiler from the sources: package.json says which entries there are. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { ROOT, readIn } from '../root.ts';
import { type Doc, docOf } from './docs.ts';
import { type Declared, signatureOf } from './signatures.ts';

/** A name that an entry exports. */
export interface Exported {
  readonly name: string;
  /** Whether it is there only for types. */
  readonly isType: boolean;
  readonly signature: string;
  readonly doc: Doc;
  /** Where it is written, from the repository's root; absent where another package has it. */
  readonly place?: { readonly file: string; readonly line: number };
  /** The package that it is of, where it is not ours. */
  readonly from?: string;
}

/** An entry. */
export interface Entry {
  /** As it is imported, `bptt/io`. */
  readonly name: string;
  /** Its file, from the repository's root. */
  readonly source: string;
  /** What its file says of it. */
  readonly doc: Doc;
  readonly names: readonly Exported[];
}

/** All entries, in the order of package.json, but `bptt` first; those of the cells are one each. */
export function entries(): readonly Entry[] {
  const sources = entrySources();
  const program = ts.createProgram(
    sources.map(([, file]) => join(ROOT, file)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      allowImportingTsExtensions: true,
      noEmit: true,
      ...{ skipLibCheck: true, noLib: true, types: [] }, // nobody asks what types are, only where names are declared
    },
  );
  const checker = program.getTypeChecker();
  return sources.map(([name, source]) => {
    const file = program.getSourceFile(join(ROOT, source));
    const module = file && checker.getSymbolAtLocation(file);
    if (!file || !module) throw new Error(`${source} exports nothing`);
    const names = checker.getExportsOfModule(module).flatMap(symbol => exported(symbol, checker) ?? []);
    return { name, source, doc: docOf(headOf(file)), names: names.sort(byName) };
  });
}

const byName = (a: Exported, b: Exported): number =>
  Number(a.isType) - Number(b.isType) || a.name.localeCompare(b.name, 'en');

/** The entries and their files. */
function entrySources(): [name: string, source: string][] {
  const { exports } = JSON.parse(readIn('package.json')) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  return Object.entries(exports).flatMap(([key, entry]): [string, string][] => {
    if (typeof entry === 'string') return [];
    const name = key.replace(/^\./, 'bptt');
    const source = entry.types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts');
    return source.includes('*') ? cellSources(name, source) : [[name, source]];
  });
}

/** Of the pattern for cells, the files that are one each. */
function cellSources(name: string, source: string): [string, string][] {
  const folder = source.replace('/*.ts', '');
  const files = readdirSync(join(ROOT, folder)).filter(file =>
    /^export const \w+: Cell\b/m.test(readIn(join(folder, file))),
  );
  return files.map(file => [name.replace('*', file.replace(/\.ts$/, '')), `${folder}/${file}`]);
}

function exported(symbol: ts.Symbol, checker: ts.TypeChecker): Exported | undefined {
  const meant = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declarations = (meant.declarations ?? []).flatMap(statementOf);
  const [first] = declarations;
  if (first === undefined) return undefined;
  const file = first.getSourceFile();
  const isType = (meant.flags & ts.SymbolFlags.Value) === 0;
  const path = relative(ROOT, file.fileName);
  const [, from] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file.fileName) ?? [];
  if (from)
    return { name: symbol.name, isType, signature: `export { ${symbol.name} } from '${from}';`, doc: docOf(''), from };
  const own = declarations.map(commentOf).find(comment => comment !== '') ?? '';
  const doc = docOf(own);
  return {
    ...{ name: symbol.name, isType },
    signature: declarations.map(declaration => signatureOf(declaration, symbol.name)).join('\n'),
    doc: doc.text === '' ? { ...doc, text: docOf(headOf(file)).text } : doc,
    place: { file: path, line: file.getLineAndCharacterOfPosition(first.getStart()).line + 1 },
  };
}

/** The statement that declares something. */
function statementOf(declaration: ts.Declaration): Declared[] {
  if (ts.isVariableDeclaration(declaration)) return [declaration.parent.parent as ts.VariableStatement];
  const isOne =
    ts.isFunctionDeclaration(declaration) ||
    ts.isClassDeclaration(declaration) ||
    ts.isInterfaceDeclaration(declaration) ||
    ts.isTypeAliasDeclaration(declaration);
  if (!isOne) return [];
  // Of a function with overloads, what implements them is nobody's to call.
  const parent = declaration.parent as ts.SourceFile;
  const isImplementation =
    ts.isFunctionDeclaration(declaration) &&
    declaration.body !== undefined &&
    parent.statements.some(
      other => ts.isFunctionDeclaration(other) && !other.body && other.name?.text === declaration.name?.text,
    );
  return isImplementation ? [] : [declaration];
}

/** The doc comment before a node, as it is written. */
function commentOf(node: ts.Node): string {
  const { text } = node.getSourceFile();
  const before = text.slice(node.getFullStart(), node.getStart());
  return Array.from(before.matchAll(/\/\*\*[\s\S]*?\*\//g)).at(-1)?.[0] ?? '';
}

/** The comment at the head of a file, where it is of the file. */
function headOf(file: ts.SourceFile): string {
  return /^(\/\*\*[\s\S]*?\*\/)\n/.exec(file.text)?.[1] ?? '';
}
