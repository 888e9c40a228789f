/** What several kinds of models are made of. Names in capitals are the config's numbers. */
import type { GPT } from 'attention-playground';
import { call, define } from './python.js';

/** Code of a kind of model: its classes, the last of them the model itself, and how it answers. */
export interface Program {
  model: string;
  classes: string[];
  /** `answer(model, question)`: the tokens that the model says by itself. */
  answer: string;
}

interface EncoderConfig { dropout: number; activation: string; normFirst: boolean; bias: boolean }

export const layerNorm = ({ bias }: { bias: boolean }) => `nn.LayerNorm(D_MODEL${bias ? '' : ', bias=False'})`;
export const linear = (from: string, to: string, bias: boolean) => `nn.Linear(${from}, ${to}${bias ? '' : ', bias=False'})`;

export const dropoutLayer = ({ dropout }: { dropout: number }) => dropout > 0 && 'self.dropout = nn.Dropout(DROPOUT)';
export const dropped = ({ dropout }: { dropout: number }, x: string) => (dropout > 0 ? `self.dropout(${x})` : x);

/** nn.TransformerEncoder or Decoder, as the core's configs describe it. */
export function stack(side: 'Encoder' | 'Decoder', c: EncoderConfig): string {
  const name = side.toLowerCase();
  const options = [
    c.dropout > 0 ? 'dropout=DROPOUT' : 'dropout=0.0', `activation="${c.activation}"`, `norm_first=${c.normFirst ? 'True' : 'False'}`,
    ...(c.bias ? [] : ['bias=False']), 'batch_first=True',
  ];
  const rest = [...(c.normFirst ? [`norm=${layerNorm(c)}`] : []), ...(side === 'Encoder' ? ['enable_nested_tensor=False'] : [])];
  return `layer = ${call(`nn.Transformer${side}Layer`, 'D_MODEL', 'NUM_HEADS', 'DIM_FEEDFORWARD', ...options)}
self.${name} = ${call(`nn.Transformer${side}`, 'layer', 'NUM_LAYERS', ...rest)}`;
}

type Positions = GPT['config']['positions'];
/** How positions are made, and what of them is added to `steps` tokens: nothing where they are within attention, or nowhere. */
export const makePositions = (kind: Positions, length: string, name = 'positions') =>
  kind === 'learned' ? `self.${name} = nn.Embedding(${length}, D_MODEL)`
    : kind === 'sinusoidal' && `self.register_buffer("${name}", sinusoidal(${length}, D_MODEL), persistent=False)`;
export const addedPositions = (kind: Positions, steps: string) =>
  kind === 'learned' ? ` + self.positions.weight[: ${steps}]` : kind === 'sinusoidal' ? ` + self.positions[: ${steps}]` : '';

export const sinusoidal = define('sinusoidal(length, size)', 'Sines and cosines by turns (Vaswani et al. 2017, arXiv:1706.03762, section 3.5).',
  'wavelengths = 10000 ** (torch.arange(0, size, 2).double() / size)',
  'angles = torch.arange(length).double()[:, None] / wavelengths',
  'return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :size].float()');

/** Of the models from one sequence to another. */
export const greedy = (most: number) => define(`answer(model, question, most=${most})`, 'The likeliest token of each step, up to END.',
  'source, length = torch.tensor([encode(question)]), torch.tensor([len(question)])',
  'target = [ANSWER]',
  'for _ in range(most):',
  '    token = model(source, length, torch.tensor([target]))[0, -1].argmax().item()',
  '    if token == END:',
  '        break',
  '    target.append(token)',
  'return decode(target[1:])');

export const paddingBehind = 'padding = torch.arange(source.shape[1], device=source.device) >= lengths[:, None]';
