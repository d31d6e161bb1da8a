/** What the network writes when it is asked to. */
import { byId } from './dom.ts';
import type { Session } from './session.ts';
import { whyNot } from './storage.ts';
import { sentence } from './text-of.ts';

const sample = byId('sample', HTMLPreElement);
const prompt = byId('prompt', HTMLInputElement);
const temperature = byId('temperature', HTMLInputElement);

/** Shows what it has written. */
export function showSample(text: string): void {
  sample.textContent = text;
}

/** Has it write at the press of a button. @param asked who is asked, then. */
export function writing(asked: () => Session['ask'], say: (why: string) => void): void {
  byId('write', HTMLButtonElement).addEventListener('click', async () => {
    const seed = Math.floor(2 ** 31 * Math.random());
    try {
      const ask = asked();
      showSample(
        await ask<string>({ kind: 'write', prompt: prompt.value, temperature: Number(temperature.value), seed }),
      );
      say('');
    } catch (error) {
      say(sentence(whyNot(error)));
    }
  });
  temperature.addEventListener('input', () => {
    byId('temperature-is', HTMLOutputElement).textContent = temperature.value;
  });
}
