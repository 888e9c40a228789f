/** The terms, each beside the thing itself; and fine-tuning, from a trained run on to other data. */
import type { Attn, Tensor } from 'attention-playground';
import type { Text } from '../recipe.js';
import { Random } from '../../zoo/rng.js';
import { END, PAD, SIGNS, sampleOf, settingsOf, vocabulary, type Settings } from '../../zoo/task.js';
import { dates } from '../../zoo/tasks/dates.js';
import { sentiment } from '../../zoo/tasks/sentiment.js';
import { Run } from '../../zoo/train.js';
import { count, learn, mean, number, said, share, type About, type Chosen, type Gap, type Maps, type Part, type Report } from './experiment.js';

export const about: About = {
  id: 'C8',
  title: { zh: '术语与微调', en: 'Terms, and fine-tuning' },
  claim: {
    zh: '文中列出一串术语：编码器、解码器、seq2seq、掩码、位置嵌入、GRU、LSTM、BERT；训练好的模型可以在别的数据上微调。',
    en: 'The text lists terms: encoder, decoder, seq2seq, mask, positional embedding, GRU, LSTM, BERT; and a trained model can be fine-tuned on other data.',
  },
  gives: {
    zh: '每个术语旁边就是它本身，当场算出来。微调：先学会英文日期，再换成中文日期；全部参数都学、冻结解码器、从头学起，三者并排，前后都考。',
    en: 'Beside each term stands the thing itself, computed on the spot. Fine-tuning: a run learns English dates and goes on with Chinese ones; with all parameters, with its decoder frozen, and from scratch, examined before and after.',
  },
  why: {
    zh: '微调从已有的权重出发，所以比从头学快：会写 ISO 日期的解码器不必再学一遍。但旧数据不再出现，全部参数都学时，旧本事会忘掉一些；冻结的部分不会变，能学的也就少些。',
    en: 'Fine-tuning starts from weights that are there, so it is faster than from scratch: a decoder that writes ISO dates need not learn it again. But the old data no longer comes, and where all parameters learn, some of the old is forgotten; what is frozen stays, and less can be learnt.',
  },
  settings: [{
    id: 'part', name: { zh: '看什么', en: 'What to see' }, value: 'terms',
    options: [{ value: 'terms', text: { zh: '术语', en: 'terms' } }, { value: 'tuning', text: { zh: '微调', en: 'fine-tuning' } }],
  }],
  cost: ({ part }) => (part === 'terms' ? { parameters: BERT_PARAMETERS, seconds: 0.6, bytes: 6e6 } : { parameters: DATES_PARAMETERS, seconds: 5, bytes: 12e6 }),
  more: [{ text: { zh: '在“训练”里学日期', en: 'Learn dates in Train' }, view: 'train', place: ['train.task', 'dates'] }],
};
/** Checked against the models by the tests. */
const [BERT_PARAMETERS, DATES_PARAMETERS] = [19132, 52612];

