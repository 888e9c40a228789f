// The sizes that every benchmark measures, native or not, so that their tables can be laid side by side.
// A case is plain data: what to compute, at which size, and how many floating-point operations that takes.

/** Matrix product [m,k]·[k,n]. constant: the right-hand side is a weight, known before the first call. */
const gemm = (name, m, k, n, { constant = false } = {}) =>
  ({ name, kind: 'gemm', pass: 'forward', m, k, n, constant, flops: 2 * m * k * n, terms: k });

/**
 * softmax(q kᵀ/√D + mask) v of [heads, queries|keys, dim]. Causal attention is counted at full operations, as if nothing
 * were masked, since that is what a peer that only adds a mask computes; its rows are flagged.
 */
const attention = (name, heads, queries, keys, dim, { causal = false } = {}) => ({
  name: causal ? `${name} causal` : name,
  kind: 'attention', pass: 'forward', heads, queries, keys, dim, causal,
  flops: 4 * heads * queries * keys * dim, terms: keys + dim,
});

const square = (heads, n, dim, options) => attention(`attention H${heads} N${n} D${dim}`, heads, n, n, dim, options);

const attentionSizes = [[8, 128, 64], [8, 512, 64], [8, 1024, 64], [12, 1024, 64], [8, 2048, 64], [4, 256, 32]];

export const groups = {
  gemm: [64, 128, 256, 512, 1024].map((n) => gemm(`GEMM ${n}`, n, n, n)),
  gemv: [gemm('GEMV 768×3072', 1, 768, 3072, { constant: true })],
  attention: attentionSizes.flatMap((size) => [square(...size), square(...size, { causal: true })]),
  decode: [attention('decode H12 N1024 D64', 12, 1, 1024, 64)],
};

/** Where the whole and its parts are compared: fused attention with matmul, scale, softmax and matmul one by one. */
export const isMaterialisedToo = ({ kind, heads, queries, dim, causal }) =>
  kind === 'attention' && !causal && heads === 8 && dim === 64 && [512, 2048].includes(queries);

/** One forward pass each, for the memory it takes. At the last one the scores alone would be 8.6 GB. */
export const memory = [4096, 8192, 16384].map((n) => square(8, n, 64));

/** Large enough that starting the threads costs nothing beside the work. */
export const scaling = [gemm('GEMM 512', 512, 512, 512), gemm('GEMM 1024', 1024, 1024, 1024), square(8, 512, 64), square(8, 1024, 64)];
