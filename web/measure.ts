/** What attention costs on the machine at hand. */
import type { Attn, Tensor } from 'attention-playground';

/** As its parts one after the other, with every weight in memory; or fused, which never holds a matrix of them. */
const ways = {
  plain: (attn: Attn, q: Tensor, k: Tensor, v: Tensor) => attn.attend(q, k, v),
  fused: (attn: Attn, q: Tensor, k: Tensor, v: Tensor) => attn.F.scaledDotProductAttention(q, k, v),
};
type Way = keyof typeof ways;

const inputs = (attn: Attn, n: number, d: number) => [1, 2, 3].map(() => attn.randn([n, d])) as [Tensor, Tensor, Tensor];

/** Milliseconds of one attention over n words of d features: the best of so many. */
export function attentionTime(attn: Attn, n: number, d: number, way: Way = 'plain', repeats = 3): number {
  return attn.scope(() => {
    const [q, k, v] = inputs(attn, n, d);
    return Math.min(...Array.from({ length: repeats }, () => {
      const begin = performance.now();
      attn.scope(() => void ways[way](attn, q, k, v));
      return performance.now() - begin;
    }));
  });
}

/** Bytes of what one leaves in memory: its output, and whatever stands between. */
export function attentionBytes(attn: Attn, n: number, d: number, way: Way = 'plain'): number {
  return attn.scope(() => {
    const [q, k, v] = inputs(attn, n, d), before = attn.memory();
    const made = ways[way](attn, q, k, v);
    return made && attn.memory() - before;
  });
}
