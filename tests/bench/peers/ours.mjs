// The module itself, with its inputs in tensors, as a program that works with it has them.

const path = (compute) => ({
  run() { compute().dispose(); },
  output() {
    const result = compute();
    const data = result.data();
    result.dispose();
    return data;
  },
});

/** simd: 'relaxed' or 'fixed'. Throws where the engine lacks it. */
export async function ours({ load }, { simd, threads }) {
  const attn = await load({ simd, threads });
  const name = `ours, ${simd}`;
  return {
    name,
    role: 'ours',
    prepare(one, inputs) {
      const tensors = tensorsOf(attn, one, inputs);
      return { ...path(() => forward(attn, one, tensors)), dispose: () => free(tensors) };
    },
    /** The same attention step by step, every matrix whole. */
    materialised: {
      name: `${name}, materialised`,
      role: 'variant',
      prepare(one, inputs) {
        const tensors = tensorsOf(attn, one, inputs);
        const scale = 1 / Math.sqrt(one.dim);
        const { q, k, v } = tensors;
        const compute = () => attn.scope(() => q.matmul(k.transpose(-2, -1)).mul(scale).softmax().matmul(v));
        return { ...path(compute), dispose: () => free(tensors) };
      },
    },
  };
}

export function tensorsOf(attn, one, inputs) {
  if (one.kind === 'gemm') {
    const b = attn.tensor(inputs.b, { shape: [one.k, one.n] });
    const a = attn.tensor(inputs.a, { shape: [one.m, one.k] });
    if (!one.constant) return { a, b };
    // A weight lies as a linear layer keeps it: [out,in].
    const turned = b.transpose(0, 1);
    const weight = attn.tensor(turned);
    free({ b, turned });
    return { a, weight };
  }
  const { heads, queries, keys, dim } = one;
  return {
    q: attn.tensor(inputs.q, { shape: [heads, queries, dim] }),
    k: attn.tensor(inputs.k, { shape: [heads, keys, dim] }),
    v: attn.tensor(inputs.v, { shape: [heads, keys, dim] }),
  };
}

export function forward(attn, one, { a, b, weight, q, k, v }) {
  if (one.kind === 'attention') return attn.F.scaledDotProductAttention(q, k, v, { isCausal: one.causal });
  return one.constant ? attn.F.linear(a, weight) : a.matmul(b);
}

const free = (tensors) => Object.values(tensors).forEach((tensor) => tensor.dispose());
