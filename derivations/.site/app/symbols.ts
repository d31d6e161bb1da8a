/** Says what a letter of a formula is: where it is clicked, or reached by the arrow keys in a formula that has the focus. */
interface Said {
  readonly name: string;
  readonly what: string;
  readonly is: string;
  readonly tag?: string;
  /** Where that equation stands. */
  readonly to?: string;
}

const place = document.getElementById('symbols');
const said = JSON.parse(place?.textContent ?? '{}') as Readonly<Record<string, Said>>;

const note = document.createElement('div');
note.className = 'symbol';
note.hidden = true;
note.setAttribute('role', 'status');
document.querySelector('main')?.append(note);

let current: Element | undefined;

function show(letter: Element): void {
  const symbol = said[letter.getAttribute('data-symbol') ?? ''];
  if (!symbol) return;
  hide();
  current = letter;
  letter.classList.add('chosen');
  const name = document.createElement('strong');
  name.textContent = symbol.name;
  note.replaceChildren(name, symbol.what && `: ${symbol.what}`);
  if (symbol.tag && symbol.to) {
    const link = document.createElement('a');
    link.href = symbol.to;
    link.textContent = symbol.tag;
    note.append(` · ${symbol.is} `, link);
  }
  note.hidden = false;
  const { left, bottom } = letter.getBoundingClientRect();
  const furthest = document.documentElement.clientWidth - note.offsetWidth - 16;
  note.style.left = `${Math.max(16, Math.min(left, furthest)) + scrollX}px`;
  note.style.top = `${bottom + scrollY + 6}px`;
}

function hide(): void {
  current?.classList.remove('chosen');
  current = undefined;
  note.hidden = true;
}

document.addEventListener('click', ({ target }) => {
  if (!(target instanceof Element) || note.contains(target)) return;
  const letter = target.closest('[data-symbol]');
  if (letter && !target.closest('a')) show(letter);
  else hide();
});

document.addEventListener('keydown', event => {
  if (event.key === 'Escape') hide();
  const formula = document.activeElement;
  if (!formula?.matches('.math')) return;
  if (event.key === 'Enter' && current && formula.contains(current)) note.querySelector('a')?.click();
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by === undefined) return;
  const letters = Array.from(formula.querySelectorAll('[data-symbol]'));
  if (letters.length === 0) return;
  event.preventDefault();
  const at = current ? letters.indexOf(current) : -1;
  const next = at < 0 ? (by > 0 ? 0 : letters.length - 1) : (at + by + letters.length) % letters.length;
  show(letters[next] as Element);
});

document.addEventListener('focusout', event => {
  if (event.target instanceof Element && event.target.matches('.math') && !note.contains(event.relatedTarget as Node))
    hide();
});
