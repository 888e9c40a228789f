/** What runs them, each loaded when it is wanted. */
import type { Run } from './experiment.js';

export const runs: Record<string, () => Promise<{ run: Run }>> = {
  A7: () => import('./A7.js'),
  C7: () => import('./C7.js'),
  C8: () => import('./C8.js'),
  D2: () => import('./D2.js'),
  E5: () => import('./E5.js'),
  E6: () => import('./E6.js'),
  E7: () => import('./E7.js'),
};
