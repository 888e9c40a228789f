/**
 * Everything that a link carries: one table of properties, each with its default and its text form. The hash holds
 * only what differs from the defaults, so the plain address stays plain and a link replays a picture.
 */
import type { Normalizer, Score } from 'attention-playground';
import { recipes } from '../documents/index.js';
import type { Numbers } from '../documents/recipe.js';
import { inputDefault } from './documents/examples.js';
import { shapeOf } from './format.js';
import { starters } from './lab/starters.js';
import { parseNumber, type Matrix } from './numbers.js';

export const scores = ['scaledDot', 'dot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'] as const satisfies readonly Score[];
export const normalizers = ['softmax', 'sum', 'doubleSoftmax', 'sparsemax'] as const satisfies readonly Normalizer[];
export const masks = ['none', 'causal', 'window', 'padding', 'free'] as const;
export const themes = ['auto', 'light', 'dark'] as const;
export const languages = ['zh', 'en'] as const;
export const views = ['documents', 'lab'] as const;
export const sources = ['qkv', 'x'] as const;

export type Language = (typeof languages)[number];
export type Theme = (typeof themes)[number];
export type View = (typeof views)[number];
export type MaskKind = (typeof masks)[number];
export type Source = (typeof sources)[number];

export interface LabState {
  source: Source;
  q: Matrix; k: Matrix; v: Matrix;
  x: Matrix; wq: Matrix; wk: Matrix; wv: Matrix;
  score: Score;
  general: Matrix; additiveQ: Matrix; additiveK: Matrix; additiveV: Matrix; location: Matrix; locationB: Matrix;
  normalizer: Normalizer;
  mask: MaskKind;
  window: number;
  padding: number;
  /** 1 where the painted mask holds −∞. */
  painted: Matrix;
  heads: number;
  /** null: 1/√D for the scaled dot product, 1 for the others. */
  scale: number | null;
  temperature: number;
  /** Names of the rows, for the pictures: empty, or words with blanks between. */
  tokens: string;
}

export interface State extends LabState {
  lang: Language;
  theme: Theme;
  view: View;
  /** The document example that was opened, '' for the top of the page. */
  doc: string;
  /** The cell of the lab that is locked: `weights.0.1.2` is head 0, row 1, column 2. */
  cell: string;
  /** Inputs of the document examples that were edited, by `A1.q`. */
  [input: `${string}.${string}`]: Numbers;
}

interface Property<T> {
  default: T;
  /** undefined where the text makes no sense: the default holds. */
  parse(text: string): T | undefined;
  serialise(value: T): string;
  /** Undo and reset are about edits, not about where one is. */
  place?: true;
}

const word = (value: string): Property<string> => ({ default: value, parse: (text) => text, serialise: (v) => v });

const choice = <T extends string>(options: readonly T[], value: T): Property<T> => ({
  default: value,
  parse: (text) => options.find((option) => option === text),
  serialise: (v) => v,
});

const number = (value: number, fits: (x: number) => boolean): Property<number> => ({
  default: value,
  parse: (text) => {
    const x = parseNumber(text);
    return typeof x === 'number' && fits(x) ? x : undefined;
  },
  serialise: String,
});

const whole = (least: number) => (x: number) => Number.isInteger(x) && x >= least && x <= 4096;

const optional = (inner: Property<number>): Property<number | null> => ({
  default: null,
  parse: (text) => inner.parse(text),
  serialise: String,
});

// Brackets get lost in chats and mails; separators by depth don't: a row is 1,2,3 and rows are parted by semicolons.
const SEPARATORS = [',', ';', '/', '~'];

function write(value: Numbers, depth: number): string {
  return typeof value === 'number' ? String(value) : value.map((part) => write(part, depth - 1)).join(SEPARATORS[depth - 1]);
}

function read(text: string, depth: number): Numbers | undefined {
  if (depth === 0) {
    const x = parseNumber(text);
    return typeof x === 'number' ? x : undefined;
  }
  const parts = text.split(SEPARATORS[depth - 1]!).map((part) => read(part, depth - 1));
  const shapes = new Set(parts.map((part) => part !== undefined && shapeOf(part).join()));
  return shapes.size === 1 && !shapes.has(false) ? (parts as Numbers[]) : undefined;
}

