/** The lab's computation as a program that runs elsewhere, with the numbers of the moment: only what is in use appears. */
import type { LabRequest } from '../worker.js';
import { javascript } from './javascript.js';
import { numpy, pytorch } from './python.js';

/** Each gives paragraphs of lines. */
const languages = { NumPy: numpy, PyTorch: pytorch, JavaScript: javascript } satisfies Record<string, (request: LabRequest) => string[][]>;

export type Language = keyof typeof languages;
export const languageNames = Object.keys(languages) as Language[];

export const code = (language: Language, request: LabRequest): string =>
  `${languages[language](request).map((lines) => lines.join('\n')).join('\n\n')}\n`;
