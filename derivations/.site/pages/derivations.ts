/** Every derivation, and what there is of them. */
import { escaped } from '../escaped.ts';
import { givenTo } from '../given.ts';
import { rendered } from '../markdown.ts';
import type { Neighbour, Page } from '../page.ts';
import { readIn } from '../root.ts';
import { symbolsOf } from '../symbols.ts';
import { derivations, pageOfTag } from '../tags.ts';
import { type Judgement, verdictsOf } from '../verdicts.ts';

/** The title of a derivation. */
export const titleOf = (text: string): string => /^# (.+)$/m.exec(text)?.[1] ?? 'bptt';

/** What is found of every derivation. */
const verdicts = new Map(Array.from(derivations.keys(), name => [name, verdictsOf(name, givenTo(name))] as const));

/** The derivations in the order in which README has them, in its chapter and before and after. */
export const inOrder: readonly string[] = Array.from(
  new Set([
    ...namesIn(/^## The mathematics$([\s\S]*?)^## /m.exec(readIn('README.md'))?.[1] ?? ''),
    ...derivations.keys(),
  ]),
);

function namesIn(text: string): string[] {
  const found = Array.from(text.matchAll(/\(derivations\/([\w-]+)\.md\)/g), ([, name = '']) => name);
  return found.filter(name => derivations.has(name));
}

/** What leads to a derivation. */
function neighbour(name: string | undefined): Neighbour | undefined {
  return name === undefined ? undefined : { file: `${name}.html`, title: titleOf(derivations.get(name) ?? '') };
}

/** Where an equation stands, seen from a derivation. */
function placeOf(tag: string | undefined, from: string): string | undefined {
  const page = tag === undefined ? undefined : pageOfTag.get(tag);
  return page && `${page === from ? '' : `${page}.html`}#${tag}`;
}

/** The page of a derivation. */
export function derivationPage(name: string): Page {
  const text = derivations.get(name) ?? '';
  const at = inOrder.indexOf(name);
  const [before, after] = [neighbour(inOrder[at - 1]), neighbour(inOrder[at + 1])];
  const found = verdicts.get(name) ?? new Map<string, Judgement>();
  const symbols = symbolsOf(name, givenTo(name));
  const body = rendered(text, tag => found.get(tag), { symbols });
  const said = Array.from(symbols.said, ([key, symbol]) => [key, { ...symbol, to: placeOf(symbol.tag, name) }]);
  const html = `${body}<script type="application/json" id="symbols">${JSON.stringify(Object.fromEntries(said)).replaceAll('<', '\\u003c')}</script>`;
  return {
    script: 'symbols',
    alone: true,
    file: `${name}.html`,
    title: titleOf(text),
    description: `${titleOf(text)}: derived by hand, each equation judged.`,
    html,
    under: 'derivations.html',
    neighbours: { ...(before && { before }), ...(after && { after }) },
  };
}

function counts(name: string): string {
  const kinds = Array.from(verdicts.get(name)?.values() ?? [], ({ kind }) => kind);
  const right = kinds.filter(kind => kind === 'proven' || kind === 'holds').length;
  return `${kinds.length} equations, ${right} of them judged and right`;
}

/** What derivations there are. */
export function contents(): Page {
  const rows = inOrder.map(name => {
    const title = titleOf(derivations.get(name) ?? '');
    return `<tr><td><a href="${name}.html">${escaped(title)}</a></td><td>${counts(name)}</td></tr>`;
  });
  const html = `<h1>Derivations</h1>
<p>One page a subject. Beside each equation stands what a program found when it judged that line by itself, exactly where it can, and the line of the library that computes it.</p>
<div class="scrolls"><table><thead><tr><th>Subject</th><th>What is found</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return {
    file: 'derivations.html',
    title: 'Derivations',
    description: 'Every derivation of bptt, judged line by line.',
    html,
  };
}