export const t = {
  encoder: {
    zh: '编码器：读完整个输入，每个位置都能看到所有位置。它的权重是 {rows} × {columns} 的满方阵，最小的一个也有 {least}。',
    en: 'Encoder: reads all of its input, and each position sees every other. Its weights fill a square of {rows} × {columns}; the least is {least}.',
  },
  mask: {
    zh: '掩码：不许看的位置，分数变成 −∞，权重就是 0。因果掩码遮住后面的 {masked} 个。',
    en: 'Mask: where a position may not look its score becomes −∞, its weight 0. The causal one hides {masked} that come later.',
  },
  decoder: {
    zh: '解码器：自己的词之间用因果掩码，另外再看编码器的输出（交叉注意力）。',
    en: 'Decoder: among its own words it looks back alone, by the causal mask; and it looks at the encoder’s output, by cross-attention.',
  },
  positions: {
    zh: '位置嵌入：给每个位置加一行不同的数，否则打乱次序也看不出来。第 1 行与第 2 行相似度 {near}，与最后一行 {far}。',
    en: 'Positional embedding: a row of numbers of its own is added to each position, without which order would not be seen. Row 1 is {near} similar to row 2, {far} to the last.',
  },
  gru: {
    zh: 'GRU：一个词一个词地读，用两个门决定旧状态留多少。它有 {parameters} 个参数。',
    en: 'GRU: reads word by word, and two gates decide how much of the old state stays. It has {parameters} parameters.',
  },
  lstm: {
    zh: 'LSTM：多一个单元状态 c 和一个门，共 {parameters} 个参数，是 GRU 的三分之四；输出 h = o·tanh(c)，所以 h 不出 ±1，c 可以（这里最大 {most}）。',
    en: 'LSTM: one more state, c, and one more gate: {parameters} parameters, four thirds of the GRU’s. It gives h = o·tanh(c), so h stays within ±1 and c need not (here {most} at most).',
  },
  bert: {
    zh: 'BERT：只有编码器，学着从两边猜出被遮住的词。{steps} 步之后，没练过的句子里猜对 {accuracy}；总猜最常见的词只对 {baseline}。',
    en: 'BERT: an encoder alone that learns to guess hidden words from both sides. After {steps} steps it guesses {accuracy} in sentences that it has not met; the commonest word alone gets {baseline}.',
  },
  seq2seq: {
    zh: 'seq2seq：编码器读一个序列，解码器写另一个，长度可以不同。“微调”里的日期模型就是。',
    en: 'Seq2seq: an encoder reads one sequence, a decoder writes another, of any length. The model of dates under “fine-tuning” is one.',
  },
  weights: { zh: '权重', en: 'weights' },
  scores: { zh: '分数', en: 'scores' },
  own: { zh: '自注意力', en: 'self-attention' },
  cross: { zh: '交叉注意力', en: 'cross-attention' },
  encodings: { zh: '正弦位置嵌入', en: 'sinusoidal positions' },
  states: { zh: '状态，一行一个词', en: 'states, a row a word' },
  cells: { zh: '单元状态 c', en: 'cell state c' },
  outputs: { zh: '输出 h', en: 'output h' },
  guesses: { zh: '猜被遮住的词', en: 'Hidden words, guessed' },
  sentence: { zh: '句子', en: 'sentence' },
  hidden: { zh: '被遮住的', en: 'hidden' },
  likeliest: { zh: '最可能的三个', en: 'the three likeliest' },
  theEncoder: { zh: '编码器', en: 'Encoder' },
  theMask: { zh: '因果掩码', en: 'Causal mask' },
  theDecoder: { zh: '解码器', en: 'Decoder' },
  thePositions: { zh: '位置嵌入', en: 'Positional embedding' },
  theGru: { zh: 'GRU 的状态', en: 'A GRU’s states' },
  theLstm: { zh: 'LSTM 的状态', en: 'An LSTM’s states' },

  step: { zh: '步', en: 'step' },
  exact: { zh: '整个日期写对的份额', en: 'share of dates wholly right' },
  curve: { zh: '中文日期（没见过的日子）', en: 'Chinese dates, of days never seen' },
  pretrain: { zh: '先学英文日期', en: 'First, English dates' },
  englishCurve: { zh: '英文日期', en: 'English dates' },
  scratch: { zh: '从头学', en: 'from scratch' },
  all: { zh: '微调全部', en: 'all parameters' },
  frozen: { zh: '冻结解码器', en: 'decoder frozen' },
  start: { zh: '微调之前', en: 'before' },
  before: {
    zh: '学了 {steps} 步英文，英文日期对 {english}，中文日期对 {chinese}。',
    en: 'After {steps} steps of English, {english} of the English dates are right and {chinese} of the Chinese.',
  },
  after: {
    zh: '再学 {steps} 步中文：全部参数都学，中文 {all}；冻结解码器，{frozen}；从头学，{scratch}。英文则从 {english} 变成 {forgotten}（全部）与 {keptEnglish}（冻结）。',
    en: 'After {steps} steps of Chinese: {all} of the Chinese dates with all parameters, {frozen} with the decoder frozen, {scratch} from scratch. English went from {english} to {forgotten} with all, {keptEnglish} with the decoder frozen.',
  },
  table: { zh: '前与后', en: 'Before and after' },
  learning: { zh: '在学的参数', en: 'parameters that learn' },
  chinese: { zh: '中文', en: 'Chinese' },
  english: { zh: '英文', en: 'English' },
  alignment: { zh: '微调之后：写每个字时看向哪里', en: 'After fine-tuning: where it looks as it writes' },
} as const satisfies Record<string, Text>;

const [WIDTH, WORDS, HIDDEN] = [8, 6, 6];
const matrix = (tensor: Tensor) => tensor.toArray() as number[][];
const maps = (title: Text, ...all: Maps['maps']): Part => ({ kind: 'maps', title, maps: all });

/** What probes saw, by the end of their names; averaged over heads: [T,S]. */
function seenBy(attn: Attn, forward: (probe: (name: string, x: Tensor) => void) => unknown): Record<string, number[][]> {
  const seen: Record<string, number[][]> = {};
  attn.scope(() => attn.noGrad(() => void forward((name, x) => {
    if (/attn\.(weights|masked)$/.test(name)) seen[name] = matrix(x.reshape([-1, x.shape.at(-2)!, x.shape.at(-1)!]).mean(0));
  })));
  return seen;
}

