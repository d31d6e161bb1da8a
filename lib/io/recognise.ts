/**
 * What a file is that is no safetensors file, by how it begins, and what its owner can do about it: people have files of
 * PyTorch, pages in a file's place, and pointers to files that were never fetched.
 */

/** Bytes that are looked at. */
const LOOKED = 4096;

const SAVE = "save_file(net.state_dict(), 'model.safetensors'), of safetensors.torch, makes one that bptt import reads";
const KERAS = 'the weights of a network of PyTorch, in safetensors, can be read';
const UNPACK = 'unpack it first';

const ZIP = 'PK\x03\x04';
const GZIP = '\x1f\x8b';

/** A kind of file: what it is called, what to do, and how it begins, one character for each byte. */
interface Kind {
  readonly what: string;
  readonly todo?: string;
  readonly is: (begin: string) => boolean;
}

const starts =
  (...magic: readonly string[]) =>
  (begin: string): boolean =>
    magic.some(bytes => begin.startsWith(bytes));
const fits = (pattern: RegExp) => (begin: string) => pattern.test(begin);

/** A zip archive whose first members are of these names: one is at byte 30, the others somewhere behind. */
const archive = (name: RegExp) => (begin: string) => begin.startsWith(ZIP) && name.test(begin.slice(30));

/** The first that fits. */
const KINDS: readonly Kind[] = [
  { what: 'an empty file', is: begin => begin === '' },
  {
    what: 'a PyTorch archive, as torch.save writes',
    todo: SAVE,
    is: archive(/^[^/]+\/(data\.pkl|\.format_version|byteorder|version|code\/)/),
  },
  { what: 'an archive of NumPy (npz)', todo: SAVE, is: archive(/^[^/]*?\.npy/) },
  { what: 'an archive of Keras', todo: KERAS, is: archive(/^(metadata\.json|config\.json|model\.weights\.h5)/) },
  {
    what: 'a zip archive',
    todo: `if torch.save wrote it, ${SAVE}`,
    is: starts(ZIP, 'PK\x05\x06', 'PK\x07\x08'),
  },
  {
    what: 'a PyTorch file of before 1.6, as torch.save wrote',
    todo: SAVE,
    is: begin => isPickle(begin) && begin.slice(2, 24).includes('\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19'),
  },
  { what: 'a pickle of Python', todo: SAVE, is: isPickle },
  { what: 'an array of NumPy (npy)', todo: SAVE, is: starts('\x93NUMPY') },
  { what: 'a file of HDF5, as Keras writes', todo: KERAS, is: starts('\x89HDF\r\n\x1a\n') },
  { what: 'a model in GGUF', is: starts('GGUF') },
  { what: 'an ONNX model', todo: 'such models are written, not read', is: isOnnx },
  { what: 'a file compressed by gzip', todo: UNPACK, is: starts(GZIP) },
  { what: 'a compressed file', todo: UNPACK, is: starts('BZh', '\xfd7zXZ\0', '\x28\xb5\x2f\xfd', '7z\xbc\xaf') },
  { what: 'a tar archive', todo: UNPACK, is: begin => begin.startsWith('ustar', 257) },
  {
    what: 'a pointer of Git LFS in the place of the file',
    todo: 'git lfs pull fetches it',
    is: fits(/^version https:\/\/(git-lfs|hawser)\.github\.com\//),
  },
  {
    what: 'a web page',
    todo: 'fetch the file itself, which the page is about',
    is: fits(/^(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|body)\b/i),
  },
  {
    what: 'the index of a model in several files',
    todo: 'it names them',
    is: begin => /^\s*\{/.test(begin) && /"weight_map"\s*:/.test(begin),
  },
  { what: 'a text in JSON', is: fits(/^(\xef\xbb\xbf)?\s*(\{\s*["}]|\[\s*["{[\]\d])/) },
];

/**
 * What a file is, in a few words, with what to do about it; undefined where that cannot be said, as of one that begins with
 * the length of a header, at most 100 MB.
 *
 * @param bytes all of it.
 */
export function recognise(bytes: Uint8Array): string | undefined {
  const first = bytes.subarray(0, LOOKED);
  const begin = Array.from(first, byte => String.fromCharCode(byte)).join('');
  const zeros = starts(ZIP, GZIP)(begin); // these may have zeros there too
  if (begin.length >= 8 && begin.slice(4, 8) === '\0\0\0\0' && begin.charCodeAt(3) < 6 && !zeros) return undefined;
  const kind = KINDS.find(({ is }) => is(begin));
  if (kind) return kind.todo === undefined ? kind.what : `${kind.what} (${kind.todo})`;
  return isText(first) ? 'a text' : undefined;
}

/** A pickle begins with the version of its format. */
function isPickle(begin: string): boolean {
  return starts('\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05')(begin);
}

/** Field 1, the version of the format, then the tag of the producer, the graph, or another field. */
function isOnnx(begin: string): boolean {
  const version = begin.charCodeAt(1);
  const next = ['\x12', '\x1a', '\x22', '\x28', '\x32', '\x3a', '\x42'].includes(begin.charAt(2));
  return begin.startsWith('\x08') && version >= 3 && version < 32 && next;
}

/** Whether bytes are UTF-8 without control characters; the last character may be cut. */
function isText(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return !/\p{Cc}/u.test(text.replace(/[\t\n\f\r]/g, ''));
  } catch {
    return false;
  }
}
