/** What both entries export beside `load`. */
export type { Attn } from './attn.js';
export { AttnError } from './error.js';
export { Tensor } from './tensor.js';
export type {
  BinaryCrossEntropyOptions, CrossEntropyOptions, DropoutOptions, EmbeddingLookupOptions, LossOptions, Reduction,
} from './losses.js';
export type * from './types.js';
