/** “Train”. */
import { cells } from 'bptt';
import type { Page } from '../page.ts';

export function train(): Page {
  const number = (id: string, label: string, value: number, more: string) =>
    `<label>${label} <input id="${id}" type="number" value="${value}" ${more}></label>`;
  const names = Object.keys(cells).map(name => `<option${name === 'lstm' ? ' selected' : ''}>${name}</option>`);
  const html = `<h1>Train</h1>
<p>A recurrent network reads a text symbol by symbol and learns what comes next. It does so in a worker of this page, by the equations of <a href="derivations.html">the derivations</a>; nothing is sent anywhere. The loss falls, what it writes begins to look like the text, and single units begin to follow what the text is about to do. Scroll down, and it begins by itself.</p>
<section id="kept" aria-label="Kept in this browser" hidden><h2>Kept in this browser</h2><ul id="runs" class="runs"></ul></section>
<h2>The text</h2>
<div id="drop" class="drop">
<textarea id="text" rows="7" spellcheck="false" autocomplete="off" aria-label="The text" placeholder="Paste a text here, drop a file, or choose the example."></textarea>
<div class="controls">
<label>Example <select id="example"><option value="">your own</option><option value="sonnets.txt">Shakespeare’s sonnets</option></select></label>
<label>File <input id="file" type="file" accept="text/*,.txt,.md"></label>
<button type="button" id="clear">Clear</button>
</div>
<p id="held" class="faint">…</p>
<p id="facts" class="faint" role="status">…</p>
</div>
<p id="problem" class="problem" role="alert"></p>
<h2>The network</h2>
<div class="controls">
<label>Cell <select id="cell">${names.join('')}</select></label>
${number('hidden', 'Units', 64, 'min="1" max="512"')}
${number('layers', 'Layers', 1, 'min="1" max="4"')}
${number('learningRate', 'Learning rate', 0.01, 'min="0.00001" max="1" step="any"')}
<label>Symbols <select id="level"><option value="char">characters</option><option value="word">words</option><option value="byte">bytes</option></select></label>
${number('batch', 'Streams', 8, 'min="1" max="256"')}
${number('chunk', 'Steps back', 50, 'min="1" max="1000"')}
${number('steps', 'Updates', 2000, 'min="1" max="10000000"')}
</div>
<div class="controls"><button type="button" id="go" class="primary" disabled>Train</button> <button type="button" id="anew" disabled>Begin anew</button> <progress id="progress" max="1" value="0" aria-label="Updates that are made"></progress> <button type="button" id="download" disabled>Download</button> <label>Load <input id="load" type="file" accept=".safetensors"></label></div>
<p id="status" role="status">Not yet trained.</p>
<p id="storage" class="faint" role="status"></p>
<div class="two">
<div><h3>The loss, in nats a symbol</h3><figure id="loss" class="picture"></figure></div>
<div><h3>What it writes</h3><pre id="sample" class="sample" tabindex="0">…</pre>
<div class="controls"><label>Begin with <input id="prompt" type="text" size="12"></label><label>Temperature <input id="temperature" type="range" min="0" max="1.5" step="0.1" value="0.7"> <output id="temperature-is">0.7</output></label><button type="button" id="write" disabled>Write</button></div></div>
</div>
<h2>What a unit does</h2>
<p>The text that was not learnt from, coloured by one unit of the state after each symbol: <span class="plus">high</span>, <span class="minus">low</span>. Units that follow something a reader can name are looked for when the training stands, by <a href="interpretable-cells.html">their correlation</a> with it, on a part of the text that they were not chosen by.</p>
<div class="controls"><label>Unit <input id="unit" type="range" min="1" max="64" value="1" disabled> <output id="unit-is">–</output></label> <label>Layer <input id="layer" type="number" min="1" max="1" value="1" disabled></label></div>
<div id="tracks" class="controls tracks"></div>
<div id="units" class="units" tabindex="0" role="region" aria-label="The text, coloured by a unit"><p class="faint">Once it has learnt something.</p></div>
<h2>Take it with you</h2>
<p>The file is a checkpoint as <code>bptt train</code> writes it; one of the command’s is loaded here likewise, with its text.</p>
<pre tabindex="0"><code>npx bptt sample model.safetensors --temperature 0.7
npx bptt cells model.safetensors text.txt</code></pre>`;
  return {
    file: 'train.html',
    title: 'Train',
    description:
      'A recurrent network learns a text of yours, in the page: its loss, what it writes, and what its units do.',
    html,
    script: 'train',
    workers: ['train-worker'],
    later: ['plot'],
    style: 'learning',
    wide: true,
  };
}
