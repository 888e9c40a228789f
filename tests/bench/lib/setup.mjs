import { fromRoot } from '../../../tools/lib/paths.mjs';
import { setupNodeModules } from '../../../tools/setup.mjs';

/** The packages of tests/bench/package.json, for every benchmark. */
export const setupPeers = () => setupNodeModules(fromRoot('tests', 'bench'), 'the peers to compare with (about 500 MB unpacked)');

/** Where a platform, 'node' or 'browser', finds TensorFlow.js. */
export const tfjsBundle = (platform) => fromRoot('build', 'bench', `tfjs-${platform}.${platform === 'node' ? 'cjs' : 'js'}`);

/**
 * TensorFlow.js comes as modules without file names, which only a bundler finds; its gradients are a module that no entry
 * imports.
 */
export async function bundleTfjs(platform) {
  const { build } = await import('esbuild'); // only there after the set-up
  await build({
    stdin: {
      contents: `import '@tensorflow/tfjs-core/dist/register_all_gradients';
        import '@tensorflow/tfjs-backend-cpu';
        export * as tf from '@tensorflow/tfjs-core';
        export * as wasm from '@tensorflow/tfjs-backend-wasm';`,
      resolveDir: fromRoot('tests', 'bench'),
    },
    bundle: true, platform, format: platform === 'node' ? 'cjs' : 'esm', mainFields: ['module', 'main'],
    logLevel: 'error', outfile: tfjsBundle(platform),
  });
}
