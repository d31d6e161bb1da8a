/** The element of an id, which the page has. */
export function byId<E extends HTMLElement>(id: string, Kind: new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof Kind)) throw new Error(`the page has no ${id}`);
  return element;
}
