/** Expressions as LaTeX again. */
import type { Event, Expression, Index, Name } from './expression.ts';
import { GREEK } from './signs.ts';

const GREEK_COMMANDS: ReadonlyMap<string, string> = new Map(
  Object.entries(GREEK).map(([command, letter]) => [letter, command]),
);

const ACCENT_COMMANDS: Readonly<Record<string, string>> = {
  '\u0303': '\\tilde',
  '\u0302': '\\hat',
  '\u0304': '\\bar',
  '\u20d7': '\\vec',
  '\u20d6': '\\overleftarrow',
  '\u0307': '\\dot',
};

const RELATIONS: Readonly<Record<string, string>> = { '≤': '\\le ', '≥': '\\ge ', '≠': '\\ne ' };

const SIGNS: Readonly<Record<string, string>> = {
  '⊙': '\\odot',
  '⊘': '\\oslash',
  Σ: '\\sum',
  Π: '\\prod',
  max: '\\max',
  min: '\\min',
  argmax: '\\arg\\max',
  argmin: '\\arg\\min',
};

/** How tightly an expression holds together: a sum least. */
function strength({ kind }: Expression): number {
  if (kind === 'sum') return 0;
  if (kind === 'each' || kind === 'over') return 1;
  return kind === 'product' ? 2 : 3;
}

export function latexOf(of: Expression): string {
  const inner = (part: Expression, least: number) =>
    strength(part) < least ? `\\big(${latexOf(part)}\\big)` : latexOf(part);
  switch (of.kind) {
    case 'number':
      return `${of.value}`;
    case 'constant':
      return of.name === 'I' ? 'I' : `\\mathbf ${of.name}`;
    case 'name':
      return nameLatex(of.name);
    case 'sum':
      return of.terms
        .map(({ sign, of: term }, n) => `${sign < 0 ? '-' : n > 0 ? '+' : ''}${n > 0 ? ' ' : ''}${inner(term, 1)}`)
        .join(' ');
    case 'product':
      return of.factors.map(factor => inner(factor, 3)).join('\\,');
    case 'each':
      return `${inner(of.left, 1)}${SIGNS[of.operation]} ${inner(of.right, 2)}`;
    case 'along':
      return `\\mathcal R\\{${latexOf(of.of)}\\}`;
    case 'part':
      return `(${latexOf(of.of)})_{${of.part + 1}}`;
    case 'transpose':
      return strength(of.of) < 3 || of.of.kind === 'gradient'
        ? `\\big(${latexOf(of.of)}\\big)^\\top`
        : `${scriptable(of.of)}^\\top`;
    case 'power':
      return `${scriptable(of.of)}^{${latexOf(of.exponent)}}`;
    case 'call':
      return callLatex(of);
    case 'gradient':
      return `\\frac{\\partial L}{\\partial ${nameLatex(of.by)}}`;
    case 'given':
      return `d${nameLatex(of.of)}`;
    case 'jacobian': {
      const below = of.vec ? `\\mathrm{vec}(${nameLatex(of.by)})` : nameLatex(of.by);
      return `\\frac{\\partial${of.immediate ? '^+' : ''} ${nameLatex(of.of)}}{\\partial ${below}}`;
    }
    case 'over': {
      if (of.operation === '…') return `[${inner(of.of, 1)}]${of.range.index === '' ? '' : `_{${of.range.index}}`}`;
      const { index, from, to, where } = of.range;
      const only =
        where?.kind === 'holds' ? `${RELATIONS[where.relation] ?? where.relation}${latexOf(where.right)}` : '';
      const below = index === '' ? '' : `_{${index}${from ? `=${latexOf(from)}` : only}}`;
      return `${SIGNS[of.operation]}${below}${to ? `^{${latexOf(to)}}` : ''} ${inner(of.of, 1)}`;
    }
    case 'holds':
      return `[${latexOf(of.left)}${RELATIONS[of.relation] ?? of.relation}${latexOf(of.right)}]`;
    case 'place':
      return of.letter;
    case 'probability':
      return `P(${[of.events, of.given]
        .filter(events => events.length > 0)
        .map(events => events.map(eventLatex).join(', '))
        .join('\\mid ')})`;
    case 'element':
      return elementLatex(of);
    case 'array':
      return latexOf(of.of);
    case 'where':
      return `${latexOf(of.of)} \\quad\\text{where } ${latexOf(of.condition).slice(1, -1)}`;
    case 'share':
      return `\\big(${latexOf(of.of)}\\big)_{${nameLatex(of.name)}}`;
    case 'stack': {
      const { parts, columns } = of;
      if (columns !== undefined) {
        const cells = parts.map((part, n) => `${latexOf(part)}${(n + 1) % columns > 0 ? '&' : '\\\\'}`);
        return `\\begin{pmatrix}${cells.join('')}\\end{pmatrix}`;
      }
      return `[${of.parts.map(latexOf).join(of.below ? '; ' : ', ')}]`;
    }
  }
}

