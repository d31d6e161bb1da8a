/** A declaration as one reads it: what is written, without bodies and what is private. */
import ts from 'typescript';

/** What declares a name. */
export type Declared =
  | ts.VariableStatement
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.InterfaceDeclaration
  | ts.TypeAliasDeclaration;

/** The code of a declaration. */
export function signatureOf(declared: Declared, name: string): string {
  if (ts.isClassDeclaration(declared)) return classSignature(declared);
  if (ts.isVariableStatement(declared)) return constSignature(declared, name);
  const code = declared.getText().replace(/^export /, '');
  return ts.isFunctionDeclaration(declared) ? withoutBody(declared) : code;
}

function constSignature({ declarationList }: ts.VariableStatement, name: string): string {
  const declaration = declarationList.declarations.find(one => one.name.getText() === name);
  if (!declaration) throw new Error(`no declaration of ${name}`);
  const { type, initializer } = declaration;
  if (type) return `const ${name}: ${type.getText()};`;
  if (initializer && ts.isArrowFunction(initializer)) {
    const text = initializer
      .getSourceFile()
      .text.slice(initializer.getStart(), initializer.equalsGreaterThanToken.getStart());
    return `const ${name} = ${text.trim()} => …;`;
  }
  return `const ${name} = ${initializer?.getText() ?? ''};`;
}

/** A function, a method or an accessor up to its body. */
function withoutBody(node: ts.FunctionLikeDeclaration): string {
  const { text } = node.getSourceFile();
  const code = node.body ? text.slice(node.getStart(), node.body.getStart()) : node.getText();
  return `${code
    .replace(/^export /, '')
    .trim()
    .replace(/;$/, '')};`;
}

function classSignature(declared: ts.ClassDeclaration): string {
  const { text } = declared.getSourceFile();
  const head = text
    .slice(declared.getStart(), declared.members.pos)
    .replace(/^export /, '')
    .trim();
  const members = declared.members.filter(isPublic).map(member => {
    const code = ts.isPropertyDeclaration(member) ? propertySignature(member) : memberCode(member);
    const comment = commentLines(member);
    return [...(comment.length > 0 ? ['', ...comment] : []), ...code.split('\n')].join('\n  ');
  });
  return `${head}\n  ${members.join('\n  ')}\n}`.replace(/^ +$/gm, '').replace('{\n\n', '{\n');
}

function memberCode(member: ts.ClassElement): string {
  const code = ts.isFunctionLike(member) ? withoutBody(member as ts.FunctionLikeDeclaration) : member.getText();
  return code.replace(/\n {2}/g, '\n');
}

function propertySignature(member: ts.PropertyDeclaration): string {
  const before = member.type ? member.getText().slice(0, member.type.getEnd() - member.getStart()) : member.getText();
  return `${before.replace(/;$/, '')};`;
}

/** The comment of a member, without examples, which stand by themselves. */
function commentLines(member: ts.ClassElement): string[] {
  const { text } = member.getSourceFile();
  const before = text.slice(member.getFullStart(), member.getStart());
  const comment = Array.from(before.matchAll(/\/\*\*[\s\S]*?\*\//g)).at(-1)?.[0];
  if (!comment) return [];
  const lines = comment.replace(/\n *\*\s*\n? *\* @example[\s\S]*?(?=\n *\* @|\n *\*\/)/g, '').split('\n');
  return lines.map(line => line.replace(/^ +\*/, ' *'));
}

/** What those who extend the class or look behind it are told is not shown. */
function isPublic(member: ts.ClassElement): boolean {
  const flags = ts.getCombinedModifierFlags(member);
  const name = member.name?.getText() ?? '';
  if (ts.isSemicolonClassElement(member) || ts.isClassStaticBlockDeclaration(member)) return false;
  return (
    (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0 &&
    !name.startsWith('#') &&
    !name.startsWith('[Symbol.hasInstance') &&
    !(flags & ts.ModifierFlags.Static && (name === 'name' || name === 'brand')) &&
    !isImplementation(member)
  );
}

/** Whether a method is what implements overloads. */
function isImplementation(member: ts.ClassElement): boolean {
  if (!ts.isMethodDeclaration(member) || !member.body || !ts.isClassDeclaration(member.parent)) return false;
  return member.parent.members.some(
    other => ts.isMethodDeclaration(other) && !other.body && other.name.getText() === member.name.getText(),
  );
}
