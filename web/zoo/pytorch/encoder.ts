/** The encoder-only models: of tokens, and of an image's patches. */
import type { Classifier, ViT } from 'attention-playground';
import { addedPositions, dropoutLayer, dropped, makePositions, stack, type Program } from './blocks.js';
import { define, moduleClass } from './python.js';

type Pooling = Classifier['config']['pooling'];

/** The part that pooling is, or begins with; the mean has none. */
function poolClass(pooling: Pooling, padded: boolean): string[] {
  if (pooling === 'cls') {
    return [moduleClass('ClassToken', 'A learned token in front, which gathers what the class depends on.',
      ['self.cls = nn.Parameter(torch.empty(1, D_MODEL))'],
      define('forward(self, x)', '', 'return torch.cat([self.cls.expand(len(x), 1, -1), x], dim=1)'))];
  }
  if (pooling === 'mean') return [];
  return [moduleClass('AttentionPool', 'A learned query says how much each place counts.',
    ['self.query = nn.Parameter(torch.empty(D_MODEL))', 'self.proj = nn.Linear(D_MODEL, D_MODEL)'],
    define(`forward(self, x${padded ? ', padding' : ''})`, '',
      'scores = torch.tanh(self.proj(x)) @ self.query',
      padded && 'scores = scores.masked_fill(padding, -math.inf)',
      'return (scores.softmax(dim=-1)[..., None] * x).sum(dim=1)'))];
}
const makePool = { cls: 'self.pool = ClassToken()', attention: 'self.pool = AttentionPool()', mean: false } as const;

export function classifier(c: Classifier['config']): Program {
  const cls = c.pooling === 'cls';
  return {
    model: 'Classifier',
    classes: [
      ...poolClass(c.pooling, true),
      moduleClass('Classifier', '', [
        'self.embed = nn.Embedding(VOCAB_SIZE, D_MODEL)',
        makePositions(c.positions, cls ? '1 + MAX_LENGTH' : 'MAX_LENGTH'),
        dropoutLayer(c),
        makePool[c.pooling],
        stack('Encoder', c),
        'self.head = nn.Linear(D_MODEL, NUM_CLASSES)',
      ], define('forward(self, tokens)', 'tokens [batch, steps], filled up with PAD -> logits [batch, classes]',
        cls ? 'padding = F.pad(tokens == PAD, (1, 0), value=False)' : 'padding = tokens == PAD',
        `x = ${cls ? 'self.pool(self.embed(tokens))' : 'self.embed(tokens)'}`,
        c.positions !== 'none' && `x = x${addedPositions(c.positions, 'x.shape[1]')}`,
        `x = self.encoder(${dropped(c, 'x')}, src_key_padding_mask=padding)`,
        ...{
          cls: ['return self.head(x[:, 0])'],
          attention: ['return self.head(self.pool(x, padding))'],
          mean: ['kept = ~padding[..., None]', 'return self.head((kept * x).sum(dim=1) / kept.sum(dim=1))'],
        }[c.pooling])),
    ],
    answer: define('answer(model, question)', '', 'return [CLASSES[model(torch.tensor([encode(question)])).argmax().item()]]'),
  };
}

export function vit(c: ViT['config']): Program {
  const cls = c.pooling === 'cls';
  return {
    model: 'ViT',
    classes: [
      ...poolClass(c.pooling, false),
      moduleClass('ViT', '', [
        'self.patch_embed = nn.Linear(NUM_CHANNELS * PATCH_SIZE**2, D_MODEL)',
        makePool[c.pooling],
        `self.positions = nn.Embedding(${cls ? '1 + ' : ''}(IMAGE_SIZE // PATCH_SIZE) ** 2, D_MODEL)`,
        dropoutLayer(c),
        stack('Encoder', c),
        'self.head = nn.Linear(D_MODEL, NUM_CLASSES)',
      ], define('forward(self, images)', 'images [batch, channels, height, width] -> logits [batch, classes]',
        'patches = F.unfold(images, PATCH_SIZE, stride=PATCH_SIZE).transpose(1, 2)',
        `x = ${cls ? 'self.pool(self.patch_embed(patches))' : 'self.patch_embed(patches)'} + self.positions.weight`,
        `x = self.encoder(${dropped(c, 'x')})`,
        `return self.head(${{ cls: 'x[:, 0]', attention: 'self.pool(x)', mean: 'x.mean(dim=1)' }[c.pooling]})`)),
    ],
    answer: define('answer(model, pixels)', '',
      'image = torch.tensor(pixels, dtype=torch.float32).reshape(1, NUM_CHANNELS, IMAGE_SIZE, IMAGE_SIZE)',
      'return [CLASSES[model(image).argmax().item()]]'),
  };
}
