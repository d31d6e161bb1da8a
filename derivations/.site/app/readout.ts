/** What is said of the square that is pointed at, beside it; a screen reader says it too. */
interface Readout {
  show(text: string, beside: Element): void;
  hide(): void;
}

let made: Readout | undefined;

/** The one of the page. */
export function readoutOf(): Readout {
  made ??= make();
  return made;
}

function make(): Readout {
  const box = document.createElement('div');
  box.className = 'readout';
  box.id = 'readout';
  box.hidden = true;
  box.setAttribute('role', 'status');
  (document.querySelector('main') ?? document.body).append(box);
  return {
    show(text, beside) {
      if (box.textContent !== text) box.textContent = text;
      box.hidden = false;
      const { left, top, right, height } = beside.getBoundingClientRect();
      const width = box.offsetWidth;
      const toTheRight = right + 8 + width < document.documentElement.clientWidth;
      box.style.left = `${toTheRight ? right + 8 : Math.max(8, left - 8 - width)}px`;
      box.style.top = `${Math.max(8, top + height / 2 - box.offsetHeight - 10)}px`;
    },
    hide() {
      box.hidden = true;
    },
  };
}
