import { UNARY } from './enums.js';
import { Layer, Module } from './module.js';
import { maskHandle, type LayerMask } from './multihead.js';
import { checkNames, flag, number, oneOf, optionsOf, whole } from './options.js';
import type { Handle, RawCore, RawTransformerOptions } from './raw.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type { ProbeOptions, TensorLike } from './types.js';

const ACTIVATIONS = ['relu', 'gelu'] as const;

export interface TransformerLayerOptions {
  dModel: number;
  nhead: number;
  /** 2048 unless told. */
  dimFeedforward?: number;
  /** 0.1 unless told. */
  dropout?: number;
  /** 'relu' unless told. */
  activation?: (typeof ACTIVATIONS)[number];
  /** 1e-5 unless told. */
  layerNormEps?: number;
  batchFirst?: boolean;
  /** Norms before attention and feed-forward, not behind: Xiong et al. 2020, arXiv:2002.04745. */
  normFirst?: boolean;
  /** Of every linear layer and norm; true unless told. */
  bias?: boolean;
}
const LAYER = ['dModel', 'nhead', 'dimFeedforward', 'dropout', 'activation', 'layerNormEps', 'batchFirst', 'normFirst', 'bias'];

/** The options of each layer, and how many; unlike PyTorch's clones, each begins with values of its own. */
export interface TransformerOptions extends TransformerLayerOptions {
  numLayers: number;
  /** Whether a LayerNorm stands behind the last layer; false unless told. */
  norm?: boolean;
}

function rawLayer(op: string, options: TransformerLayerOptions): RawTransformerOptions {
  const activation = oneOf(op, 'activation', options.activation ?? 'relu', ACTIVATIONS);
  return {
    dModel: whole(op, 'dModel', options.dModel), nhead: whole(op, 'nhead', options.nhead),
    dimFeedforward: whole(op, 'dimFeedforward', options.dimFeedforward ?? 2048),
    dropout: number(op, 'dropout', options.dropout ?? 0.1), activation: UNARY.indexOf(ACTIVATIONS[activation]!),
    layerNormEps: number(op, 'layerNormEps', options.layerNormEps ?? 1e-5),
    batchFirst: flag(op, 'batchFirst', options.batchFirst ?? false), normFirst: flag(op, 'normFirst', options.normFirst ?? false),
    bias: flag(op, 'bias', options.bias ?? true),
  };
}

type Make = (core: RawCore) => Handle;
function makeLayer(op: string, options: TransformerLayerOptions, make: (core: RawCore, layer: RawTransformerOptions) => Handle): Make {
  checkNames(op, options, LAYER);
  const layer = rawLayer(op, options);
  return (core) => make(core, layer);
}
function makeStack(
  op: string, options: TransformerOptions, make: (core: RawCore, layer: RawTransformerOptions, layers: number, norm: boolean) => Handle,
): Make {
  checkNames(op, options, [...LAYER, 'numLayers', 'norm']);
  const layer = rawLayer(op, options);
  const [layers, norm] = [whole(op, 'numLayers', options.numLayers), flag(op, 'norm', options.norm ?? false)];
  return (core) => make(core, layer, layers, norm);
}

interface EncoderCall extends ProbeOptions {
  /** [B,T] */
  srcKeyPaddingMask?: LayerMask | null;
  isCausal?: boolean;
}
/** Masks as for MultiheadAttention. */
export interface TransformerEncoderLayerCall extends EncoderCall {
  /** [T,T] or [B·H,T,T] */
  srcMask?: LayerMask | null;
}
/** Masks as for MultiheadAttention. */
export interface TransformerEncoderCall extends EncoderCall {
  /** [T,T] or [B·H,T,T] */
  mask?: LayerMask | null;
}
abstract class Encoder extends Layer {
  /** @internal */
  protected encode(src: TensorLike, mask: LayerMask | null | undefined, options: EncoderCall): Tensor {
    const { op } = this;
    return this.runtime.wrap(this.run((core, module) =>
      core.encode(module, this.argument(src, 'src'), maskHandle(this.runtime, op, 'mask', mask),
        maskHandle(this.runtime, op, 'srcKeyPaddingMask', options.srcKeyPaddingMask), flag(op, 'isCausal', options.isCausal ?? false),
        this.runtime.probe(op, options.probe))));
  }
}
/**
 * x = norm1(src + drop(self_attn(src))); x = norm2(x + drop(linear2(drop(f(linear1(x)))))). The probe sees "self_attn.…",
 * "resid_mid", "ff.hidden", "ff" and "resid". Vaswani et al. 2017, arXiv:1706.03762.
 */
