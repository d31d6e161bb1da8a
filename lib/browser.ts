/**
 * All that a page needs, as one file that imports nothing: `bptt/browser`, for import maps, notebooks and CDNs.
 *
 * A page that maps `bptt` to it has the code of this library's examples as it is.
 */
export * from './index.ts';
