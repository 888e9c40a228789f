import { toTensor } from './creation.js';
import { AttnError } from './error.js';
import { maskTensor } from './masks.js';
import { Model, type SizesOfBlocks } from './model.js';
import { flag, number, optionsOf, seedOf, shown, whole } from './options.js';
import type { Runtime } from './runtime.js';
import { refusePromise } from './scope.js';
import { bound } from './strict.js';
import { Tensor } from './tensor.js';
import { Seq2Seq, Transformer } from './translators.js';
import type { Flags, ProbeOptions, TensorLike, TypedArray } from './types.js';

export interface GPTConfig extends SizesOfBlocks {
  vocabSize: number;
  maxLength: number;
  /** 0, unless told: numHeads. Ainslie et al. 2023, arXiv:2305.13245. */
  numKvHeads?: number;
  /** 'gelu' unless told. */
  activation?: 'gelu' | 'relu' | 'silu';
  /** 'layer' unless told. */
  norm?: 'layer' | 'rms';
  /** 'learned' unless told. */
  positions?: 'learned' | 'sinusoidal' | 'rotary' | 'alibi' | 'none';
  /** Whether the head's weight is the embedding's: Press & Wolf 2017, arXiv:1608.05859. */
  tieWeights?: boolean;
  /** The deviation of all weights at first; 0, unless told, takes what fits dModel, which is GPT-2's 0.02 where that is 768. */
  initializerRange?: number;
}

/** How the next token is drawn; applied in this order. */
export interface GenerateOptions {
  /** 20 unless told. */
  maxNewTokens?: number;
  /** Above 1, tokens that were there before are less likely. Keskar et al. 2019, arXiv:1909.05858. */
  repetitionPenalty?: number;
  /** Divides the logits; 0 takes the likeliest. 1 unless told. */
  temperature?: number;
  /** Only the k likeliest; 0: all. Fan et al. 2018, arXiv:1805.04833. */
  topK?: number;
  /** Only the fewest that together have this share; 1: all. Holtzman et al. 2020, arXiv:1904.09751. */
  topP?: number;
  /** From 0, which it is unless told, to 2^53 − 1; row b of several prompts has seed + b. */
  seed?: number;
  /** The last token to be generated, where it comes. */
  stopToken?: number | null;
  /** Keeps the keys and values of earlier steps, which is faster; true unless told. The tokens are the same. */
  useCache?: boolean;
  /** Sees each token as it comes, and which prompt it follows; false ends that one's text. */
  onToken?: (token: number, row: number) => boolean | void;
}
const GENERATE = ['maxNewTokens', 'repetitionPenalty', 'temperature', 'topK', 'topP', 'seed', 'stopToken', 'useCache', 'onToken'];

/**
 * The decoder-only Transformer: x + attn(ln1(x)), x + mlp(ln2(x)) for each block, then ln_f and the head. The probe sees
 * "embed", "blocks.0.attn.scores", "blocks.0.attn.weights", "blocks.0.attn.z", "blocks.0.resid_mid", "blocks.0.mlp.post",
 * "blocks.0.resid_post", …, "ln_f", "logits". Radford et al. 2019.
 */
export class GPT extends Model<GPTConfig> {
  /** @internal */
  constructor(runtime: Runtime, config: GPTConfig) { super(runtime, 'GPT', 'gpt', config); }

  /** tokens [B,T] -> logits [B,T,V] */
  forward(tokens: TensorLike, options?: ProbeOptions): Tensor {
    options = optionsOf(this.op, options, ['probe']);
    return this.runtime.wrap(this.run((core, model) =>
      core.gptForward(model, this.tokens(tokens, 'tokens'), this.runtime.probe(this.op, options.probe))));
  }

  /** Mean cross-entropy of all positions; tokens and targets [B,T], and a target of −100 counts for nothing. */
  loss(tokens: TensorLike, targets: TensorLike): Tensor {
    return this.runtime.wrap(this.run((core, model) =>
      core.gptLoss(model, this.tokens(tokens, 'tokens'), this.tokens(targets, 'targets'))));
  }

