// A spell of bad input: shapes, empty and ragged arrays, misspelt options. Every refusal is an AttnError that names the
// operator; after it the core goes on and holds nothing (see refuses).
import { attn, MHA, mha, q, SDPA, spell, threaded, x } from './support/refusal.mjs';

const { F } = attn;

spell('a weight that the score does not use must not pass in silence', [
  ['TYPE', 'attend', () => attn.attend(q, q, q, { score: 'dot', weight: q }), { message: "attend: the score 'dot' takes no weight" }],
  ['TYPE', 'attend', () => attn.attend(q, q, q, { score: 'general', weight: [[1, 0], [0, 1]], bias: [1, 2] })],
  ['TYPE', 'attend', () => attn.attend(q, q, q, { scoreVector: [1] })],
]);

spell('an argument that was forgotten is named', [
  ['TYPE', 'attend', () => attn.attend(q, q), { message: /as value, got undefined/ }],
  ['TYPE', SDPA, () => F.scaledDotProductAttention(q, null, q), { message: /as key, got null/ }],
]);

spell('shapes that do not fit are named, both of them', [
  ['SHAPE', SDPA, () => F.scaledDotProductAttention([[1], [2], [3]], [1, 2, 3].map((i) => [i, 0, 0, 0, 0]), [[1], [2], [3]]),
    { message: `${SDPA}: key must end in 1 to match query [3,1], got [3,5]`, shapes: [[3, 1], [3, 5]] }],
  ['SHAPE', 'attend', () => threaded.attend(q, [[1]], [[1]]), { message: 'attend: key must end in 2 to match query [3,2], got [1,1]', shapes: [[3, 2], [1, 1]] }],
  ['SHAPE', 'attend', () => attn.attend(q, q, [[1]]), { message: /value must have 3 rows .*\[3,2\], got \[1,1\]$/, shapes: [[3, 2], [1, 1]] }],
  ['SHAPE', 'attend', () => attn.attend([q], q, q), { shapes: [[1, 3, 2], [3, 2]] }],
  ['SHAPE', 'attend', () => attn.attend([q, q], [q], [q]), { shapes: [[2, 3, 2], [1, 3, 2]] }],
  ['SHAPE', 'attend', () => attn.attend(q, q, q, { heads: 3 }), { message: /multiple of heads, 3/, shapes: [[3, 2]] }],
  ['SHAPE', 'attend', () => attn.attend(q, q, q, { score: 'general' }), { message: /weight \[2,2\]/ }],
  ['SHAPE', 'attend', () => attn.attend(q, q, q, { score: 'general', weight: [[1]] }), { shapes: [[2, 2], [1, 1]] }],
  ['SHAPE', 'attend', () => attn.attend(q, q, q, { score: 'additive', scoreVector: [1], queryWeight: [[1]], keyWeight: q }), { message: /queryWeight must be \[1,2\], got \[1,1\]/ }],
  ['SHAPE', 'attend', () => attn.attend(q, q, q, { mask: { padding: [1, 2] } }), { message: /one length for each batch/ }],
  ['SHAPE', 'attend', () => attn.attend(q, q, q, { mask: x }), { shapes: [[3, 3], [2, 3]] }],
  ['SHAPE', MHA, () => F.multiHeadAttentionForward(q, q, q, { ...mha, inProjWeight: q }), { message: /inProjWeight must be \[6,2\]/, shapes: [[3, 2], [3, 2]] }],
  ['SHAPE', 'add', () => x.add([1, 2]), { message: 'add: shapes [2,3] and [2] do not broadcast', shapes: [[2, 3], [2]] }],
  ['SHAPE', 'matmul', () => x.matmul([[1, 2]]), { shapes: [[2, 3], [1, 2]] }],
  ['SHAPE', 'linear', () => F.linear(x, [[1, 2]]), { shapes: [[2, 3], [1, 2]] }],
  ['SHAPE', 'linear', () => F.linear(x, [[1, 2, 3]], [1, 2]), { shapes: [[1, 3], [2]] }],
  ['SHAPE', 'conv1d', () => F.conv1d([[[1, 2]]], [[[1, 2, 3]]]), { shapes: [[1, 1, 2], [1, 1, 3]] }],
  ['SHAPE', 'cat', () => attn.cat([[[1, 2]], [[1, 2, 3]]]), { shapes: [[1, 2], [1, 3]] }],
  ['SHAPE', 'stack', () => attn.stack([[1, 2], [1]]), { shapes: [[2], [1]] }],
  ['SHAPE', 'reshape', () => x.reshape(4, -1), { shapes: [[2, 3], [4, -1]] }],
  ['SHAPE', 'permute', () => x.permute(1), { shapes: [[2, 3], [1]] }],
  ['SHAPE', 'maskedFill', () => x.maskedFill([1, 0], 0), { shapes: [[2, 3], [2]] }],
  ['SHAPE', 'item', () => x.item(), { shapes: [[2, 3]] }],
  ['SHAPE', 'tensor', () => attn.tensor([1, 2, 3], { shape: [2, 2] }), { shapes: [[2, 2], [3]] }],
]);

