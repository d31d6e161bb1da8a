/** The text that a tab has of the reader's own, so that it is there again after a reload. */
import { within } from './storage.ts';

/** A text, in bytes, and what it is called. */
export interface Text {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Texts that are kept of each page, the newest: tabs are closed, and say nothing. */
const MOST = 4;

/** What this tab is called, as long as it is open. */
function tab(): string {
  const known = sessionStorage.getItem('bptt tab') ?? `${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
  sessionStorage.setItem('bptt tab', known);
  return known;
}

const prefix = (page: string): string => `last ${page} `;

/** Keeps it in place of the one before. Rejects where there is no room. */
export async function rememberText(page: string, text: Text): Promise<void> {
  const own = prefix(page) + tab();
  await within('readwrite', (_, files) => files.put(text, own));
  const all = await within('readonly', (_, files) => {
    return files.getAllKeys(IDBKeyRange.bound(prefix(page), `${prefix(page)}\uffff`));
  });
  for (const key of all.slice(0, -MOST)) if (key !== own) await within('readwrite', (_, files) => files.delete(key)); // keys begin with when tabs were opened
}

/** The one that this tab had, if it had one. */
export async function lastText(page: string): Promise<Text | undefined> {
  return (await within('readonly', (_, files) => files.get(prefix(page) + tab()))) as Text | undefined;
}
