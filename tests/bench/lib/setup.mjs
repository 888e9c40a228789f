import { fromRoot } from '../../../tools/lib/paths.mjs';
import { setupNodeModules } from '../../../tools/setup.mjs';

/** The packages of tests/bench/package.json, for every benchmark. */
export const setupPeers = () => setupNodeModules(fromRoot('tests', 'bench'), 'the peers to compare with (about 500 MB unpacked)');
