import type { GPT } from 'attention-playground';
import { addedPositions, dropoutLayer, dropped, layerNorm, linear, makePositions, type Program } from './blocks.js';
import { call, define, moduleClass } from './python.js';

type Config = GPT['config'];

const activations = { gelu: 'nn.GELU()', relu: 'nn.ReLU()', silu: 'nn.SiLU()' };

/**
 * What ALiBi's slopes are a power of: head h of H has 2^(−8 h / H), counted from 1; where H is no power of two, the largest
 * one below it takes its place, and the heads that are left stand between the first ones.
 */
function alibiSteps(heads: number): { whole: number; steps: number[] } {
  const whole = 2 ** Math.floor(Math.log2(heads));
  return { whole, steps: Array.from({ length: heads }, (_, h) => (h < whole ? h + 1 : h - whole + 0.5)) };
}

/** Buffers of what positions do within attention. */
function attentionPositions({ positions, numHeads }: Config): string[] {
  if (positions === 'rotary') {
    return [
      'half = HEAD_SIZE // 2',
      'angles = torch.arange(MAX_LENGTH).double()[:, None] * 10000 ** (-torch.arange(half).double() / half)',
      'self.register_buffer("cos", angles.cos().float(), persistent=False)',
      'self.register_buffer("sin", angles.sin().float(), persistent=False)',
    ];
  }
  if (positions !== 'alibi') return [];
  const { whole, steps } = alibiSteps(numHeads);
  return [
    '# Scores fall with the distance, in each head by another slope (Press et al. 2022, arXiv:2108.12409).',
    'distance = torch.arange(MAX_LENGTH)[:, None] - torch.arange(MAX_LENGTH)',
    `slopes = 2 ** (-8 / ${whole} * torch.tensor([${steps.join(', ')}], dtype=torch.float64))`,
    'alibi = (-slopes[:, None, None] * distance).masked_fill(distance < 0, -math.inf)',
    'self.register_buffer("alibi", alibi.float(), persistent=False)',
  ];
}

function attention(c: Config): string {
  const shared = c.numKvHeads !== 0 && c.numKvHeads !== c.numHeads;
  const rotary = c.positions === 'rotary', alibi = c.positions === 'alibi';
  const parameter = (name: string, ...shape: string[]) => `self.${name} = nn.Parameter(torch.empty(${shape.join(', ')}))`;
  const weight = shared ? 'weight' : 'self.in_proj_weight';
  const options = [
    ...(alibi ? ['attn_mask=self.alibi[:, :steps, :steps]'] : ['is_causal=True']),
    ...(c.dropout > 0 ? ['dropout_p=DROPOUT if self.training else 0.0'] : []), ...(shared ? ['enable_gqa=True'] : []),
  ];
  return moduleClass('Attention', 'Causal self-attention; its parameters have the names that nn.MultiheadAttention gives them.',
    [
      ...(shared ? [
        parameter('q_proj_weight', 'D_MODEL', 'D_MODEL'),
        parameter('k_proj_weight', 'NUM_KV_HEADS * HEAD_SIZE', 'D_MODEL'),
        parameter('v_proj_weight', 'NUM_KV_HEADS * HEAD_SIZE', 'D_MODEL'),
      ] : [parameter('in_proj_weight', '3 * D_MODEL', 'D_MODEL')]),
      c.bias && parameter('in_proj_bias', shared ? 'D_MODEL + 2 * NUM_KV_HEADS * HEAD_SIZE' : '3 * D_MODEL'),
      `self.out_proj = ${linear('D_MODEL', 'D_MODEL', c.bias)}`,
      ...attentionPositions(c),
    ],
    ...(rotary ? [define('rotate(self, x)', 'Turns pairs of features by their position (Su et al. 2021, arXiv:2104.09864).',
      'cos, sin = self.cos[: x.shape[-2]], self.sin[: x.shape[-2]]',
      'a, b = x.chunk(2, dim=-1)',
      'return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)')] : []),
    define('forward(self, x)', '',
      shared && 'weight = torch.cat([self.q_proj_weight, self.k_proj_weight, self.v_proj_weight])',
      `rows = F.linear(x, ${weight}${c.bias ? ', self.in_proj_bias' : ''})`,
      '# [batch, steps, features] -> [batch, heads, steps, HEAD_SIZE]',
      'heads = rows.unflatten(-1, (-1, HEAD_SIZE)).transpose(1, 2)',
      `q, k, v = heads.split(${shared ? '[NUM_HEADS, NUM_KV_HEADS, NUM_KV_HEADS]' : 'NUM_HEADS'}, dim=1)`,
      rotary && 'q, k = self.rotate(q), self.rotate(k)',
      alibi && 'steps = x.shape[1]',
      `z = ${call('F.scaled_dot_product_attention', 'q', 'k', 'v', ...options)}`,
      'return self.out_proj(z.transpose(1, 2).flatten(2))'));
}

/** A decoder reads the question, then its own answer. Of a stream nothing stands between them, and nothing ends it. */
const answer = (stream: boolean, most: number) => define(`answer(model, question, most=${most})`, `Always the likeliest next token${stream ? '' : ', up to END'}.`,
  `tokens = encode(question)${stream ? '' : ' + [ANSWER]'}`,
  'first = len(tokens)',
  'for _ in range(most):',
  '    token = model(torch.tensor([tokens[-MAX_LENGTH:]]))[0, -1].argmax().item()',
  ...(stream ? [] : ['    if token == END:', '        break']),
  '    tokens.append(token)',
  'return decode(tokens[first:])');

export function gpt(c: Config, stream: boolean, most: number): Program {
  const norm = c.norm === 'rms' ? 'nn.RMSNorm(D_MODEL, eps=1e-6)' : layerNorm(c);
  return {
    model: 'GPT',
    classes: [
      attention(c),
      moduleClass('Block', '', [
        `self.ln1 = ${norm}`,
        'self.attn = Attention()',
        `self.ln2 = ${norm}`,
        `self.mlp = ${call('nn.Sequential', linear('D_MODEL', 'DIM_FEEDFORWARD', c.bias), activations[c.activation], linear('DIM_FEEDFORWARD', 'D_MODEL', c.bias))}`,
        dropoutLayer(c),
      ], define('forward(self, x)', '', `x = x + ${dropped(c, 'self.attn(self.ln1(x))')}`, `return x + ${dropped(c, 'self.mlp(self.ln2(x))')}`)),
      moduleClass('GPT', '', [
        'self.embed = nn.Embedding(VOCAB_SIZE, D_MODEL)',
        makePositions(c.positions, 'MAX_LENGTH'),
        dropoutLayer(c),
        'self.blocks = nn.ModuleList(Block() for _ in range(NUM_LAYERS))',
        `self.ln_f = ${norm}`,
        'self.head = nn.Linear(D_MODEL, VOCAB_SIZE, bias=False)',
        c.tieWeights && 'self.head.weight = self.embed.weight',
      ], define('forward(self, tokens)', 'tokens [batch, steps] -> logits [batch, steps, vocabulary]',
        `x = ${dropped(c, `self.embed(tokens)${addedPositions(c.positions, 'tokens.shape[1]')}`)}`,
        'for block in self.blocks:',
        '    x = block(x)',
        'return self.head(self.ln_f(x))')),
    ],
    answer: answer(stream, most),
  };
}
