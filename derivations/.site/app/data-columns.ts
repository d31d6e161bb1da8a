/** The first rows of a table, and above each column what it is: guessed, and to be changed. */
import type { GivenRoles, Understanding } from 'bptt/tasks';
import type { Look } from './data-messages.ts';
import { byId } from './dom.ts';

/** What a column is. */
export type Role = 'input' | 'target' | 'time' | 'sequence' | 'none';

const WORDS: Readonly<Record<Role, string>> = {
  input: 'goes in',
  target: 'is foretold',
  time: 'says when',
  sequence: 'tells sequences apart',
  none: 'is left out',
};

/**
 * Shows the table.
 *
 * @param understanding what it is taken for; or the roles that were chosen, where it was not understood with these; or nothing yet, and
 * roles cannot be chosen.
 */
export function columnsTable(
  { columns, rows }: Look,
  understanding: Understanding | Readonly<Record<string, Role>> | undefined,
  changed: (roles: Readonly<Record<string, Role>>) => void,
): void {
  const roles: Record<string, Role> = {};
  const kinds: Record<string, string> = {};
  for (const { name, kind } of columns) {
    roles[name] = understanding ? roleOf(name, kind, understanding) : 'none';
    kinds[name] = kind;
  }
  const last = columns.at(-1)?.name ?? '';
  if (understanding && !Object.values(roles).includes('target') && roles[last] === 'input') roles[last] = 'target';
  const head = document.createElement('thead');
  const names = head.insertRow();
  const chosen = head.insertRow();
  for (const { name, kind } of columns) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = name;
    const says = document.createElement('span');
    says.className = 'kind';
    says.textContent = kind;
    cell.append(says);
    names.append(cell);
    const select = document.createElement('select');
    select.setAttribute('aria-label', `What ${name} is`);
    for (const [role, words] of Object.entries(WORDS)) select.add(new Option(words, role));
    select.value = roles[name] ?? 'none';
    select.disabled = understanding === undefined;
    select.addEventListener('change', () => {
      const role = select.value as Role;
      if (role !== 'input' && role !== 'none')
        // of these there is one
        for (const other of Object.keys(roles))
          if (roles[other] === role) roles[other] = role === 'target' ? 'input' : 'none';
      roles[name] = role;
      changed(Object.fromEntries(Object.entries(roles).map(([own, its]) => [`${kinds[own]} ${own}`, its])));
    });
    chosen.insertCell().append(select);
  }
  const body = document.createElement('tbody');
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.insertCell().textContent = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  }
  byId('columns', HTMLTableElement).replaceChildren(head, body);
}

function roleOf(name: string, kind: string, understanding: Understanding | Readonly<Record<string, Role>>): Role {
  if (!isUnderstood(understanding)) return understanding[`${kind} ${name}`] ?? 'input';
  const { time, sequence, features, text, target } = understanding;
  if (name === target) return 'target';
  if (name === sequence) return 'sequence';
  if (name === text || features.includes(name)) return 'input';
  return name === time ? 'time' : 'none';
}

function isUnderstood(given: Understanding | Readonly<Record<string, Role>>): given is Understanding {
  return Array.isArray(given.features);
}

/** Roles as the library has them, of columns as `kind name`; none where none was chosen. */
export function rolesIn(chosen: Readonly<Record<string, Role>>): GivenRoles | undefined {
  const all = Object.entries(chosen).map(([column, role]) => {
    const at = column.indexOf(' ');
    return { kind: column.slice(0, at), name: column.slice(at + 1), role };
  });
  if (all.length === 0) return undefined;
  const named = (role: Role) => all.find(column => column.role === role)?.name;
  const inputs = all.filter(({ role }) => role === 'input');
  const text = inputs.find(({ kind }) => kind !== 'number')?.name;
  const features = inputs.filter(({ kind }) => kind === 'number').map(({ name }) => name);
  const [time, sequence, target] = [named('time'), named('sequence'), named('target')];
  return {
    ...(time !== undefined && { time }),
    ...(sequence !== undefined && { sequence }),
    ...(target !== undefined && { target }),
    ...(text !== undefined ? { text } : features.length > 0 && { features }),
  };
}
