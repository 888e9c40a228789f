/** The rows that last, in the order of the documents: what is said of them before they run. */
import { about as A7 } from './A7.js';
import { about as C7 } from './C7.js';
import { about as C8 } from './C8.js';
import { about as D2 } from './D2.js';
import { about as E5 } from './E5.js';
import { about as E6 } from './E6.js';
import { about as E7 } from './E7.js';
import type { About } from './experiment.js';

export const experiments: About[] = [A7, C7, C8, D2, E5, E6, E7];
