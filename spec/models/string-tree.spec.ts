import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StringTree } from '../../lib/models/string-tree.ts';

it('counts as a map of strings does, however large it has grown', () => {
  const many = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 200_000 }), fc.nat(4000));
  fc.assert(
    fc.property(many, ([order, C, length]) => {
      const tree = new StringTree();
      const counts = new Map<string, number>();
      const strings = ['']; // by node
      let state = C + length;
      for (let n = 0; n < length; n++) {
        let node = 0;
        for (let k = 0; k < order; k++) {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          const w = (state >>> 8) % C;
          const string = `${strings[node]},${w}`;
          const known = counts.has(string);
          if (tree.find(node, w) > 0 !== known) throw new Error(`${string} is found, or not`);
          node = tree.count(node, w);
          if (!known) strings.push(string);
          if (strings[node] !== string) throw new Error(`${string} is ${strings[node]}`);
          counts.set(string, (counts.get(string) ?? 0) + 1);
        }
      }
      expect(tree.size).toBe(strings.length);
      const { parent, symbol, counted } = tree;
      const nodes = Array.from(strings.keys()).slice(1);
      expect(nodes.map(node => `${strings[parent[node] ?? -1]},${symbol[node]}`)).toEqual(strings.slice(1));
      expect(nodes.map(node => counted[node])).toEqual(strings.slice(1).map(string => counts.get(string)));
      expect(nodes.map(node => tree.find(parent[node] ?? -1, symbol[node] ?? -1))).toEqual(nodes);
    }),
    { numRuns: 12 },
  );
});
