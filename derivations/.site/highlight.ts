/** TypeScript with its kinds of words marked, for `style.css` to colour: `<span class="tok-keyword">`. */
import { classHighlighter, highlightCode } from '@lezer/highlight';
import { parser } from '@lezer/javascript';
import { escaped } from './escaped.ts';

const typescript = parser.configure({ dialect: 'ts' });

/** The kinds that have a colour. */
const COLOURED = /tok-(?:keyword|comment|string2?|number|bool|typeName)\b/;

/**
 * Code as lines of HTML.
 *
 * @param link where a name leads, if anywhere.
 */
export function highlighted(code: string, link: (name: string) => string | undefined = () => undefined): string[] {
  const lines = [''];
  const put = (text: string, classes: string) => {
    const isName = /^[A-Za-z]\w*$/.test(text) && !/keyword|comment|string|property/.test(classes);
    const to = isName ? link(text) : undefined;
    const [kind] = COLOURED.exec(classes) ?? [];
    const html = kind ? `<span class="${kind}">${escaped(text)}</span>` : escaped(text);
    lines[lines.length - 1] += to ? `<a href="${escaped(to)}">${html}</a>` : html;
  };
  highlightCode(code, typescript.parse(code), classHighlighter, put, () => lines.push(''));
  return lines;
}
