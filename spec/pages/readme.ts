/** The page of the README that trains in a worker: its two files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../examples.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** What the README writes into a file. */
export function fileOf(name: string): string {
  const [, text] = readme.match(new RegExp(`^\`\`\`js\\n// ${name}\\n(.*?)^\`\`\`$`, 'ms')) ?? [];
  if (text === undefined) throw new Error(`README.md has no ${name}`);
  return text;
}

/** A page that loads a script, after what its head has. */
export function pageWith(script: string, head: string = ''): string {
  const body = `<body><script type="module" src="${script}"></script>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>bptt</title>${head}${body}`;
}
