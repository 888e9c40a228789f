/** The lab's computation in NumPy and in PyTorch. */
import type { Matrix } from '../../../../numbers.js';
import { bracketed } from '../../../../written.js';
import { hiddenBy, sizesOf } from '../sizes.js';
import type { LabRequest } from '../worker.js';
import { dialects, type Dialect } from './dialects.js';

export const numpy = (r: LabRequest) => plain(r, dialects.numpy);
export const pytorch = (r: LabRequest) => (isFused(r) ? fused(r) : plain(r, dialects.pytorch));

const assign = (d: Dialect, name: string, matrix: Matrix) => `${name} = ${d.matrix(matrix, name.length + 3)}`;

const assignVector = (d: Dialect, name: string, row: number[]) => assign(d, name, [row]).replace('[[', '[').replace(']]', ']');

/** The score by location looks at no key. */
const used = (r: LabRequest) => (r.score === 'location' ? (['q', 'v'] as const) : (['q', 'k', 'v'] as const));
const usedNames = (r: LabRequest) => used(r).join(', ').toUpperCase();

const inputs = (r: LabRequest, d: Dialect) => (r.source === 'qkv' ? used(r).map((name) => assign(d, name.toUpperCase(), r[name])) : [
  assign(d, 'X', r.x), ...used(r).map((name) => assign(d, `W_${name}`, r[`w${name}`])),
  `${usedNames(r)} = ${used(r).map((name) => `X @ W_${name}`).join(', ')}`,
]);

const heads = (r: LabRequest, d: Dialect) => (r.heads === 1 ? [] : [`${usedNames(r)} = (${d.heads('M', r.heads)} for M in (${usedNames(r)}))`]);
const temperature = (r: LabRequest) => (r.temperature === 1 ? [] : [`temperature = ${r.temperature}`]);
const output = (r: LabRequest, d: Dialect, value: string) => [`output = ${r.heads === 1 ? value : d.joined(value)}`, 'print(output)'];

/** Which keys a query does not see; no line without a mask. */
function hidden(r: LabRequest, d: Dialect): string[] {
  const [T, S] = ['len(Q)', 'len(V)'];
  const name = 'hidden = ';
  switch (r.mask) {
    case 'none': return [];
    case 'causal': return [`${name}${d.causal(T, S)}`];
    case 'window': return [`${name}${d.size(`${d.range(T)}[:, None] - ${d.range(S)}`)} > ${r.window}`];
    case 'padding': return [`${name}${d.range(S)} >= ${r.padding}`];
    case 'free': return [`${name}${d.flags(bracketed(r.painted, (on) => (on === 1 ? 'True' : 'False'), name.length + d.flags('').length - 1))}`];
  }
}

/** Whether a query sees nothing: there is no softmax then, and the core's answer is zeros. */
const isBlind = (r: LabRequest) => hiddenBy(r, sizesOf(r)).some((row) => row.every((on) => on === 1));

const isFused = (r: LabRequest) => ['dot', 'scaledDot'].includes(r.score) && r.normalizer === 'softmax' && !isBlind(r);

/** What PyTorch has a function for. */
function fused(r: LabRequest): string[][] {
  const d = dialects.pytorch;
  const mask = { none: '', causal: ', is_causal=True', window: ', attn_mask=~hidden', padding: ', attn_mask=~hidden', free: ', attn_mask=~hidden' }[r.mask];
  const own = r.score === 'scaledDot' && r.scale === null;
  const scale = own && r.temperature === 1 ? ''
    : `, scale=${own ? 'Q.shape[-1] ** -0.5' : (r.scale ?? 1)}${r.temperature === 1 ? '' : ' / temperature'}`;
  return [
    [d.imports, 'import torch.nn.functional as F'],
    inputs(r, d),
    [
      ...(mask.includes('hidden') ? hidden(r, d) : []), ...heads(r, d), ...temperature(r),
      ...output(r, d, `F.scaled_dot_product_attention(Q, K, V${mask}${scale})`),
    ],
  ];
}

/** The score of every query and key, and the lines of what it is made with. */
function score(r: LabRequest, d: Dialect): [string, ...string[]] {
  const K = d.transposed('K', r.heads);
  const norms = `${d.norm('Q')}[..., :, None] * ${d.norm('K')}[..., None, :]`;
  switch (r.score) {
    case 'dot': case 'scaledDot': return [`Q @ ${K}`];
    case 'sqrtNorm': return [`Q @ ${K} / (${norms}) ** 0.5`];
    case 'cosine': return [`Q @ ${K} / (${norms})`];
    case 'general': return [`Q @ W @ ${K}`, assign(d, 'W', r.general)];
    case 'additive': return [
      `${d.tanh}((Q @ W_a.T)[..., :, None, :] + (K @ U_a.T)[..., None, :, :]) @ v_a`,
      assign(d, 'W_a', r.additiveQ), assign(d, 'U_a', r.additiveK), assignVector(d, 'v_a', r.additiveV[0]!),
    ];
    case 'location': return ['(Q @ W.T + b)', assign(d, 'W', r.location), assignVector(d, 'b', r.locationB[0]!)];
  }
}

/** Step by step, as the lab shows it. */
function plain(r: LabRequest, d: Dialect): string[][] {
  const [scores, ...weights] = score(r, d);
  const scale = r.scale !== null ? ` * ${r.scale}` : r.score === 'scaledDot' ? ' / Q.shape[-1] ** 0.5' : '';
  const masked = (matrix: string, value: '-inf' | 0) => (r.mask === 'none' ? matrix : d.filled(matrix, 'hidden', value));
  const normalized = {
    softmax: d.softmax('scores'),
    sum: `scores / ${d.total('scores')}`,
    doubleSoftmax: d.softmax(masked(d.softmax('scores'), '-inf')),
    sparsemax: 'sparsemax(scores)',
  }[r.normalizer];
  const definition = d.functions[r.normalizer];
  const blind = isBlind(r);
  return [
    [d.imports],
    ...(definition ? [[definition]] : []),
    [...inputs(r, d), ...weights],
    [
      ...hidden(r, d),
      ...(blind ? [`blind = ${d.all('hidden')}  # what sees nothing gets zeros`, 'hidden = hidden & ~blind'] : []),
      ...heads(r, d), ...temperature(r),
      `scores = ${scores}${scale}${r.temperature === 1 ? '' : ' / temperature'}`,
      ...(r.mask === 'none' ? [] : [`scores = ${masked('scores', r.normalizer === 'sum' ? 0 : '-inf')}`]),
      `weights = ${normalized}`,
      ...(blind ? [`weights = ${d.filled('weights', 'blind', 0)}`] : []),
      ...output(r, d, 'weights @ V'),
    ],
  ];
}
