/**
 * What the recipes share: the four steps of an attention, which A6 explains and the others only name, and
 * attempts that the core may refuse.
 */
import type { Attention, AttnError, Tensor } from 'attention-playground';
import type { Failure, Numbers, Step, Text } from './recipe.js';
import { column, num, products, rows, softmaxOf, worked } from './tex.js';

export const asPrinted: Text = { zh: '照原文计算', en: 'As printed' };
export const corrected: Text = { zh: '改正之后', en: 'Corrected' };

/** The tensor's numbers, as a step holds them. */
export const numbers = (tensor: Tensor) => tensor.toArray() as Numbers;

/**
 * A step of a listing that cannot run: the core's refusal is what the reader sees. Inputs can be edited until it does
 * run, and then its numbers are shown; the oracle speaks of the printed inputs, so it belongs to the refusal alone.
 */
export function attempt(step: Omit<Step, 'value'>, compute: () => Tensor): Step | Failure {
  const { oracle, ...shown } = step;
  try {
    return { ...shown, value: numbers(compute()) };
  } catch (error) {
    if (!isAttnError(error)) throw error;
    const { code, op, message, shapes } = error;
    return { caption: step.caption, op: step.op, error: { code, op, message, shapes }, oracle };
  }
}

// By name: recipes import types only, and so have no class to ask.
const isAttnError = (error: unknown): error is AttnError => error instanceof Error && error.name === 'AttnError';

type Extra = Partial<Omit<Step, 'value'>>;

/** S = Q Kᵀ */
export function scoresStep(q: Numbers, k: Numbers, scores: Numbers, extra: Extra = {}): Step {
  const tex = extra.tex ?? 'S';
  return {
    tex,
    caption: { zh: '分数', en: 'Scores' },
    formula: `${tex} = QK^{\\top}`,
    formulaWithNumbers: worked(tex, scores, (j) => products(rows(q)[0], rows(k)[j])),
    role: 'signed',
    value: scores,
    ...extra,
  };
}

/** S̃ = S / √d; `divisor` is the TeX of √d in numbers. */
export function scaledStep(scores: Numbers, scaled: Numbers, divisor: string, extra: Extra = {}): Step {
  const tex = extra.tex ?? '\\tilde S';
  return {
    tex,
    caption: { zh: '缩放后的分数', en: 'Scaled scores' },
    op: '\\div\\sqrt{d}\\;\\to',
    formula: `${tex} = S/\\sqrt{d}`,
    formulaWithNumbers: worked(tex, scaled, (j) => `${num(rows(scores)[0][j])}/${divisor}`),
    role: 'signed',
    value: scaled,
    ...extra,
  };
}

/** A = softmax(S̃), row by row; `scaled` is what goes into the softmax. */
export function weightsStep(scaled: Numbers, weights: Numbers, extra: Extra = {}): Step {
  const tex = extra.tex ?? 'A';
  return {
    tex,
    caption: { zh: '权重', en: 'Weights' },
    op: '\\operatorname{softmax}\\;\\to',
    formula: `${tex}_{ts} = \\frac{e^{\\tilde S_{ts}}}{\\sum_{r} e^{\\tilde S_{tr}}}`,
    formulaWithNumbers: worked(tex, weights, (j) => softmaxOf(rows(scaled)[0], j)),
    role: 'weights',
    value: weights,
    ...extra,
  };
}

/** O = A V; `of` is the TeX of V. */
export function outputStep(weights: Numbers, v: Numbers, output: Numbers, extra: Extra = {}, of = 'V'): Step {
  const tex = extra.tex ?? 'O';
  return {
    tex,
    caption: { zh: '输出', en: 'Output' },
    op: `\\times ${of}\\;=`,
    formula: `${tex} = A${of}`,
    formulaWithNumbers: worked(tex, output, (j) => products(rows(weights)[0], column(v, j))),
    role: 'signed',
    value: output,
    ...extra,
  };
}

/** Where one attention's four steps find their oracle (a path, '' for the top) and what is claimed for them. */
export interface Beside {
  oracle?: string;
  claimed?: { weights?: string; output?: string };
}

/** Scores, scaled scores, weights and output of a dot-product attention; `scale` says whether 1/√d was applied. */
export function attentionSteps(
  inputs: { q: Numbers; k: Numbers; v: Numbers }, result: Attention, scale: 'sqrt' | 'none', beside: Beside = {},
): Step[] {
  const { oracle, claimed } = beside;
  const path = (name: string) => (oracle === undefined ? undefined : oracle === '' ? name : `${oracle}.${name}`);
  const [scores, scaled, weights, output] =
    [result.scores, result.scaled, result.weights, result.output].map(numbers);
  const d = rows(inputs.q)[0].length;
  const unscaled: Extra = scale === 'sqrt' ? {} : {
    caption: { zh: '不缩放：分数原样进入 softmax。', en: 'No scaling: the scores enter the softmax as they are.' },
    op: '\\to',
    formula: '\\tilde S = S',
    formulaWithNumbers: worked('\\tilde S', scaled, (j) => num(rows(scores)[0][j])),
  };
  return [
    scoresStep(inputs.q, inputs.k, scores, { oracle: path('scores') }),
    scaledStep(scores, scaled, `\\sqrt{${d}}`, { ...unscaled, oracle: path('scaled') }),
    weightsStep(scaled, weights, { oracle: path('weights'), claimed: claimed?.weights }),
    outputStep(weights, inputs.v, output, { oracle: path('output'), claimed: claimed?.output }),
  ];
}
