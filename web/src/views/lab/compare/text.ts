/** What the comparison says. */
import type { Text } from '../../../../documents/recipe.js';

export const t = {
  lead: { zh: '同样的 Q、K、V，只变一样，并排看权重差在哪里。', en: 'The same Q, K and V with one thing varied: where do the weights differ?' },
  axis: { zh: '变的是', en: 'Vary' },
  shown: { zh: '并排的是', en: 'Side by side' },
  others: { zh: '其余都与“算式”里一样：{settings}。', en: 'All else is as in the Equation: {settings}.' },
  edit: { zh: '改输入和设置', en: 'Change inputs and settings' },
  whichHead: { zh: '看哪个头', en: 'Head shown' },
  oneHead: { zh: '1 个头', en: '1 head' },
  headOf: { zh: '{of} 个头：第 {n} 个', en: 'head {n} of {of}' },
  temperatureIs: { zh: '温度 {x}', en: 'temperature {x}' },
  maskIs: { zh: '掩码：{x}', en: 'mask {x}' },
  headsAre: { zh: '{x} 个头', en: '{x} heads' },
  weightsOf: { zh: '权重，{name}', en: 'Weights, {name}' },
  differenceOf: { zh: '“{name}”减“{reference}”', en: '{name} less {reference}' },
  reference: { zh: '其余的与它比', en: 'the reference' },
  take: { zh: '与它比较', en: 'Compare with this' },
  meanEntropy: { zh: '平均熵', en: 'mean entropy' },
  most: { zh: '最大差', en: 'largest difference' },
  query: { zh: '第 {n} 个查询', en: 'query {n}' },
  key: { zh: '第 {n} 个键', en: 'key {n}' },
  cellLine: { zh: '{query}给{key}：', en: '{query} gives {key}:' },
  hint: { zh: '指向一格，各图同一格一起标出；点一下或按回车键锁定，按 Esc 取消锁定。', en: 'Point at a cell to see the same cell in all; click or press Enter to lock it, Esc to release.' },
  summary: {
    zh: '最集中的是“{sharp}”（平均熵 {least}），最分散的是“{flat}”（{greatest}）；与“{reference}”差得最多的是“{far}”：在{query}看{key}处相差 {most}。',
    en: 'Most decided: {sharp} (mean entropy {least}); least: {flat} ({greatest}). Farthest from {reference} is {far}, by {most} where {query} looks at {key}.',
  },
  alone: { zh: '只有一个：再勾一个，才有得比。', en: 'One alone: tick another to compare.' },
  scale: { zh: '各图的差用同一把尺：±{extent}', en: 'Differences share one scale: ±{extent}' },
} as const satisfies Record<string, Text>;
