/** The core's enums, which cross as places: their names in the C++ order, to which tests/node/enums.test.mjs holds them. */
export const UNARY = ['neg', 'exp', 'log', 'sqrt', 'tanh', 'sigmoid', 'relu', 'gelu', 'silu', 'geluTanh'] as const;
export const BINARY = ['add', 'sub', 'mul', 'div', 'pow'] as const;
export const REDUCTIONS = ['sum', 'mean', 'max'] as const;
export const SCORES = ['dot', 'scaledDot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'] as const;
export const NORMALIZERS = ['softmax', 'sum', 'doubleSoftmax', 'sparsemax'] as const;
export const NONLINEARITIES = ['linear', 'sigmoid', 'tanh', 'relu', 'leakyRelu', 'selu'] as const;
export const FANS = ['fanIn', 'fanOut'] as const;
export const LOSS_REDUCTIONS = ['none', 'mean', 'sum'] as const;

export type Unary = (typeof UNARY)[number];
export type Binary = (typeof BINARY)[number];
