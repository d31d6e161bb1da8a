/** “Back through time”. */
import { LIMITS } from '../app/scene.ts';
import type { Page } from '../page.ts';

export function time(): Page {
  const range = (name: 'T' | 'm', text: string) =>
    `<label>${text} <input id="${name}" type="range" min="${LIMITS[name][0]}" max="${LIMITS[name][1]}"> <output id="${name}-is"></output></label>`;
  /** The room of what will be said: no line is broken otherwise when it is. */
  const room: Readonly<Record<string, string>> = { t: '12', T: '12', cell: 'lstm' };
  const says = (name: string) =>
    `<span data-says="${name}"><span class="waits">${room[name] ?? '0.0123'}</span></span>`;
  const html = `<h1>Back through time</h1>
<p>A recurrent network reads a short sequence, and its loss is a number made of the last state alone: L = w·h<sub>T</sub>. So all of its gradient comes from the end, and goes back one step at a time, by equations that were derived by hand. Here is every number of it. Point at a square and read it; drag an input or a weight up or down, and all follows.</p>
<div class="controls">
<label>Cell <select id="cell"></select></label>
${range('T', 'Steps')}
${range('m', 'Units')}
<label>Seed <input id="seed" type="number" min="1" max="9999" size="5"></label>
</div>
<p id="note" class="note" role="status"></p>
<div class="stage">
<div id="network"></div>
<div class="controls scrub">
<label>Step <input id="t" type="range" min="1" max="12"></label> <output id="where" for="t"></output>
<label>Equation <input id="row" type="range" min="0" max="17"></label> <output id="which" for="row"></output>
<span class="buttons"><button type="button" id="previous">Back</button><button type="button" id="next">On</button><button type="button" id="play">Play</button></span>
</div>
</div>
<section data-pass="forward"><h2>Forward: one step makes the next state</h2>
<p>At step ${says('t')} of ${says('T')}, the input and the state of the step before go in. Line by line, ${says('cell')} makes the next state of them, here with ‖h‖ = ${says('h')}. At the end stands the loss, L = ${says('loss')}. The equation that is looked at has a bar at its side; what it is made of has a frame.</p>
<h3>What goes in</h3><div id="goes-in" class="maps"></div>
<h3>The equations, forward</h3><ol id="forward" class="equations"></ol></section>
<section data-pass="backward"><h2>Back: the gradient goes the other way</h2>
<p>The bars above the boxes are ‖∂L/∂h‖, on a logarithmic axis. It is ${says('last')} at the last step, ${says('here')} at step ${says('t')}, and ${says('first')} at the first. What arrives at a step is the gradient in all that it handed on; what leaves it is the gradient in what it was given. Beside each gradient stands its finite difference: what the loss really does when that number is moved.</p>
<h3>What arrives</h3><div id="arrives" class="maps"></div>
<h3>The equations, back</h3><ol id="backward" class="equations"></ol></section>
<section><h2>Every step adds to the gradient of the same weights</h2>
<p>All steps share their parameters. So each adds its part to their gradients: in the middle what step ${says('t')} adds, at the right what has come together on the way from the end to it. At step 1 that is the gradient which an optimiser is given.</p>
<p id="checked" class="note" role="status">…</p>
<div id="parameters" class="parameters"></div></section>
<section><h2>Three cells over the same inputs</h2>
<p>The vanilla network, the LSTM and the GRU read the same ${says('T')} inputs, with weights drawn alike. How much of the gradient is left after as many steps back, and what has it made of dW?</p>
<div id="columns" class="columns"></div>
<p>Why some keep it and others do not is asked in <a href="flow.html">Where does the gradient go?</a> An equation of your own goes back through time too: <a href="judge.html">write it</a>.</p></section>`;
  return {
    file: 'time.html',
    title: 'Back through time',
    description: 'A recurrent cell over a short sequence, equation by equation, every number of it, forward and back.',
    html,
    script: 'time',
    workers: ['time-worker', 'own'],
    style: 'time',
    wide: true,
  };
}
