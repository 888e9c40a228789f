// The page's own sources in Node, bundled as its build does.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What a module exports that stood in web/: `export * from './src/numbers.js'`. */
export async function pageSource(contents) {
  const { outputFiles: [bundle] } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../../web', import.meta.url)), loader: 'ts' },
    bundle: true, format: 'esm', write: false, external: ['*.svelte'], // a view's component is loaded when it is opened
  });
  return import(`data:text/javascript;base64,${Buffer.from(bundle.text).toString('base64')}`);
}
