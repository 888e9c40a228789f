/** What stands around the examples; they bring their own sentences. */
import type { Text } from '../../../documents/recipe.js';

export const t = {
  documentsLead: {
    zh: '五篇教程里的每个算例，都在你自己的机器上重新算一遍：文中怎么说，算术给出什么，为什么不同。任何输入都可以改。',
    en: 'Every worked example of five tutorials, run again on your own machine: what the text claims, what the arithmetic gives, and why they differ. Every input can be edited.',
  },
  contents: { zh: '算例目录', en: 'Examples' },
  decimals: { zh: '小数位数', en: 'Decimals' },
  ofPrinted: { zh: '（就原文的输入而言）', en: '(for the printed inputs)' },
  claim: { zh: '文中说', en: 'The document claims' },
  gives: { zh: '算术给出', en: 'The arithmetic gives' },
  why: { zh: '为什么', en: 'Why' },
  resetInputs: { zh: '重置为原文的输入', en: 'Back to the printed inputs' },
  printed: { zh: '文中印的', en: 'As printed' },
  computed: { zh: '算出来的', en: 'Computed' },
  differs: { zh: '{n} 处不同', en: '{n} cells differ' },
  shapeDiffers: { zh: '形状不同：{printed}，应为 {computed}', en: 'shape {printed} instead of {computed}' },
  agrees: { zh: '与文中一致', en: 'as printed' },
  oracleAgrees: { zh: 'float64 参考值，最大差 {diff}', en: 'float64 oracle, max diff {diff}' },
  oracleDiffers: { zh: '与 float64 参考值不符，差 {diff}', en: 'differs from the float64 oracle by {diff}' },
  oracleSays: { zh: '参考实现也报错：', en: 'The independent oracle refuses too:' },
} as const satisfies Record<string, Text>;
