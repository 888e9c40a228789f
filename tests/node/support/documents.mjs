// The rows of the tutorial documents that train something, through JavaScript, on the data of web/documents/training.json.
// examples/documents has the same in C++.
import { readFileSync } from 'node:fs';

const data = JSON.parse(readFileSync(new URL('../../../web/documents/training.json', import.meta.url), 'utf8'));

/** Words in English, characters in Chinese. */
const tokenize = (text) => text.toLowerCase().match(/[a-z]+|\S/gu);

/** Numbers words as they come, from `reserved` on. */
function vocabulary(reserved) {
  const numbers = new Map();
  const number = (word) => numbers.get(word) ?? numbers.set(word, reserved + numbers.size).get(word);
  return { numbers: (text) => tokenize(text).map(number), size: () => reserved + numbers.size };
}

const padded = (rows) => {
  const longest = Math.max(...rows.map(({ length }) => length));
  return rows.map((row) => [...row, ...Array(longest - row.length).fill(0)]);
};

/** mulberry32: the order of a shuffle. */
function generator(state) {
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}
function shuffled(list, below) {
  const result = [...list];
  for (let i = result.length; i > 1; i -= 1) {
    const j = below(i);
    [result[i - 1], result[j]] = [result[j], result[i - 1]];
  }
  return result;
}

/** One step: gradients of f's loss, which is returned. */
function learn(attn, optimizer, f) {
  const loss = attn.scope(() => {
    const made = f();
    made.backward();
    return made.item();
  });
  optimizer.step();
  optimizer.zeroGrad();
  return loss;
}

/**
 * C7: a GRU encoder–decoder with attention on four texts; 1000 words, hidden size 200, batches of 2, Adam 1e-3; the
 * document's 10 epochs, then on to a loss below `goal`. ahead: the target is the text from its second word on.
 */
export function trainC7(attn, { attention, ahead, goal = 0.05, most = 300 }) {
  attn.manualSeed(7);
  const model = new attn.models.Seq2Seq({ sourceVocab: 1000, targetVocab: 1000, embeddingDim: 200, hiddenSize: 200, attention });
  const { bosToken, eosToken } = model.config;
  const words = vocabulary(3);
  const pairs = data.C7.texts.map((text) => words.numbers(text)).map((text) => ({ source: text, target: ahead ? text.slice(1) : text }));
  const batch = (list) => ({
    source: padded(list.map(({ source }) => source)),
    sourceLengths: list.map(({ source }) => source.length),
    targetIn: padded(list.map(({ target }) => [bosToken, ...target])),
    targetOut: padded(list.map(({ target }) => [...target, eosToken])),
  });
  const batches = [batch(pairs.slice(0, 2)), batch(pairs.slice(2))];
  const adam = new attn.optim.Adam(model.parameters(), { lr: 1e-3 });
  const losses = [];
  while (losses.length < 10 || (losses.at(-1) >= goal && losses.length < most)) {
    const each = batches.map(({ source, sourceLengths, targetIn, targetOut }) =>
      learn(attn, adam, () => model.loss(source, targetIn, targetOut, { sourceLengths })));
    losses.push((each[0] + each[1]) / 2);
  }
  model.eval();
  return attn.scope(() => ({
    losses,
    alignments: pairs.map(({ source, target }) => model.forward([source], [[bosToken, ...target]])[1].toArray()[0]),
    right: pairs.every(({ source, target }) => model.decode([source])[0].tokens.join() === target.join()),
  }));
}

/** { train, heldOut, vocabSize, maxLength }: sentences { tokens, label } of different templates. */
export function sentiment(language) {
  const { things, positive, negative, ...parts } = data.D2[language];
  const words = vocabulary(1);
  const sentences = (templates) => Object.entries(templates).flatMap(([kind, list]) =>
    list.flatMap((template) => things.flatMap((thing) => [[positive, 1], [negative, 0]].flatMap(([adjectives, praise]) =>
      adjectives.map((word) => ({
        tokens: words.numbers(template.replace('{thing}', thing).replace('{word}', word)),
        label: kind === 'negated' ? 1 - praise : praise,
      }))))));
  const [train, heldOut] = [sentences(parts.train), sentences(parts.held_out)];
  return { train, heldOut, vocabSize: words.size(), maxLength: Math.max(...[...train, ...heldOut].map(({ tokens }) => tokens.length)) };
}

