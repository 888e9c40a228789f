/** What is said of positions. */
import type { Text } from '../../../../documents/recipe.js';
import type { Content, Kind } from './state.js';

export const kindNames: Record<Kind, Text> = {
  none: { zh: '无', en: 'none' },
  sinusoidal: { zh: '正弦', en: 'sinusoidal' },
  rotary: { zh: '旋转（RoPE）', en: 'rotary' },
  alibi: { zh: 'ALiBi', en: 'ALiBi' },
  learned: { zh: '可学习', en: 'learned' },
};

export const contentNames: Record<Content, Text> = {
  alike: { zh: '词元全一样', en: 'all alike' },
  lab: { zh: '算式的 Q、K', en: 'the Equation’s Q, K' },
};

/** How it works, and what to look for. */
export const told: Record<Kind, Text> = {
  none: {
    zh: '没有位置：权重只看内容，不看在哪里。两个词元对调，它们的权重也只是跟着对调。',
    en: 'No positions: a weight depends on what stands there, never on where. Swap two tokens, and their weights only move along.',
  },
  sinusoidal: {
    zh: '每个位置是一行正弦和余弦，加到词元上：左边的列变得快，右边的慢。相邻的两行差不多，点积就大。',
    en: 'A row of sines and cosines is added to each token: the columns on the left change fast, those on the right slowly. Neighbours have nearly the same row, and so a large dot product.',
  },
  rotary: {
    zh: 'Q 和 K 的特征两两成对，各转一个角度，位置越靠后转得越多。点积里只剩位置之差：相似度的每条对角线上都是同一个数。',
    en: 'Pairs of features of Q and K are turned, the farther along the more. In a dot product only the difference of two positions is left: each diagonal of the similarity holds one number.',
  },
  alibi: {
    zh: '词元不变，分数按距离减：每隔一个位置减去一个斜率。每个头的斜率不同：陡的只看近处，平的看得远。',
    en: 'The tokens stay as they are; a score loses a slope for each position between. Every head has its own: a steep one looks near, a flat one far.',
  },
  learned: {
    zh: '位置是一张表，和别的参数一样学出来。这一张还没有训练（标准正态，种子 1），只是噪声：每个位置只像自己。训练之后是什么样，要看任务。',
    en: 'A table, learnt like any other weights. This one is untrained (standard normal, seed 1): noise, in which a position resembles itself alone. What training makes of it is up to the task.',
  },
};

export const tex: Record<Kind, string> = {
  none: 'S = QK^{\\top}',
  sinusoidal: 'P_{p,2i} = \\sin\\frac{p}{10000^{2i/D}},\\quad P_{p,2i+1} = \\cos\\frac{p}{10000^{2i/D}}',
  rotary: '\\theta_{p,i} = p\\cdot b^{-2i/D}',
  alibi: '\\tilde S_{ij} = q_i\\cdot k_j/\\sqrt d - m_h\\,\\lvert i-j\\rvert',
  learned: 'P \\sim \\mathcal N(0, 1)',
};

export const ownNames: Record<Exclude<Kind, 'none'>, Text> = {
  sinusoidal: { zh: '位置 × 特征', en: 'Position × feature' },
  rotary: { zh: '角度', en: 'Angles' },
  alibi: { zh: '分数减去多少', en: 'Bias of the scores' },
  learned: { zh: '位置 × 特征', en: 'Position × feature' },
};

export const t = {
  lead: { zh: '位置怎样进入注意力，又怎样改变权重。', en: 'How positions enter attention, and what they do to the weights.' },
  kind: { zh: '位置', en: 'Positions' },
  content: { zh: '内容', en: 'Content' },
  length: { zh: '长度', en: 'Length' },
  dim: { zh: '特征数 D', en: 'Features D' },
  base: { zh: '底 b', en: 'Base b' },
  heads: { zh: '头数', en: 'Heads' },
  slopes: { zh: '头（斜率 m）', en: 'Head (slope m)' },
  alike: { zh: '位置之间的相似度', en: 'Similarity of two positions' },
  without: { zh: '没有位置的权重', en: 'Weights without positions' },
  with: { zh: '加上位置的权重', en: 'Weights with positions' },
  byDistance: { zh: '平均权重，按距离', en: 'Mean weight by distance' },
  biasByDistance: { zh: '减去多少，按距离', en: 'Bias by distance' },
  alikeByDistance: { zh: '平均相似度，按距离', en: 'Mean similarity by distance' },
  distance: { zh: '距离', en: 'distance' },
  atDistance: { zh: '距离 {d}：', en: 'at distance {d}:' },
  withShort: { zh: '有位置', en: 'with' },
  withoutShort: { zh: '没有', en: 'without' },
  pair: { zh: '位置 {i} 看位置 {j}：', en: 'Position {i} looks at {j}:' },
  alikeShort: { zh: '相似度', en: 'similarity' },
  biasShort: { zh: '分数减去', en: 'bias' },
  ofOwn: { zh: '位置 {i}，第 {j} 列：', en: 'Position {i}, column {j}:' },
  radians: { zh: '弧度', en: 'radians' },
  hint: { zh: '指向一格看它的数；点一下或按回车键锁定，按 Esc 取消锁定。', en: 'Point at a cell for its number; click or press Enter to lock it, Esc to release.' },
  summary: {
    zh: '一个位置平均给自己 {own}，给相邻的每个 {near}，给相距 {half} 以上的每个 {far}；没有位置时{without}。',
    en: 'A position gives itself {own}, each neighbour {near}, each one {half} or more away {far} (means); without positions {without}.',
  },
  evenly: { zh: '都是 {x}', en: 'it would be {x} each' },
  unevenly: { zh: '是 {own}、{near}、{far}', en: 'these would be {own}, {near} and {far}' },
  allZeros: { zh: '这里的词元全一样，特征都是 0：只剩位置。', en: 'The tokens here are all alike, every feature 0: what is left is positions.' },
  allOnes: { zh: '这里的词元全一样，特征都是 1。', en: 'The tokens here are all alike, every feature 1.' },
  fromLab: { zh: 'Q、K 来自“算式”，只用一个头，不用掩码。', en: 'Q and K are the Equation’s, with one head and no mask.' },
  scale: { zh: '权重的颜色到 {most} 为止，两图相同。', en: 'Colours of both weights end at {most}.' },
} as const satisfies Record<string, Text>;
