/** Pictures as PNG, by a package that a user installs who wants them. */
import { FileError } from '../errors.ts';
import { codeOf, reason } from '../io/node/files.ts';

type Library = Pick<typeof import('@resvg/resvg-js'), 'Resvg'>;

/** Dots of the PNG for each unit of the SVG. */
const SCALE = 2;

/**
 * An SVG as a PNG of twice its width and height, drawn with the system's fonts.
 *
 * @throws FileError when `@resvg/resvg-js` is not installed.
 */
export async function toPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await pngLibrary();
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: SCALE } }).render().asPng();
}

/**
 * What draws it: asked for before a long run, so that its absence does not show after it.
 *
 * @throws FileError when it is not installed, or does not run here.
 */
export async function pngLibrary(load: () => Promise<Library> = () => import('@resvg/resvg-js')): Promise<Library> {
  try {
    return await load();
  } catch (error) {
    const got = codeOf(error) === 'ERR_MODULE_NOT_FOUND' ? 'none' : reason(error, 'none');
    throw new FileError('--png', 'the package @resvg/resvg-js (npm install @resvg/resvg-js)', got);
  }
}