function eventLatex({ name, to, value }: Event): string {
  if (to) return `${nameLatex(name)}\\dots ${nameLatex(to)}`;
  return value ? `${nameLatex(name)}=${latexOf(value)}` : nameLatex(name);
}

/** The letter of a bold one with its places, or a parenthesis with them below. */
function elementLatex({ of, places }: Expression & { kind: 'element' }): string {
  const below = places
    .map(place => (place ? latexOf(place) : '\\cdot'))
    .join(places.some(place => place?.kind === 'name') ? ',' : '');
  if (of.kind !== 'name' || !of.name.bold) return `\\big(${latexOf(of)}\\big)_{${below}}`;
  const { name } = of;
  const own = nameLatex({ ...name, bold: false, sub: [] });
  return `${own}_{${[...name.sub.map(indexLatex), below].join('')}}`;
}

/** In parentheses unless something can stand above it as it is. */
function scriptable(of: Expression): string {
  const has = of.kind === 'name' && of.name.sup.length > 0;
  return (of.kind === 'name' && !has) || of.kind === 'number'
    ? latexOf(of)
    : has
      ? `{${latexOf(of)}}`
      : `\\big(${latexOf(of)}\\big)`;
}

function callLatex({ name, order, args }: Expression & { kind: 'call' }): string {
  const inner = args.map(latexOf).join(', ');
  if (name === 'exp' && order === 0) return `e^{${inner}}`;
  if (name === 'sqrt') return `\\sqrt{${inner}}`;
  if (name === 'abs') return `|${inner}|`;
  if (name === 'inner') return `\\langle ${inner}\\rangle`;
  if (name === 'kron') return args.map(latexOf).join(' \\otimes ');
  if (name === 'floor' || name === 'ceil') return `\\l${name} ${inner}\\r${name}`;
  if (name === 'spectral') return `\\|${inner}\\|_2`;
  if (name === 'norm' || name === 'norm1') return `\\|${inner}\\|${name === 'norm' ? '' : '_1'}`;
  const head = /^(tanh|log|max|min)$/.test(name)
    ? `\\${name}`
    : (GREEK_COMMANDS.get(name) ?? (name.length > 1 ? `\\mathrm{${name}}` : name));
  return `${head}${"'".repeat(order)}(${inner})`;
}

export function nameLatex({ letter, bold, sup, sub }: Name): string {
  const isWord = /^[A-Za-z]{2,}$/.test(letter);
  const [base = '', ...marks] = isWord ? [`\\mathrm{${letter}}`] : letter.normalize('NFD').replace(/′/g, '');
  const primes = letter.match(/′/g)?.length ?? 0;
  const command = GREEK_COMMANDS.get(base);
  const plain = bold ? (command ? `\\boldsymbol${command}` : `\\mathbf ${base}`) : (command ?? base);
  const accented = marks.reduce((inner, mark) => `${ACCENT_COMMANDS[mark] ?? ''}{${inner}}`, plain);
  const above = [...sup.map(indexLatex), ...(primes > 0 ? ['\\prime'.repeat(primes)] : [])].join(',');
  const below = sub.map(indexLatex).join(',');
  return `${accented}${above ? `^{${above}}` : ''}${below ? `_{${below}}` : ''}`;
}

function indexLatex(index: Index): string {
  if (index.letter === undefined) return `${index.number}`;
  if (index.name) return nameLatex(index.name);
  const letter =
    GREEK_COMMANDS.get(index.letter) ?? (index.letter.length > 1 ? `\\text{${index.letter}}` : index.letter);
  const more = (index.plus ?? []).map(({ letter: other, sign }) => `${sign < 0 ? '-' : '+'}${other}`).join('');
  return `${letter}${index.offset === 0 ? '' : index.offset > 0 ? `+${index.offset}` : `${index.offset}`}${more}`;
}
