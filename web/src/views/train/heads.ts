/** Layers as they are drawn: of the film, whose weights are kept as 65,535ths, or as they are now. */
import type { Attention } from '../../../zoo/learners.js';
import type { Frame } from './chunks.js';

const filmed = new WeakMap<Frame, Attention[]>();

export function layersOf(frame: Frame | undefined, look: { layers: Attention[] } | undefined): Attention[] {
  if (!frame) return look?.layers ?? [];
  let layers = filmed.get(frame);
  if (!layers) {
    layers = frame.layers.map(({ weights, ...layer }) => ({ ...layer, weights: Float32Array.from(weights, (w) => w / 65535) }));
    filmed.set(frame, layers);
  }
  return layers;
}