/** i, f, g, o of x W_ihᵀ + h W_hhᵀ + b; c' = σ(f) ∘ c + σ(i) ∘ tanh(g), h' = σ(o) ∘ tanh(c'). Hochreiter & Schmidhuber 1997. */
export function lstm(attn: Attn, x: Tensor, wx: Tensor, wh: Tensor, b: Tensor) {
  const hidden = wh.shape[1]!;
  let [h, c] = [attn.zeros([1, hidden]), attn.zeros([1, hidden])];
  const outputs: Tensor[] = [], cells: Tensor[] = [];
  for (let at = 0; at < x.shape[0]!; at += 1) {
    const sums = attn.F.linear(x.slice(0, at, at + 1), wx, b).add(attn.F.linear(h, wh));
    const [i, f, g, o] = [0, 1, 2, 3].map((n) => sums.slice(1, n * hidden, (n + 1) * hidden)) as [Tensor, Tensor, Tensor, Tensor];
    c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
    h = o.sigmoid().mul(c.tanh());
    cells.push(c);
    outputs.push(h);
  }
  return { outputs: matrix(attn.cat(outputs)), cells: matrix(attn.cat(cells)) };
}

function termsOf(attn: Attn): Part[] {
  attn.manualSeed(8);
  const x = attn.randn([WORDS, WIDTH]), options = { dModel: WIDTH, nhead: 2, dimFeedforward: 2 * WIDTH, dropout: 0 };
  const encoder = new attn.nn.TransformerEncoderLayer(options), decoder = new attn.nn.TransformerDecoderLayer(options);
  const memory = encoder.forward(x);
  const full = seenBy(attn, (probe) => encoder.forward(x, { probe }))['self_attn.weights']!;
  const causal = attn.attend(x, x, x, { mask: 'causal' });
  const inDecoder = seenBy(attn, (probe) => decoder.forward(attn.randn([WORDS - 1, WIDTH]), memory, { tgtIsCausal: true, probe }));
  const places = matrix(attn.nn.sinusoidal({ length: 16, dim: 16 }));
  const alike = (a: number[], b: number[]) => a.reduce((sum, each, i) => sum + each * b[i]!, 0) / 8; // each row's square is 8
  const gru = new attn.nn.GRU({ inputSize: WIDTH, hiddenSize: HIDDEN });
  const gruParameters = gru.parameters().reduce((sum, { size }) => sum + size, 0);
  const bound = Math.sqrt(1 / HIDDEN), uniform = (...shape: number[]) => attn.rand(shape).mul(2 * bound).sub(bound);
  const [wx, wh, b] = [uniform(4 * HIDDEN, WIDTH), uniform(4 * HIDDEN, HIDDEN), uniform(4 * HIDDEN)];
  const long = lstm(attn, x.mul(3), wx, wh, b);
  const masked = matrix(causal.masked);
  return [
    said(t.encoder, { rows: count(full.length), columns: count(full[0]!.length), least: number(Math.min(...full.flat())) }),
    maps(t.theEncoder, { name: t.weights, matrix: full, role: 'weights' }),
    said(t.mask, { masked: count(masked.flat().filter((score) => score === -Infinity).length) }),
    maps(t.theMask, { name: t.scores, matrix: masked, role: 'signed' }, { name: t.weights, matrix: matrix(causal.weights), role: 'weights' }),
    said(t.decoder),
    maps(t.theDecoder, { name: t.own, matrix: inDecoder['self_attn.weights']!, role: 'weights' }, { name: t.cross, matrix: inDecoder['multihead_attn.weights']!, role: 'weights' }),
    said(t.seq2seq),
    said(t.positions, { near: number(alike(places[0]!, places[1]!)), far: number(alike(places[0]!, places.at(-1)!)) }),
    maps(t.thePositions, { name: t.encodings, matrix: places, role: 'signed' }),
    said(t.gru, { parameters: count(gruParameters) }),
    maps(t.theGru, { name: t.states, matrix: matrix(gru.forward(x)[0]), role: 'signed' }),
    said(t.lstm, { parameters: count(wx.size + wh.size + 2 * b.size) /* PyTorch’s two biases, as the GRU’s */, most: number(Math.max(...long.cells.flat().map(Math.abs))) }),
    maps(t.theLstm, { name: t.cells, matrix: long.cells, role: 'signed' }, { name: t.outputs, matrix: long.outputs, role: 'signed' }),
  ];
}

