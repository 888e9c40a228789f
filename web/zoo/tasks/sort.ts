import { ofRow } from '../rows.js';
import { usual } from '../task.js';

export const sort = ofRow({
  id: 'sort',
  title: { zh: '排序', en: 'Sort' },
  about: { zh: '把一行字母按字母表顺序写出。', en: 'Write a row of letters in the order of the alphabet.' },
  look: {
    zh: '每写一个字母，注意力都落在输入里下一个该写的字母上，无论它在哪里。',
    en: 'For each letter that is written, attention finds the input’s next one in order, wherever it stands.',
  },
  sizes: { letters: 26, shortest: 6, longest: 6 },
  answer: (row) => row.sort(),
  changed: { model: { kind: 'decoder', dModel: 64, numHeads: 4, numLayers: 1 }, recipe: { ...usual, batch: 64, steps: 1500 } },
  suggestions: [
    { text: { zh: '长度从 3 到 8', en: 'Lengths from 3 to 8' }, values: { shortest: 3, longest: 8 } },
    { text: { zh: '不给位置信息：写过几个相同的字母，就数不清了', en: 'Without positions: how often a letter was written is lost' }, model: { positions: 'none' } },
  ],
});
