/** “Where does the gradient go?” */
import { type Claim, claims, initNames } from 'bptt/flow';
import { RANGES } from '../app/flow-setting.ts';
import { escaped } from '../escaped.ts';
import type { Page } from '../page.ts';

/** The claim that is seen without a choice. */
const SHOWN = 'bound';

export function flow(): Page {
  const slider = (name: keyof typeof RANGES, text: string, step: number) => {
    const [least, most] = RANGES[name];
    return `<label>${text} <input id="${name}" type="range" min="${least}" max="${most}" step="${step}"> <output id="${name}-is"></output></label>`;
  };
  const html = `<h1>Where does the gradient go?</h1>
<p>A gradient goes back through time as a product of Jacobians, one a step. Whether anything of it is left depends on the cell and on its first weights. Here is a network before it has learnt anything, with inputs drawn at random. Set it, and see how far back a loss is felt; <a href="gradient-flow.html">all that is shown is derived</a>.</p>
<div class="controls settings">
<label>Cell <select id="cell"></select></label>
<label>First weights <select id="init">${initNames.map(name => `<option>${name}</option>`).join('')}</select></label>
${slider('gain', 'Gain', 0.05)}
${slider('bias', 'Forget bias', 0.1)}
<label><input id="drawn" type="checkbox"> as drawn</label>
${slider('T', 'Steps', 1)}
${slider('m', 'Units', 1)}
<label>Seed <input id="seed" type="number" min="1" max="9999" size="5"></label>
<p id="says" class="says" role="status"></p><p id="note" class="faint" role="status"></p>
</div>
<section class="figure"><div><h2>How much is left, over a distance</h2>
<p>The loss of a step is felt in that step’s own state with some strength. How much of that strength is left one step earlier, two steps, … up to <span id="span"></span>? The axis is logarithmic: a straight line down is a gradient that vanishes by the same factor at every step. The memory is the mean distance of what arrives, each distance weighted by how much does.</p></div>
<div id="fading" class="chart"></div></section>
<section class="figure"><div><h2>Which loss reaches which state</h2>
<p>A column is the loss of one step, and the squares above the diagonal are the states before it: the stronger, the more of the gradient arrives there, on a logarithmic scale from a hundred-millionth to the most. A band along the diagonal is a network that only knows the last few steps. Nothing is below: no loss reaches a state of later.</p></div>
<div id="reach" class="reach"></div></section>
<section class="figure"><div><h2>The bounds beside the truth</h2>
<p>Norms of matrices bound what arrives, and eigenvalues suggest it. A bound is above the truth always, and often by orders of magnitude; the largest eigenvalue of one step says little of a product of many. The Lyapunov exponent λ₁ knows the whole product, and is close.</p>
<table><caption class="hidden">What is found of the network</caption><tbody id="found"></tbody></table></div>
<div id="bounds" class="chart"></div></section>
<section class="figure"><div><h2>The spectrum</h2>
<p>The dots are the eigenvalues of the last step, ∂s<sub>T</sub>/∂s<sub>T−1</sub>, in the complex plane; the rings are those of W, where a cell has but one recurrent matrix. Inside the dashed circle a direction fades with every step, outside it grows, in the long run: before that, a matrix that is far from normal may do otherwise.</p></div>
<div id="plane" class="plane"></div></section>
<h2>What the lectures say</h2>
<p>Choose a claim: the network above is set to one that it is about, and the claim is measured.</p>
<div id="claims" class="claims">${claims.map(button).join('')}</div>
<div class="claim">${claims.map(text).join('')}
<p id="measured" role="status"></p><div id="evidence" class="chart"></div></div>`;
  return {
    file: 'flow.html',
    title: 'Where does the gradient go?',
    description: 'How much of a gradient is left on its way back through time: any cell, any first weights, live.',
    html,
    script: 'flow',
    workers: ['flow-worker'],
    style: 'flow',
    wide: true,
  };
}

function button({ name, verdict }: Claim): string {
  return `<button type="button" value="${name}" aria-pressed="${name === SHOWN}" class="${verdict.replaceAll(' ', '-')}">${escaped(name.replaceAll('-', ' '))} <small>${verdict}</small></button>`;
}

function text({ name, source, says, verdict, because }: Claim): string {
  return `<div data-claim="${name}"${name === SHOWN ? '' : ' hidden'}><blockquote>${escaped(says)}</blockquote><p class="faint">${escaped(source)}</p><p><strong>${verdict}.</strong> ${escaped(because)}</p></div>`;
}
