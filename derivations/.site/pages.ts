/** The pages: of the derivations, and the live ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escaped } from './escaped.ts';
import { givenTo } from './given.ts';
import { rendered } from './markdown.ts';
import type { Page } from './page.ts';
import { ROOT } from './root.ts';
import { derivations } from './tags.ts';
import { type Judgement, verdictsOf } from './verdicts.ts';

/** Where a file of the repository is read that has no page here. */
const REPOSITORY = '..';

const titleOf = (text: string) => /^# (.+)$/m.exec(text)?.[1] ?? 'bptt';

/** What is found of every derivation. */
const verdicts = new Map(Array.from(derivations.keys(), name => [name, verdictsOf(name, givenTo(name))] as const));

function derivationPage(name: string, text: string): Page {
  const found = verdicts.get(name) ?? new Map<string, Judgement>();
  const html = rendered(text, tag => found.get(tag), REPOSITORY);
  return {
    file: `${name}.html`,
    title: titleOf(text),
    description: `${titleOf(text)}: derived by hand, each equation judged.`,
    html,
  };
}

function counts(name: string): string {
  const kinds = Array.from(verdicts.get(name)?.values() ?? [], ({ kind }) => kind);
  const right = kinds.filter(kind => kind === 'proven' || kind === 'holds').length;
  return `${kinds.length} equations, ${right} of them judged and right`;
}

function contents(): Page {
  const rows = Array.from(derivations, ([name, text]) => {
    return `<tr><td><a href="${name}.html">${escaped(titleOf(text))}</a></td><td>${counts(name)}</td></tr>`;
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

function beginning(): Page {
  const html = `<h1>Backpropagation through time, every gradient by hand</h1>
<p>bptt is a TypeScript library of recurrent networks without automatic differentiation: each gradient is derived on paper, written as equations, and proven. What you read on the slide, in the derivation and in the code is what runs.</p>
<ul>
<li><a href="derivations.html">Read the derivations</a>: beside each equation its verdict and the line that computes it. Begin with <a href="rnn.html">the vanilla network</a> or <a href="lstm.html">the LSTM</a>.</li>
<li><a href="time.html">Go back through time</a>: a cell over a short sequence, every number of every step, forward and back. Drag a weight, and all follows.</li>
<li><a href="judge.html">Is your derivation right?</a> Write it, and each line is judged as you type; a right one is a cell that trains.</li>
<li><a href="errata.html">Where the lectures are wrong</a>, with counterexamples.</li>
</ul>
<h2>Two commands from a clone</h2>
<pre><code>npm ci
npm start</code></pre>`;
  return {
    file: 'index.html',
    title: 'Backpropagation through time',
    description: 'Backpropagation through time with every gradient derived by hand and proven.',
    html,
  };
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

function judge(): Page {
  const lstm = derivations.get('lstm') ?? '';
  const examples = {
    LSTM: lstm,
    'LSTM, one sign wrong': lstm.replace('-\\mathbf', '\\mathbf').replace(/(1\s*)-(\s*\\mathbf f_t\))/, '$1+$2'),
    'The lecture’s closed form': read('spec/fixtures/lecture-closed-form.md'),
    'An empty frame':
      '$$\\mathbf h_t = \\tanh(W\\mathbf h_{t-1} + U\\mathbf x_t + \\mathbf b) \\tag{MY-F1}$$\n\n$$\\frac{\\partial L}{\\partial\\mathbf h_{t-1}} = \\Big(\\frac{\\partial L}{\\partial\\mathbf h_t}\\odot(1-\\mathbf h_t^2)\\Big)W \\tag{MY-B1}$$\n',
  };
  const json = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
  const options = Object.keys(examples).map(name => `<option>${escaped(name)}</option>`);
  const html = `<h1>Is my derivation right?</h1>
<p>Markdown with equations in <code>$$ … $$</code>. Forward equations define; every other line is judged by itself, with true gradients in place of what it mentions: exactly over a finite field where that can be, else in floating point. So a wrong line is named, and the right ones after it are not.</p>
<div class="controls"><label>Example <select id="example">${options.join('')}</select></label><button type="button" id="learn">Make it a cell, and train it</button></div>
<p id="training" role="status"></p>
<div class="two"><div><div id="editor"></div></div><div><p id="summary" class="verdict-of-all" role="status" data-waits="no">…</p><ul id="lines" class="lines"></ul></div></div>
<script type="application/json" id="examples">${json(examples)}</script>
<script type="text/plain" id="text">${escaped(read('README.md').slice(0, 6000))}</script>`;
  return {
    file: 'judge.html',
    title: 'Is my derivation right?',
    description: 'Write a derivation, and every line is judged as you type.',
    html,
    script: 'judge.js',
    wide: true,
  };
}

function time(): Page {
  const html = `<h1>Back through time</h1>
<p>The loss is a number made of the last state alone, so all of a gradient comes from the end. The boxes are the steps, as high as the logarithm of ‖∂L/∂h‖ there. Choose one, and see what went in, what came back, and what it adds to the gradient of every parameter. Inputs and parameters can be dragged up and down, and all follows; point at any square for its number.</p>
<div class="controls">
<label>Cell <select id="cell"></select></label>
<label>Steps <input id="T" type="range" min="2" max="32" value="12"> <output id="T-is"></output></label>
<label>Units <input id="m" type="range" min="1" max="16" value="4"> <output id="m-is"></output></label>
<label>Seed <input id="seed" type="number" min="1" max="9999" value="1" size="5"></label>
</div>
<div id="network" class="network"></div>
<div class="controls"><label>Step <input id="t" type="range" min="1" max="12" value="12"></label> <output id="where"></output></div>
<h2>Forward</h2><div id="forward" class="maps"></div>
<h2>Backward</h2><div id="backward" class="maps"></div>
<h2>Parameters, and what the step adds to their gradients</h2>
<p id="checked" role="status">…</p>
<div id="parameters"></div>`;
  return {
    file: 'time.html',
    title: 'Back through time',
    description: 'A recurrent cell over a short sequence, every number of every step, forward and back.',
    html,
    script: 'time.js',
    wide: true,
  };
}

/** All of them. */
export function pages(): readonly Page[] {
  return [
    beginning(),
    contents(),
    judge(),
    time(),
    ...Array.from(derivations, ([name, text]) => derivationPage(name, text)),
  ];
}
