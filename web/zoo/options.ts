/**
 * What can be set of a model and of its training: each option of the module's configs with its bounds and what it is for.
 * A default is not said here: the model's own config, or the task, has it.
 */
import type { Text } from '../documents/recipe.js';
import type { Kind } from './task.js';

export type Option = { id: string; name: Text; help: Text } & (
  | { min: number; max: number; whole?: true }
  | { choices: readonly { id: string; name: Text }[] }
  | { flag: true }
);

const same = (name: string): Text => ({ zh: name, en: name });
const choice = (id: string, zh: string, en = id) => ({ id, name: { zh, en } });

export const kindNames: Record<Kind, Text> = {
  decoder: { zh: '解码器（GPT）', en: 'decoder (GPT)' },
  encoder: { zh: '编码器', en: 'encoder' },
  encoderDecoder: { zh: '编码器–解码器', en: 'encoder–decoder' },
  gruAdditive: { zh: 'GRU + Bahdanau', en: 'GRU + Bahdanau' },
  gruDot: { zh: 'GRU + Luong', en: 'GRU + Luong' },
  vit: { zh: '视觉 Transformer', en: 'vision Transformer' },
};

const positions = (...of: ('learned' | 'sinusoidal' | 'rotary' | 'alibi' | 'none')[]): Option => ({
  id: 'positions', name: { zh: '位置', en: 'Positions' },
  help: { zh: '模型怎样知道一个词元在哪里；没有位置，掩码之外各处都一样。', en: 'How the model knows where a token stands; without, all places are alike but for the mask.' },
  choices: [choice('learned', '可学习', 'learned'), choice('sinusoidal', '正弦', 'sinusoidal'), choice('rotary', '旋转', 'rotary'), choice('alibi', 'ALiBi', 'ALiBi'), choice('none', '无', 'none')]
    .filter(({ id }) => of.includes(id as 'none')),
});
const activation = (...of: string[]): Option => ({
  id: 'activation', name: { zh: '激活函数', en: 'Activation' }, help: { zh: '前馈层两次线性变换之间的函数。', en: 'The function between the two linear maps of the feed-forward.' },
  choices: of.map((id) => ({ id, name: same({ gelu: 'GELU', relu: 'ReLU', silu: 'SiLU' }[id]!) })),
});
const pooling: Option = {
  id: 'pooling', name: { zh: '汇聚', en: 'Pooling' }, help: { zh: '一串向量怎样变成一个：专门的词元、注意力汇聚，或平均。', en: 'How a row of vectors becomes one: a token of its own, attention, or the mean.' },
  choices: [choice('cls', '专门的词元', 'a token'), choice('attention', '注意力', 'attention'), choice('mean', '平均', 'mean')],
};
const normFirst: Option = {
  id: 'normFirst', name: { zh: '先归一化', en: 'Norm first' }, help: { zh: '归一化放在注意力和前馈之前（pre-norm），更容易训练；或放在之后。', en: 'Norms before attention and feed-forward (pre-norm), which trains more easily; or behind.' }, flag: true,
};
const dropout: Option = {
  id: 'dropout', name: { zh: '随机失活', en: 'Dropout' }, help: { zh: '训练时随机置零的比例，防止死记硬背。', en: 'The share set to zero at random while training, against learning by heart.' }, min: 0, max: 0.9,
};
const initializerRange: Option = {
  id: 'initializerRange', name: { zh: '初始值的标准差', en: 'First values’ deviation' },
  help: { zh: '0：按宽度取合适的值；GPT-2 的 0.02 对窄模型太小。', en: '0 takes what fits the width; GPT-2’s 0.02 is too small for a narrow model.' }, min: 0, max: 2,
};
const sizes: readonly Option[] = [
  { id: 'numLayers', name: { zh: '层数', en: 'Layers' }, help: { zh: '注意力块叠几层；归纳头需要两层。', en: 'How many blocks stand on one another; an induction head takes two.' }, min: 1, max: 8, whole: true },
  { id: 'numHeads', name: { zh: '头数', en: 'Heads' }, help: { zh: '每层各看各的头；要整除宽度。', en: 'Heads of a layer, each looking for itself; they divide the width.' }, min: 1, max: 16, whole: true },
  { id: 'dModel', name: { zh: '宽度', en: 'Width' }, help: { zh: '每个词元的向量有多少个数。', en: 'How many numbers stand for a token.' }, min: 4, max: 512, whole: true },
  { id: 'dimFeedforward', name: { zh: '前馈宽度', en: 'Feed-forward' }, help: { zh: '前馈层内部有多宽；0 是宽度的四倍。', en: 'How wide the feed-forward is inside; 0 is four times the width.' }, min: 0, max: 2048, whole: true },
];
const gru: readonly Option[] = [
  { id: 'embeddingDim', name: { zh: '嵌入宽度', en: 'Embedding' }, help: { zh: '每个词元的向量有多少个数。', en: 'How many numbers stand for a token.' }, min: 4, max: 256, whole: true },
  { id: 'hiddenSize', name: { zh: '隐藏层宽度', en: 'Hidden size' }, help: { zh: 'GRU 的状态有多少个数。', en: 'How many numbers the GRU’s state has.' }, min: 4, max: 256, whole: true },
  { id: 'numLayers', name: { zh: '层数', en: 'Layers' }, help: { zh: '几层 GRU 叠在一起。', en: 'How many GRUs stand on one another.' }, min: 1, max: 4, whole: true },
  { id: 'bidirectional', name: { zh: '双向编码', en: 'Both directions' }, help: { zh: '编码器从两头读输入。', en: 'The encoder reads the input from both ends.' }, flag: true },
  dropout,
];

