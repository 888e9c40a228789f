/** NumPy's and PyTorch's words for the same things. */
import type { Matrix } from '../../../../numbers.js';
import { numpy, pytorch } from '../../../../written.js';
import type { LabRequest } from '../worker.js';

/** What NumPy and PyTorch call the same thing; matrices are [T,D], or with heads [H,T,D]. */
export interface Dialect {
  imports: string;
  matrix: (matrix: Matrix, indent: number) => string;
  flags: (flags: string) => string;
  heads: (matrix: string, heads: number) => string;
  joined: (matrix: string) => string;
  transposed: (matrix: string, heads: number) => string;
  norm: (matrix: string) => string;
  tanh: string;
  causal: (T: string, S: string) => string;
  range: (count: string) => string;
  size: (difference: string) => string;
  all: (flags: string) => string;
  filled: (matrix: string, where: string, value: '-inf' | 0) => string;
  total: (matrix: string) => string;
  softmax: (matrix: string) => string;
  /** What has to be defined for the normaliser. */
  functions: Partial<Record<LabRequest['normalizer'], string>>;
}

const numpySoftmax = `def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)`;

export const dialects: Record<'numpy' | 'pytorch', Dialect> = {
  numpy: {
    imports: 'import numpy as np',
    matrix: numpy,
    flags: (flags) => `np.array(${flags})`,
    heads: (matrix, heads) => `np.stack(np.split(${matrix}, ${heads}, axis=-1))`,
    joined: (matrix) => `np.concatenate(${matrix}, axis=-1)`,
    transposed: (matrix, heads) => (heads === 1 ? `${matrix}.T` : `${matrix}.swapaxes(-1, -2)`),
    norm: (matrix) => `np.linalg.norm(${matrix}, axis=-1)`,
    tanh: 'np.tanh',
    causal: (T, S) => `np.triu(np.ones((${T}, ${S}), dtype=bool), k=1)`,
    range: (count) => `np.arange(${count})`,
    size: (difference) => `np.abs(${difference})`,
    all: (flags) => `${flags}.all(axis=-1, keepdims=True)`,
    filled: (matrix, where, value) => `np.where(${where}, ${value === 0 ? 0 : '-np.inf'}, ${matrix})`,
    total: (matrix) => `${matrix}.sum(axis=-1, keepdims=True)`,
    softmax: (matrix) => `softmax(${matrix})`,
    functions: {
      softmax: numpySoftmax,
      doubleSoftmax: numpySoftmax,
      sparsemax: `def sparsemax(x):
    z = np.sort(x, axis=-1)[..., ::-1]
    n = np.arange(1, z.shape[-1] + 1)
    total = z.cumsum(axis=-1)
    kept = (1 + n * z > total).sum(axis=-1, keepdims=True)
    threshold = (np.take_along_axis(total, kept - 1, axis=-1) - 1) / kept
    return np.maximum(x - threshold, 0)`,
    },
  },
  pytorch: {
    imports: 'import torch',
    matrix: pytorch,
    flags: (flags) => `torch.tensor(${flags})`,
    heads: (matrix, heads) => `torch.stack(${matrix}.chunk(${heads}, dim=-1))`,
    joined: (matrix) => `torch.cat(tuple(${matrix}), dim=-1)`,
    transposed: (matrix, heads) => (heads === 1 ? `${matrix}.T` : `${matrix}.mT`),
    norm: (matrix) => `${matrix}.norm(dim=-1)`,
    tanh: 'torch.tanh',
    causal: (T, S) => `torch.ones(${T}, ${S}, dtype=torch.bool).triu(1)`,
    range: (count) => `torch.arange(${count})`,
    size: (difference) => `(${difference}).abs()`,
    all: (flags) => `${flags}.all(dim=-1, keepdim=True)`,
    filled: (matrix, where, value) => `${matrix}.masked_fill(${where}, ${value === 0 ? 0 : '-torch.inf'})`,
    total: (matrix) => `${matrix}.sum(dim=-1, keepdim=True)`,
    softmax: (matrix) => `torch.softmax(${matrix}, dim=-1)`,
    functions: {
      sparsemax: `def sparsemax(x):
    z = x.sort(dim=-1, descending=True).values
    n = torch.arange(1, z.shape[-1] + 1)
    total = z.cumsum(dim=-1)
    kept = (1 + n * z > total).sum(dim=-1, keepdim=True)
    threshold = (total.gather(-1, kept - 1) - 1) / kept
    return (x - threshold).clamp(min=0)`,
    },
  },
};
