/** A trained model as one file of PyTorch: its modules, its weights, and what it answers to a sample. */
import type { Classifier, GPT, Seq2Seq, Transformer, ViT } from 'attention-playground';
import type { Learner } from '../learners.js';
import { ANSWER, END, PAD, vocabulary, type Sample, type Settings, type Task } from '../task.js';
import { sinusoidal, type Program } from './blocks.js';
import { classifier, vit } from './encoder.js';
import { gpt } from './gpt.js';
import { base64, constantName, define, list, mentions, quoted } from './python.js';
import { seq2seq } from './seq2seq.js';
import { transformer } from './transformer.js';

export interface Weights { readonly shape: readonly number[]; readonly data: Float32Array }

export interface Trained {
  task: Task;
  settings: Pick<Settings, 'seed' | 'values' | 'model'>;
  /** The model's own, with every default filled in. */
  config: Learner['model']['config'];
  /** Its state dict. */
  state: Readonly<Record<string, Weights>>;
  /** How many steps were taken. */
  at: number;
  /** What the file asks the model when it is run. */
  sample: Sample;
}

function programOf({ task, settings: { values, model: { kind } }, config, sample }: Trained): Program {
  const stream = task.form === 'stream', most = stream ? sample.output.length : task.longest(values).output;
  switch (kind) {
    case 'decoder': return gpt(config as GPT['config'], stream, most);
    case 'encoder': return classifier(config as Classifier['config']);
    case 'vit': return vit(config as ViT['config']);
    case 'encoderDecoder': return transformer(config as Transformer['config'], most);
    case 'gruAdditive': case 'gruDot': return seq2seq(config as Seq2Seq['config'], most);
  }
}

/** The config's numbers, and those that follow from them. */
function constantsOf(config: Trained['config']): [name: string, value: number][] {
  const all = Object.entries<unknown>({ ...config, pad: PAD, answer: ANSWER, end: END }).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const { dModel, numHeads, dimFeedforward } = config as Partial<GPT['config']>;
  const derived: Record<string, number> = dModel === undefined ? {} : { dimFeedforward: dimFeedforward || 4 * dModel, headSize: dModel / numHeads! };
  return Object.entries({ ...Object.fromEntries(all), ...derived }).map(([name, value]) => [constantName(name), value]);
}

const encode = define('encode(tokens)', '', 'return [VOCABULARY.index(token) for token in tokens]');
const decode = define('decode(numbers)', '', 'return [VOCABULARY[number] for number in numbers]');

const weightsOf = (state: Trained['state']) => `# Of each parameter its shape and its numbers: float32, little-endian, in base64.
WEIGHTS = {
${Object.entries(state).map(([name, { shape, data }]) => `    ${quoted(name)}: ([${shape.join(', ')}], """\n${base64(data)}\n"""),`).join('\n')}
}`;

const loader = (model: string) => define('load_model()', '',
  'state = {',
  '    name: torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32).reshape(shape)',
  '    for name, (shape, text) in WEIGHTS.items()',
  '}',
  `model = ${model}()`,
  'model.load_state_dict(state, strict=True)',
  'return model.eval()');

/** Asks the model; words stand apart, single characters do not. */
function demonstration({ input, output, pixels }: Sample, words: readonly string[]): string {
  const joined = (tokens: string) => `"${words.every((word) => [...word].length === 1) ? '' : ' '}".join(${tokens})`;
  const question = list(pixels ? pixels.map(String) : input.map(quoted), 1);
  return `if __name__ == "__main__":
    ${pixels ? 'pixels' : 'question'} = ${question}
${pixels ? '' : `    print("question:", ${joined('question')})\n`}    with torch.no_grad():
        print("answer:  ", ${joined(`answer(load_model(), ${pixels ? 'pixels' : 'question'})`)})
    print("right:   ", ${joined(list(output.map(quoted), 1))})`;
}

/** The text of a file that needs nothing but PyTorch. What the model's config does not ask for is not in it. */
export function pytorchOf(trained: Trained): string {
  const { task, settings, config, state, at, sample } = trained;
  const { model, classes, answer } = programOf(trained);
  const words = task.form === 'image' ? [] : vocabulary(task, settings.values);
  const code = [...classes, answer].join('\n\n\n');
  const used = (names: readonly (readonly [name: string, text: string])[]) => names.filter(([name]) => mentions(code, name)).map(([, text]) => text);
  const lists = used([['encode|decode', `VOCABULARY = ${list(words.map(quoted))}`], ['CLASSES', `CLASSES = ${list((task.classes ?? []).map(quoted))}`]]);
  const helpers = used([['encode', encode], ['decode', decode], ['sinusoidal', sinusoidal]]);
  const imports = ['import base64', ...used([['math', 'import math']]), '', 'import torch', ...used([['F', 'import torch.nn.functional as F']]), 'from torch import nn'];
  return `${[
    `"""${task.title.en}. ${task.about.en}

A model of the attention playground, with its weights: ${at} steps of training from seed ${settings.seed}. Needs PyTorch 2.5 or newer.
"""
${imports.join('\n')}

${used(constantsOf(config).map(([name, value]) => [name, `${name} = ${value}`])).join('\n')}

${lists.join('\n')}`,
    ...helpers, code, weightsOf(state), loader(model), demonstration(sample, task.classes && task.form === 'image' ? task.classes : words),
  ].join('\n\n\n')}\n`;
}
