/** Where a text is handed over: typed, pasted, dropped, chosen as a file, or an example. A long one is held and not shown. */
import { byId } from './dom.ts';
import { lastText, rememberText } from './last-text.ts';
import { sizeOf } from './text-of.ts';

/** A text, in bytes, and what it is called. */
export interface Given {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The example that it is. */
  readonly example?: string;
}

export interface Intake {
  /** Shows a text, as if it had been handed over, and tells nobody. */
  show(given: Given): void;
  /**
   * Takes an example; where none is named the text that this tab had, or else the usual example. Says whether it did: what somebody hands over
   * meanwhile goes before.
   */
  begin(example: string | undefined, usual: string): Promise<boolean>;
}

/** Characters that are shown to be edited: more of them would make the page slow. */
const EDITED = 200_000;
const SHOWN = 4000;

/** The elements `text`, `file`, `drop`, `example`, `held` of the page. @param page whose they are. @param typed what a text is called that was typed. */
export function intake(
  page: string,
  typed: string,
  taken: (given: Given) => void,
  failed: (why: string) => void,
): Intake {
  const area = byId('text', HTMLTextAreaElement);
  const file = byId('file', HTMLInputElement);
  const drop = byId('drop', HTMLDivElement);
  const choice = byId('example', HTMLSelectElement);
  const held = byId('held', HTMLParagraphElement);
  let timer = 0;
  /** How often somebody has asked for a text: what comes late, of an earlier one, is not taken. */
  let asked = 0;

  const show = ({ name, bytes, example }: Given) => {
    clearTimeout(timer);
    const isLong = bytes.length > EDITED;
    area.value = new TextDecoder().decode(isLong ? bytes.subarray(0, SHOWN) : bytes);
    area.readOnly = isLong;
    choice.value = example ?? '';
    held.textContent = isLong
      ? `${name}: ${sizeOf(bytes.length)}, of which the beginning is shown. To edit it here, it is too long; paste or choose another, or clear it.`
      : `${name}: ${sizeOf(bytes.length)}.`;
  };
  const tell = (given: Given) => {
    taken(given);
    if (given.example) return;
    rememberText(page, { name: given.name, bytes: given.bytes }).catch(() => {
      held.textContent += ' This browser cannot keep it: it is here until the page is closed.';
    });
  };
  const take = (given: Given) => {
    asked += 1;
    show(given);
    tell(given);
  };
  const takeFile = async (blob: File) => {
    asked += 1;
    const own = asked;
    held.textContent = `${blob.name} is read …`;
    try {
      const bytes = new Uint8Array(await blob.arrayBuffer());
      if (asked === own) take({ name: blob.name, bytes });
    } catch (error) {
      failed(`${blob.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const takeExample = async (example: string): Promise<boolean> => {
    asked += 1;
    const own = asked;
    try {
      const response = await fetch(new URL(`texts/${example}`, location.href));
      if (!response.ok) throw new Error(`${response.status}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (asked !== own) return false;
      take({ name: example, bytes, example });
    } catch {
      if (asked !== own) return false;
      failed(
        'The example cannot be read: the page has to be served, not opened from a file. A text of your own works all the same.',
      );
    }
    return true;
  };

  area.addEventListener('input', () => {
    asked += 1;
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const bytes = new TextEncoder().encode(area.value);
      choice.value = '';
      held.textContent = `${typed}: ${sizeOf(bytes.length)}.`;
      tell({ name: typed, bytes });
    }, 300);
  });
  area.addEventListener('paste', event => {
    const [blob] = event.clipboardData?.files ?? [];
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!blob && text.length <= EDITED && !area.readOnly) return; // as usual, into what is there
    event.preventDefault();
    if (blob) void takeFile(blob);
    else take({ name: typed, bytes: new TextEncoder().encode(text) });
  });
  byId('clear', HTMLButtonElement).addEventListener('click', () => {
    take({ name: typed, bytes: new Uint8Array() });
    area.focus();
  });
  file.addEventListener('change', () => {
    const [blob] = file.files ?? [];
    if (blob) void takeFile(blob);
    file.value = '';
  });
  choice.addEventListener('change', () => {
    if (choice.value) void takeExample(choice.value);
  });
  for (const name of ['dragenter', 'dragover'])
    drop.addEventListener(name, event => {
      event.preventDefault();
      drop.classList.add('over');
    });
  for (const name of ['dragleave', 'drop']) drop.addEventListener(name, () => drop.classList.remove('over'));
  drop.addEventListener('drop', event => {
    event.preventDefault();
    const [blob] = event.dataTransfer?.files ?? [];
    const text = event.dataTransfer?.getData('text/plain') ?? '';
    if (blob) void takeFile(blob);
    else if (text) take({ name: typed, bytes: new TextEncoder().encode(text) });
  });
  const begin = async (example: string | undefined, usual: string) => {
    const own = asked;
    const last = example ? undefined : await lastText(page).catch(() => undefined);
    if (asked !== own) return false;
    if (!last) return takeExample(example ?? usual);
    show(last);
    taken(last);
    return true;
  };
  return { show, begin };
}

/** Hands a file to the one who reads. */
export function download(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
