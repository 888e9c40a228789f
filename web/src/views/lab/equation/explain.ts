/**
 * How one cell of the lab came about, as TeX with the current numbers. Terms and results are the core's; only what it
 * keeps to itself (norms, a hidden layer, a threshold) is worked out again here, for the eye.
 */
import { equals, num, products, softmaxOf, sum } from '../../../../documents/tex.js';
import type { LabRequest, LabResult } from './worker.js';
import type { Matrix } from '../../../numbers.js';
import { format, share } from '../../../format.js';
import { say } from '../../../state/page.svelte.js';
import { t } from '../text.js';

export const stepNames = ['scores', 'scaled', 'masked', 'weights', 'output'] as const;
export type StepName = (typeof stepNames)[number];
export interface Selection { step: StepName; head: number; row: number; column: number }

export const symbols: Record<StepName, string> = { scores: 'S', scaled: '\\tilde S', masked: '\\hat S', weights: 'A', output: 'O' };

export const writeSelection = ({ step, head, row, column }: Selection) => `${step}.${head}.${row}.${column}`;

/** The selection that a link names; null where its cell does not exist (any more). */
export function readSelection(text: string, result: LabResult): Selection | null {
  const [name, ...places] = text.split('.');
  const step = stepNames.find((known) => known === name);
  const [head, row, column] = places.map(Number);
  if (!step || head === undefined || row === undefined || column === undefined) return null;
  return valueAt({ step, head, row, column }, result) === undefined ? null : { step, head, row, column };
}

export function valueAt({ step, head, row, column }: Selection, result: LabResult): number | undefined {
  return (step === 'output' ? result.output : result[step][head])?.[row]?.[column];
}

/** Which features belong to a head. */
export const headColumns = (matrix: Matrix, heads: number, head: number): [number, number] => {
  const width = matrix[0]!.length / heads;
  return [head * width, (head + 1) * width];
};

export const headOfColumn = (result: LabResult, column: number) =>
  Math.floor(column / (result.output[0]!.length / result.weights.length));

const dot = (a: number[], b: number[]) => a.reduce((total, x, i) => total + x * b[i]!, 0);
const norm = (a: number[]) => Math.sqrt(dot(a, a));

function scoreChain(r: LabRequest, q: number[], k: number[], i: string, j: string): string[] {
  const qk = `q_{${i}}\\cdot k_{${j}}`;
  const norms = `\\lVert q_{${i}}\\rVert\\,\\lVert k_{${j}}\\rVert`;
  const normsInNumbers = `${num(norm(q))}\\cdot${num(norm(k))}`;
  switch (r.score) {
    case 'dot': case 'scaledDot': return [qk, products(q, k)];
    case 'sqrtNorm': return [`\\frac{${qk}}{\\sqrt{${norms}}}`, `\\frac{${products(q, k)}}{\\sqrt{${normsInNumbers}}}`];
    case 'cosine': return [`\\frac{${qk}}{${norms}}`, `\\frac{${products(q, k)}}{${normsInNumbers}}`];
    case 'general': {
      const qw = r.general[0]!.map((_, c) => dot(q, r.general.map((row) => row[c]!)));
      return [`(q_{${i}}^{\\top}W)\\cdot k_{${j}}`, products(qw, k)];
    }
    case 'additive': {
      const hidden = r.additiveQ.map((row, a) => dot(row, q) + dot(r.additiveK[a]!, k));
      const terms = r.additiveV[0]!.map((v, a) => `${num(v)}\\tanh(${num(hidden[a])})`);
      return [`v_a^{\\top}\\tanh(W_a q_{${i}} + U_a k_{${j}})`, terms.join('+').replaceAll('+-', '-')];
    }
    case 'location':
      return [`(Wq_{${i}}+b)_{${j}}`, `${products(r.location[Number(j) - 1]!, q)}+${num(r.locationB[0]![Number(j) - 1])}`];
  }
}

/** What the mask takes: the scaled scores, or the scores themselves where nothing scales them. */
const scaled = (r: LabRequest) => (scaling(r) ? '\\tilde S' : 'S');
/** What the normaliser takes: the masked scores, or without a mask those that it would have taken. */
const taken = (r: LabRequest) => (r.mask === 'none' ? scaled(r) : '\\hat S');

function weightChain(r: LabRequest, row: number[], weights: number[], i: string, j: number, ij: string): string[] {
  const visible = row.filter((x) => x !== -Infinity);
  if (visible.length === 0) return ['0'];
  const [at, all] = [`${taken(r)}_{${ij}}`, `${taken(r)}_{${i}s}`];
  switch (r.normalizer) {
    case 'softmax': return [`\\frac{e^{${at}}}{\\sum_s e^{${all}}}`, softmaxOf(row, j)];
    case 'sum': return [`\\frac{${at}}{\\sum_s ${all}}`, row[j] === -Infinity ? '0' : `\\frac{${num(row[j])}}{${sum(visible)}}`];
    case 'doubleSoftmax': {
      const total = visible.reduce((sofar, x) => sofar + Math.exp(x - Math.max(...visible)), 0);
      const once = row.map((x) => (x === -Infinity ? x : Math.exp(x - Math.max(...visible)) / total));
      return [`\\operatorname{softmax}(\\operatorname{softmax}(${taken(r)}))_{${ij}}`, softmaxOf(once, j)];
    }
    case 'sparsemax': {
      const support = weights.findIndex((w) => w > 0);
      return [`\\max(${at}-\\theta,\\,0)`, `\\max(${num(row[j])}-${bracketed(row[support]! - weights[support]!)},\\,0)`];
    }
  }
}

