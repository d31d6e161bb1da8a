/** Keeps what is seen in the address, a moment after it was last changed: browsers refuse more than some changes a second. */
let waits = 0;

export function keepInAddress(hash: string): void {
  clearTimeout(waits);
  waits = window.setTimeout(() => window.history.replaceState(null, '', hash), 150);
}
