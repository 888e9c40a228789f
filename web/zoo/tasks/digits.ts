import { usual, type Task } from '../task.js';

const SIDE = 8;
/** Each the digit, then its pixels as the letters a to q: 0 to 16. */
let rows: readonly string[] = [];

/** From the digit as it was written, moved by at most one pixel. */
function pixelsOf(row: string, right: number, down: number): number[] {
  return Array.from({ length: SIDE ** 2 }, (_, i) => {
    const x = (i % SIDE) - right, y = Math.floor(i / SIDE) - down;
    return x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : (row.charCodeAt(1 + y * SIDE + x) - 97) / 16;
  });
}

export const digits: Task = {
  id: 'digits',
  title: { zh: '手写数字', en: 'Handwritten digits' },
  about: {
    zh: '认出 8×8 的手写数字（UCI 数据集，Alpaydin 与 Kaynak，CC BY 4.0）。',
    en: 'Tell handwritten digits of 8×8 pixels (UCI, Alpaydin & Kaynak, CC BY 4.0).',
  },
  look: {
    zh: '哪些小块最受注意；你写的数字与数据里的写法不同，更难认。测试图来自相同的书写者。',
    en: 'Which patches are looked at. The held-out images are of the same writers; what you draw is another’s hand, and harder.',
  },
  form: 'image',
  classes: [...'0123456789'],
  parameters: [{ id: 'shift', name: { zh: '移动的像素', en: 'Shift, in pixels' }, min: 0, max: 2, default: 1 }],
  symbols: () => [],
  longest: () => ({ input: SIDE ** 2, output: 1 }),
  async prepare() { rows = (await import('../data/digits.json')).default; },
  make(random, { shift }) {
    const at = random.below(rows.length), row = rows[at]!, most = shift as number;
    return { input: [], output: [row[0]!], pixels: pixelsOf(row, random.between(-most, most), random.between(-most, most)), key: String(at) };
  },
  model: { kind: 'vit', dModel: 32, numHeads: 2, numLayers: 2, patchSize: 2, pooling: 'mean' },
  recipe: { ...usual, batch: 64, steps: 2000 },
  metric: 'exact',
  goal: 0.95,
  picture: 'patches',
  suggestions: [
    { text: { zh: '小块边长 4：只剩四块', en: 'Patches of 4: four of them are left' }, model: { patchSize: 4 } },
    { text: { zh: '位置的初始值只有 0.02', en: 'Positions that begin at 0.02' }, model: { initializerRange: 0.02 } },
  ],
};
