/** The path in both languages: each written for its readers, not translated from the other. `{facts}` are the step's own. */
import type { Text } from '../../../documents/recipe.js';
import { t as shared } from '../../components/text.js';
import type { StepId } from './steps.js';
import type { Names } from './worker.js';

export const t = {
  next: { zh: '下一步', en: 'Next' },
  back: { zh: '上一步', en: 'Back' },
  step: { zh: '第 {n} 步，共 {of} 步', en: 'Step {n} of {of}' },
  steps: { zh: '全部步骤', en: 'All steps' },
  answer: { zh: '看答案', en: 'Answer' },
  plain: { zh: '点积', en: 'dot products' },
  scaled: { zh: '除以 √d 之后', en: 'divided by √d' },
  spread: { zh: '横轴是点积的值，越高说明这样的值越多', en: 'How many dot products have which value' },
  cost: { zh: '{n} 个词：{weights} 个权重，{time} 毫秒', en: '{n} words: {weights} weights, {time} ms' },
  goOn: { zh: '接着上次：{title}', en: 'Go on where you were: {title}' },
  time: { zh: '用时', en: 'time' },
  wordCount: { zh: '词数', en: 'words' },
  milliseconds: { zh: '毫秒', en: 'ms' },
  took: { zh: '{n} 个词用了 {time} 毫秒', en: '{n} words took {time} ms' },
  glossary: { zh: '术语表', en: 'Glossary' },
} as const satisfies Record<string, Text>;

export const sentences: Record<Names, { zh: string[]; en: string[] }> = {
  words: { zh: ['我', '喝', '热', '茶'], en: ['I', 'drink', 'hot', 'tea'] },
  others: { zh: ['I', 'drink', 'tea'], en: ['je', 'bois', 'thé'] },
  twice: { zh: ['我', '喝', '茶', '喝'], en: ['I', 'drink', 'tea', 'drink'] },
  hot: { zh: ['我', '热', '热', '茶'], en: ['I', 'hot', 'hot', 'tea'] },
  nothing: { zh: ['我', '？', '热', '茶'], en: ['I', '?', 'hot', 'tea'] },
};

interface StepText {
  title: Text;
  body: Text;
  /** What is changed, and what its options are called. */
  control: Text;
  options?: Record<string, Text>;
  question: Text;
  answer: Text;
}

