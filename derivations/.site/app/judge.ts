/** “Is my derivation right?”: an editor, and a verdict on every line as one types. The text is in the address. */
import { byId } from './dom.ts';
import type { Pad } from './editor.ts';
import type { Answer, Line, Question } from './messages.ts';

const examples = JSON.parse(byId('examples', HTMLScriptElement).text) as Readonly<Record<string, string>>;
const choice = byId('example', HTMLSelectElement);
const list = byId('lines', HTMLUListElement);
const summary = byId('summary', HTMLParagraphElement);
const training = byId('training', HTMLParagraphElement);
const learn = byId('learn', HTMLButtonElement);
const reading = byId('text', HTMLScriptElement).text;

/** Characters of a text that is judged as one types: a longer one would keep the worker busy for minutes. */
const LONGEST = 100_000;

let worker = started();
let asked = 0;
let timer = 0;
/** What was judged last, and how long the worker may still be at it. */
let judged = '';
let judging = 0;
let patience = 0;

/** Milliseconds that a derivation may take before a newer one has the worker ended. */
const LONG = 3000;

function started(): Worker {
  const made = new Worker('judge-worker.js', { type: 'module' });
  made.onmessage = ({ data }: MessageEvent<Answer>) => answered(data);
  return made;
}

const field = byId('derivation', HTMLTextAreaElement);
field.value = fromAddress() ?? examples[choice.value] ?? '';
/** The field itself, until it is touched or has something to mark. */
let pad: Pad = {
  get text() {
    return field.value;
  },
  put(text) {
    field.value = text;
    soon();
  },
  mark(lines) {
    if (lines.length > 0) void edit().then(editor => editor.mark(lines));
  },
};
let editing: Promise<Pad> | undefined;
field.addEventListener('input', () => soon());
for (const touched of ['pointerenter', 'focus']) field.addEventListener(touched, () => void edit());

/** The editor, which is loaded when it is asked for first; the field where that cannot be. */
function edit(): Promise<Pad> {
  editing ??= (async () => {
    try {
      const { editorFor } = (await import(new URL('editor.js', import.meta.url).href)) as typeof import('./editor.ts');
      pad = editorFor(field, () => soon());
    } catch {
      pad = { ...pad, mark: () => undefined };
    }
    return pad;
  })();
  return editing;
}

choice.addEventListener('change', () => {
  pad.put(examples[choice.value] ?? '');
});

learn.addEventListener('click', () => {
  training.textContent = 'It is made a cell …';
  ask({ id: ++asked, kind: 'train', text: pad.text, on: reading });
});

byId('see', HTMLButtonElement).addEventListener('click', () => {
  const text = pad.text;
  try {
    localStorage.setItem('bptt.derivation', text);
  } catch {
    // a storage that is full or closed: a short derivation goes by the address all the same
  }
  location.href = `time.html#${encodeURIComponent(JSON.stringify({ cell: 'own', ...(text.length < 3000 && { text }) }))}`;
});

soon(0);

/** Judges what is there a moment after the last key; what the worker is at it may end, since a new one begins slowly. */
function soon(after: number = 40): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    const text = pad.text;
    if (text.length > LONGEST) {
      summary.textContent = `At most ${LONGEST.toLocaleString('en')} characters are judged here; bptt check takes more.`;
      return;
    }
    keep(text);
    if (summary.dataset.waits !== 'yes') judge(text);
  }, after);
}

function judge(text: string): void {
  judged = text;
  summary.dataset.waits = 'yes';
  judging = ++asked;
  ask({ id: judging, kind: 'judge', text });
  patience = window.setTimeout(giveUp, LONG);
}

/** Ends what takes long, as soon as something else is written. */
function giveUp(): void {
  if (pad.text === judged) {
    patience = window.setTimeout(giveUp, 300);
    return;
  }
  worker.terminate();
  worker = started();
  settled();
}

/** The worker is free: what was written meanwhile is next. */
function settled(): void {
  clearTimeout(patience);
  summary.dataset.waits = 'no';
  if (pad.text !== judged) soon(0);
}

function ask(question: Question): void {
  worker.postMessage(question);
}

function answered(answer: Answer): void {
  if (answer.id === judging && answer.kind !== 'trained') settled();
  if (answer.kind === 'judge') {
    if (answer.id === judging) show(answer);
    return;
  }
  if (answer.id !== asked) return;
  if (answer.kind === 'trained') {
    const { step, loss, symbols } = answer;
    const rate = Math.round(symbols).toLocaleString('en');
    training.textContent = `Step ${step}: ${loss.toFixed(3)} nats a symbol, ${rate} symbols a second.`;
    return;
  }
  training.textContent = answer.why;
}

const WORDS: Readonly<Record<string, string>> = {
  proven: 'proven exactly',
  'holds numerically': 'holds numerically',
  defines: 'defines',
  wrong: 'WRONG',
  'not read': 'not read',
};

function show({ ok, layout, lines }: Extract<Answer, { kind: 'judge' }>): void {
  const count = (verdict: string) => lines.filter(line => line.verdict === verdict).length;
  const wrong = count('wrong');
  summary.textContent = ok
    ? `No line is wrong: ${count('proven')} proven exactly, ${count('holds numerically')} numerically. Gradients are ${layout}.`
    : `${wrong} ${wrong === 1 ? 'line is' : 'lines are'} wrong.`;
  summary.style.color = ok ? 'var(--good)' : 'var(--bad)';
  list.replaceChildren(...lines.map(item));
  pad.mark(lines.filter(({ verdict }) => verdict === 'wrong').map(({ line }) => line));
}

function item({ name, verdict, line, why, html, mended }: Line): HTMLLIElement {
  const element = document.createElement('li');
  element.className = verdict === 'wrong' ? 'wrong' : /proven|holds/.test(verdict) ? 'proven' : '';
  element.dataset.verdict = verdict;
  element.dataset.name = name;
  const says = document.createElement('div');
  says.className = 'says';
  says.textContent = `${name}, line ${line}: ${WORDS[verdict] ?? verdict}${why ? `. ${why}` : ''}`;
  element.append(says, formula(html));
  if (mended) {
    const what = document.createElement('div');
    what.className = 'says';
    what.textContent = `Right with one change (${mended.what}):`;
    element.append(what, formula(mended.html));
  }
  return element;
}

/** A formula that the worker has set. */
function formula(mathml: string): HTMLDivElement {
  const math = document.createElement('div');
  math.className = 'scrolls';
  math.tabIndex = 0;
  math.innerHTML = mathml; // Temml's, which leaves no text of the author's as it is
  return math;
}

/** Characters that an address holds in every browser. */
const ADDRESS = 8000;

function keep(text: string): void {
  const hash = `#${encodeURIComponent(text)}`;
  if (hash.length < ADDRESS) window.history.replaceState(null, '', hash);
}

function fromAddress(): string | undefined {
  if (location.hash.length < 2) return undefined;
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return undefined;
  }
}