const [BERT_STEPS, BERT_BATCH, BERT_WIDTH] = [300, 32, 32];
/** In place of the task's "now the answer", which no sentence has. */
const MASK = SIGNS.indexOf('→');

interface Hidden { input: string[]; at: number }

function bertOf(attn: Attn) {
  const { values } = settingsOf(sentiment, 8, { values: { language: 'en' } });
  const words = vocabulary(sentiment, values), longest = sentiment.longest(values).input;
  const { nn } = attn;
  const embedding = new nn.Embedding({ numEmbeddings: words.length, embeddingDim: BERT_WIDTH });
  const places = nn.learned({ numPositions: longest, embeddingDim: BERT_WIDTH });
  const encoder = new nn.TransformerEncoder({ dModel: BERT_WIDTH, nhead: 2, dimFeedforward: 4 * BERT_WIDTH, numLayers: 1, dropout: 0, batchFirst: true, activation: 'gelu' });
  const head = new nn.Linear({ inFeatures: BERT_WIDTH, outFeatures: words.length });
  const parameters = [embedding, places, encoder, head].flatMap((part) => part.parameters());
  const samples = (from: number, size: number): Hidden[] => Array.from({ length: size }, (_, i) => {
    const { input } = sampleOf(sentiment, 8, from + i, values);
    return { input: [...input], at: new Random(from + i).below(input.length) };
  });
  /** [B,V]: of each sentence, what stands where a word is hidden. */
  const logits = (batch: Hidden[]) => {
    const length = Math.max(...batch.map(({ input }) => input.length));
    const tokens = batch.map(({ input, at }) => Array.from({ length }, (_, i) => (i === at ? MASK : i < input.length ? words.indexOf(input[i]!) : PAD)));
    const x = encoder.forward(places.forward(embedding.forward(tokens)), { srcKeyPaddingMask: batch.map(({ input }) => Array.from({ length }, (_, i) => i >= input.length)) });
    return head.forward(x.reshape([-1, BERT_WIDTH]).index(batch.map(({ at }, b) => b * length + at)));
  };
  const wanted = (batch: Hidden[]) => batch.map(({ input, at }) => words.indexOf(input[at]!));
  return { words, parameters, samples, logits, wanted };
}

function* terms(attn: Attn): Generator<Report | undefined, void> {
  const parts = attn.scope(() => termsOf(attn));
  yield { done: 0.1, parts };
  attn.manualSeed(8);
  const bert = bertOf(attn);
  const optimizer = new attn.optim.AdamW(bert.parameters, { lr: 3e-3 });
  for (let step = 0; step < BERT_STEPS; step += 1) {
    learn(attn, optimizer, () => {
      const batch = bert.samples(step * BERT_BATCH, BERT_BATCH);
      return attn.F.crossEntropy(bert.logits(batch), bert.wanted(batch));
    });
    yield step % 20 === 0 ? { done: 0.1 + 0.85 * step / BERT_STEPS, parts } : undefined;
  }
  const held = bert.samples(BERT_STEPS * BERT_BATCH, 256), wanted = bert.wanted(held);
  const shares = attn.scope(() => attn.noGrad(() => matrix(bert.logits(held).softmax(-1))));
  const best = shares.map((row) => row.map((_, i) => i).sort((a, b) => row[b]! - row[a]!).slice(0, 3));
  const counts = new Map<number, number>();
  for (const word of wanted) counts.set(word, (counts.get(word) ?? 0) + 1);
  const shown = held.map((_, i) => i).filter((i) => held[i]!.at > 0 && held[i]!.input.length < 9).slice(0, 5);
  yield {
    done: 1,
    parts: [
      ...parts,
      said(t.bert, { steps: count(BERT_STEPS), accuracy: share(mean(wanted.map((word, i) => Number(best[i]![0] === word)))), baseline: share(Math.max(...counts.values()) / wanted.length) }),
      {
        kind: 'rows', title: t.guesses, columns: [t.hidden, t.likeliest],
        rows: shown.map((i) => ({
          name: held[i]!.input.map((word, at) => (at === held[i]!.at ? '[MASK]' : word)).join(' '),
          cells: [held[i]!.input[held[i]!.at]!, best[i]!.map((word) => `${bert.words[word]} ${Math.round(100 * shares[i]![word]!)}%`).join(' · ')] satisfies Gap[],
        })),
      },
    ],
  };
}

