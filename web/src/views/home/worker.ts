/** The sentence's attention, in the worker. */
import type { Attn } from 'attention-playground';
import { headOf } from './words.js';

export interface HomeRequest { words: string[]; causal: boolean; temperature: number }
export interface HomeResult { /** [T,T], as they enter the softmax. */ scores: number[][]; weights: number[][] }

export default function run(attn: Attn, { words, causal, temperature }: HomeRequest): HomeResult {
  const { query, key, bias } = headOf(words, causal);
  let result: HomeResult;
  attn.scope(() => {
    const { masked, weights } = attn.attend(query, key, key, { mask: { additive: bias }, temperature });
    result = { scores: masked.toArray() as number[][], weights: weights.toArray() as number[][] };
  });
  return result!;
}