export const modelOptions: Record<Kind, readonly Option[]> = {
  decoder: [
    ...sizes, positions('learned', 'sinusoidal', 'rotary', 'alibi', 'none'),
    {
      id: 'norm', name: { zh: '归一化', en: 'Norm' }, help: { zh: 'LayerNorm 减去均值再除以标准差；RMSNorm 只除以均方根。', en: 'LayerNorm takes the mean away and divides by the deviation; RMSNorm only divides by the root mean square.' },
      choices: [choice('layer', 'LayerNorm', 'LayerNorm'), choice('rms', 'RMSNorm', 'RMSNorm')],
    },
    activation('gelu', 'relu', 'silu'), dropout,
    { id: 'tieWeights', name: { zh: '共享嵌入', en: 'Tied weights' }, help: { zh: '输出层用嵌入的同一张表（Press 与 Wolf，2017）。', en: 'The head uses the embedding’s own table (Press & Wolf 2017).' }, flag: true },
    initializerRange,
  ],
  encoder: [...sizes, positions('learned', 'sinusoidal', 'none'), pooling, normFirst, activation('gelu', 'relu'), dropout, initializerRange],
  vit: [
    ...sizes,
    { id: 'patchSize', name: { zh: '小块边长', en: 'Patch size' }, help: { zh: '图像切成多大的小块；要整除 8。', en: 'The side of the patches that the image is cut into; it divides 8.' }, min: 1, max: 8, whole: true },
    pooling, normFirst, activation('gelu', 'relu'), dropout, initializerRange,
  ],
  encoderDecoder: [
    ...sizes, positions('sinusoidal', 'learned', 'none'), normFirst, activation('relu', 'gelu'), dropout,
    { id: 'tieEmbeddings', name: { zh: '共享嵌入', en: 'Tied embeddings' }, help: { zh: '输入和输出共用一张嵌入表。', en: 'One table of embeddings for input and output.' }, flag: true },
  ],
  gruAdditive: gru,
  gruDot: gru,
};

export const recipeOptions: readonly Option[] = [
  { id: 'optimizer', name: { zh: '优化器', en: 'Optimiser' }, help: { zh: '梯度怎样变成一步。', en: 'How a gradient becomes a step.' }, choices: [choice('AdamW', 'AdamW'), choice('Adam', 'Adam'), choice('SGD', 'SGD')] },
  { id: 'lr', name: { zh: '学习率', en: 'Learning rate' }, help: { zh: '每一步走多远；太大会发散。', en: 'How far a step goes; too far, and it diverges.' }, min: 0, max: 10 },
  { id: 'schedule', name: { zh: '学习率变化', en: 'Schedule' }, help: { zh: '保持不变，或按余弦降到 0。', en: 'Kept, or down to 0 along a cosine.' }, choices: [choice('cosine', '余弦', 'cosine'), choice('constant', '不变', 'constant')] },
  { id: 'warmup', name: { zh: '预热步数', en: 'Warm-up' }, help: { zh: '开头几步从小到大；只用于余弦。', en: 'So many first steps grow from small; with the cosine alone.' }, min: 0, max: 10_000, whole: true },
  { id: 'batch', name: { zh: '批大小', en: 'Batch' }, help: { zh: '一步看多少个样本。', en: 'How many samples a step sees.' }, min: 1, max: 512, whole: true },
  { id: 'steps', name: { zh: '步数', en: 'Steps' }, help: { zh: '训练到第几步为止，余弦也在那里到 0。', en: 'Where training ends, and the cosine with it.' }, min: 1, max: 100_000, whole: true },
  { id: 'clip', name: { zh: '梯度裁剪', en: 'Clipping' }, help: { zh: '梯度的范数最多这么大；0 不裁剪。', en: 'The gradient’s largest norm; 0 lets it be.' }, min: 0, max: 1000 },
  { id: 'weightDecay', name: { zh: '权重衰减', en: 'Weight decay' }, help: { zh: '权重每步缩小一点（L2）。', en: 'Weights shrink a little each step (L2).' }, min: 0, max: 10 },
  { id: 'patience', name: { zh: '提前停止', en: 'Early stopping' }, help: { zh: '验证损失连续多少次没有降低就停；0 不停。', en: 'Ends after so many held-out losses in a row that were no lower; 0 never does.' }, min: 0, max: 1000, whole: true },
];
