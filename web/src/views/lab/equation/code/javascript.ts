/** The lab's computation with our own module. */
import { bracketed, shortest } from '../../../../written.js';
import { attendOptions } from '../options.js';
import type { LabRequest } from '../worker.js';

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{ ${Object.entries(value).map(([name, x]) => `${name}: ${literal(x)}`).join(', ')} }`;
  return typeof value === 'number' ? shortest(value) : String(value);
}

function declare(name: string, value: unknown): string {
  const isMatrix = Array.isArray(value) && Array.isArray(value[0]);
  return `const ${name} = ${isMatrix ? bracketed(value as unknown[][], literal, name.length + 9) : literal(value)};`;
}

export function javascript(r: LabRequest): string[][] {
  const inputs = r.source === 'qkv' ? [declare('q', r.q), declare('k', r.k), declare('v', r.v)] : [
    declare('x', r.x), declare('wq', r.wq), declare('wk', r.wk), declare('wv', r.wv),
    'const [q, k, v] = [wq, wk, wv].map((w) => attn.tensor(x).matmul(attn.tensor(w)));',
  ];
  // Matrices have lines of their own.
  const options = Object.entries(attendOptions(r));
  const arrays = options.filter(([, value]) => Array.isArray(value)).map(([name, value]) => declare(name, value));
  const names = options.map(([name, value]) => (Array.isArray(value) ? name : `${name}: ${literal(value)}`));
  return [
    ["import { load } from 'attention-playground';"],
    ['const attn = await load();', ...inputs, ...arrays],
    [
      `const { weights, output } = attn.attend(q, k, v${names.length > 0 ? `, { ${names.join(', ')} }` : ''});`,
      'console.log(output.toArray());',
    ],
  ];
}
