import type { Transformer } from 'attention-playground';
import { dropoutLayer, dropped, greedy, makePositions, paddingBehind, stack, type Program } from './blocks.js';
import { call, define, moduleClass } from './python.js';

export function transformer(c: Transformer['config'], most: number): Program {
  const learned = c.positions === 'learned';
  const positions = { learned: ' + positions.weight[: tokens.shape[1]]', sinusoidal: ' + self.positions[: tokens.shape[1]]', none: '' }[c.positions];
  const embedded = (side: string, tokens: string) => `self.embed(${tokens}, self.${side}_embedding${learned ? `, self.${side}_positions` : ''})`;
  return {
    model: 'Transformer',
    classes: [moduleClass('Transformer', '', [
      'self.source_embedding = nn.Embedding(SOURCE_VOCAB, D_MODEL)',
      c.tieEmbeddings ? 'self.target_embedding = self.source_embedding' : 'self.target_embedding = nn.Embedding(TARGET_VOCAB, D_MODEL)',
      ...(learned ? [makePositions('learned', 'MAX_LENGTH', 'source_positions'), makePositions('learned', 'MAX_LENGTH', 'target_positions')]
        : [makePositions(c.positions, 'MAX_LENGTH')]),
      dropoutLayer(c),
      stack('Encoder', c),
      stack('Decoder', c),
      !c.tieEmbeddings && 'self.output = nn.Linear(D_MODEL, TARGET_VOCAB)',
    ],
    define(`embed(self, tokens, table${learned ? ', positions' : ''})`, '', `return ${dropped(c, `table(tokens) * math.sqrt(D_MODEL)${positions}`)}`),
    define('forward(self, source, lengths, target)',
      'source [batch, S], whose rows have so many tokens, and target [batch, T], which begins with ANSWER\n-> logits [batch, T, vocabulary]',
      paddingBehind,
      `memory = ${call('self.encoder', embedded('source', 'source'), 'src_key_padding_mask=padding')}`,
      'future = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool, device=target.device).triu(1)',
      `x = ${call('self.decoder', embedded('target', 'target'), 'memory', 'tgt_mask=future', 'tgt_is_causal=True', 'memory_key_padding_mask=padding')}`,
      `return ${c.tieEmbeddings ? 'F.linear(x, self.target_embedding.weight)' : 'self.output(x)'}`))],
    answer: greedy(most),
  };
}
