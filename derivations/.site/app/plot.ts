/** What plots of a page are made of, of Observable Plot. It is loaded when the first is drawn, see `picture.ts`. */
export { cell, dot, line, lineY, plot, ruleY, text } from '@observablehq/plot';
