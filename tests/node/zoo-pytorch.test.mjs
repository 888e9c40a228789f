// Models as files of PyTorch, run by it: the same logits, dropout in the same places, the same answers. PYTHON is a Python
// that has PyTorch; `npm test` sees to it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { load } from '../../dist/node.js';
import { pageSource } from '../../tools/lib/page-source.mjs';
import { close, numbers, random } from './support/numbers.mjs';

const { pytorchOf, taskOf, settingsOf, sampleOf, defaults, vocabulary, Run } = await pageSource(`
  export * from './zoo/pytorch/index.js';
  export * from './zoo/index.js';
  export * from './zoo/task.js';
  export * from './zoo/train.js';
`);

/**
 * Runs programs, warnings being errors. Of each: what nothing in it uses, what its model is, its logits, and the mean and the
 * spread of those of so many equal batches while it trains; of one without inputs what it prints.
 */
const runner = `
import ast, json, sys, warnings
import torch
torch.set_num_threads(1)
warnings.simplefilter('error')

def unused(program):
    nodes = list(ast.walk(ast.parse(program)))
    def named(kind, name, context=None):
        return {getattr(x, name) for x in nodes if isinstance(x, kind) and (context is None or isinstance(x.ctx, context))}
    imported = {x.asname or x.name for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for x in node.names}
    made = imported | named((ast.FunctionDef, ast.ClassDef), 'name') | named(ast.Name, 'id', ast.Store) | named(ast.Attribute, 'attr', ast.Store)
    return sorted(made - named(ast.Name, 'id', ast.Load) - named(ast.Attribute, 'attr', ast.Load) - {'_', '__init__', 'forward'})

def run(program, inputs, repeated):
    found = {'printed': [], 'unused': unused(program)}
    names = {'__name__': 'model' if inputs else '__main__', 'print': lambda *texts: found['printed'].append(texts[-1])}
    exec(program, names)
    model = names['load_model']()
    found['parameters'] = sum(x.numel() for x in model.parameters())
    found['padding'] = [x.padding_idx for x in model.modules() if isinstance(x, torch.nn.Embedding)]
    if inputs:
        tensors = [torch.tensor(x) for x in inputs]
        with torch.no_grad():
            found['logits'] = model(*tensors).tolist()
            if repeated:
                torch.manual_seed(1)
                many = model.train()(*(x.repeat(repeated, *[1] * (x.dim() - 1)) for x in tensors)).reshape(repeated, -1).double()
                found['mean'], found['spread'] = many.mean(0).tolist(), many.std(0).tolist()
    return found

print_, results = print, []
for case in json.load(sys.stdin):
    try:
        results.append(run(*case))
    except Exception as error:
        results.append({'error': repr(error)})
print_(json.dumps(results))
`;
function run(cases) {
  const { PYTHON } = process.env;
  assert.ok(PYTHON, 'PYTHON must hold the path of a Python with PyTorch');
  const input = JSON.stringify(cases.map(({ program, inputs = null, repeated = 0 }) => [program, inputs, repeated]));
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-c', runner], { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** Choices of each option, so that each value stands with each one of every other option somewhere. */
function pairwise(options) {
  const names = Object.keys(options);
  const pair = (a, b, row) => `${a}=${row[a]},${b}=${row[b]}`;
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));
  const open = new Map(pairs.flatMap(([a, b]) => options[a].flatMap((x) => options[b].map((y) => ({ [a]: x, [b]: y })).map((row) => [pair(a, b, row), row]))));
  const closes = (row) => pairs.filter(([a, b]) => a in row && b in row && open.has(pair(a, b, row))).map(([a, b]) => pair(a, b, row));
  const rows = [];
  while (open.size > 0) {
    let row = open.values().next().value;
    for (const name of names.filter((each) => !(each in row))) {
      const tried = options[name].map((value) => ({ ...row, [name]: value }));
      row = tried.reduce((best, each) => (closes(each).length > closes(best).length ? each : best));
    }
    for (const key of closes(row)) open.delete(key);
    rows.push(row);
  }
  return rows;
}

const B = 3, STEPS = 6;
const next = numbers(21);
const whole = (below) => Math.floor(((next() + 2) / 4) * below);
const tokens = (steps, below) => Array.from({ length: B }, () => Array.from({ length: steps }, () => whole(below)));
const lengths = [6, 3, 1];
/** Filled up with 0, which stands nowhere else. */
const filled = (below) => tokens(STEPS, below - 1).map((row, b) => row.map((token, s) => (s < lengths[b] ? token + 1 : 0)));

const size = { dModel: 24, numLayers: 2, numHeads: 4 };
const vocabularySize = (id) => vocabulary(taskOf(id), defaults(taskOf(id))).length;
const words = vocabularySize('copy');
const vocabularies = { sourceVocab: words, targetVocab: words };
const translation = () => ({ source: tokens(STEPS, words), sourceLengths: Int32Array.from(lengths), target: tokens(5, words) });
const translated = (model) => {
  const { source, sourceLengths, target } = translation();
  const forward = (times) => [model.forward(repeated(source, times), repeated(target, times), { sourceLengths: repeated([...sourceLengths], times) })].flat()[0];
  return { forward, inputs: [source, [...sourceLengths], target] };
};
const repeated = (rows, times) => Array.from({ length: times }, () => rows).flat();

