/** What both entries export beside `load`. */
export type { Attn } from './attn.js';
export type { Bytes, LoadCheckpointOptions, LoadSafetensorsOptions, Metadata, Safetensors, SaveCheckpointOptions } from './checkpoint.js';
export { AttnError } from './error.js';
export type { Classifier, ClassifierCall, ClassifierConfig, GenerateOptions, GPT, GPTConfig, ViT, ViTConfig } from './models.js';
export type { Decoded, DecodeOptions, Seq2Seq, Seq2SeqConfig, SourceOptions, TeacherForcing, Transformer, TransformerConfig } from './translators.js';
export type { GainOptions, KaimingOptions, Nonlinearity, NormalOptions, TruncNormalOptions, UniformOptions } from './init.js';
export type { Layer, LoadStateDictOptions, Module } from './module.js';
export type {
  Adam, AdamOptions, AdamW, ClipGradNormOptions, EarlyStopping, EarlyStoppingOptions, Optimizer, OptimizerState, Schedule, SGD,
  SGDOptions, WarmupCosineOptions,
} from './optim.js';
export type {
  AdditiveAttention, AdditiveAttentionCall, AdditiveAttentionOptions, DynamicAttention, LayerMask,
  MultiheadAttention, MultiheadAttentionCall, MultiheadAttentionOptions,
} from './multihead.js';
export type { LearnedPositions, PositionsOptions, SinusoidalPositions } from './positions.js';
export type { GRU, GRUOptions } from './recurrent.js';
export { Tensor } from './tensor.js';
export type {
  Dropout, Embedding, EmbeddingOptions, GELU, LayerNorm, LayerNormOptions, Linear, LinearOptions, ReLU, RMSNorm, RMSNormOptions,
  Sequential, Sigmoid, SiLU, Tanh,
} from './layers.js';
export type {
  BinaryCrossEntropyOptions, CrossEntropyOptions, DropoutOptions, EmbeddingLookupOptions, LossOptions, Reduction,
} from './losses.js';
export type {
  TransformerDecoder, TransformerDecoderCall, TransformerDecoderLayer, TransformerEncoder, TransformerEncoderCall,
  TransformerEncoderLayer, TransformerEncoderLayerCall, TransformerLayerOptions, TransformerOptions,
} from './transformer.js';
export type * from './types.js';
