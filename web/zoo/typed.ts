/** What a reader types, cut into a task's tokens. */
import { vocabulary, SIGNS, type Task, type Values } from './task.js';

/** A letter that begins none of the task's tokens. */
export class UnknownToken extends Error {
  constructor(readonly token: string) { super(`'${token}' is not among the tokens`); }
}

/** The longest token that fits comes first; blanks part words, unless a blank is a token itself. */
export function tokensOf(task: Task, values: Values, text: string): string[] {
  const symbols = vocabulary(task, values).slice(SIGNS.length).sort((a, b) => b.length - a.length);
  const parts = symbols.includes(' ') ? [text] : text.trim().split(/\s+/);
  return parts.flatMap((part) => {
    const tokens: string[] = [];
    for (let at = 0; at < part.length;) {
      const found = symbols.find((symbol) => part.startsWith(symbol, at));
      if (found === undefined) throw new UnknownToken([...part.slice(at)][0]!);
      tokens.push(found);
      at += found.length;
    }
    return tokens;
  });
}

/** Tokens as a reader writes them. */
export const written = (tokens: readonly string[]) => tokens.join(tokens.every((token) => [...token].length === 1 || /\p{Script=Han}/u.test(token)) ? '' : ' ');
