/**
 * The five ways in which samples meet a model: how they become tensors, the loss, the model's answers, and where it looked.
 */
import type { Attn, Classifier, GPT, Seq2Seq, Tensor, Transformer, ViT } from 'attention-playground';
import { ANSWER, END, PAD, vocabulary, type ModelSettings, type Sample, type Task, type Values } from './task.js';

/** Weights of one layer: [heads][queries][keys], flat. */
export interface Attention {
  /** As the probe calls it: "blocks.0.attn.weights". */
  name: string;
  shape: readonly [heads: number, queries: number, keys: number];
  weights: Float32Array;
}

export interface Learner {
  model: GPT | Classifier | ViT | Seq2Seq | Transformer;
  loss(samples: readonly Sample[]): Tensor;
  /** The likeliest token at each place of the outputs, what stands before it being right. */
  forced(samples: readonly Sample[]): string[][];
  /** What the model says by itself. */
  say(sample: Sample): string[];
  /** Of the sample's own output; `rows` and `columns` name what the last two dimensions are. */
  attention(sample: Sample): Attention[];
}

/** Rows of tokens as one tensor, filled up to the longest. */
function padded(attn: Attn, rows: readonly (readonly number[])[], filling: number): Tensor {
  const length = Math.max(...rows.map((row) => row.length));
  const data = new Int32Array(rows.length * length).fill(filling);
  rows.forEach((row, i) => data.set(row, i * length));
  return attn.tensor(data, { shape: [rows.length, length], dtype: 'int32' });
}

/** The place of the largest number of each row of logits [...,V]. */
function likeliest(logits: Tensor): number[] {
  const size = logits.shape.at(-1)!;
  const data = logits.data();
  return Array.from({ length: data.length / size }, (_, row) => {
    let best = 0;
    for (let i = 1; i < size; i++) if (data[row * size + i]! > data[row * size + best]!) best = i;
    return best;
  });
}

/** Those of one sample, as a probe sees them: every "….weights", of shape [1,H,T,S], [1,T,S] or [1,S]. */
function watched(attn: Attn, forward: (probe: (name: string, x: Tensor) => void) => unknown): Attention[] {
  const seen: Attention[] = [];
  attn.scope(() => attn.noGrad(() => void forward((name, x) => {
    if (!name.endsWith('weights')) return;
    const [keys, queries, heads] = [x.shape.at(-1)!, x.shape.length > 2 ? x.shape.at(-2)! : 1, x.shape.length > 3 ? x.shape[1]! : 1];
    seen.push({ name, shape: [heads, queries, keys], weights: x.data() as Float32Array });
  })));
  return seen;
}

const IGNORED = -100;