const nested = (depth) => (depth === 0 ? 1 : [nested(depth - 1)]);
spell('empty, ragged and endless arrays', [
  ['SHAPE', 'attend', () => attn.attend([], [], [])],
  ['SHAPE', 'attend', () => attn.attend([[]], [[]], [[]]), { message: /at least 1 feature/ }],
  ['SHAPE', 'tensor', () => attn.tensor([[1, 2], [3]]), { message: /every row at depth 1 must have 2 entries/ }],
  ['SHAPE', 'tensor', () => attn.tensor([[1], [2, 3]])],
  ['SHAPE', 'tensor', () => attn.tensor([[1], 2])],
  ['TYPE', 'tensor', () => attn.tensor([1, [2]])],
  ['SHAPE', 'attend', () => attn.attend(q, q, [[1, 2], [3]])],
  ['RANGE', 'tensor', () => { const own = []; own[0] = own; attn.tensor(own); }, { message: /at most 32 dimensions/ }],
  ['RANGE', 'tensor', () => attn.tensor(nested(33)), { message: /at most 32 dimensions/ }],
  ['TYPE', 'tensor', () => attn.tensor([1, undefined, 3])],
  ['RANGE', 'cat', () => attn.cat([])],
  ['RANGE', 'stack', () => attn.stack([])],
  ['RANGE', 'max', () => attn.scope(() => attn.zeros([0]).max())],
]);

spell('misspelt options, and options that are no object', [
  ['TYPE', 'attend', () => attn.attend(q, q, q, { temprature: 1 }), { message: /there is no option 'temprature'; the options are 'score', / }],
  ['TYPE', 'attend', () => attn.attend(q, q, q, { mask: { windows: 1 } }), { message: /'windows'; the options are 'causal', 'window'/ }],
  ['TYPE', 'attend', () => attn.attend(q, q, q, { score: 'dotty' }), { message: /score must be one of 'dot', .*, got 'dotty'$/ }],
  ['TYPE', 'attend', () => attn.attend(q, q, q, { normalizer: 'toString' })],
  ['TYPE', 'attend', () => attn.attend(q, q, q, { mask: 'casual' })],
  ['TYPE', 'attend', () => attn.attend(q, q, q, null)],
  ['TYPE', 'attend', () => attn.attend(q, q, q, 'causal')],
  ['TYPE', SDPA, () => F.scaledDotProductAttention(q, q, q, { causal: true })],
  ['TYPE', MHA, () => F.multiHeadAttentionForward(q, q, q, { ...mha, heads: 2 })],
  ['TYPE', MHA, () => F.multiHeadAttentionForward(q, q, q)],
  ['TYPE', 'conv1d', () => F.conv1d([[[1]]], [[[1]]], { strid: 1 })],
  ['TYPE', 'sinusoidal', () => attn.nn.sinusoidal()],
  ['TYPE', 'tensor', () => attn.tensor([1], { dType: 'int32' })],
  ['TYPE', 'zeros', () => attn.zeros([1], { type: 'int32' })],
  ['TYPE', 'ones', () => attn.ones([1], null)],
  ['TYPE', 'arange', () => attn.arange(0, 1, 1, { type: 'int32' })],
  ['TYPE', 'mean', () => x.mean(0, { keepDim: true })],
]);