const BATCH = 32;
const answer = (model, sentences, options) => {
  const longest = Math.max(...sentences.map(({ tokens }) => tokens.length));
  const keyPaddingMask = sentences.map(({ tokens }) => Array.from({ length: longest }, (_, i) => i >= tokens.length));
  return model.forward(padded(sentences.map(({ tokens }) => tokens)), { keyPaddingMask, ...options });
};
const lossOf = (attn, model, sentences) =>
  attn.F.binaryCrossEntropyWithLogits(answer(model, sentences), sentences.map(({ label }) => [label]));

export const classifier = (attn, { vocabSize, maxLength }, dropout) => new attn.models.Classifier({
  vocabSize, maxLength, numClasses: 1, dModel: 32, numHeads: 2, numLayers: 1, dropout, positions: 'none', pooling: 'attention',
});

export function trainEpoch(attn, model, optimizer, sentences, below) {
  model.train();
  const order = shuffled(sentences, below);
  for (let at = 0; at < order.length; at += BATCH) learn(attn, optimizer, () => lossOf(attn, model, order.slice(at, at + BATCH)));
}

/** { loss, accuracy } of all sentences. */
export function evaluate(attn, model, sentences) {
  model.eval();
  return attn.noGrad(() => attn.scope(() => {
    const right = answer(model, sentences).data().filter((logit, i) => (logit > 0) === (sentences[i].label > 0.5)).length;
    return { loss: lossOf(attn, model, sentences).item(), accuracy: right / sentences.length };
  }));
}

/** D2: an attention classifier; binary cross-entropy, Adam, batches of 32, the document's 10 epochs. */
export function trainD2(attn, language, epochs = 10) {
  const sentences = sentiment(language);
  attn.manualSeed(2);
  const below = generator(2);
  const model = classifier(attn, sentences, 0.3);
  const adam = new attn.optim.Adam(model.parameters(), { lr: 1e-3 });
  for (let epoch = 0; epoch < epochs; epoch += 1) trainEpoch(attn, model, adam, sentences.train, below);
  return { model, sentences, ...evaluate(attn, model, sentences.heldOut) };
}

/** E5: width 512, 8 heads of 64, 2048 inner features, 6 layers a side, dropout 0.1; forward and one step of training. */
export function runE5(attn) {
  attn.manualSeed(5);
  const model = new attn.models.Transformer({
    sourceVocab: 1000, targetVocab: 1000, maxLength: 16, dModel: 512, numHeads: 8, dimFeedforward: 2048, numLayers: 6, dropout: 0.1,
  });
  const words = (shift) => [Array.from({ length: 16 }, (_, i) => 3 + ((37 * i + shift) % 997))];
  const [source, target] = [words(0), words(11)];
  const now = () => attn.noGrad(() => attn.scope(() => model.eval().loss(source, target, target).item()));
  const timed = (f) => {
    const begin = performance.now();
    const result = f();
    return { result, seconds: (performance.now() - begin) / 1000 };
  };
  const forward = timed(() => attn.noGrad(() => attn.scope(() => model.forward(source, target).shape)));
  const before = now();
  model.train();
  const adam = new attn.optim.Adam(model.parameters(), { lr: 1e-4 });
  const step = timed(() => learn(attn, adam, () => model.loss(source, target, target)));
  return {
    parameters: model.numParameters, shape: forward.result, forward: forward.seconds, step: step.seconds, bytes: attn.memory(),
    loss: step.result, before, after: now(),
  };
}

/** E7: by how much attention moves, from 0 to 1, with noise of a deviation relative to the embeddings'. */
export function underNoise(attn, model, sentences, noises) {
  model.eval();
  const weights = (noise) => attn.noGrad(() => attn.scope(() => {
    attn.manualSeed(10);
    let found;
    answer(model, sentences, {
      probe(name, x) {
        if (name.endsWith('layers.0.self_attn.weights')) found = x.data();
        if (name !== 'embed') return undefined;
        const deviation = noise * Math.sqrt(x.mul(x).mean().item());
        return x.add(attn.randn([...x.shape]).mul(deviation));
      },
    });
    return found;
  }));
  const calm = weights(0);
  const keys = Math.max(...sentences.map(({ tokens }) => tokens.length));
  return noises.map((noise) => weights(noise).reduce((sum, w, i) => sum + Math.abs(w - calm[i]) / 2, 0) / (calm.length / keys));
}
