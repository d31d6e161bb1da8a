/** The chart of `bptt compare`: a bar for every model, in bits a character. */
import { greatest } from '../../extremes.ts';
import { draw } from '../../plot.ts';

/** How a model did. */
export interface Compared {
  readonly name: string;
  /** Its sizes, and what was chosen. */
  readonly what: string;
  readonly parameters: number;
  /** Seconds that it learnt. */
  readonly seconds: number;
  /** Held-out loss, a symbol. */
  readonly nats: number;
  readonly bits: number;
}

/** Pixels a bar, and of a name's letter. */
const [BAR, LETTER] = [34, 7];

/** Those that are no recurrent networks. */
const NO_NETWORKS: readonly string[] = ['unigram', 'ngram', 'window', 'hmm'];

/** Shorter is better; beside each bar what the model is. Networks with a memory are black, all others white. */
export function plotCompared(models: readonly Compared[], caption: string): Promise<string> {
  const bars = models.map(({ name, what, parameters, bits }) => ({
    name,
    bits,
    fill: NO_NETWORKS.includes(name) ? 'white' : 'black',
    text: `${bits.toFixed(3)}  ${what}; ${parameters.toLocaleString('en').replaceAll(',', ' ')} parameters`,
  }));
  const most = Math.max(1, greatest(models.map(({ bits }) => bits)));
  return draw(Plot => ({
    width: 900,
    height: 120 + BAR * models.length,
    marginLeft: Math.max(70, 14 + LETTER * greatest(models.map(({ name }) => name.length))),
    marginRight: 30,
    marginTop: 20,
    marginBottom: 76,
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: {
      label: 'held-out loss (bits per character)',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
      domain: [0, 2 * most],
      ticks: Array.from({ length: Math.floor(most) + 1 }, (_, n) => n),
      tickFormat: '~f',
    },
    y: { label: null, domain: models.map(({ name }) => name) },
    marks: [
      Plot.barX(bars, { x: 'bits', y: 'name', fill: 'fill', stroke: 'black', insetTop: 3, insetBottom: 3 }),
      Plot.text(bars, { x: 'bits', y: 'name', text: 'text', textAnchor: 'start', dx: 8 }),
      Plot.text([`${caption}. Black: recurrent networks.`], { frameAnchor: 'bottom-left', dy: 66, fill: '#333' }),
      Plot.ruleX([0]),
    ],
  }));
}
