import { Model, type SizesOfBlocks } from './model.js';
import { number, optionsOf, whole } from './options.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type { ProbeOptions, TensorLike } from './types.js';

interface Vocabularies {
  sourceVocab: number;
  targetVocab: number;
  /** One table for both. */
  tieEmbeddings?: boolean;
  /** 0 unless told. */
  padToken?: number;
  /** 1 unless told: what a target begins with. */
  bosToken?: number;
  /** 2 unless told: what a target ends with. */
  eosToken?: number;
}

export interface SourceOptions {
  /** [B]: how many tokens of each source count; all unless told. */
  sourceLengths?: TensorLike | null;
}
export interface DecodeOptions extends SourceOptions {
  /** Tokens at most, the end's among them; 50 unless told. */
  maxLength?: number;
  /** Hypotheses that are kept; 1, unless told: the likeliest token of each step. */
  beams?: number;
  /** α of Wu et al. 2016, arXiv:1609.08144; 0, unless told, favours short targets. */
  lengthPenalty?: number;
}
export interface Decoded {
  /** Without those of the begin and the end. */
  tokens: number[];
  /** log P / ((5 + n) / 6)^α */
  score: number;
  /** [tokens,S]: where the model looked for each of them. */
  alignment: Tensor;
}

abstract class Translator<Config extends object> extends Model<Config> {
  /** The likeliest target that beam search finds for each source [B,S]; call eval() first, or dropout takes part. */
  decode(source: TensorLike, options?: DecodeOptions): Decoded[] {
    const { op } = this;
    options = optionsOf(op, options, ['sourceLengths', 'maxLength', 'beams', 'lengthPenalty']);
    const found = this.run((core, model) => core.decodeSources(model, this.tokens(source, 'source'),
      this.optionalTokens(options.sourceLengths, 'sourceLengths'), whole(op, 'maxLength', options.maxLength ?? 50),
      whole(op, 'beams', options.beams ?? 1), number(op, 'lengthPenalty', options.lengthPenalty ?? 0)));
    return found.map((one) => ({ ...one, alignment: this.runtime.wrap(one.alignment) }));
  }
}

export interface Seq2SeqConfig extends Vocabularies {
  embeddingDim: number;
  hiddenSize: number;
  numLayers?: number;
  /** Of the encoder; true unless told. */
  bidirectional?: boolean;
  /** 'additive', unless told: Bahdanau et al. 2015, arXiv:1409.0473; the others: Luong et al. 2015, arXiv:1508.04025. */
  attention?: 'additive' | 'dot' | 'general';
  dropout?: number;
}
export interface TeacherForcing extends SourceOptions {
  /** The share of steps that read the target and not the model's own likeliest token; 1 unless told. */
  teacherForcing?: number;
}

/** GRU encoder and decoder with attention. */
export class Seq2Seq extends Translator<Seq2SeqConfig> {
  /** @internal */
  constructor(runtime: Runtime, config: Seq2SeqConfig) { super(runtime, 'Seq2Seq', 'seq2seq', config); }

  /** source [B,S], targetIn [B,T]: bosToken, then the target. Returns [logits [B,T,V], alignment [B,T,S]]. */
  forward(source: TensorLike, targetIn: TensorLike, options?: TeacherForcing & ProbeOptions): [logits: Tensor, alignment: Tensor] {
    options = optionsOf(this.op, options, ['sourceLengths', 'teacherForcing', 'probe']);
    const [logits, alignment] = this.run((core, model) => core.seq2seqForward(model, this.tokens(source, 'source'),
      this.optionalTokens(options.sourceLengths, 'sourceLengths'), this.tokens(targetIn, 'targetIn'),
      number(this.op, 'teacherForcing', options.teacherForcing ?? 1), this.runtime.probe(this.op, options.probe)));
    return [this.runtime.wrap(logits), this.runtime.wrap(alignment)];
  }

  /** Mean cross-entropy of targetOut [B,T]: the target, then eosToken; where it is padToken it counts for nothing. */
  loss(source: TensorLike, targetIn: TensorLike, targetOut: TensorLike, options?: TeacherForcing): Tensor {
    options = optionsOf(this.op, options, ['sourceLengths', 'teacherForcing']);
    return this.runtime.wrap(this.run((core, model) => core.seq2seqLoss(model, this.tokens(source, 'source'),
      this.optionalTokens(options.sourceLengths, 'sourceLengths'), this.tokens(targetIn, 'targetIn'),
      this.tokens(targetOut, 'targetOut'), number(this.op, 'teacherForcing', options.teacherForcing ?? 1))));
  }
}

export interface TransformerConfig extends Vocabularies, SizesOfBlocks {
  /** Of a source, and of a target. */
  maxLength: number;
  /** 'relu' unless told. */
  activation?: 'relu' | 'gelu';
  normFirst?: boolean;
  /** 'sinusoidal' unless told. */
  positions?: 'sinusoidal' | 'learned' | 'none';
}

/** The encoder–decoder Transformer. Vaswani et al. 2017, arXiv:1706.03762. */
export class Transformer extends Translator<TransformerConfig> {
  /** @internal */
  constructor(runtime: Runtime, config: TransformerConfig) { super(runtime, 'Transformer', 'transformer', config); }

  /** source [B,S], targetIn [B,T]: bosToken, then the target. Returns logits [B,T,V]. */
  forward(source: TensorLike, targetIn: TensorLike, options?: SourceOptions & ProbeOptions): Tensor {
    options = optionsOf(this.op, options, ['sourceLengths', 'probe']);
    return this.runtime.wrap(this.run((core, model) => core.transformerForward(model, this.tokens(source, 'source'),
      this.optionalTokens(options.sourceLengths, 'sourceLengths'), this.tokens(targetIn, 'targetIn'),
      this.runtime.probe(this.op, options.probe))));
  }

  /** Mean cross-entropy of targetOut [B,T]: the target, then eosToken; where it is padToken it counts for nothing. */
  loss(source: TensorLike, targetIn: TensorLike, targetOut: TensorLike, options?: SourceOptions): Tensor {
    options = optionsOf(this.op, options, ['sourceLengths']);
    return this.runtime.wrap(this.run((core, model) => core.transformerLoss(model, this.tokens(source, 'source'),
      this.optionalTokens(options.sourceLengths, 'sourceLengths'), this.tokens(targetIn, 'targetIn'), this.tokens(targetOut, 'targetOut'))));
  }
}
