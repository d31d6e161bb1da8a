/** “Train”: a text goes in, a language model learns it in a worker. What is chosen is in the address; what is trained, the browser keeps. */

import { reader } from './asking.ts';
import { whenSeen } from './by-itself.ts';
import { byId } from './dom.ts';
import { download, type Given, intake } from './intake.ts';
import { lossPicture } from './loss-picture.ts';
import { Session, type Watch } from './session.ts';
import { filesOf, hold, type Run, whyNot } from './storage.ts';
import { sentence } from './text-of.ts';
import { choose, chosen, keepInAddress, restored, updates } from './train-choice.ts';
import { sayKept, showKept } from './train-kept.ts';
import type { CheckpointFacts, TextFacts } from './train-messages.ts';
import { lookAtUnits } from './train-units.ts';
import { showSample, writing } from './train-writing.ts';

const problem = byId('problem', HTMLParagraphElement);
const facts = byId('facts', HTMLParagraphElement);
const go = byId('go', HTMLButtonElement);
const anew = byId('anew', HTMLButtonElement);
const bar = byId('progress', HTMLProgressElement);
const keepFile = byId('download', HTMLButtonElement);
const load = byId('load', HTMLInputElement);
const status = byId('status', HTMLParagraphElement);
const storage = byId('storage', HTMLParagraphElement);
const write = byId('write', HTMLButtonElement);

/** The text that is there; what is trained; what has been opened and is not trained. */
let text: Given | undefined;
let session: Session | undefined;
/** A worker for what is asked while nothing is trained. */
const askReader = reader('train-worker.js', why => say(why));

const source = intake('train', 'pasted', take, why => say(why));

function say(why: string): void {
  problem.textContent = why;
}

const watch: Watch = {
  made({ choice, isSlow, parameters, heldOut }) {
    choose(choice);
    const slow = isSlow ? ' This browser has no WebAssembly with SIMD, so it goes slowly.' : '';
    const held =
      heldOut > 0 ? `${heldOut.toLocaleString('en')} symbols are held back` : 'nothing is held back of so short a text';
    status.textContent = `${parameters.toLocaleString('en')} parameters; ${held}.${slow}`;
    status.dataset.slow = String(isSlow);
  },
  went(own) {
    const { step, steps, loss, run } = own;
    bar.value = step / steps;
    const heldOut = run.heldOut.at(-1);
    const judged = heldOut ? `, ${heldOut[1].toFixed(3)} of what is held back` : '';
    const slow = status.dataset.slow === 'true' ? ' Without WebAssembly with SIMD it goes slowly.' : '';
    status.textContent = `Update ${step.toLocaleString('en')} of ${steps.toLocaleString('en')}: loss ${loss.toFixed(3)}${judged}.${slow}`;
    status.dataset.step = String(step);
    status.dataset.loss = String(loss);
    void lossPicture(byId('loss', HTMLElement), { x: 'update', y: 'loss' }, [
      { name: 'learnt from', points: run.losses },
      { name: 'held back', points: run.heldOut },
    ]);
  },
  wrote(written, own) {
    showSample(written);
    void lookAtUnits(own.ask, !own.goes).catch(() => {});
  },
  stands(own, why) {
    setRunning(false);
    if (why !== undefined) say(sentence(why));
    keepFile.disabled = false;
    write.disabled = false;
    if (own.isDone) status.textContent += ' Done; with more updates it goes on.';
  },
  kept: sayKept,
};

/** A text that was handed over. */
function take(given: Given): void {
  text = given;
  say('');
  keepInAddress(given.example);
  void look();
}

/** Says what the text is, off the page's thread. */
async function look(): Promise<void> {
  if (!text) return;
  const { bytes } = text;
  if (!session) go.disabled = true;
  facts.textContent = '…';
  try {
    const { level } = chosen();
    const { symbols, different } = await askReader<TextFacts>({ kind: 'text', text: bytes, level });
    if (text.bytes !== bytes) return;
    const words = { char: 'characters', word: 'words', byte: 'bytes' }[level];
    facts.textContent = `${symbols.toLocaleString('en')} ${words}, ${different.toLocaleString('en')} of them different. ${session && session.text !== bytes ? 'Begin anew, and they are read; what is trained now is of the text before.' : 'All are read.'}`;
    say('');
    go.disabled = false;
    anew.disabled = session === undefined;
  } catch (error) {
    if (text.bytes !== bytes) return;
    facts.textContent = 'Nothing to learn from.';
    say(bytes.length === 0 ? '' : sentence(whyNot(error)));
    if (bytes.length === 0) facts.textContent = 'There is no text yet.';
    go.disabled = session === undefined;
  }
}

function setRunning(goes: boolean): void {
  go.textContent = goes ? 'Pause' : 'Go on';
  for (const button of [keepFile, write]) button.disabled = session === undefined;
  anew.disabled = goes || text === undefined;
}

