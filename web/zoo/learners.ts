/**
 * The ways in which samples meet a model: how they become tensors and the model's logits. Loss, answers and where it looked
 * are the same for all of them.
 */
import type { Attn, Classifier, GPT, Seq2Seq, Tensor, Transformer, ViT } from 'attention-playground';
import type { Random } from './rng.js';
import { ANSWER, END, PAD, SIGNS, vocabulary, type ModelSettings, type Sample, type Task, type Values } from './task.js';

/** Weights of one layer: [heads][queries][keys], flat. */
export interface Attention {
  /** As the probe calls it, without ".weights": "blocks.0.attn". */
  name: string;
  shape: readonly [heads: number, queries: number, keys: number];
  weights: Float32Array;
  /** What the queries and the keys are. */
  rows: string[];
  columns: string[];
  /** Whether its heads can be switched off: pooling has none. */
  heads: boolean;
}

export interface Learner {
  model: GPT | Classifier | ViT | Seq2Seq | Transformer;
  /** Heads that give nothing: "blocks.0.attn.1", counted from 0. */
  off: Set<string>;
  loss(samples: readonly Sample[]): Tensor;
  /** The loss, and the likeliest token at each place of the outputs, what stands before it being right. */
  judge(samples: readonly Sample[]): { loss: number; said: string[][] };
  /** What the model says by itself; of a stream, `most` tokens. With `random` tokens are drawn, without it the likeliest is taken. */
  say(sample: Pick<Sample, 'input' | 'pixels'>, most?: number, random?: Random): string[];
  /** While it reads the sample and its output. */
  attention(sample: Sample): Attention[];
  /** Tokens, or patches, that a step on these reads. */
  tokens(samples: readonly Sample[]): number;
}

type See = (name: string, x: Tensor) => Tensor | void;
/** What one kind adds: its model, and how it reads samples. `wanted` holds −100 where nothing is asked. */
interface Reading {
  model: Learner['model'];
  read(samples: readonly Sample[], probe?: See): { logits: Tensor; wanted: Int32Array };
  /** The names of what the last two dimensions of a layer's weights are. */
  sides(layer: string, sample: Sample): { rows: string[]; columns: string[] };
}

const IGNORED = -100;

/** Rows of tokens as one tensor, filled up to the longest. */
function padded(rows: readonly (readonly number[])[], filling: number): { data: Int32Array; shape: [number, number] } {
  const length = Math.max(...rows.map((row) => row.length));
  const data = new Int32Array(rows.length * length).fill(filling);
  rows.forEach((row, i) => data.set(row, i * length));
  return { data, shape: [rows.length, length] };
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));

