import { AttnError } from './error.js';
import { entriesOf, Module, namesAndHandles } from './module.js';
import { tagOf } from './nested.js';
import { Optimizer } from './optim.js';
import { flag, optionsOf, shown } from './options.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type { TensorLike } from './types.js';

export type Metadata = Readonly<Record<string, string>>;

/** A file's bytes, a Node Buffer among them. */
export type Bytes = Uint8Array | DataView | ArrayBuffer | SharedArrayBuffer;

export interface Safetensors {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}
export interface LoadSafetensorsOptions {
  /** Whether NaN and infinities may be among the elements; false unless told. */
  allowNonfinite?: boolean;
}
export interface SaveCheckpointOptions {
  /** Whose state goes behind "optimizer.". */
  optimizer?: Optimizer;
  metadata?: Metadata;
}
export interface LoadCheckpointOptions {
  optimizer?: Optimizer;
  /** Whether NaN and infinities, which training may leave, may be among the elements; true unless told. */
  allowNonfinite?: boolean;
}

/** Throws where a file cannot hold the text: half a surrogate pair, which UTF-8 has no bytes for, would be another text. */
function checkText(op: string, what: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new AttnError('FORMAT', op, `${what} must not have half a surrogate pair, got ${JSON.stringify(text)}`);
}

/** Throws for what has its entries elsewhere, as a Map: they would be left out in silence. */
function expectEntries(op: string, what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) {
    throw new AttnError('TYPE', op, `${what}, got ${value instanceof Map ? 'a Map' : shown(value)}`);
  }
}

function textsOf(op: string, metadata: Metadata = {}): [names: string[], texts: string[]] {
  expectEntries(op, 'metadata must be an object of texts', metadata);
  for (const [name, text] of Object.entries<unknown>(metadata)) {
    checkText(op, 'a name in the metadata', name);
    if (typeof text !== 'string') throw new AttnError('TYPE', op, `the metadata '${name}' must be a string, got ${shown(text)}`);
    checkText(op, `the metadata '${name}'`, text);
  }
  return [Object.keys(metadata), Object.values(metadata)];
}

/** The bytes that a file was read as, from whichever realm. */
function bytesOf(op: string, source: unknown): Uint8Array {
  const tag = tagOf(source);
  if (tag === 'ArrayBuffer' || tag === 'SharedArrayBuffer') return new Uint8Array(source as ArrayBuffer);
  if (ArrayBuffer.isView(source) && (tag === 'Uint8Array' || tag === 'DataView')) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  throw new AttnError('TYPE', op, `expected the bytes of a file, a Uint8Array, got ${shown(source)}`);
}

function* pairs(list: readonly string[]): Iterable<[string, string]> {
  for (let i = 0; i < list.length; i += 2) yield [list[i]!, list[i + 1]!];
}

function expectModule(op: string, model: unknown): Module {
  if (!(model instanceof Module)) throw new AttnError('TYPE', op, `expected a module of attn.nn, got ${shown(model)}`);
  return model;
}

function optimizerHandle(runtime: Runtime, op: string, optimizer: unknown): Handle | null {
  if (optimizer === undefined) return null;
  if (!(optimizer instanceof Optimizer)) throw new AttnError('TYPE', op, `optimizer must be one of attn.optim, got ${shown(optimizer)}`);
  return optimizer.handle(op, runtime);
}

export type Checkpoints = ReturnType<typeof checkpoints>;

/** Weights as the bytes of a file: https://huggingface.co/docs/safetensors. */
export function checkpoints(runtime: Runtime) {
  /** Runs f on the file in the core's memory, as an int32 tensor whose first `size` bytes it is. */
  const withFile = <T>(op: string, source: Bytes, f: (core: RawCore, file: Handle, size: number) => T): T => {
    const bytes = bytesOf(op, source);
    return runtime.call(op, (core) => {
      const file = runtime.temporary(core.empty([Math.ceil(bytes.length / 4)], true)).handle(op);
      new Uint8Array(core.HEAP32.buffer).set(bytes, core.address(file));
      return f(core, file, bytes.length);
    });
  };
  return {
    /**
     * The file of a state dict: float32 and int32 tensors in their order, and texts. It reads back to the same bits; what no
     * file can hold is a FORMAT error.
     */
    saveSafetensors(tensors: Readonly<Record<string, TensorLike>>, metadata?: Metadata): Uint8Array {
      const op = 'saveSafetensors';
      return runtime.call(op, (core) => {
        expectEntries(op, 'expected an object of tensors', tensors);
        const [names, handles] = namesAndHandles(runtime, op, tensors);
        for (const name of names) checkText(op, "a tensor's name", name);
        return core.saveSafetensors(names, handles, ...textsOf(op, metadata));
      });
    },
    /**
     * What is in a file. F32, F16, BF16 and F64 come as float32; I32, U8, BOOL, and I64 in range, as int32. A malformed file
     * is a FORMAT error that names its fault, or what else the file is: a Git LFS pointer, an HTML page, a pickle, …
     */
    loadSafetensors(bytes: Bytes, options?: LoadSafetensorsOptions): Safetensors {
      const op = 'loadSafetensors';
      options = optionsOf(op, options, ['allowNonfinite']);
      const allow = flag(op, 'allowNonfinite', options.allowNonfinite ?? false);
      const { tensors, metadata } = withFile(op, bytes, (core, file, size) => core.loadSafetensors(file, size, allow));
      return {
        tensors: Object.fromEntries(entriesOf(tensors, (x) => runtime.wrap(x))), metadata: Object.fromEntries(pairs(metadata)),
      };
    },
    /** A file of the model's state dict, and the optimiser's with its options, from which training goes on exactly. */
    saveCheckpoint(model: Module, options?: SaveCheckpointOptions): Uint8Array {
      const op = 'saveCheckpoint';
      options = optionsOf(op, options, ['optimizer', 'metadata']);
      return runtime.call(op, (core) => core.saveCheckpoint(expectModule(op, model).handle(op, runtime),
        optimizerHandle(runtime, op, options.optimizer), ...textsOf(op, options.metadata)));
    },
    /**
     * Puts back what saveCheckpoint took, bit for bit, and returns its metadata. Throws FORMAT where model, optimiser and file
     * do not fit, and then changes neither.
     */
    loadCheckpoint(bytes: Bytes, model: Module, options?: LoadCheckpointOptions): Record<string, string> {
      const op = 'loadCheckpoint';
      options = optionsOf(op, options, ['optimizer', 'allowNonfinite']);
      const allow = flag(op, 'allowNonfinite', options.allowNonfinite ?? true);
      return Object.fromEntries(pairs(withFile(op, bytes, (core, file, size) => core.loadCheckpoint(file, size,
        expectModule(op, model).handle(op, runtime), optimizerHandle(runtime, op, options.optimizer), allow))));
    },
  };
}
