import { writeSync } from 'node:fs';
import { everyChange } from './api.ts';
import { removeFolder } from './calls-io.ts';
import { modules } from './modules.ts';

const kinds = process.argv[2] === 'all' ? undefined : (process.argv[2] ?? '').split('|');
const only = process.argv[3];
for (const m of modules)
  for (const [name, make] of Object.entries(m.calls)) {
    if (only && !name.includes(only)) continue;
    if (process.env.SKIP && name.includes(process.env.SKIP)) continue;
    writeSync(2, `${name}\n`);
    const r = everyChange({ [name]: make }, kinds);
    for (const f of r.findings) writeSync(1, `${f}\n`);
  }
removeFolder();
