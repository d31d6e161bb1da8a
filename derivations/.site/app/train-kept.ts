/** Trainings that the browser keeps, to be gone on with. */
import { byId } from './dom.ts';
import { download } from './intake.ts';
import { filesOf, forget, kept, type Run } from './storage.ts';

const section = byId('kept', HTMLElement);
const list = byId('runs', HTMLUListElement);

/** Says whether a training is kept, and if not why. */
export function sayKept({ step }: Run, why?: string): void {
  byId('storage', HTMLParagraphElement).textContent =
    why === undefined
      ? `Kept in this browser at update ${step.toLocaleString('en')}.`
      : `This browser cannot keep it (${why}): it is trained all the same, and Download keeps it.`;
}

/** How many are shown. */
const SHOWN = 5;

/** Shows what is kept, but for the one that is trained now. @param goOn what is done with one that is chosen. Returns how many there are. */
export async function showKept(own: string | undefined, goOn: (run: Run) => void): Promise<number> {
  const runs = (await kept()).filter(({ id }) => id !== own).slice(0, SHOWN);
  section.hidden = runs.length === 0;
  list.replaceChildren(...runs.map(run => item(run, own, goOn)));
  return runs.length;
}

function item(run: Run, own: string | undefined, goOn: (run: Run) => void): HTMLLIElement {
  const element = document.createElement('li');
  const [, loss] = run.losses.at(-1) ?? [];
  const says = document.createElement('span');
  const at = loss === undefined ? '' : `, loss ${loss.toFixed(3)}`;
  says.textContent = `${run.name}: update ${run.step.toLocaleString('en')}${at}, ${new Date(run.when).toLocaleString()}`;
  element.append(
    says,
    button('Go on', () => goOn(run)),
    button('Download', async () => {
      const files = await filesOf(run.id);
      if (files) download(`${run.name.replace(/\.\w+$/, '')}.safetensors`, Uint8Array.from(files.checkpoint));
    }),
    button('Forget', async () => {
      await forget(run.id);
      await showKept(own, goOn);
    }),
  );
  return element;
}

function button(words: string, does: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = words;
  made.addEventListener('click', does);
  return made;
}
