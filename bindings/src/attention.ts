import { toTensor } from './creation.js';
import { AttnError } from './error.js';
import { checkNames, flag, number, oneOf, whole } from './options.js';
import type { Handle, RawMask } from './raw.js';
import type { Runtime } from './runtime.js';
import { Tensor } from './tensor.js';
import type { AttendOptions, Attention, Mask, MaskOptions, Normalizer, Score, TensorLike } from './types.js';

// In the order of the C++ enums.
const SCORES: readonly Score[] = ['dot', 'scaledDot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'];
const NORMALIZERS: readonly Normalizer[] = ['softmax', 'sum', 'doubleSoftmax', 'sparsemax'];

const WEIGHTS = ['weight', 'bias', 'queryWeight', 'keyWeight', 'scoreVector'] as const;
const OPTIONS = ['score', 'normalizer', 'mask', 'scale', 'temperature', 'heads', ...WEIGHTS];

/** An optional tensor argument. */
export function optional(runtime: Runtime, op: string, value: TensorLike | null | undefined): Handle | null {
  return value === undefined || value === null ? null : toTensor(runtime, op, value).handle(op, runtime);
}

export function rawMask(runtime: Runtime, op: string, mask: Mask = 'none'): RawMask {
  const raw: RawMask = { causal: false, window: -1, padding: null, additive: null };
  if (typeof mask === 'string') {
    raw.causal = oneOf(op, 'mask', mask, ['none', 'causal']) === 1;
    return raw;
  }
  if (mask instanceof Tensor) return { ...raw, additive: mask.handle(op, runtime) };
  const names: (keyof MaskOptions)[] = ['causal', 'window', 'padding', 'additive'];
  checkNames(op, mask, names);
  raw.causal = flag(op, 'causal', mask.causal ?? false);
  if (mask.window !== undefined) {
    raw.window = whole(op, 'window', mask.window);
    if (raw.window < 0) throw new AttnError('RANGE', op, `window must be 0 or more, got ${raw.window}`);
  }
  if (mask.padding !== undefined) raw.padding = toTensor(runtime, op, mask.padding, 'int32').handle(op, runtime);
  raw.additive = optional(runtime, op, mask.additive);
  return raw;
}

/** Attention with every intermediate; see `Score`, `Normalizer` and `MaskOptions` for what can be combined. */
export function attend(
  runtime: Runtime, query: TensorLike, key: TensorLike, value: TensorLike, options: AttendOptions,
): Attention {
  const op = 'attend';
  checkNames(op, options, OPTIONS);
  const out = runtime.call(op, (core) => {
    const [q, k, v] = [query, key, value].map((x) => toTensor(runtime, op, x).handle(op, runtime)) as [Handle, Handle, Handle];
    return core.attend(q, k, v, {
      score: oneOf(op, 'score', options.score ?? 'scaledDot', SCORES),
      normalizer: oneOf(op, 'normalizer', options.normalizer ?? 'softmax', NORMALIZERS),
      mask: rawMask(runtime, op, options.mask),
      scale: scaleOrOwn(op, options.scale),
      temperature: number(op, 'temperature', options.temperature ?? 1),
      heads: whole(op, 'heads', options.heads ?? 1),
      weight: optional(runtime, op, options.weight),
      bias: optional(runtime, op, options.bias),
      queryWeight: optional(runtime, op, options.queryWeight),
      keyWeight: optional(runtime, op, options.keyWeight),
      scoreVector: optional(runtime, op, options.scoreVector),
    });
  });
  return {
    scores: runtime.wrap(out.scores),
    scaled: runtime.wrap(out.scaled),
    masked: runtime.wrap(out.masked),
    weights: runtime.wrap(out.weights),
    output: runtime.wrap(out.output),
  };
}

/** NaN tells the core that no scale was given, so NaN itself cannot be one. */
export function scaleOrOwn(op: string, scale: number | undefined): number {
  if (scale === undefined) return NaN;
  if (!Number.isFinite(number(op, 'scale', scale))) throw new AttnError('RANGE', op, `scale must be finite, got ${scale}`);
  return scale;
}
