/** The sentence's attention, in the worker. */
import type { Attn } from 'attention-playground';
import { headOf } from './table.js';

export interface WordsRequest { words: string[]; causal: boolean; temperature: number }
export interface WordsResult { /** [T,T], as they enter the softmax. */ scores: number[][]; weights: number[][] }

export function attendWords(attn: Attn, { words, causal, temperature }: WordsRequest): WordsResult {
  const { query, key, bias } = headOf(words, causal);
  let result: WordsResult;
  attn.scope(() => {
    const { masked, weights } = attn.attend(query, key, key, { mask: { additive: bias }, temperature });
    result = { scores: masked.toArray() as number[][], weights: weights.toArray() as number[][] };
  });
  return result!;
}
