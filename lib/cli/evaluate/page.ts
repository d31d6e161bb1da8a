/** The page of `bptt evaluate`: the figures and the pictures in one file that asks for no other. */

import type { Judged } from '../../tasks/task.ts';
import { escaped } from '../html.ts';

/** The whole page, as HTML. */
export function pageOf(
  { figures, lines }: Judged,
  pictures: Readonly<Record<string, string>>,
  command: string,
): string {
  const rows = Object.entries(figures).map(
    ([name, value]) =>
      `<tr><td>${escaped(name)}</td><td>${value === null ? '–' : escaped(value.toPrecision(5))}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(command)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>${escaped(command)}</h1>
<table>
${rows.join('\n')}
</table>
<pre>${escaped(lines.join('\n'))}</pre>
${Object.entries(pictures)
  .map(([name, svg]) => `<figure id="${escaped(name)}">\n${svg}</figure>`)
  .join('\n')}
</body>
</html>
`;
}

const STYLE = `body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 serif; color: #000; background: #fff; }
h1 { font-size: 1.4rem; }
table { border-collapse: collapse; }
td { padding: 0.1rem 0.6rem; border-bottom: 1px solid #999; font-variant-numeric: tabular-nums; }
td + td { text-align: right; }
pre { font: 15px/1.5 monospace; overflow-x: auto; }
figure { margin: 1rem 0; overflow-x: auto; }`;
