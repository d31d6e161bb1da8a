/** What begins by itself when a reader comes to it. */

/**
 * Does something once an element is seen: on a page that was opened without anything chosen, by a reader who does not mind movement.
 *
 * @param isPlain whether nothing was chosen.
 */
export function whenSeen(element: Element, isPlain: boolean, does: () => void): void {
  if (!isPlain || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const watcher = new IntersectionObserver(
    entries => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      watcher.disconnect();
      does();
    },
    { threshold: 0.5 },
  );
  watcher.observe(element);
}
