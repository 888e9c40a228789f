/** The document examples, in the order of the texts; but the one that introduces attention comes first. */
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

export const recipes: Recipe[] = [A6, A1, A2, A3, A4, A5, B1, B2, B3, C1, C2, C3, C4, C5, C6, D1, E1, E2, E3, E4];

/** The five texts by their own titles, translated where the reader's language is not theirs; a recipe belongs to the section that its id begins with. */
export const sections: { id: string; title: Text }[] = [
  { id: 'A', title: { zh: '《注意力机制原理与代码实例》', en: '“Attention: principle and code examples”' } },
  { id: 'B', title: { zh: '“001”：查询、键、值', en: '“001”: query, key, value' } },
  { id: 'C', title: { zh: '《从零开始大模型开发与微调》：编码器的核心——注意力模型', en: '“Large models from scratch”: the core of the encoder, attention' } },
  { id: 'D', title: { zh: '“003”：从理论到实践', en: '“003”: from theory to practice' } },
  { id: 'E', title: { zh: '“004”：改进注意力', en: '“004”: improving attention' } },
];