const [FIRST_STEPS, STEPS, EVERY, EXAMINED] = [400, 150, 15, 128];
const datesIn = (language: string, recipe: Partial<Settings['recipe']>): Settings => settingsOf(dates, 8, { values: { language }, recipe });

function* tuning(attn: Attn): Generator<Report | undefined, void> {
  const first = new Run(attn, datesIn('en', { steps: FIRST_STEPS }));
  const exact = (run: Run) => run.evaluate('held', EXAMINED).metric;
  const steps: number[] = [], learnt: number[] = [];
  const all = FIRST_STEPS + 3 * STEPS;
  const pretrained = (): Part => ({ kind: 'plot', title: t.pretrain, x: t.step, y: t.exact, xs: [...steps], curves: [{ name: t.englishCurve, values: [...learnt] }] });
  while (first.at < FIRST_STEPS) {
    first.step();
    if (first.at % 30 === 0) {
      steps.push(first.at);
      learnt.push(exact(first));
      yield { done: first.at / all, parts: [pretrained()] };
    } else yield undefined;
  }
  const state = first.learner.model.stateDict();
  // The same settings examine what was learnt of the other language.
  const examiner = new Run(attn, datesIn('en', {}));
  const english = (run: Run) => {
    examiner.learner.model.loadStateDict(run.learner.model.stateDict());
    return exact(examiner);
  };
  const [tuned, frozen, scratch] = [[t.all, true, false], [t.frozen, true, true], [t.scratch, false, false]].map(([name, begun, freeze]) => {
    const run = new Run(attn, datesIn('zh', { steps: STEPS, warmup: 10 }));
    if (begun) run.learner.model.loadStateDict(state);
    if (freeze) for (const [of, parameter] of run.learner.model.namedParameters()) parameter.requiresGrad = !/^(target_embedding|decoder|combine|output)\b/.test(of);
    return { name: name as Text, run, exact: [exact(run)] };
  }) as [Branch, Branch, Branch];
  const branches = [tuned, frozen, scratch];
  const [chineseBefore, englishBefore] = [tuned.exact[0]!, learnt.at(-1)!];
  const at = [0];
  const before = said(t.before, { steps: count(FIRST_STEPS), english: share(englishBefore), chinese: share(chineseBefore) });
  const curve = (): Part => ({ kind: 'plot', title: t.curve, x: t.step, y: t.exact, xs: [...at], curves: branches.map(({ name, exact: values }) => ({ name, values: [...values] })) });
  for (let step = 1; step <= STEPS; step += 1) {
    for (const { run } of branches) {
      run.step();
      yield undefined;
    }
    if (step % EVERY !== 0) continue;
    at.push(step);
    for (const branch of branches) branch.exact.push(exact(branch.run));
    if (step < STEPS) yield { done: (FIRST_STEPS + 3 * step) / all, parts: [before, curve(), pretrained()] };
  }
  const kept = branches.map(({ run }) => english(run));
  const [sample] = tuned.run.samples('held', 1);
  const { shape: [, queries, keys], weights, columns } = tuned.run.attention(sample!)[0]!;
  yield {
    done: 1,
    parts: [
      before,
      said(t.after, {
        steps: count(STEPS), all: share(tuned.exact.at(-1)!), frozen: share(frozen.exact.at(-1)!), scratch: share(scratch.exact.at(-1)!), english: share(englishBefore),
        forgotten: share(kept[0]!), keptEnglish: share(kept[1]!),
      }),
      curve(),
      {
        kind: 'rows', title: t.table, columns: [t.learning, t.chinese, t.english],
        rows: [
          { name: t.start, cells: ['', share(chineseBefore), share(englishBefore)] satisfies Gap[] },
          ...branches.map(({ name, run, exact: values }, i) => ({
            name, cells: [count(run.learner.model.parameters().filter(({ requiresGrad }) => requiresGrad).reduce((sum, { size }) => sum + size, 0)), share(values.at(-1)!), share(kept[i]!)] satisfies Gap[],
          })),
        ],
      },
      {
        kind: 'maps', title: t.alignment,
        maps: [{
          name: t.weights, role: 'weights', rows: [...sample!.output, SIGNS[END]], columns,
          matrix: Array.from({ length: queries }, (_, q) => Array.from(weights.subarray(q * keys, (q + 1) * keys))),
        }],
      },
      pretrained(),
    ],
  };
}
interface Branch { name: Text; run: Run; exact: number[] }

export function run(attn: Attn, { part }: Chosen): Generator<Report | undefined, void> {
  return part === 'terms' ? terms(attn) : tuning(attn);
}
