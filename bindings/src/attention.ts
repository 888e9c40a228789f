import { toTensor } from './creation.js';
import { NORMALIZERS, SCORES } from './enums.js';
import { AttnError } from './error.js';
import { maskHandle } from './masks.js';
import { checkNames, flag, number, oneOf, optionsOf, whole } from './options.js';
import type { Handle, RawMask } from './raw.js';
import type { Runtime } from './runtime.js';
import { Tensor } from './tensor.js';
import type { AttendOptions, Attention, Flags, Mask, MaskOptions, Score, TensorLike } from './types.js';

const WEIGHTS = ['weight', 'bias', 'queryWeight', 'keyWeight', 'scoreVector'] as const;
/** The weights that a score is made with; one that it does not use is refused, for it must not pass in silence. */
const USES: Partial<Record<Score, readonly (typeof WEIGHTS)[number][]>> = {
  general: ['weight'],
  additive: ['queryWeight', 'keyWeight', 'scoreVector'],
  location: ['weight', 'bias'],
};
const OPTIONS = ['score', 'normalizer', 'mask', 'scale', 'temperature', 'heads', ...WEIGHTS];

export function threeHandles(
  runtime: Runtime, op: string, query: TensorLike, key: TensorLike, value: TensorLike,
): [Handle, Handle, Handle] {
  const handle = (x: TensorLike, what: string) => toTensor(runtime, op, x, 'float32', what).handle(op, runtime);
  return [handle(query, 'query'), handle(key, 'key'), handle(value, 'value')];
}

/** An optional tensor argument. */
export function optional(runtime: Runtime, op: string, value: TensorLike | null | undefined): Handle | null {
  return value === undefined || value === null ? null : toTensor(runtime, op, value).handle(op, runtime);
}

export const NO_MASK: Readonly<RawMask> = { causal: false, window: -1, padding: null, additive: null };

export function rawMask(runtime: Runtime, op: string, mask: Mask | null | undefined): RawMask {
  const raw = { ...NO_MASK };
  const additive = (what: string, given: TensorLike | Flags | undefined) => maskHandle(runtime, op, what, given, 'may be attended to');
  if (mask === undefined || mask === null) return raw;
  if (typeof mask === 'string') {
    raw.causal = oneOf(op, 'mask', mask, ['none', 'causal']) === 1;
    return raw;
  }
  if (mask instanceof Tensor || Array.isArray(mask) || ArrayBuffer.isView(mask)) {
    return { ...raw, additive: additive('mask', mask as TensorLike | Flags) };
  }
  checkNames(op, mask, ['causal', 'window', 'padding', 'additive']);
  const options = mask as MaskOptions;
  raw.causal = flag(op, 'causal', options.causal ?? false);
  if (options.window !== undefined) {
    raw.window = whole(op, 'window', options.window);
    if (raw.window < 0) throw new AttnError('RANGE', op, `window must be 0 or more, got ${raw.window}`);
  }
  if (options.padding !== undefined) raw.padding = toTensor(runtime, op, options.padding, 'int32').handle(op, runtime);
  raw.additive = additive('mask.additive', options.additive);
  return raw;
}

/** Attention with every intermediate; see `Score`, `Normalizer` and `MaskOptions` for what can be combined. */
export function attend(
  runtime: Runtime, query: TensorLike, key: TensorLike, value: TensorLike, given?: AttendOptions,
): Attention {
  const op = 'attend';
  const options = optionsOf(op, given, OPTIONS);
  const out = runtime.call(op, (core) => {
    const score = options.score ?? 'scaledDot';
    for (const name of WEIGHTS) {
      if (options[name] != null && !USES[score]?.includes(name)) {
        throw new AttnError('TYPE', op, `the score '${score}' takes no ${name}`);
      }
    }
    return core.attend(...threeHandles(runtime, op, query, key, value), {
      score: oneOf(op, 'score', score, SCORES),
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
export function scaleOrOwn(op: string, scale: number | null | undefined): number {
  if (scale === undefined || scale === null) return NaN;
  if (!Number.isFinite(number(op, 'scale', scale))) throw new AttnError('RANGE', op, `scale must be finite, got ${scale}`);
  return scale;
}
