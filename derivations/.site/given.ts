/** Which other derivations a derivation builds on: their forward equations hold where it does not define a letter. */
const GIVEN: Readonly<Record<string, readonly string[]>> = {
  conditioned: ['through-time'],
  errata: ['rnn', 'lstm', 'lstm-peephole'],
  'gradient-flow': ['through-time', 'rnn', 'lstm'],
  'lstm-coupled': ['lstm'],
  'lstm-paths': ['lstm'],
  mgu: ['gru'],
  rnn: ['readout'],
  rtrl: ['through-time'],
  'second-order': ['rnn', 'readout', 'lstm', 'gru', 'losses'],
  'through-time': ['rnn', 'readout'],
};

/** Their names. */
export function givenTo(name: string): readonly string[] {
  return GIVEN[name] ?? [];
}