export function makeLearner(attn: Attn, task: Task, values: Values, { kind, ...config }: ModelSettings): Learner {
  const words = vocabulary(task, values);
  const places = new Map(words.map((word, i) => [word, i]));
  const ids = (tokens: readonly string[]) => tokens.map((token) => {
    const id = places.get(token);
    if (id === undefined) throw new Error(`${task.id}: '${token}' is not among its symbols`);
    return id;
  });
  const { input, output } = task.longest(values);
  const vocabSize = words.length;
  const stream = task.form === 'stream';
  const classes = task.classes ?? [];
  const labels = (samples: readonly Sample[]) =>
    attn.tensor(Int32Array.from(samples, (sample) => classes.indexOf(sample.output[0]!)), { shape: [samples.length], dtype: 'int32' });
  const best = (logits: Tensor) => likeliest(logits).map((at) => [classes[at]!]);
  const quietly = <T>(f: () => T) => attn.scope(() => attn.noGrad(f));

  switch (kind) {
    case 'decoder': {
      const model = new attn.models.GPT({
        dModel: 32, numHeads: 2, numLayers: 2, ...config, vocabSize, maxLength: stream ? input + output - 1 : input + output + 1,
      });
      /** Each token is read, and the next one wanted; only the output counts. */
      const rows = (samples: readonly Sample[]) => {
        const read: number[][] = [], wanted: number[][] = [];
        for (const sample of samples) {
          const all = stream ? ids([...sample.input, ...sample.output]) : [...ids(sample.input), ANSWER, ...ids(sample.output), END];
          const first = sample.input.length + (stream ? 0 : 1);
          read.push(all.slice(0, -1));
          wanted.push(all.slice(1).map((id, t) => (t + 1 < first ? IGNORED : id)));
        }
        return { read: padded(attn, read, PAD), wanted: padded(attn, wanted, IGNORED) };
      };
      return {
        model,
        loss(samples) {
          const { read, wanted } = rows(samples);
          return model.loss(read, wanted);
        },
        forced: (samples) => quietly(() => {
          const { read, wanted } = rows(samples);
          const found = likeliest(model.forward(read)), length = read.shape[1]!, mask = wanted.data();
          return samples.map((_, i) => {
            const said: string[] = [];
            for (let t = i * length; t < (i + 1) * length; t++) if (mask[t] !== IGNORED) said.push(words[found[t]!]!);
            return stream || said.at(-1) !== words[END] ? said : said.slice(0, -1);
          });
        }),
        say: (sample) => model.generate(stream ? ids(sample.input) : [...ids(sample.input), ANSWER], {
          temperature: 0, maxNewTokens: stream ? sample.output.length : output + 1, stopToken: stream ? null : END,
        }).filter((id) => id !== END).map((id) => words[id]!),
        attention: (sample) => watched(attn, (probe) => model.forward(rows([sample]).read, { probe })),
      };
    }
    case 'encoder': {
      const model = new attn.models.Classifier({
        dModel: 32, numHeads: 2, numLayers: 1, ...config, vocabSize, maxLength: input, numClasses: classes.length,
      });
      const forward = (samples: readonly Sample[], probe?: (name: string, x: Tensor) => void) => {
        const tokens = padded(attn, samples.map((sample) => ids(sample.input)), PAD);
        const mask = Int32Array.from(tokens.data(), (id) => Number(id === PAD));
        return model.forward(tokens, { keyPaddingMask: attn.tensor(mask, { shape: [...tokens.shape], dtype: 'int32' }), probe });
      };
      return {
        model,
        loss: (samples) => attn.F.crossEntropy(forward(samples), labels(samples)),
        forced: (samples) => quietly(() => best(forward(samples))),
        say: (sample) => quietly(() => best(forward([sample]))[0]!),
        attention: (sample) => watched(attn, (probe) => forward([sample], probe)),
      };
    }
    case 'vit': {
      const imageSize = Math.sqrt(input);
      const model = new attn.models.ViT({
        dModel: 32, numHeads: 2, numLayers: 2, patchSize: 2, ...config, imageSize, numChannels: 1, numClasses: classes.length,
      });
      const images = (samples: readonly Sample[]) => attn.tensor(Float32Array.from(samples.flatMap((sample) => sample.pixels!)),
        { shape: [samples.length, 1, imageSize, imageSize] });
      return {
        model,
        loss: (samples) => attn.F.crossEntropy(model.forward(images(samples)), labels(samples)),
        forced: (samples) => quietly(() => best(model.forward(images(samples)))),
        say: (sample) => quietly(() => best(model.forward(images([sample])))[0]!),
        attention: (sample) => watched(attn, (probe) => model.forward(images([sample]), { probe })),
      };
    }
    case 'encoderDecoder':
    case 'gruAdditive':
    case 'gruDot': {
      const vocabularies = { sourceVocab: vocabSize, targetVocab: vocabSize, padToken: PAD, bosToken: ANSWER, eosToken: END };
      const model = kind === 'encoderDecoder'
        ? new attn.models.Transformer({
          dModel: 64, numHeads: 4, numLayers: 1, dropout: 0, normFirst: true, ...config, ...vocabularies, maxLength: Math.max(input, output + 1),
        })
        : new attn.models.Seq2Seq({
          embeddingDim: 32, hiddenSize: 64, ...config, ...vocabularies, attention: kind === 'gruDot' ? 'dot' : 'additive',
        });
      const rows = (samples: readonly Sample[]) => ({
        source: padded(attn, samples.map((sample) => ids(sample.input)), PAD),
        sourceLengths: Int32Array.from(samples, (sample) => sample.input.length),
        targetIn: padded(attn, samples.map((sample) => [ANSWER, ...ids(sample.output)]), PAD),
        targetOut: padded(attn, samples.map((sample) => [...ids(sample.output), END]), PAD),
      });
      const logitsOf = (samples: readonly Sample[], probe?: (name: string, x: Tensor) => void) => {
        const { source, sourceLengths, targetIn } = rows(samples);
        const found = model.forward(source, targetIn, { sourceLengths, probe });
        return Array.isArray(found) ? found[0] : found;
      };
      return {
        model,
        loss(samples) {
          const { source, sourceLengths, targetIn, targetOut } = rows(samples);
          return model.loss(source, targetIn, targetOut, { sourceLengths });
        },
        forced: (samples) => quietly(() => {
          const logits = logitsOf(samples), found = likeliest(logits), length = logits.shape[1]!;
          return samples.map(({ output: right }, i) => {
            const said = found.slice(i * length, i * length + right.length + 1).map((id) => words[id]!);
            return said.at(-1) === words[END] ? said.slice(0, -1) : said;
          });
        }),
        say(sample) {
          const [decoded] = model.decode([ids(sample.input)], { maxLength: output + 1 });
          decoded!.alignment.dispose();
          return decoded!.tokens.map((id) => words[id]!);
        },
        attention: (sample) => watched(attn, (probe) => logitsOf([sample], probe)),
      };
    }
  }
}
