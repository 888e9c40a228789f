import { ofRow } from '../rows.js';
import { usual } from '../task.js';

export const copy = ofRow({
  id: 'copy',
  title: { zh: '复制', en: 'Copy' },
  about: { zh: '原样写出一行字母。', en: 'Write a row of letters as it is.' },
  look: {
    zh: '箭头之后，每个位置看向输入中与它同序的字母：一条与对角线平行的线。',
    en: 'Behind the arrow each place looks at the input’s letter of the same place: a line parallel to the diagonal.',
  },
  sizes: { letters: 20, shortest: 3, longest: 8 },
  answer: (row) => row,
  changed: { model: { kind: 'decoder', dModel: 32, numHeads: 4, numLayers: 2 }, recipe: { ...usual, batch: 64, steps: 400 } },
  suggestions: [
    { text: { zh: '不给位置信息', en: 'Without positions' }, model: { positions: 'none' } },
    { text: { zh: '换成编码器—解码器', en: 'An encoder–decoder instead' }, model: { kind: 'encoderDecoder', dModel: 32, numHeads: 2, numLayers: 1 } },
  ],
});
