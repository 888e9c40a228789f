/** The lab's computation as a program that runs elsewhere, with the numbers of the moment: only what is in use appears. */
import type { LabRequest } from '../worker.js';
import { javascript } from './javascript.js';
import { numpy, pytorch } from './python.js';

const text = (paragraphs: string[][]) => `${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`;

/** By language; written when one is asked for. */
export const programs = (request: LabRequest) => ({
  NumPy: () => text(numpy(request)),
  PyTorch: () => text(pytorch(request)),
  JavaScript: () => text(javascript(request)),
});