/** A run that begins now. */
function newRun(name: string): Run {
  return { id: crypto.randomUUID(), name, when: Date.now(), step: 0, steps: updates(), losses: [], heldOut: [] };
}

/** Begins with what is chosen, in place of what was trained. */
function begin(): void {
  if (!text) return;
  const run = newRun(text.name);
  void hold(run.id);
  start(new Session({ text: text.bytes, choice: chosen() }, run, { isTextKept: false }, watch));
}

function start(next: Session): void {
  session?.end();
  session = next;
  say('');
  setRunning(true);
  void next.go();
}

/** Goes on with a run that is kept, or was done and is to go further. */
async function resume(run: Run): Promise<void> {
  try {
    const files = await filesOf(run.id);
    if (!files) return say('Of this training not all is there any more.');
    if (text?.bytes.length !== files.text.length || text.name !== run.name) {
      text = {
        name: run.name,
        bytes: Uint8Array.from(files.text),
        ...(run.name === 'sonnets.txt' && { example: run.name }),
      };
      source.show(text);
      void look();
    }
    const isFree = run.id === session?.id || (await hold(run.id));
    const own = isFree ? run : { ...run, id: crypto.randomUUID() };
    if (!isFree) void hold(own.id);
    const steps = Math.max(updates(), run.step + (run.step >= updates() ? updates() : 0));
    start(
      new Session({ text: files.text, checkpoint: files.checkpoint }, { ...own, steps }, { isTextKept: isFree }, watch),
    );
    if (!isFree) storage.textContent = 'Another tab trains this one: here it goes on as one of its own.';
    await showKept(own.id, again => void resume(again));
  } catch (error) {
    say(sentence(`It cannot be gone on with: ${whyNot(error)}`));
  }
}

go.addEventListener('click', () => {
  if (!session) return begin();
  if (session.goes) {
    session.pause();
    go.textContent = 'Go on';
    return;
  }
  if (session.isDone || session.steps !== updates()) return void further(session);
  setRunning(true);
  void session.go();
});

/** More updates than it was begun with: the same training, from where it stands. */
async function further(own: Session): Promise<void> {
  if (!text) return;
  const checkpoint = await own.save();
  const steps = updates() > own.step ? updates() : own.step + updates();
  start(new Session({ text: own.text, checkpoint }, { ...own.run, steps }, { isTextKept: own.isTextKept }, watch));
}

anew.addEventListener('click', begin);
keepFile.addEventListener('click', async () => {
  if (session) download(`${session.run.name.replace(/\.\w+$/, '')}.safetensors`, await session.save());
});
load.addEventListener('change', async () => {
  const [file] = load.files ?? [];
  load.value = '';
  if (!file) return;
  try {
    await open(file.name, new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    say(sentence(`${file.name} is not loaded: ${whyNot(error)}`));
  }
});

/** A checkpoint that was handed over: it goes on where its text is there, and writes and is looked at in any case. */
async function open(name: string, checkpoint: Uint8Array): Promise<void> {
  const bytes = text?.bytes;
  const opened = await askReader<CheckpointFacts>({ kind: 'open', checkpoint, text: bytes });
  say('');
  choose(opened.choice);
  const at = `${name}: update ${opened.step.toLocaleString('en')}, loss ${opened.smoothed.toFixed(3)}.`;
  if (opened.isOfText && text && bytes) {
    const run = { ...newRun(text.name), step: opened.step, steps: Math.max(updates(), opened.step + 1) };
    session?.end();
    session = new Session({ text: bytes, checkpoint }, run, { isTextKept: false }, watch);
    setRunning(false);
    await lookAtUnits(session.ask, true);
    status.textContent = `${at} It goes on from there.`;
    go.disabled = false;
    return;
  }
  session?.pause();
  write.disabled = false;
  status.textContent = at;
  const whose = opened.source === undefined ? 'another text' : `another text, ${opened.source}`;
  say(`It was trained on ${whose}: to go on, hand that over and load it again. Here it writes, all the same.`);
  showSample(await askReader<string>({ kind: 'write', prompt: '', temperature: 0.7, seed: 1 }));
  await lookAtUnits(askReader, true).catch(() => {});
}

for (const id of ['cell', 'level', 'hidden', 'layers', 'learningRate', 'batch', 'chunk', 'steps'])
  document.getElementById(id)?.addEventListener('change', () => {
    keepInAddress(text?.example);
    if (id === 'level') void look();
  });
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') void session?.keep();
});

writing(() => session?.ask ?? askReader, say);

const isPlain = location.hash === '';
const { example } = restored();
const there = source.begin(example, 'sonnets.txt').then(look);
showKept(undefined, run => void resume(run))
  .then(count => {
    whenSeen(
      byId('loss', HTMLElement),
      isPlain && count === 0,
      () => void there.then(() => session ?? (text?.example && begin())),
    );
  })
  .catch(error => {
    storage.textContent = `This browser keeps nothing (${whyNot(error)}): Download keeps what is trained.`;
  });