function numbers<T extends Numbers>(value: T): Property<T> {
  const depth = shapeOf(value).length;
  return {
    default: value,
    parse: (text) => read(text, depth) as T | undefined,
    serialise: (v) => write(v, depth),
  };
}

const browserLanguage = (): Language => (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

const place = <T>(property: Property<T>): Property<T> => ({ ...property, place: true });

const fixed: { [K in keyof LabState]: Property<LabState[K]> } & Record<'lang' | 'theme' | 'view' | 'doc' | 'cell', unknown> = {
  lang: place(choice(languages, browserLanguage())),
  theme: place(choice(themes, 'auto')),
  view: place(choice(views, 'documents')),
  doc: place(choice(['', ...recipes.map((recipe) => recipe.id)], '')),
  cell: place(word('weights.0.0.1')),
  source: choice(sources, 'qkv'),
  q: numbers(starters.q), k: numbers(starters.k), v: numbers(starters.v),
  x: numbers(starters.x), wq: numbers(starters.wq), wk: numbers(starters.wk), wv: numbers(starters.wv),
  score: choice(scores, 'scaledDot'),
  general: numbers(starters.general),
  additiveQ: numbers(starters.additiveQ), additiveK: numbers(starters.additiveK), additiveV: numbers(starters.additiveV),
  location: numbers(starters.location), locationB: numbers(starters.locationB),
  normalizer: choice(normalizers, 'softmax'),
  mask: choice(masks, 'none'),
  window: number(1, whole(0)),
  padding: number(3, whole(0)),
  painted: numbers(starters.painted),
  heads: number(1, whole(1)),
  scale: optional(number(1, () => true)),
  temperature: number(1, (x) => x > 0),
  tokens: word(''),
};

const inputs = recipes.flatMap((recipe) =>
  recipe.inputs.map((spec) => [`${recipe.id}.${spec.name}`, numbers(inputDefault(recipe, spec))] as const));

const table = new Map<string, Property<unknown>>([...Object.entries(fixed), ...inputs] as [string, Property<unknown>][]);

export const defaults = Object.fromEntries([...table].map(([name, property]) => [name, property.default])) as unknown as State;

const text = (state: State, name: string) => table.get(name)!.serialise(state[name as keyof State]);
const isDefault = (state: State, name: string, property: Property<unknown>) =>
  state[name as keyof State] === property.default || (state[name as keyof State] !== null && property.default !== null && text(state, name) === property.serialise(property.default));

// In a fragment these alone would be misread: by us (& % #) or by whoever passes the link on (blanks, quotes, <>).
const escape = (value: string) => value.replace(/[&%#\s"'<>`]/g, encodeURIComponent);

/** The fragment without its #, e.g. `doc-A5&lang=en&A5.q=1;2;3`. */
export function serialise(state: State): string {
  const parts: string[] = state.doc && state.view === 'documents' ? [`doc-${state.doc}`] : [];
  for (const [name, property] of table) {
    if (name === 'doc' || isDefault(state, name, property)) continue;
    parts.push(`${name}=${escape(text(state, name))}`);
  }
  return parts.join('&');
}

/** The state that a fragment stands for: a function of the fragment alone, and of the defaults. */
export function parse(fragment: string): State {
  const state: Record<string, unknown> = { ...defaults };
  for (const part of fragment.replace(/^#/, '').split('&')) {
    const bare = /^doc-(\w+)$/.exec(part);
    const [name, value] = bare ? ['doc', bare[1]!] : [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)];
    try {
      state[name] = table.get(name)?.parse(decodeURIComponent(value)) ?? state[name];
    } catch {
      // A cut-off %-escape: the rest of the link still counts.
    }
  }
  return Object.fromEntries([...table.keys()].map((name) => [name, state[name]])) as unknown as State;
}

/** `next`, but with the place (language, view, …) of `here`: what undo and reset restore. */
export function editsOf(next: State, here: State): State {
  const kept = [...table].filter(([, property]) => property.place).map(([name]) => [name, here[name as keyof State]]);
  return { ...next, ...Object.fromEntries(kept) } as State;
}

export const isPlace = (name: string) => table.get(name)?.place === true;
