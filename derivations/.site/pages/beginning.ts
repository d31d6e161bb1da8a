/** Where one begins: what this is, in one look. */
import { checkDerivation } from 'bptt/check';
import { escaped } from '../escaped.ts';
import { formula } from '../formula.ts';
import { guideFile, guideText, latexOf } from '../guides.ts';
import { lossesOfHello, normsOf, STEPS } from '../made/beginning.ts';
import { MENU, type Page } from '../page.ts';
import { codeOfTag } from '../tags.ts';

export function beginning(): Page {
  const html = `<h1>Backpropagation through time, every gradient by hand</h1>
<p class="claim">bptt is a TypeScript library of recurrent networks without automatic differentiation: each gradient is derived on paper, written as equations, and proven. What you read on the slide, in the derivation and in the code is what runs.</p>
${backwards()}
<h2>Two commands from a clone</h2>
<pre tabindex="0"><code>npm ci
npm start</code></pre>
<p>Within a minute a network learns to write in the manner of Shakespeare’s sonnets. Then <a href="${guideFile('first-model')}">the same in twenty lines</a>.</p>
<h2>Four ways in</h2>
<ul class="ways">
${way('derivations.html', 'Read', 'Every derivation, with a verdict beside each equation and the line of code that computes it.', equation())}
${way('time.html', 'Watch', 'A cell over a short sequence: every number of every step, forward and back. Drag a weight, and all follows.', boxes(['rnn', 'gru', 'lstm']))}
${way('judge.html', 'Write', 'Your own derivation, judged line by line as you type. A right one is a cell that trains.', verdicts())}
${way(MENU.some(([file]) => file === 'train.html') ? 'train.html' : guideFile('first-model'), 'Train', 'On a text or a table of yours, in this page, and take the model with you.', losses())}
</ul>
<p>Or see <a href="flow.html">where the gradient goes</a>, <a href="${guideFile('errata')}">where the lectures are wrong</a>, <a href="${guideFile('proven')}">how it is proven</a> and <a href="${guideFile('fast')}">how fast it is</a>.</p>`;
  return {
    file: 'index.html',
    title: 'Backpropagation through time',
    description: 'Backpropagation through time with every gradient derived by hand and proven.',
    html,
    style: 'beginning',
  };
}

/** The rows of the picture: cells, and what they are called. */
const ROWS = [
  ['rnn', 'RNN'],
  ['gru', 'GRU'],
  ['lstm', 'LSTM'],
] as const;

/** Pixels of a box and between boxes, and left of them. */
const [BOX, GAP, LEFT] = [30, 6, 66] as const;

/** Decades that a box is empty at. */
const DECADES = 4;

/** From 0 to 1, how dark a gradient is, on a logarithmic scale below the largest. */
const shareOf = (norm: number, most: number): number => Math.max(0, 1 + Math.log10(norm / most) / DECADES);

/** The gradient on its way back, in three networks. */
function backwards(): string {
  const width = LEFT + STEPS * (BOX + GAP);
  const rows = ROWS.map(([cell, name], n) => {
    const y = n * (BOX + 14);
    return `<text x="0" y="${y + BOX / 2 + 5}">${name}</text>${squares(cell, LEFT, y, BOX, GAP)}`;
  });
  const height = ROWS.length * (BOX + 14) + 16;
  const words = `The norm of the gradient in the state of each of ${STEPS} steps, in a vanilla network, a GRU and an LSTM: darkest at the last step, fading towards the first.`;
  return `<figure class="back"><a href="time.html"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}">
${rows.join('\n')}
<text x="${LEFT}" y="${height - 2}">t = 1</text><text x="${width - GAP}" y="${height - 2}" text-anchor="end">the loss is here, t = ${STEPS}</text>
</svg></a><figcaption>‖∂L/∂h<sub>t</sub>‖ of a loss that looks at the last state alone, on its way back from right to left, over ${DECADES} decades. Computed by the library as this page was built; <a href="time.html">here it is alive</a>.</figcaption></figure>`;
}

/** A box a step. */
function squares(cell: string, left: number, top: number, box: number, gap: number): string {
  const norms = normsOf(cell);
  const most = Math.max(...norms);
  const boxes = norms.map((norm, n) => {
    const share = shareOf(norm, most).toFixed(3);
    const x = left + n * (box + gap);
    return `<rect x="${x}" y="${top}" width="${box}" height="${box}" rx="3" class="box"/><rect x="${x}" y="${top}" width="${box}" height="${box}" rx="3" class="share" opacity="${share}"><title>t = ${n + 1}: ${norm.toPrecision(3)}</title></rect>`;
  });
  return boxes.join('');
}

function way(to: string, name: string, about: string, picture: string): string {
  return `<li><a href="${to}"><h3>${name}</h3></a><div class="small" aria-hidden="true">${picture}</div><p>${about}</p></li>`;
}

function equation(): string {
  const code = codeOfTag.get('RNN-B1');
  return `<div>${formula(latexOf('RNN-B1'), true)}</div><div class="beside"><b>RNN-B1</b> <span class="verdict proven">proven exactly</span><br>${code ? `${escaped(code.file)}:${code.line}` : ''}</div>`;
}

function boxes(cells: readonly string[]): string {
  const rows = cells.map((cell, n) => squares(cell, 0, 4 + n * 18, 12, 2));
  return `<svg viewBox="0 0 ${STEPS * 14} ${18 * cells.length + 4}">${rows.join('')}</svg>`;
}

/** What is found of the derivation in the guide that has two mistakes. */
function verdicts(): string {
  const [, text = ''] = /^```md judged wrong\n([\s\S]*?)^```$/m.exec(guideText('own-derivation')) ?? [];
  const lines = checkDerivation(text).lines.map(({ tag, verdict }) => {
    const kind = verdict === 'wrong' ? 'wrong' : verdict === 'proven' ? 'proven' : 'defines';
    return `<span class="verdict ${kind}">(${tag}) ${verdict}</span>`;
  });
  return `<div class="beside">${lines.join('<br>')}</div>`;
}

/** Updates of the curve. */
const UPDATES = 60;

function losses(): string {
  const values = lossesOfHello(UPDATES);
  const most = Math.max(...values);
  const [width, height] = [220, 70];
  const points = values.map((loss, n) => {
    return `${((n / (UPDATES - 1)) * width).toFixed(1)},${(4 + height * (1 - loss / most)).toFixed(1)}`;
  });
  return `<svg viewBox="0 0 ${width + 4} ${height + 8}"><polyline points="${points.join(' ')}"/></svg>`;
}