  /**
   * The tokens that follow the prompt [T]; the model sees the last maxLength of all. Of several prompts, [B,T] or arrays of
   * any lengths, those that follow each: as if each were alone, one after the other.
   */
  generate(prompt: readonly (readonly number[])[], options?: GenerateOptions): number[][];
  generate(prompt: readonly number[] | TypedArray, options?: GenerateOptions): number[];
  generate(prompt: TensorLike, options?: GenerateOptions): number[] | number[][];
  generate(prompt: TensorLike, options?: GenerateOptions): number[] | number[][] {
    const op = 'generate';
    const settings = optionsOf(op, options, GENERATE);
    if (settings.onToken !== undefined && typeof settings.onToken !== 'function') {
      throw new AttnError('TYPE', op, `onToken must be a function, got ${shown(settings.onToken)}`);
    }
    if (prompt instanceof Tensor && prompt.shape.length === 2) prompt = prompt.toArray() as readonly number[][];
    if (!Array.isArray(prompt) || typeof prompt[0] !== 'object') return this.#continued(prompt, settings, 0);
    return prompt.map((row: TensorLike, index) => this.#continued(row, settings, index));
  }

  #continued(prompt: TensorLike, options: GenerateOptions, row: number): number[] {
    const op = 'generate';
    const { onToken } = options;
    const goOn = (token: number) => this.runtime.callback(() => {
      const answer = onToken!(token, row);
      refusePromise(op, 'onToken', answer, 'the next token is drawn when it returns');
      return answer !== false;
    });
    return this.runtime.compound(op, (core) => {
      const tokens = toTensor(this.runtime, op, prompt, 'int32', 'prompt');
      if (tokens.shape.length !== 1) {
        throw new AttnError('SHAPE', op, `prompt must be [T], or several of those, got [${tokens.shape}]`, [tokens.shape]);
      }
      return core.generate(this.handle(op), tokens.handle(op, this.runtime), {
        maxNewTokens: whole(op, 'maxNewTokens', options.maxNewTokens ?? 20),
        repetitionPenalty: number(op, 'repetitionPenalty', options.repetitionPenalty ?? 1),
        temperature: number(op, 'temperature', options.temperature ?? 1),
        topK: whole(op, 'topK', options.topK ?? 0),
        topP: number(op, 'topP', options.topP ?? 1),
        seed: seedOf(op, seedOf(op, options.seed ?? 0) + row),
        stopToken: options.stopToken == null ? NaN : whole(op, 'stopToken', options.stopToken),
        useCache: flag(op, 'useCache', options.useCache ?? true),
      }, onToken ? goOn : null);
    });
  }
}

export interface ClassifierConfig extends SizesOfBlocks {
  vocabSize: number;
  maxLength: number;
  numClasses: number;
  /** 'gelu' unless told. */
  activation?: 'gelu' | 'relu';
  /** Norms before attention and feed-forward, not behind; true unless told. */
  normFirst?: boolean;
  /** 'learned' unless told. */
  positions?: 'learned' | 'sinusoidal' | 'none';
  /** How a sequence becomes one vector: 'cls' unless told. */
  pooling?: 'cls' | 'attention' | 'mean';
  /** The deviation of embeddings and positions at first; 0, unless told, takes what fits dModel. */
  initializerRange?: number;
}
export interface ClassifierCall extends ProbeOptions {
  /** [B,T]: true, or non-zero, where there is no token; boolean alone, since pooling leaves those out as well. */
  keyPaddingMask?: Tensor | Flags | null;
}

/** The encoder-only Transformer that tells what class a sequence is of. Devlin et al. 2019, arXiv:1810.04805. */
export class Classifier extends Model<ClassifierConfig> {
  /** @internal */
  constructor(runtime: Runtime, config: ClassifierConfig) { super(runtime, 'Classifier', 'classifier', config); }

  /** tokens [B,T] -> logits [B,C] */
  forward(tokens: TensorLike, options?: ClassifierCall): Tensor {
    options = optionsOf(this.op, options, ['keyPaddingMask', 'probe']);
    const { keyPaddingMask, probe } = options;
    return this.runtime.wrap(this.run((core, model) => core.classifierForward(model, this.tokens(tokens, 'tokens'),
      keyPaddingMask == null ? null : maskTensor(this.runtime, this.op, 'keyPaddingMask', keyPaddingMask).handle(this.op),
      this.runtime.probe(this.op, probe))));
  }
}

export interface ViTConfig extends SizesOfBlocks {
  /** Of a side, in pixels. */
  imageSize: number;
  /** Divides imageSize. */
  patchSize: number;
  numClasses: number;
  /** 3 unless told. */
  numChannels?: number;
  /** 'gelu' unless told. */
  activation?: 'gelu' | 'relu';
  /** true unless told. */
  normFirst?: boolean;
  /** 'cls' unless told. */
  pooling?: 'cls' | 'attention' | 'mean';
  /** The deviation of positions at first; 0, unless told, takes what fits dModel. */
  initializerRange?: number;
}

/** The Transformer that tells what class an image is of. Dosovitskiy et al. 2021, arXiv:2010.11929. */
export class ViT extends Model<ViTConfig> {
  /** @internal */
  constructor(runtime: Runtime, config: ViTConfig) { super(runtime, 'ViT', 'vit', config); }

  /** images [B,C,H,W] -> logits [B,numClasses] */
  forward(images: TensorLike, options?: ProbeOptions): Tensor {
    options = optionsOf(this.op, options, ['probe']);
    return this.runtime.wrap(this.run((core, model) =>
      core.vitForward(model, this.argument(images, 'images'), this.runtime.probe(this.op, options.probe))));
  }
}

export type Models = ReturnType<typeof models>;

/** `attn.models`: whole models, each made from one config. */
export const models = (runtime: Runtime) => ({
  GPT: bound(runtime, GPT),
  Classifier: bound(runtime, Classifier),
  ViT: bound(runtime, ViT),
  Seq2Seq: bound(runtime, Seq2Seq),
  Transformer: bound(runtime, Transformer),
});
