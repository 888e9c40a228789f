import { usual, type Task, type Values } from '../task.js';

const ROMAN = [[100, 'C'], [90, 'XC'], [50, 'L'], [40, 'XL'], [10, 'X'], [9, 'IX'], [5, 'V'], [4, 'IV'], [1, 'I']] as const;
function roman(n: number): string {
  const next = ROMAN.find(([value]) => value <= n);
  return next ? next[1] + roman(n - next[0]) : '';
}
const example = Array.from({ length: 399 }, (_, i) => `${i + 1},${roman(i + 1)}`).join('\n');

/** More would make each step slow, and is hardly meant. */
const MOST = 64;

export interface Table {
  rows: { input: string[]; output: string[] }[];
  /** Rows that are passed over, by their lines from 1 on. */
  problems: { line: number; why: 'columns' | 'empty' | 'long' }[];
}

/** Rows of two fields, as RFC 4180 says; tabs or semicolons separate them where the first row has no comma. Empty lines are nothing. */
export function tableOf(source: string): Table {
  const text = source.replaceAll('\r\n', '\n');
  const separator = [',', '\t', ';', '，'].find((sign) => text.split('\n', 1)[0]!.includes(sign)) ?? ',';
  const table: Table = { rows: [], problems: [] };
  let at = 0, line = 1;
  const until = (...signs: string[]) => {
    const begin = at;
    while (at < text.length && !signs.includes(text[at]!)) at++;
    return text.slice(begin, at);
  };
  const field = () => {
    if (text[at] !== '"') return until(separator, '\n').trim();
    let inside = '';
    do {
      at++; // the quote that opens, or the second of two, which stand for one
      inside += (inside && '"') + until('"');
    } while (text[++at] === '"');
    return inside + until(separator, '\n').trim();
  };
  while (at < text.length) {
    const begin = at, first = line;
    const fields = [field()];
    while (text[at] === separator) {
      at++;
      fields.push(field());
    }
    at++; // the line's end
    line += text.slice(begin, at).split('\n').length - 1;
    if (fields.length === 1 && fields[0] === '') continue;
    const [input, output] = fields.map((written) => [...written]);
    if (fields.length !== 2) table.problems.push({ line: first, why: 'columns' });
    else if (input!.length === 0 || output!.length === 0) table.problems.push({ line: first, why: 'empty' });
    else if (input!.length > MOST || output!.length > MOST) table.problems.push({ line: first, why: 'long' });
    else table.rows.push({ input: input!, output: output! });
  }
  return table;
}

let last: { source: string; table: Table } | undefined;
const read = ({ table: source }: Values): Table['rows'] => {
  if (last?.source !== source) last = { source: source as string, table: tableOf(source as string) };
  return last.table.rows;
};

export const table: Task = {
  id: 'table',
  title: { zh: '自己的表', en: 'A table of your own' },
  about: { zh: '学你给的 CSV：每行一个输入、一个输出，逐字符。', en: 'Learn a CSV of yours: an input and an output a row, character by character.' },
  look: {
    zh: '没见过的行答得如何，说明学到的是规律还是原文；表太小就只会背。',
    en: 'How rows that were held out come out tells a rule from learning by heart; a small table can only be learnt by heart.',
  },
  form: 'answer',
  parameters: [{ id: 'table', name: { zh: 'CSV：输入,输出', en: 'CSV: input,output' }, text: true, default: example }],
  symbols: (values) => [...new Set(read(values).flatMap(({ input, output }) => [...input, ...output]))],
  longest: (values) => ({
    input: Math.max(1, ...read(values).map(({ input }) => input.length)), output: Math.max(1, ...read(values).map(({ output }) => output.length)),
  }),
  make(random, values) {
    const rows = read(values), at = random.below(rows.length);
    return { ...rows[at]!, key: at };
  },
  shared: (values) => read(values).length < 8,
  model: { kind: 'encoderDecoder', dModel: 64, numHeads: 4, numLayers: 1 },
  recipe: { ...usual, lr: 3e-3, steps: 400 },
  metric: 'exact',
  picture: 'alignment',
  suggestions: [
    { text: { zh: '换成 GRU 与 Luong 注意力', en: 'A GRU with Luong’s attention instead' }, model: { kind: 'gruDot', embeddingDim: 32, hiddenSize: 64 } },
    { text: { zh: '加 0.1 的随机失活', en: 'Dropout of 0.1' }, model: { dropout: 0.1 } },
  ],
};
