/** “Your own data”. */
import { cells } from 'bptt';
import type { Page } from '../page.ts';

/** The tasks, as people call them. */
const TASKS: readonly (readonly [name: string, words: string])[] = [
  ['forecast', 'forecast: what a series does next'],
  ['classify', 'classify: which kind a sequence is of'],
  ['tag', 'tag: a label for every step'],
  ['translate', 'translate: one text into another'],
  ['language', 'language: what comes next in a text'],
];

export function data(): Page {
  const number = (id: string, label: string, value: number, more = '') =>
    `<label>${label} <input id="${id}" type="number" value="${value}" ${more}></label>`;
  const html = `<h1>Your own data</h1>
<p>A table goes in, and a recurrent network learns from it in a worker of this page. Nothing is sent anywhere. A part of the table is kept back: by it you see how well the network does at what it has not learnt from, beside a forecast that needs no network at all. Scroll down, and it begins by itself.</p>
<h2>The table</h2>
<div id="drop" class="drop">
<textarea id="text" rows="8" spellcheck="false" autocomplete="off" aria-label="The table: CSV with names in the first line, or a line of JSON each" placeholder="Paste CSV here, drop a file, or choose an example."></textarea>
<div class="controls">
<label>Example <select id="example"><option value="">your own</option><option value="temperatures.csv">Temperatures, day by day</option><option value="turns.csv">Walks to the left and right</option><option value="dates.csv">Dates, written two ways</option></select></label>
<label>File <input id="file" type="file" accept=".csv,.tsv,.txt,.jsonl,.ndjson,text/*"></label>
<button type="button" id="clear">Clear</button>
</div>
<p id="held" class="faint">…</p>
</div>
<p id="problem" class="problem" role="alert"></p>
<h2>What it is taken for</h2>
<div class="controls"><label>Task <select id="task">${TASKS.map(([name, words]) => `<option value="${name}">${words}</option>`).join('')}</select></label>
<label>A value that is missing <select id="missing"><option value="error">is an error</option><option value="drop">drops its row</option><option value="carry">is that of the row before</option></select></label></div>
<div class="scrolls" tabindex="0" role="region" aria-label="The first rows of the table"><table id="columns"><tbody><tr><td>…</td></tr></tbody></table></div>
<p id="understood" role="status">…</p>
<h2>The network</h2>
<div class="controls" id="settings">
<label>Cell <select id="cell">${Object.keys(cells)
    .map(name => `<option${name === 'gru' ? ' selected' : ''}>${name}</option>`)
    .join('')}</select></label>
${number('hidden', 'Units', 24, 'min="1" max="256"')}
${number('layers', 'Layers', 1, 'min="1" max="4"')}
${number('epochs', 'Epochs', 40, 'min="1" max="10000"')}
${number('batch', 'Batch', 16, 'min="1" max="1024"')}
${number('learningRate', 'Learning rate', 0.005, 'min="0.00001" max="1" step="any"')}
${number('length', 'Rows it sees', 28, 'min="1" max="1000"')}
${number('horizon', 'Rows it foretells', 1, 'min="1" max="100"')}
</div>
<div class="controls"><button type="button" id="go" class="primary" disabled>Train</button> <progress id="progress" max="1" value="0" aria-label="Epochs that are done"></progress> <button type="button" id="download" disabled>Download the model</button></div>
<p id="status" role="status">…</p>
<p id="storage" class="faint"></p>
<div class="two">
<div><h3>The loss</h3><figure id="loss" class="picture"></figure></div>
<div><h3>How well it does</h3><div id="figures" class="figures"><p class="faint">Once it has learnt.</p></div></div>
</div>
<h3 id="result">What it foretells</h3>
<figure id="forecast" class="picture tall"></figure>
<div id="answers" class="scrolls" tabindex="0" role="region" aria-label="What the network says of the table"></div>
<h2>Take it with you</h2>
<p>The file is the one that <code>bptt fit</code> writes. The command reads it, and so does a program:</p>
<pre tabindex="0"><code>npx bptt predict model.safetensors table.csv
npx bptt evaluate model.safetensors table.csv</code></pre>
<pre tabindex="0"><code>import { answerTable } from 'bptt/tasks';
for await (const answer of answerTable(model, table)) console.log(answer);</code></pre>`;
  return {
    file: 'data.html',
    title: 'Your own data',
    description: 'A recurrent network learns from a table of yours, in the page: what it foretells, beside the truth.',
    html,
    script: 'data',
    workers: ['data-worker'],
    later: ['plot'],
    style: 'learning',
    wide: true,
  };
}
