/** The guides, and what there is of them. */
import { escaped } from '../escaped.ts';
import { GUIDES, type GuideName, guideFile, guideHtml, guideText } from '../guides.ts';
import { made } from '../made/index.ts';
import type { Neighbour, Page } from '../page.ts';
import { nameLink } from './api.ts';

/** What a guide is for, in a line. */
const ABOUT: Readonly<Record<GuideName, string>> = {
  'first-model': 'From a clone to a network that writes, and the same in twenty lines.',
  'own-cell': 'A forward and a backward pass of yours, proven and run fused.',
  'own-derivation': 'Judged line by line before there is any code, and a network as soon as it is right.',
  'own-data': 'A CSV, a task, a forecast.',
  browser: 'Training and prediction in a page, without a server.',
  proven: 'What stands behind “proven”: a finite field, finite differences, and mistakes that are planted.',
  fast: 'Measured beside PyTorch, JAX and others.',
  errata: 'Five places where a slide does not hold, each with its counterexample and a picture.',
};

const found = await made();
const titleOf = (name: GuideName): string => /^# (.+)$/m.exec(guideText(name))?.[1] ?? name;

/** All pages of it. */
export function guides(): readonly Page[] {
  return [contents(), ...GUIDES.map(guidePage)];
}

function contents(): Page {
  const items = GUIDES.map(name => {
    return `<li><a href="${guideFile(name)}">${escaped(titleOf(name))}</a><br>${escaped(ABOUT[name])}</li>`;
  });
  return {
    file: 'guides.html',
    title: 'Guides',
    description: 'Guides to bptt: a first model, your own cell, derivation and data, proofs, speed, errata.',
    html: `<h1>Guides</h1>\n<ul class="guides">${items.join('')}</ul>`,
    style: 'guide',
  };
}

function guidePage(name: GuideName, at: number): Page {
  const [before, after] = [neighbour(GUIDES[at - 1]), neighbour(GUIDES[at + 1])];
  const html = guideHtml(name, found, nameLink);
  const runs = html.includes('data-example=');
  return {
    ...{ file: guideFile(name), title: titleOf(name), description: ABOUT[name], html, style: 'guide' },
    ...(runs && { script: 'examples', alone: true, workers: ['example-worker'] }),
    under: 'guides.html',
    neighbours: { ...(before && { before }), ...(after && { after }) },
  };
}

function neighbour(name: GuideName | undefined): Neighbour | undefined {
  return name && { file: guideFile(name), title: titleOf(name) };
}
