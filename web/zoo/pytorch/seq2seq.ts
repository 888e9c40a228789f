import type { Seq2Seq } from 'attention-playground';
import { dropoutLayer, dropped, greedy, paddingBehind, type Program } from './blocks.js';
import { call, define, moduleClass } from './python.js';

type Config = Seq2Seq['config'];

const square = (name: string) => `self.${name} = nn.Linear(HIDDEN_SIZE, HIDDEN_SIZE, bias=False)`;

function attention(kind: Config['attention']): string {
  const [doc, init, scores] = ({
    additive: [
      'Additive attention (Bahdanau et al. 2015, arXiv:1409.0473).',
      [square('query_proj'), square('key_proj'), 'self.score = nn.Linear(HIDDEN_SIZE, 1, bias=False)'],
      'self.score(torch.tanh(self.query_proj(query) + self.key_proj(memory))).transpose(1, 2)',
    ],
    dot: ['Dot products (Luong et al. 2015, arXiv:1508.04025).', [], 'query @ memory.transpose(1, 2)'],
    general: ['Dot products by a matrix (Luong et al. 2015, arXiv:1508.04025).', [square('key_proj')], 'query @ self.key_proj(memory).transpose(1, 2)'],
  } as const)[kind];
  return moduleClass('Attention', doc, init, define('forward(self, query, memory, padding)', '',
    `scores = ${scores}`,
    'weights = scores.masked_fill(padding[:, None], -math.inf).softmax(dim=-1)',
    'return weights @ memory'));
}

/** Where both ways are read, the backward layer begins at each source's own end. */
function encode(c: Config): string {
  const between = c.dropout > 0 && c.numLayers > 1 && '    if states:\n        x = self.dropout(x)';
  const both = c.bidirectional;
  return define('encode(self, source, lengths)', `The last layer's outputs and, of each layer, the decoder's first state.`,
    'rows = torch.arange(len(source), device=source.device)',
    both && 'steps = torch.arange(source.shape[1], device=source.device)',
    both && '# For each source its places from the last to the first, then those of its padding.',
    both && 'turned = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)',
    `x, states = ${embedded(c, 'source', 'source')}, []`,
    both ? 'for forward, backward, bridge in zip(self.encoder, self.encoder_reverse, self.bridge):' : 'for forward, bridge in zip(self.encoder, self.bridge):',
    between,
    ...(both ? [
      '    there, back = forward(x)[0], backward(x[rows[:, None], turned])[0]',
      '    end = torch.cat([there[rows, lengths - 1], back[rows, lengths - 1]], dim=1)',
      '    x = torch.cat([there, back[rows[:, None], turned]], dim=2)',
    ] : ['    x = forward(x)[0]', '    end = x[rows, lengths - 1]']),
    '    states.append(torch.tanh(bridge(end)))',
    'return x, torch.stack(states)');
}

const embedded = (c: Config, side: string, tokens: string) => dropped(c, `self.${side}_embedding(${tokens})`);

export function seq2seq(c: Config, most: number): Program {
  const additive = c.attention === 'additive', ways = c.bidirectional ? 'HIDDEN_SIZE // 2' : 'HIDDEN_SIZE';
  const gru = call('nn.GRU', c.numLayers === 1 ? 'EMBEDDING_DIM' : 'HIDDEN_SIZE if i else EMBEDDING_DIM', ways, 'batch_first=True');
  const grus = (name: string) => `self.${name} = nn.ModuleList(\n    ${gru} for ${c.numLayers === 1 ? '_' : 'i'} in range(NUM_LAYERS)\n)`;
  const between = c.dropout > 0 && c.numLayers > 1 ? ['dropout=DROPOUT'] : [];
  return {
    model: 'Seq2Seq',
    classes: [
      attention(c.attention),
      moduleClass('Seq2Seq', '', [
        'self.source_embedding = nn.Embedding(SOURCE_VOCAB, EMBEDDING_DIM, padding_idx=PAD)',
        c.tieEmbeddings ? 'self.target_embedding = self.source_embedding'
          : 'self.target_embedding = nn.Embedding(TARGET_VOCAB, EMBEDDING_DIM, padding_idx=PAD)',
        dropoutLayer(c),
        grus('encoder'),
        c.bidirectional && grus('encoder_reverse'),
        'self.bridge = nn.ModuleList(nn.Linear(HIDDEN_SIZE, HIDDEN_SIZE) for _ in range(NUM_LAYERS))',
        `self.decoder = ${call('nn.GRU', `EMBEDDING_DIM${additive ? ' + HIDDEN_SIZE' : ''}`, 'HIDDEN_SIZE', 'NUM_LAYERS', 'batch_first=True', ...between)}`,
        'self.attn = Attention()',
        'self.combine = nn.Linear(2 * HIDDEN_SIZE, HIDDEN_SIZE, bias=False)',
        'self.output = nn.Linear(HIDDEN_SIZE, TARGET_VOCAB)',
      ],
      encode(c),
      define('forward(self, source, lengths, target)',
        'source [batch, S], whose rows have so many tokens, and target [batch, T], which begins with ANSWER\n-> logits [batch, T, vocabulary]',
        paddingBehind,
        'memory, state = self.encode(source, lengths)',
        ...(additive ? [
          '# The state before a step looks, and what it finds is fed into that step.',
          'found = []',
          `for x in ${embedded(c, 'target', 'target')}.split(1, dim=1):`,
          '    context = self.attn(state[-1][:, None], memory, padding)',
          '    output, state = self.decoder(torch.cat([x, context], dim=2), state)',
          '    found.append(torch.cat([context, output], dim=2))',
          'attentional = torch.tanh(self.combine(torch.cat(found, dim=1)))',
        ] : [
          `output, _ = self.decoder(${embedded(c, 'target', 'target')}, state)`,
          'context = self.attn(output, memory, padding)',
          'attentional = torch.tanh(self.combine(torch.cat([context, output], dim=2)))',
        ]),
        `return self.output(${dropped(c, 'attentional')})`)),
    ],
    answer: greedy(most),
  };
}
