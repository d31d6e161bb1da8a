/** The editor of a derivation, which takes the place of a plain field when somebody is about to write. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { markdown } from '@codemirror/lang-markdown';
import { EditorState, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from '@codemirror/view';

/** Where a derivation is written. */
export interface Pad {
  readonly text: string;
  /** Puts another text in its place. */
  put(text: string): void;
  /** Marks lines, counted from 1: those at which a wrong equation begins. */
  mark(lines: readonly number[]): void;
}

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

/** The editor in the place of a field, with its text, its selection and, if that has it, the focus. */
export function editorFor(field: HTMLTextAreaElement, changed: () => void): Pad {
  const hadFocus = document.activeElement === field;
  const [anchor, head] = [field.selectionStart, field.selectionEnd];
  const view = new EditorView({
    state: EditorState.create({
      doc: field.value,
      selection: { anchor, head },
      extensions: [
        lineNumbers(),
        history(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        markdown(),
        marks,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': field.ariaLabel ?? '', tabindex: '0' }),
        EditorView.updateListener.of(update => {
          if (update.docChanged) changed();
        }),
      ],
    }),
  });
  field.replaceWith(view.dom);
  if (hadFocus) view.focus();
  return {
    get text() {
      return view.state.doc.toString();
    },
    put: insert => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert } }),
    mark: lines => view.dispatch({ effects: mark.of(lines) }),
  };
}