const bracketed = (x: number) => (x < 0 ? `(${num(x)})` : num(x));

/** `S_{12} = q_1·k_2 = 1·0 + … = −0.5`, ready for KaTeX. */
export function explain(at: Selection, r: LabRequest, result: LabResult): string {
  const { step, head, row, column } = at;
  const value = valueAt(at, result)!;
  const [i, j] = [String(row + 1), String(column + 1)];
  const ij = row < 9 && column < 9 ? `${i}${j}` : `${i},${j}`;
  const upper = result.weights.length > 1 ? `^{(${(step === 'output' ? headOfColumn(result, column) : head) + 1})}` : '';
  const own = (matrix: Matrix, line: number) => matrix[line]!.slice(...headColumns(matrix, result.weights.length, head));
  const chain = (): string[] => {
    switch (step) {
      case 'scores': return scoreChain(r, own(result.q, row), own(result.k, column), i, j);
      case 'scaled': {
        const d = result.q[0]!.length / result.weights.length;
        const score = num(result.scores[head]![row]![column]);
        const scale = r.scale !== null ? `\\cdot ${bracketed(r.scale)}` : r.score === 'scaledDot' ? `/\\sqrt{${d}}` : '';
        return [`${score}${scale}${r.temperature === 1 ? '' : `/${num(r.temperature)}`}`];
      }
      case 'masked': {
        const before = num(result.scaled[head]![row]![column]);
        return value === -Infinity ? [`${before}-\\infty`] : [`${before}+0`];
      }
      case 'weights': return weightChain(r, result.masked[head]![row]!, result.weights[head]![row]!, i, column, ij);
      case 'output': {
        const weights = result.weights[headOfColumn(result, column)]![row]!;
        return [`\\sum_s A_{${i}s}V_{s${j}}`, products(weights, result.v.map((line) => line[column]!))];
      }
    }
  };
  const symbolic = chain();
  const terms = symbolic.pop()!;
  return [`${symbols[step]}${upper}_{${ij}}`, ...symbolic, equals(terms, value)].join(' = ');
}

/** A cell's name in plain letters: A[1, 2] */
export function nameOf({ step, row, column }: Selection): string {
  const letter = { scores: 'S', scaled: 'S̃', masked: 'Ŝ', weights: 'A', output: 'O' }[step];
  return `${letter}[${row + 1}, ${column + 1}]`;
}

/** A cell in a sentence, for those who hear it. */
export function describe(at: Selection, result: LabResult, names: string[]): string {
  const name = (i: number) => names[i] ?? String(i + 1);
  const value = valueAt(at, result);
  if (value === undefined) return '';
  return say(sentences[at.step], {
    query: name(at.row), key: at.step === 'output' ? at.column + 1 : name(at.column), value: at.step === 'weights' && value >= 0 ? share(value) : format(value),
  });
}

const sentences = { scores: t.saysScores, scaled: t.saysScaled, masked: t.saysMasked, weights: t.saysWeights, output: t.saysOutput };

/** What a score is divided or multiplied by, as the sign between two matrices; '' where nothing is done to it. */
export function scaling(r: LabRequest): string {
  const scale = r.scale !== null ? `× ${format(r.scale)}` : r.score === 'scaledDot' ? '÷ √d' : '';
  return [scale, r.temperature === 1 ? '' : '÷ τ'].filter(Boolean).join(' ');
}

export const normalizing = (r: LabRequest) => t[r.normalizer];

/** The formula of a step with the settings in force, without numbers; h stands for any of several heads. */
export function formula(step: StepName, r: LabRequest): string {
  const many = r.heads > 1;
  const own = (name: string) => (many ? `${name}_h` : name);
  const of = (name: string) => (many ? `${name}^{(h)}` : name);
  const norms = '\\lVert q_i\\rVert\\lVert k_j\\rVert';
  const scores: Record<LabRequest['score'], string> = {
    dot: `${own('Q')}${own('K')}^{\\top}`, scaledDot: `${own('Q')}${own('K')}^{\\top}`,
    sqrtNorm: `q_i\\cdot k_j\\,/\\sqrt{${norms}}`, cosine: `q_i\\cdot k_j\\,/\\,${norms}`,
    general: `${own('Q')}W${own('K')}^{\\top}`, additive: 'v_a^{\\top}\\tanh(W_aq_i+U_ak_j)', location: '(Wq_i+b)_j',
  };
  const entry = ['sqrtNorm', 'cosine', 'additive', 'location'].includes(r.score) ? '_{ij}' : '';
  const z = of(taken(r));
  const normalized: Record<LabRequest['normalizer'], string> = {
    softmax: `\\operatorname{softmax}(${z})`, sum: `${z}/\\textstyle\\sum_s${z}_s`,
    doubleSoftmax: `\\operatorname{softmax}(\\operatorname{softmax}(${z}))`, sparsemax: `\\operatorname{sparsemax}(${z})`,
  };
  switch (step) {
    case 'scores': return `${of('S')}${entry} = ${scores[r.score]}`;
    case 'scaled': return `${of('\\tilde S')} = ${of('S')}${r.scale !== null ? '\\cdot c' : r.score === 'scaledDot' ? '/\\sqrt{d}' : ''}${r.temperature === 1 ? '' : '/\\tau'}`;
    case 'masked': return `${of('\\hat S')} = ${of(scaled(r))} + M`;
    case 'weights': return `${of('A')} = ${normalized[r.normalizer]}`;
    case 'output': return many ? 'O = [A^{(1)}V_1,\\,\\ldots]' : 'O = AV';
  }
}
