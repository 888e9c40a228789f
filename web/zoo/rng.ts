/**
 * Numbers from a seed and a counter, so that any sample can be made again alone: SplitMix64's finaliser for 32 bits
 * (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", with the constants of Stafford's mix).
 */
function finish(z: number): number {
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

const GOLDEN = 0x9e3779b9;

/** One number from 0 to 2^32 − 1 of any parts; another one as soon as one part differs. */
export function mix(...parts: (number | string)[]): number {
  let state = 0;
  const add = (word: number) => { state = finish((state + GOLDEN + word) | 0); };
  for (const part of parts) {
    if (typeof part === 'number') add(part);
    else for (const character of `${part}\0`) add(character.codePointAt(0)!);
  }
  return state;
}

export class Random {
  #state: number;

  constructor(seed: number) { this.#state = seed; }

  /** From 0 up to, without, 1. */
  share(): number {
    this.#state = (this.#state + GOLDEN) | 0;
    return finish(this.#state) / 2 ** 32;
  }
  /** From 0 up to, without, n. */
  below(n: number): number { return Math.floor(this.share() * n); }
  /** From `least` to `most`, both included. */
  between(least: number, most: number): number { return least + this.below(most - least + 1); }
  pick<T>(list: readonly T[]): T { return list[this.below(list.length)]!; }
  /** `count` of the list, none twice, in random order. */
  several<T>(list: readonly T[], count: number): T[] {
    const rest = [...list];
    for (let i = 0; i < count; i++) {
      const at = i + this.below(rest.length - i);
      [rest[i], rest[at]] = [rest[at]!, rest[i]!];
    }
    return rest.slice(0, count);
  }
}
