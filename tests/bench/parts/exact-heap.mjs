// Emscripten's heap grows by a fifth at a time, which hides what was needed. Here a core is loaded whose heap grows to
// the byte that is asked for (rounded up to pages), so that its size is the most that was ever in use. One thread only:
// a heap that is shared has its full size from the start.

const PAGE = 65536;

/** Resolves with { attn, heapBytes() }. */
export async function loadWithExactHeap(load, options) {
  const { instantiate } = WebAssembly;
  let memory;
  WebAssembly.instantiate = async (source, imports) => {
    const heap = watched(imports);
    const result = await instantiate(source, heap.imports);
    // Other small modules, which only probe for features, import nothing.
    if (heap.found) memory = heap.attach(Object.values(result.instance.exports).find((value) => value instanceof WebAssembly.Memory));
    return result;
  };
  try {
    const attn = await load({ ...options, threads: 1 });
    if (!memory) throw new Error('this Emscripten asks for memory in another way: mend tests/bench/parts/exact-heap.mjs');
    return { attn, heapBytes: () => memory.buffer.byteLength };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

/** Notes the size that the core asks the glue for, and makes the glue's call of `grow` keep to it. */
function watched(imports = {}) {
  let wanted = 0;
  let found = false;
  const wrap = (imported) => {
    if (imported?.name !== '_emscripten_resize_heap') return imported;
    found = true;
    return (size) => {
      wanted = size >>> 0; // it arrives signed
      return imported(size);
    };
  };
  const copy = Object.fromEntries(Object.entries(imports).map(([module, functions]) =>
    [module, Object.fromEntries(Object.entries(functions).map(([name, value]) => [name, wrap(value)]))]));
  return {
    found,
    imports: copy,
    attach(memory) {
      memory.grow = () => WebAssembly.Memory.prototype.grow.call(memory, Math.ceil((wanted - memory.buffer.byteLength) / PAGE));
      return memory;
    },
  };
}