/** Each kind's options; and how its model reads one batch, several times over. */
const kinds = {
  decoder: {
    make: 'GPT', task: 'copy', config: { ...size, vocabSize: words, maxLength: 8 },
    options: {
      positions: ['learned', 'sinusoidal', 'rotary', 'alibi', 'none'], norm: ['layer', 'rms'], activation: ['gelu', 'relu', 'silu'], numHeads: [4, 6, 2],
      numKvHeads: [0, 2, 1], bias: [true, false], tieWeights: [false, true], dropout: [0, 0.3], dimFeedforward: [0, 20],
    },
    reading(model) {
      const read = tokens(7, words);
      return { forward: (times) => model.forward(repeated(read, times)), inputs: [read] };
    },
  },
  encoder: {
    make: 'Classifier', task: 'brackets', config: { ...size, vocabSize: vocabularySize('brackets'), maxLength: 8, numClasses: 2 },
    options: {
      pooling: ['cls', 'attention', 'mean'], positions: ['learned', 'sinusoidal', 'none'], activation: ['gelu', 'relu'], normFirst: [true, false],
      bias: [true, false], dropout: [0, 0.3], dimFeedforward: [0, 20],
    },
    reading(model) {
      const read = filled(vocabularySize('brackets'));
      const keyPaddingMask = (times) => repeated(read, times).map((row) => row.map((token) => token === 0));
      return { forward: (times) => model.forward(repeated(read, times), { keyPaddingMask: keyPaddingMask(times) }), inputs: [read] };
    },
  },
  vit: {
    make: 'ViT', task: 'digits', config: { ...size, imageSize: 6, patchSize: 2, numClasses: 10 },
    options: {
      pooling: ['cls', 'attention', 'mean'], activation: ['gelu', 'relu'], normFirst: [true, false], bias: [true, false], numChannels: [1, 3],
      dropout: [0, 0.3], patchSize: [2, 3], dimFeedforward: [0, 20],
    },
    reading(model) {
      const images = random([B, model.config.numChannels, 6, 6], next);
      return { forward: (times) => model.forward(repeated(images, times)), inputs: [images] };
    },
  },
  encoderDecoder: {
    make: 'Transformer', task: 'copy', config: { ...size, ...vocabularies, maxLength: 8 },
    options: {
      positions: ['sinusoidal', 'learned', 'none'], normFirst: [true, false], activation: ['relu', 'gelu'], tieEmbeddings: [false, true], bias: [true, false],
      dropout: [0, 0.3], dimFeedforward: [0, 20],
    },
    reading: translated,
  },
  gruDot: {
    make: 'Seq2Seq', task: 'copy', config: { ...vocabularies, embeddingDim: 10, hiddenSize: 12 },
    options: {
      attention: ['additive', 'dot', 'general'], bidirectional: [true, false], numLayers: [1, 2], tieEmbeddings: [false, true], dropout: [0, 0.3],
    },
    reading: translated,
  },
};

let attn;
after(() => attn.dispose());

const stateOf = (model) => attn.scope(() => Object.fromEntries(Object.entries(model.stateDict()).map(([name, x]) => [name, { shape: x.shape, data: x.data() }])));

/** All parameters are in use, norms' weights about 1, and so many times less in embeddings. */
function fill(model, less) {
  const values = {};
  for (const [name, x] of Object.entries(model.stateDict())) {
    const scale = /^(embed|positions|patch_embed|pool\.cls)\b/.test(name) ? 1 / 4 / less : 1 / 4;
    const middle = /(ln\d|ln_f|norm\d?)\.weight$/.test(name) ? 1 : 0;
    values[name] = random(x.shape, () => middle + scale * next());
  }
  if (model.config.tieWeights) values['head.weight'] = values['embed.weight'];
  if (model.config.tieEmbeddings) values['target_embedding.weight'] = values['source_embedding.weight'];
  model.loadStateDict(values);
}

/** Models with these options, each with its program. */
function made(choose, repeated = 0) {
  return Object.entries(kinds).flatMap(([kind, { make, task: id, config, options, reading }]) => {
    const task = taskOf(id), values = defaults(task);
    return choose(options, kind).map((row) => {
      const model = new attn.models[make]({ ...config, ...row });
      fill(model, repeated || row.tieWeights ? 1 : 256); // the epsilon of norms counts where embeddings are small, their dropout, and logits made of them, where they are not
      const program = pytorchOf({
        task, settings: { seed: 1, values, model: { kind } }, config: model.config, state: stateOf(model), at: 0, sample: sampleOf(task, 1, 0, values),
      });
      const code = program.replaceAll(/^[\w+/=]+\n/gm, '');
      return { name: `${make} ${JSON.stringify(row)}\n${code}`, make, model, program, code, repeated, ...reading(model) };
    });
  });
}

