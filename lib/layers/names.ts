/** Names of parts within a whole: `lstm.h` is the part h of the layer called lstm. */

/** All records in one, every key with its record's name in front. */
export function prefixed<V>(records: Readonly<Record<string, Readonly<Record<string, V>>>>): Record<string, V> {
  return Object.fromEntries(
    Object.entries(records).flatMap(([name, record]) =>
      Object.entries(record).map(([key, value]) => [`${name}.${key}`, value]),
    ),
  );
}

/** The record that {@link prefixed} took in under that name. */
export function unprefixed<V>(whole: Readonly<Record<string, V>>, name: string): Record<string, V> {
  const own = Object.entries(whole).filter(([key]) => key.startsWith(`${name}.`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(name.length + 1), value]));
}
