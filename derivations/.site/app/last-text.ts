/** What a tab has of the reader's own, a text or a model that learnt from one, so that it is there again after a reload. */
import { hold, within } from './storage.ts';

/** A text or a model, in bytes, and what it is known by. */
export interface Text {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Texts that are kept of each page, the newest: tabs are closed, and say nothing. */
const MOST = 4;

/** What a tab is called. */
interface Tab {
  readonly name: string;
  /** What it was called before; of one that was duplicated, the other. */
  readonly before: string | null;
}

let own: Promise<Tab> | undefined;

function tab(): Promise<Tab> {
  own ??= named();
  return own;
}

/** A tab goes by one name as long as it is open, and no other does. */
async function named(): Promise<Tab> {
  const before = sessionStorage.getItem('bptt tab');
  if (before !== null && (await hold(`tab ${before}`))) return { name: before, before };
  const name = `${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
  await hold(`tab ${name}`);
  sessionStorage.setItem('bptt tab', name);
  return { name, before };
}

/** Tabs that are open, as far as that is known. */
async function openTabs(): Promise<readonly string[]> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.map(({ name = '' }) => name.replace(/^bptt tab /, ''));
}

const keyOf = (page: string, name: string): string => `last ${page} ${name}`;

/** Keeps it in place of the one before. Rejects where there is no room. */
export async function rememberText(page: string, text: Text): Promise<void> {
  const { name } = await tab();
  await within('readwrite', (_, files) => files.put(text, keyOf(page, name)));
  const all = await within('readonly', (_, files) => {
    return files.getAllKeys(IDBKeyRange.bound(keyOf(page, ''), keyOf(page, '\uffff')));
  });
  const stay = [name, ...(await openTabs())].map(open => keyOf(page, open));
  const old = all.slice(0, -MOST).filter(key => !stay.includes(String(key))); // keys begin with when tabs were opened
  for (const key of old) await within('readwrite', (_, files) => files.delete(key));
}

/** The one that this tab had, if it had one; of a tab that was duplicated, the one that the other had. */
export async function lastText(page: string): Promise<Text | undefined> {
  for (const name of Object.values(await tab())) {
    const text = name !== null && (await within('readonly', (_, files) => files.get(keyOf(page, name))));
    if (text) return text as Text;
  }
  return undefined;
}