function readingOf(attn: Attn, task: Task, values: Values, { kind, ...config }: ModelSettings, words: readonly string[]): Reading {
  const places = new Map(words.map((word, i) => [word, i]));
  const ids = (tokens: readonly string[]) => tokens.map((token) => {
    const id = places.get(token);
    if (id === undefined) throw new Error(`${task.id}: '${token}' is not among its symbols`);
    return id;
  });
  const int32 = ({ data, shape }: { data: Int32Array; shape: readonly number[] }) => attn.tensor(data, { shape, dtype: 'int32' });
  const { input, output } = task.longest(values);
  const vocabSize = words.length;
  const stream = task.form === 'stream';
  const classes = task.classes ?? [];
  const labels = (samples: readonly Sample[]) => Int32Array.from(samples, (sample) => classes.indexOf(sample.output[0]!));

  switch (kind) {
    case 'decoder': {
      const model = new attn.models.GPT({
        dModel: 32, numHeads: 2, numLayers: 2, ...config, vocabSize, maxLength: stream ? input + output - 1 : input + output + 1,
      });
      const all = (sample: Sample) => (stream ? ids([...sample.input, ...sample.output]) : [...ids(sample.input), ANSWER, ...ids(sample.output), END]);
      return {
        model,
        /** Each token is read, and the next one wanted; only the output counts. */
        read(samples, probe) {
          const tokens = samples.map(all);
          const first = (i: number) => samples[i]!.input.length + (stream ? 0 : 1);
          const wanted = padded(tokens.map((row, i) => row.slice(1).map((id, t) => (t + 1 < first(i) ? IGNORED : id))), IGNORED).data;
          return { logits: model.forward(int32(padded(tokens.map((row) => row.slice(0, -1)), PAD)), { probe }), wanted };
        },
        sides(_, sample) {
          const read = all(sample).slice(0, -1).map((id) => words[id]!);
          return { rows: read, columns: read };
        },
      };
    }
    case 'encoder': {
      const model = new attn.models.Classifier({
        dModel: 32, numHeads: 2, numLayers: 1, ...config, vocabSize, maxLength: input, numClasses: classes.length,
      });
      return {
        model,
        read(samples, probe) {
          const { data, shape } = padded(samples.map((sample) => ids(sample.input)), PAD);
          const keyPaddingMask = int32({ data: data.map((id) => Number(id === PAD)), shape });
          return { logits: model.forward(int32({ data, shape }), { keyPaddingMask, probe }), wanted: labels(samples) };
        },
        sides(layer, sample) {
          const read = [...(model.config.pooling === 'cls' ? ['CLS'] : []), ...sample.input];
          return { rows: layer === 'pool' ? ['Σ'] : read, columns: read };
        },
      };
    }
    case 'vit': {
      const imageSize = Math.sqrt(input);
      const model = new attn.models.ViT({
        dModel: 32, numHeads: 2, numLayers: 2, patchSize: 2, ...config, imageSize, numChannels: 1, numClasses: classes.length,
      });
      const patches = [...(model.config.pooling === 'cls' ? ['CLS'] : []), ...numbered((imageSize / model.config.patchSize) ** 2)];
      return {
        model,
        read: (samples, probe) => ({
          logits: model.forward(attn.tensor(Float32Array.from(samples.flatMap((sample) => sample.pixels!)), { shape: [samples.length, 1, imageSize, imageSize] }), { probe }),
          wanted: labels(samples),
        }),
        sides: (layer) => ({ rows: layer === 'pool' ? ['Σ'] : patches, columns: patches }),
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
      return {
        model,
        read(samples, probe) {
          const source = int32(padded(samples.map((sample) => ids(sample.input)), PAD));
          const targetIn = int32(padded(samples.map((sample) => [ANSWER, ...ids(sample.output)]), PAD));
          const sourceLengths = Int32Array.from(samples, (sample) => sample.input.length);
          const found = model.forward(source, targetIn, { sourceLengths, probe });
          return {
            logits: Array.isArray(found) ? found[0] : found,
            wanted: padded(samples.map((sample) => [...ids(sample.output), END]), IGNORED).data,
          };
        },
        sides(layer, sample) {
          const target = [SIGNS[ANSWER], ...sample.output];
          if (layer.startsWith('encoder')) return { rows: [...sample.input], columns: [...sample.input] };
          return { rows: target, columns: layer.endsWith('self_attn') ? target : [...sample.input] };
        },
      };
    }
  }
}

/** The places of the largest number of each row of logits [...,V]. */
function likeliest(logits: Tensor): number[] {
  const size = logits.shape.at(-1)!;
  const data = logits.data();
  return Array.from({ length: data.length / size }, (_, row) => {
    let best = 0;
    for (let i = 1; i < size; i++) if (data[row * size + i]! > data[row * size + best]!) best = i;
    return best;
  });
}

/** A token drawn as likely as the last row of logits [...,V] says. */
function drawn(logits: Tensor, random: Random): number {
  const size = logits.shape.at(-1)!;
  const row = Array.from(logits.data().slice(-size), Number);
  const most = Math.max(...row), shares = row.map((x) => Math.exp(x - most));
  let rest = random.share() * shares.reduce((a, b) => a + b, 0);
  return Math.max(0, shares.findIndex((share) => (rest -= share) < 0));
}

/** One layer, where additive attention tells of each step apart: "decoder.steps.3.attn". */
const layerOf = (name: string) => name.replace(/\.(weights|z)$/, '').replace(/\.steps\.\d+/, '');

export function makeLearner(attn: Attn, task: Task, values: Values, settings: ModelSettings): Learner {
  const words = vocabulary(task, values);
  const { model, read, sides } = readingOf(attn, task, values, settings, words);
  const off = new Set<string>();
  const classes = task.classes;
  const stream = task.form === 'stream';
  const most = task.longest(values).output;

  /** z [B,H,T,D] of several heads, else [B,T,D] or [B,D]: a head that is off has all of its own multiplied by 0, and so has its gradient. */
  function silenced(name: string, z: Tensor): Tensor | void {
    if (!name.endsWith('.z')) return;
    const layer = layerOf(name), heads = z.shape.length === 4 ? z.shape[1]! : 1;
    const kept = Float32Array.from({ length: heads }, (_, h) => Number(!off.has(`${layer}.${h}`)));
    if (kept.includes(0)) return z.mul(attn.tensor(kept, { shape: heads === 1 ? [1] : [heads, 1, 1] }));
  }
  const reading = (samples: readonly Sample[], see?: See) => read(samples, see || off.size > 0 ? (name, x) => see?.(name, x) ?? silenced(name, x) : undefined);
  const quietly = <T>(f: () => T) => attn.scope(() => attn.noGrad(f));
  const lossOf = ({ logits, wanted }: ReturnType<Reading['read']>) =>
    attn.F.crossEntropy(logits.reshape([-1, logits.shape.at(-1)!]), attn.tensor(wanted, { shape: [wanted.length], dtype: 'int32' }));

  return {
    model, off,
    loss: (samples) => lossOf(reading(samples)),
    judge: (samples) => quietly(() => {
      const found = reading(samples);
      const best = likeliest(found.logits), length = found.wanted.length / samples.length;
      const said = samples.map((_, i) => {
        const own: string[] = [];
        for (let t = i * length; t < (i + 1) * length; t++) if (found.wanted[t] !== IGNORED) own.push((classes ?? words)[best[t]!]!);
        return own.at(-1) === SIGNS[END] ? own.slice(0, -1) : own;
      });
      return { loss: lossOf(found).item(), said };
    }),
    say(sample, count = most, random) {
      const next = (logits: Tensor) => (random ? drawn(logits, random) : likeliest(logits).at(-1)!);
      if (classes) return [classes[quietly(() => likeliest(reading([{ ...sample, output: [classes[0]!] }]).logits)[0]!)]!];
      const said: string[] = [];
      while (said.length < (stream ? count : most + 1)) {
        // The last place is that of the next token; of a stream, something must stand there.
        const token = words[quietly(() => next(reading([{ ...sample, output: [...said, ...(stream ? [SIGNS[PAD]] : [])] }]).logits))]!;
        if (!stream && (token === SIGNS[END] || said.length === most)) break; // at most, it should have ended
        said.push(token);
      }
      return said;
    },
    attention(sample) {
      const seen = new Map<string, Attention>();
      quietly(() => void reading([sample], (name, x) => {
        // Pooling by the mean looks at all alike.
        if (!name.endsWith('.weights') || (name === 'pool.weights' && (model.config as { pooling?: string }).pooling === 'mean')) return;
        // [1,H,T,S], [1,T,S], or [1,S]; the steps of additive attention follow one another.
        const layer = layerOf(name), weights = x.data() as Float32Array, before = seen.get(layer);
        const [keys, heads] = [x.shape.at(-1)!, x.shape.length > 3 ? x.shape[1]! : 1];
        const all = before ? Float32Array.from([...before.weights, ...weights]) : weights;
        const shape = [heads, all.length / keys / heads, keys] as const;
        seen.set(layer, { name: layer, shape, weights: all, ...sides(layer, sample), heads: layer !== 'pool' });
      }));
      return [...seen.values()];
    },
    tokens: (samples) => samples.reduce((sum, { input, output, pixels }) => sum + (pixels ? pixels.length : input.length + (classes ? 0 : output.length)), 0),
  };
}
