/** “Is my derivation right?”: an editor, and a verdict on every line as one types. The text is in the address. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { markdown } from '@codemirror/lang-markdown';
import { EditorState, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { byId } from './dom.ts';
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

/** Marks the lines of the text at which a wrong equation begins. */
const mark = StateEffect.define<readonly number[]>();
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(set, transaction) {
    let now = set.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(mark)) continue;
      const builder = new RangeSetBuilder<Decoration>();
      for (const line of effect.value) {
        if (line > transaction.state.doc.lines) continue;
        const { from } = transaction.state.doc.line(line);
        builder.add(from, from, Decoration.line({ class: 'cm-wrong' }));
      }
      now = builder.finish();
    }
    return now;
  },
  provide: field => EditorView.decorations.from(field),
});

let worker = started();
let asked = 0;
let timer = 0;

function started(): Worker {
  const made = new Worker('judge-worker.js', { type: 'module' });
  made.onmessage = ({ data }: MessageEvent<Answer>) => answered(data);
  return made;
}

const view = new EditorView({
  parent: byId('editor', HTMLDivElement),
  state: EditorState.create({
    doc: fromAddress() ?? examples[choice.value] ?? '',
    extensions: [
      lineNumbers(),
      history(),
      keymap.of([...defaultKeymap, ...historyKeymap]),
      markdown(),
      marks,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'Derivation, as Markdown', tabindex: '0' }),
      EditorView.updateListener.of(update => {
        if (update.docChanged) soon();
      }),
    ],
  }),
});

choice.addEventListener('change', () => {
  const insert = examples[choice.value] ?? '';
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert } });
});

learn.addEventListener('click', () => {
  training.textContent = 'It is made a cell …';
  ask({ id: ++asked, kind: 'train', text: view.state.doc.toString(), on: reading });
});

soon(0);

/** Judges what is there a moment after the last key. */
function soon(after: number = 150): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    const text = view.state.doc.toString();
    if (text.length > LONGEST) {
      summary.textContent = `At most ${LONGEST.toLocaleString('en')} characters are judged here; bptt check takes more.`;
      return;
    }
    if (summary.dataset.waits === 'yes') {
      worker.terminate(); // it still judges what was there before
      worker = started();
    }
    summary.dataset.waits = 'yes';
    keep(text);
    ask({ id: ++asked, kind: 'judge', text });
  }, after);
}

function ask(question: Question): void {
  worker.postMessage(question);
}

function answered(answer: Answer): void {
  if (answer.id !== asked) return;
  if (answer.kind === 'judge') {
    show(answer);
    return;
  }
  if (answer.kind === 'trained') {
    const { step, loss, symbols } = answer;
    const rate = Math.round(symbols).toLocaleString('en');
    training.textContent = `Step ${step}: ${loss.toFixed(3)} nats a symbol, ${rate} symbols a second.`;
    return;
  }
  summary.dataset.waits = 'no';
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
  summary.dataset.waits = 'no';
  const count = (verdict: string) => lines.filter(line => line.verdict === verdict).length;
  const wrong = count('wrong');
  summary.textContent = ok
    ? `No line is wrong: ${count('proven')} proven exactly, ${count('holds numerically')} numerically. Gradients are ${layout}.`
    : `${wrong} ${wrong === 1 ? 'line is' : 'lines are'} wrong.`;
  summary.style.color = ok ? 'var(--good)' : 'var(--bad)';
  list.replaceChildren(...lines.map(item));
  view.dispatch({ effects: mark.of(lines.filter(({ verdict }) => verdict === 'wrong').map(({ line }) => line)) });
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
