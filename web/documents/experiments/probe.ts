/** How fast a machine is, from what takes it a moment: one layer's forward and backward pass on a small batch. */
import type { Attn } from 'attention-playground';

/** Of the machine on which the experiments' seconds were measured, on one thread. */
export const PROBE_MS = 2;

export function probe(attn: Attn): number {
  return attn.scope(() => {
    const layer = new attn.nn.TransformerEncoderLayer({ dModel: 32, nhead: 2, dimFeedforward: 128, dropout: 0, batchFirst: true });
    const x = attn.randn([32, 24, 32]);
    return Math.min(...Array.from({ length: 12 }, () => {
      const begin = performance.now();
      attn.scope(() => layer.forward(x).sum().backward());
      return performance.now() - begin;
    }));
  });
}
