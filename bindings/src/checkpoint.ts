import { AttnError } from './error.js';
import { entriesOf, Module, namesAndHandles } from './module.js';
import { Optimizer } from './optim.js';
import { flag, optionsOf, shown } from './options.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type { TensorLike } from './types.js';

export type Metadata = Readonly<Record<string, string>>;

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
}

function textsOf(op: string, metadata: Metadata = {}): [names: string[], texts: string[]] {
  if (typeof metadata !== 'object' || metadata === null) {
    throw new AttnError('TYPE', op, `metadata must be an object, got ${shown(metadata)}`);
  }
  for (const [name, text] of Object.entries<unknown>(metadata)) {
    if (typeof text !== 'string') throw new AttnError('TYPE', op, `the metadata '${name}' must be a string, got ${shown(text)}`);
  }
  return [Object.keys(metadata), Object.values(metadata)];
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
  const withFile = <T>(op: string, bytes: Uint8Array, f: (core: RawCore, file: Handle, size: number) => T): T => {
    if (!(bytes instanceof Uint8Array)) throw new AttnError('TYPE', op, `expected the bytes of a file, a Uint8Array, got ${shown(bytes)}`);
    return runtime.call(op, (core) => {
      const file = runtime.temporary(core.empty([Math.ceil(bytes.length / 4)], true)).handle(op);
      new Uint8Array(core.HEAP32.buffer).set(bytes, core.address(file));
      return f(core, file, bytes.length);
    });
  };
  return {
    /** The file of a state dict: float32 and int32 tensors in their order, and texts. */
    saveSafetensors(tensors: Readonly<Record<string, TensorLike>>, metadata?: Metadata): Uint8Array {
      const op = 'saveSafetensors';
      return runtime.call(op, (core) => core.saveSafetensors(...namesAndHandles(runtime, op, tensors), ...textsOf(op, metadata)));
    },
    /**
     * What is in a file. F32, F16, BF16 and F64 come as float32; I32, U8, BOOL, and I64 in range, as int32. A malformed file
     * is a FORMAT error that names its fault.
     */
    loadSafetensors(bytes: Uint8Array, options?: LoadSafetensorsOptions): Safetensors {
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
     * Puts back what saveCheckpoint took, and returns its metadata. Throws FORMAT where model, optimiser and file do not
     * fit, and then changes neither.
     */
    loadCheckpoint(bytes: Uint8Array, model: Module, options?: LoadCheckpointOptions): Record<string, string> {
      const op = 'loadCheckpoint';
      options = optionsOf(op, options, ['optimizer']);
      return Object.fromEntries(pairs(withFile(op, bytes, (core, file, size) => core.loadCheckpoint(file, size,
        expectModule(op, model).handle(op, runtime), optimizerHandle(runtime, op, options.optimizer)))));
    },
  };
}
