/** “Is my derivation right?” */
import { escaped } from '../escaped.ts';
import type { Page } from '../page.ts';
import { readIn } from '../root.ts';
import { derivations } from '../tags.ts';

export function judge(): Page {
  const lstm = derivations.get('lstm') ?? '';
  const examples = {
    LSTM: lstm,
    'LSTM, one sign wrong': lstm.replace('-\\mathbf', '\\mathbf').replace(/(1\s*)-(\s*\\mathbf f_t\))/, '$1+$2'),
    'The lecture’s closed form': readIn('spec/fixtures/lecture-closed-form.md'),
    'An empty frame':
      '$$\\mathbf h_t = \\tanh(W\\mathbf h_{t-1} + U\\mathbf x_t + \\mathbf b) \\tag{MY-F1}$$\n\n$$\\frac{\\partial L}{\\partial\\mathbf h_{t-1}} = \\Big(\\frac{\\partial L}{\\partial\\mathbf h_t}\\odot(1-\\mathbf h_t^2)\\Big)W \\tag{MY-B1}$$\n',
  };
  const json = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
  const options = Object.keys(examples).map(name => `<option>${escaped(name)}</option>`);
  const html = `<h1>Is my derivation right?</h1>
<p>Markdown with equations in <code>$$ … $$</code>. Forward equations define; every other line is judged by itself, with true gradients in place of what it mentions: exactly over a finite field where that can be, else in floating point. So a wrong line is named, and the right ones after it are not.</p>
<div class="controls"><label>Example <select id="example">${options.join('')}</select></label><button type="button" id="learn">Make it a cell, and train it</button><button type="button" id="see">See it back through time</button></div>
<p id="training" role="status"></p>
<div class="two"><div><div id="editor"><textarea id="derivation" aria-label="Derivation, as Markdown" spellcheck="false"></textarea></div></div><div><p id="summary" class="verdict-of-all" role="status" data-waits="no">…</p><ul id="lines" class="lines"></ul></div></div>
<script type="application/json" id="examples">${json(examples)}</script>
<script type="text/plain" id="text">${escaped(readIn('README.md').slice(0, 6000))}</script>`;
  return {
    file: 'judge.html',
    title: 'Is my derivation right?',
    description: 'Write a derivation, and every line is judged as you type.',
    html,
    script: 'judge',
    workers: ['judge-worker'],
    later: ['editor'],
    style: 'judge',
    wide: true,
  };
}
