// The lab's "copy as code": what JavaScript it writes computes what the lab shows, and programs hold no more than they need.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { close } from './support/numbers.mjs';
import { cases, code } from './support/page-code.mjs';

const core = new URL('../../dist/node.js', import.meta.url).href;
const importLine = "import { load } from 'attention-playground';\n";

test('JavaScript: every score, normaliser and mask, with heads, scale and temperature', async () => {
  const attn = await load({ threads: 1 });
  const AsyncFunction = (async () => {}).constructor;
  for (const { name, request, expected } of cases) {
    const text = code('JavaScript', request);
    assert.ok(text.startsWith(importLine), name);
    const said = [];
    const program = new AsyncFunction('load', 'console', `${text.slice(importLine.length)}; return weights.toArray();`);
    const weights = await program(async () => attn, { log: (value) => said.push(value) });
    close(said, [expected.output], `output, ${name}`, 64);
    close(request.heads === 1 ? [weights] : weights, expected.weights, `weights, ${name}`, 64);
  }
});

test('JavaScript: the whole file runs as it is, with the module where it is looked for', async () => {
  const { request } = cases[0];
  const text = code('JavaScript', request).replace("'attention-playground'", `'${core}'`)
    .replace('const attn', 'export const attn').replace('const { weights, output }', 'export const { weights, output }').replace(/console.*/, '');
  const { output, attn } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  close(output.toArray(), cases[0].expected.output, 'output', 64);
  attn.dispose();
});

test('a program holds what is in use and nothing else', () => {
  const plain = {
    ...cases[0].request, q: [[1, 0.5]], k: [[1, 0], [0, -2]], v: [[1, 2], [3, 4]],
  };
  assert.equal(code('NumPy', plain), `import numpy as np

def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

Q = np.array([[1., 0.5]])
K = np.array([[1., 0.], [0., -2.]])
V = np.array([[1., 2.], [3., 4.]])

scores = Q @ K.T / Q.shape[-1] ** 0.5
weights = softmax(scores)
output = weights @ V
print(output)
`);
  assert.equal(code('PyTorch', { ...plain, mask: 'causal', temperature: 2 }), `import torch
import torch.nn.functional as F

Q = torch.tensor([[1., 0.5]])
K = torch.tensor([[1., 0.], [0., -2.]])
V = torch.tensor([[1., 2.], [3., 4.]])

temperature = 2
output = F.scaled_dot_product_attention(Q, K, V, is_causal=True, scale=Q.shape[-1] ** -0.5 / temperature)
print(output)
`);
  assert.equal(code('JavaScript', { ...plain, mask: 'window', heads: 2 }), `import { load } from 'attention-playground';

const attn = await load();
const q = [[1, 0.5]];
const k = [[1, 0], [0, -2]];
const v = [[1, 2], [3, 4]];

const { weights, output } = attn.attend(q, k, v, { mask: { window: 1 }, heads: 2 });
console.log(output.toArray());
`);
});