export const steps: Record<StepId, StepText> = {
  qkv: {
    title: { zh: '从词到 Q、K、V', en: 'From words to Q, K and V' },
    body: {
      zh: '每个词是一行数，合起来是 X。X 乘三个矩阵：Q 是一个词在找什么，K 是它能被怎样找到，V 是找到之后拿走什么。',
      en: 'Every word is a row of numbers; together they are X. Three matrices make three things of it: Q, what a word looks for; K, how it can be found; V, what is taken from it.',
    },
    control: { zh: 'Q 和 K 用', en: 'Q and K by' },
    options: { three: { zh: '各自的矩阵', en: 'matrices of their own' }, one: { zh: '同一个矩阵', en: 'the same matrix' } },
    question: { zh: '为什么不用同一个矩阵？换一下，比较 QKᵀ 的对角线两侧。', en: 'Why not one matrix for both? Try it, and compare QKᵀ on both sides of its diagonal.' },
    answer: {
      zh: '“喝”对“茶”的分数是 {there}，“茶”对“喝”是 {back}。同一个矩阵会让两者永远相等：谁看谁就分不出方向了。',
      en: '“drink” scores “tea” with {there}, “tea” scores “drink” with {back}. With one matrix the two are always the same: no word could look at another without being looked at just as much.',
    },
  },
  scores: {
    title: { zh: '分数：查询遇到键', en: 'Scores: queries meet keys' },
    body: {
      zh: '一个查询和一个键的点积就是分数：方向相近则大，互相垂直则为零。S 的一行属于一个查询，一列属于一个键。',
      en: 'The dot product of a query and a key is a score: large where they point the same way, zero where they have nothing in common. A row of S belongs to a query, a column to a key.',
    },
    control: { zh: '第二个词', en: 'The second word' },
    options: { drink: { zh: '喝', en: 'drink' }, hot: { zh: '热', en: 'hot' }, nothing: { zh: '全是零', en: 'all zeros' } },
    question: { zh: '换掉第二个词，S 的哪些格会变？', en: 'Change the second word: which cells of S change?' },
    answer: {
      zh: '只有第二行和第二列：一个词只通过自己的查询和键起作用。它对“茶”的分数现在是 {s}。',
      en: 'Its row and its column alone: a word acts through its own query and its own key. Its score for “tea” is now {s}.',
    },
  },
  scale: {
    title: { zh: '为什么要除以 √d', en: 'Why divide by √d' },
    body: {
      zh: '点积是 d 项之和，特征越多，散得越开。分数太散，softmax 就几乎只剩一个 1。除以 √d，散布就与 d 无关。',
      en: 'A dot product is a sum of d terms, so it spreads with the number of features. Widely spread scores turn a softmax into a single 1. Divided by √d, the spread no longer depends on d.',
    },
    control: { zh: '特征数 d', en: 'Features d' },
    question: { zh: '把 d 拉大：两种散布各怎么变？', en: 'Raise d: what becomes of the two spreads?' },
    answer: {
      zh: 'd = {d}：点积的标准差是 {plain}（√d = {root}），除过以后是 {scaled}。八个权重里最大的那个，平均是 {sharp}；除过以后是 {soft}。',
      en: 'At d = {d} the dot products deviate by {plain} (√d = {root}), the divided ones by {scaled}. The largest of eight weights is {sharp} on average; after dividing, {soft}.',
    },
  },
  softmax: {
    title: { zh: 'softmax 与温度', en: 'Softmax and temperature' },
    body: {
      zh: 'softmax 把一行分数变成权重：都是正数，加起来是 1。先除以温度 τ：τ 越小越果断，越大越平均。',
      en: 'Softmax turns a row of scores into weights: positive, and 1 in sum. The temperature τ divides the scores first: a low one decides, a high one shares out.',
    },
    control: { zh: '温度 τ', en: 'Temperature τ' },
    question: { zh: '“喝”把多少注意力给了“茶”？温度很高时呢？', en: 'How much of its attention does “drink” give to “tea”? And at a high temperature?' },
    answer: { zh: 'τ = {temperature} 时是 {share}。τ 越来越大，它趋向 1/4；越来越小，趋向 1。', en: 'At τ = {temperature} it is {share}. As τ grows it tends to 1/4, as τ falls to 1.' },
  },
  sum: {
    title: { zh: '加权求和', en: 'The weighted sum' },
    body: {
      zh: '输出是 V 的各行按权重混合的结果。权重大的词，在输出里占得多；一个词的输出里有别的词，这就是上下文。',
      en: 'The output is the rows of V, mixed by the weights. Words with large weights fill most of it, and so a word’s output holds others: that is context.',
    },
    control: { zh: '查询', en: 'Query' },
    question: { zh: '选一个词：它的输出最像哪一行 V？', en: 'Choose a word: which row of V does its output resemble most?' },
    answer: { zh: '“{queryWord}”的输出最像“{keyWord}”那一行：那里的权重是 {share}。', en: 'That of “{keyWord}”: its weight for “{queryWord}” is {share}.' },
  },
  cross: {
    title: { zh: '自注意力与交叉注意力', en: 'Self- and cross-attention' },
    body: {
      zh: '自注意力的 Q、K、V 都来自同一句话。交叉注意力的 Q 来自一句，K 和 V 来自另一句：翻译时，每个译出的词这样回看原文。',
      en: 'In self-attention Q, K and V come from one sentence. In cross-attention Q comes from one, K and V from another: this is how a translation looks back at its source.',
    },
    control: { zh: 'K 和 V 来自', en: 'K and V from' },
    options: { self: { zh: '同一句话', en: 'the same sentence' }, cross: { zh: '另一句话', en: 'another sentence' } },
    question: { zh: '权重矩阵的行数和列数各由谁决定？', en: 'What decides the number of rows of the weights, and of columns?' },
    answer: { zh: '查询有 {rows} 个，所以 {rows} 行；键有 {columns} 个，所以 {columns} 列。每一行的和仍是 1。', en: '{rows} queries make {rows} rows, {columns} keys make {columns} columns. Every row still sums to 1.' },
  },
  mask: {
    title: { zh: '掩码：因果与填充', en: 'Masks: causal and padding' },
    body: {
      zh: '掩码把不许看的分数变成 −∞，权重就成了 0。因果掩码遮住后面的词，因为生成时它们还不存在；填充掩码遮住补齐长度的空位。',
      en: 'A mask turns forbidden scores into −∞, and their weights into 0. A causal mask hides later words, which are not there yet while text is generated; a padding mask hides what only fills up the length.',
    },
    control: shared.mask,
    options: { none: shared.none, causal: { zh: '因果', en: 'causal' }, padding: { zh: '填充（只有 3 个词）', en: 'padding (3 words)' } },
    question: { zh: '用因果掩码时，第一个词能看谁？', en: 'With a causal mask, what can the first word look at?' },
    answer: { zh: '只能看自己：因果掩码下它给自己的权重是 1（现在是 {first}）。“喝”给“茶”的现在是 {last}。', en: 'Itself alone, with weight 1 (now {first}). “drink” gives “tea” {last} now.' },
  },
  heads: {
    title: { zh: '多头', en: 'Heads' },
    body: {
      zh: '多头把特征分成几份，每份各算一次注意力，再并排放好，由 W_O 混合。分的是特征，不是句子：每个头都看得到所有的词。',
      en: 'Heads share out the features: each attends with its part, the results stand side by side again, and W_O mixes them. The features are split, not the sentence: every head sees all words.',
    },
    control: { zh: '头数', en: 'Heads' },
    question: { zh: '换成两个头：它们看的是同样的地方吗？W_O 又添了什么？', en: 'Take two: do they look at the same places, and what does W_O add?' },
    answer: {
      zh: '不一样：每个头有 {width} 个特征，各找各的。“喝”给“茶”的权重，第一个头里是 {first}，最后一个头里是 {last}。Z 的前一半列只来自第一个头；乘 W_O 之后每列都有各头的份：“喝”的第一个数从 {before} 变成 {after}。',
      en: 'Not the same: with {width} features each looks for its own. “drink” gives “tea” {first} in the first head and {last} in the last. The left half of Z comes from the first head alone; after W_O every column holds something of each: the first number of “drink” goes from {before} to {after}.',
    },
  },
  positions: {
    title: { zh: '位置', en: 'Positions' },
    body: {
      zh: '注意力本身不知道词序：同一个词放在哪里，看到的都一样。把位置加进 X（正弦），或按距离给分数减一点（ALiBi），词序才有了作用。',
      en: 'Attention by itself knows no order: a word sees the same wherever it stands. Adding positions to X (sinusoidal), or taking something off a score for distance (ALiBi), lets order count.',
    },
    control: { zh: '位置', en: 'Positions' },
    options: { none: shared.none, sinusoidal: { zh: '正弦', en: 'sinusoidal' }, alibi: { zh: 'ALiBi', en: 'ALiBi' } },
    question: { zh: '“喝”出现了两次，它们的两行一样吗？', en: '“drink” stands there twice. Are its two rows the same?' },
    answer: { zh: '两行最多差 {apart}。没有位置时是 0：两个“喝”分不开。', en: 'They differ by {apart} at most. Without positions by 0: nothing tells the two apart.' },
  },
  cost: {
    title: { zh: '代价', en: 'What it costs' },
    body: {
      zh: '每个词都看每个词，所以 n 个词有 n² 个权重：句子长一倍，时间和内存都是四倍。',
      en: 'Every word looks at every word, so n words have n² weights: a text twice as long takes four times the time and memory.',
    },
    control: { zh: '词数 n', en: 'Words n' },
    question: { zh: '把 n 加倍，时间变成几倍？', en: 'Double n: what becomes of the time?' },
    answer: { zh: 'n = {n}：{weights} 个权重，{megabytes} MB；你的机器刚刚用了 {time} 毫秒。', en: 'At n = {n}: {weights} weights, {megabytes} MB; your machine has just taken {time} ms.' },
  },
};

