/** Files at a path, for Node: `import { readBytes } from 'bptt/io/node'`. What is in them is read and written by `bptt/io`. */
export { readCsvFile, readJsonLinesFile } from './file-tables.ts';
export { type ReadOptions, readBytes, readText, writeAtomically } from './files.ts';
export { makeFolder } from './folders.ts';
