/** The document examples, in the order of the texts. */
import { A1 } from './A1.js';
import { A2 } from './A2.js';
import { A3 } from './A3.js';
import { A4 } from './A4.js';
import { A5 } from './A5.js';
import { A6 } from './A6.js';
import { B1 } from './B1.js';
import { B2 } from './B2.js';
import { B3 } from './B3.js';
import { C1 } from './C1.js';
import { C2 } from './C2.js';
import { C3 } from './C3.js';
import { C4 } from './C4.js';
import { C5 } from './C5.js';
import { C6 } from './C6.js';
import { D1 } from './D1.js';
import { E1 } from './E1.js';
import { E2 } from './E2.js';
import { E3 } from './E3.js';
import { E4 } from './E4.js';
import type { Recipe, Text } from './recipe.js';

export const recipes: Recipe[] = [A1, A2, A3, A4, A5, A6, B1, B2, B3, C1, C2, C3, C4, C5, C6, D1, E1, E2, E3, E4];

/** The five texts; a recipe belongs to the section that its id begins with. */
export const sections: { id: string; title: Text }[] = [
  { id: 'A', title: { zh: '入门：原理与代码', en: 'Primer: principle and code' } },
  { id: 'B', title: { zh: '查询、键、值', en: 'Query, key, value' } },
  { id: 'C', title: { zh: '编码器的核心', en: 'The core of the encoder' } },
  { id: 'D', title: { zh: '理论到实践', en: 'From theory to practice' } },
  { id: 'E', title: { zh: '改进注意力', en: 'Improving attention' } },
];