export class TransformerEncoderLayer extends Encoder {
  /** @internal */
  constructor(runtime: Runtime, options: TransformerLayerOptions) {
    const op = 'TransformerEncoderLayer';
    super(runtime, op, makeLayer(op, options, (core, layer) => core.newEncoderLayer(layer)));
  }
  /** src [T,B,E], [B,T,E] with batchFirst, or [T,E]; the result too. */
  override forward(src: TensorLike, options?: TransformerEncoderLayerCall): Tensor {
    options = optionsOf(this.op, options, ['srcMask', 'srcKeyPaddingMask', 'isCausal', 'probe']);
    return this.encode(src, options.srcMask, options);
  }
}
/** One layer after the other, then the norm if there is one. The probe sees "layers.0.…" and so forth, then "norm". */
export class TransformerEncoder extends Encoder {
  /** @internal */
  constructor(runtime: Runtime, options: TransformerOptions) {
    const op = 'TransformerEncoder';
    super(runtime, op, makeStack(op, options, (core, layer, layers, norm) => core.newEncoder(layer, layers, norm)));
  }
  /** src [T,B,E], [B,T,E] with batchFirst, or [T,E]; the result too. */
  override forward(src: TensorLike, options?: TransformerEncoderCall): Tensor {
    options = optionsOf(this.op, options, ['mask', 'srcKeyPaddingMask', 'isCausal', 'probe']);
    return this.encode(src, options.mask, options);
  }
}

export interface TransformerDecoderCall extends ProbeOptions {
  tgtMask?: LayerMask | null;
  memoryMask?: LayerMask | null;
  tgtKeyPaddingMask?: LayerMask | null;
  memoryKeyPaddingMask?: LayerMask | null;
  tgtIsCausal?: boolean;
  memoryIsCausal?: boolean;
}
const MASKS = ['tgtMask', 'memoryMask', 'tgtKeyPaddingMask', 'memoryKeyPaddingMask'] as const;

abstract class Decoder extends Module {
  /** tgt [T,B,E], memory [S,B,E]; batch first with batchFirst, or without the B. The result is as tgt. */
  forward(tgt: TensorLike, memory: TensorLike, options?: TransformerDecoderCall): Tensor {
    const { op } = this;
    options = optionsOf(op, options, [...MASKS, 'tgtIsCausal', 'memoryIsCausal', 'probe']);
    return this.runtime.wrap(this.run((core, module) => {
      const mask = (name: (typeof MASKS)[number]) => maskHandle(this.runtime, op, name, options[name]);
      return core.decode(module, this.argument(tgt, 'tgt'), this.argument(memory, 'memory'), mask('tgtMask'), mask('memoryMask'),
        mask('tgtKeyPaddingMask'), mask('memoryKeyPaddingMask'), flag(op, 'tgtIsCausal', options.tgtIsCausal ?? false),
        flag(op, 'memoryIsCausal', options.memoryIsCausal ?? false), this.runtime.probe(op, options.probe));
    }));
  }
}
/** As TransformerEncoderLayer, with attention to memory between the two: self_attn, multihead_attn, feed-forward. */
export class TransformerDecoderLayer extends Decoder {
  /** @internal */
  constructor(runtime: Runtime, options: TransformerLayerOptions) {
    const op = 'TransformerDecoderLayer';
    super(runtime, op, makeLayer(op, options, (core, layer) => core.newDecoderLayer(layer)));
  }
}
/** One layer after the other, all with the same memory, then the norm if there is one. */
export class TransformerDecoder extends Decoder {
  /** @internal */
  constructor(runtime: Runtime, options: TransformerOptions) {
    const op = 'TransformerDecoder';
    super(runtime, op, makeStack(op, options, (core, layer, layers, norm) => core.newDecoder(layer, layers, norm)));
  }
}