/** Models that took some steps, each with its program that asks it and with what it says itself. */
async function trained() {
  const asked = [];
  for (const [id, kind] of [['recall', 'decoder'], ['copy', 'decoder'], ['brackets', 'encoder'], ['digits', 'vit'], ['dates', 'gruDot'], ['dates', 'gruAdditive'], ['stories', 'encoderDecoder']]) {
    const one = await Run.open(attn, settingsOf(taskOf(id), 1, { model: { kind }, recipe: { warmup: 0 } }));
    for (let i = 0; i < 10; i++) one.step();
    const { task, settings, at, learner: { model } } = one;
    one.samples('held', 3).forEach((sample, i) => {
      // One draws in black and white, too: numbers without a point.
      if (sample.pixels && i === 1) sample = { ...sample, pixels: sample.pixels.map(Math.round) };
      const between = id === 'stories' ? ' ' : ''; // of words, but not of characters
      const program = pytorchOf({ task, settings, config: model.config, state: stateOf(model), at, sample });
      asked.push({ name: `${id}, ${kind}`, program, answer: one.predict(sample, sample.output.length).join(between), right: sample.output.join(between) });
    });
    one.dispose();
  }
  return asked;
}

const BATCHES = 4000;
let all, dropping, asked;
before(async () => {
  attn = await load({ threads: 1 });
  await taskOf('digits').prepare();
  all = made(pairwise);
  const small = { dropout: 0.5, numLayers: 1, dimFeedforward: 20 };
  dropping = made((_, kind) => (kind === 'gruDot' ? ['additive', 'dot'].map((attention) => ({ dropout: 0.5, attention, numLayers: 2 })) : [small]), BATCHES);
  asked = await trained();
  const cases = [...all, ...dropping, ...asked]; // at once, since to start Python with PyTorch takes seconds
  run(cases).forEach((result, i) => {
    assert.equal(result.error, undefined, `${result.error}: ${cases[i].name}`);
    cases[i].result = result;
  });
});

/**
 * How many roundings stand between a token and a logit, in both programs: a parameter's last dimension is how many terms its
 * sums or a norm's have; softmax and what it weighs have as many as there are steps; all those of a GRU are there at each step.
 */
const roundings = (model) => 2 * model.parameters().reduce((sum, { shape }) => sum + shape.at(-1) + 2 * STEPS, 0) * ('hiddenSize' in model.config ? STEPS : 1);
/** They add up as a random walk does (Higham & Mary 2019, doi:10.1137/18M1226312): four of its deviations. */
const allowed = (model) => 4 * Math.sqrt(roundings(model));

test('all options of all kinds give the same logits, with nothing in the file that is not used', () => {
  for (const { name, make, model, forward, code, result } of all) {
    const logits = attn.scope(() => attn.noGrad(() => {
      model.eval();
      return forward(1).toArray();
    }));
    close(result.logits, logits, name, allowed(model));
    assert.equal(result.parameters, model.numParameters, `tied weights are one: ${name}`);
    assert.ok(result.padding.every((index) => index === (make === 'Seq2Seq' ? 0 : null)), `rows that never learn: ${name}`);
    assert.deepEqual(result.unused, [], name);
    for (const line of code.split('\n')) assert.ok(line.length <= 120, line);
  }
});

/** Of each logit over many batches: mean, deviation, and how far these two may be from the true ones at one standard error. */
function statistics(data, batches) {
  const size = data.length / batches;
  return Array.from({ length: size }, (_, i) => {
    const moment = (power, middle) => {
      let sum = 0;
      for (let b = 0; b < batches; b++) sum += (data[b * size + i] - middle) ** power;
      return sum / batches;
    };
    const mean = moment(1, 0), variance = moment(2, mean);
    return {
      mean, spread: Math.sqrt(variance), meanError: Math.sqrt(variance / batches),
      spreadError: Math.sqrt((moment(4, mean) - variance ** 2) / batches / (4 * variance)),
    };
  });
}

test('dropout is in the same places: while training, logits have the same mean and spread', () => {
  for (const { name, model, forward, result } of dropping) {
    attn.manualSeed(2);
    model.train();
    const data = attn.scope(() => attn.noGrad(() => forward(BATCHES).data()));
    statistics(data, BATCHES).forEach(({ mean, spread, meanError, spreadError }, i) => {
      // Both sides are drawn: √2. Five of these deviations: one in a million, and the seeds are fixed.
      for (const [what, x, y, error] of [['mean', mean, result.mean[i], meanError], ['spread', spread, result.spread[i], spreadError]]) {
        assert.ok(Math.abs(x - y) <= 5 * Math.SQRT2 * error, `${what} of logit ${i}: ${x} here, ${y} there, ±${error}: ${name}`);
      }
    });
  }
});

test('the file of a trained model answers as the model does', () => {
  for (const { name, answer, right, result } of asked) assert.deepEqual(result.printed.slice(-2), [answer, right], name);
});