export const glossary: { term: Text; means: Text }[] = [
  { term: { zh: '编码器', en: 'Encoder' }, means: { zh: '把一句话读成一串向量，每个词一个，都带着上下文。', en: 'Reads a sentence into vectors, one a word, each with its context.' } },
  { term: { zh: '解码器', en: 'Decoder' }, means: { zh: '逐个产生词；每次看已经产生的词，也看编码器的输出。', en: 'Produces words one by one, looking at those that it has produced and at the encoder’s output.' } },
  { term: { zh: '序列到序列', en: 'Seq2seq' }, means: { zh: '编码器加解码器：从一句话到另一句话，比如翻译。', en: 'An encoder and a decoder: from one sentence to another, as in translation.' } },
  { term: { zh: '掩码', en: 'Mask' }, means: { zh: '说明谁不许看谁：被遮住的分数是 −∞，权重是 0。', en: 'Says who may not look at whom: a masked score is −∞, its weight 0.' } },
  { term: { zh: '位置嵌入', en: 'Positional embedding' }, means: { zh: '加到词向量上的一行数，说明这个词在第几个。', en: 'A row of numbers added to a word’s, which says where it stands.' } },
  { term: { zh: 'GRU、LSTM', en: 'GRU, LSTM' }, means: { zh: '循环网络：从左到右读，用门决定记住什么、忘掉什么。', en: 'Recurrent networks: they read from left to right, and gates decide what is kept and what is forgotten.' } },
  { term: { zh: 'BERT', en: 'BERT' }, means: { zh: '只有编码器的 Transformer：遮住一些词，学着猜出来。', en: 'A Transformer that is an encoder alone; it learns by guessing words that were masked.' } },
  { term: { zh: '微调', en: 'Fine-tuning' }, means: { zh: '拿训练好的模型，用少量自己的数据接着训练。', en: 'Training a trained model a little further, on data of one’s own.' } },
];
