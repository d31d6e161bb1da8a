/** Shows an equation that a text names, while it is pointed at or has the focus. */
const shown = document.createElement('div');
shown.className = 'preview';
shown.hidden = true;
shown.setAttribute('role', 'tooltip');
shown.id = 'preview';
document.body.append(shown);

function show(link: HTMLElement): void {
  const template = document.getElementById(`ref-${link.dataset.tag}`);
  if (!(template instanceof HTMLTemplateElement)) return;
  shown.replaceChildren(template.content.cloneNode(true));
  shown.hidden = false;
  link.setAttribute('aria-describedby', shown.id);
  const { left, bottom } = link.getBoundingClientRect();
  const furthest = document.documentElement.clientWidth - shown.offsetWidth - 16;
  shown.style.left = `${Math.max(16, Math.min(left, furthest)) + scrollX}px`;
  shown.style.top = `${bottom + scrollY + 6}px`;
}

function hide(): void {
  shown.hidden = true;
}

for (const link of document.querySelectorAll<HTMLElement>('a.ref')) {
  link.addEventListener('pointerenter', () => show(link));
  link.addEventListener('focus', () => show(link));
  link.addEventListener('pointerleave', hide);
  link.addEventListener('blur', hide);
}
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') hide();
});
