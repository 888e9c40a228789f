/** The zoo: every task, in the order in which the page offers them; the first is the page's own. */
import type { Task } from './task.js';
import { addition } from './tasks/addition.js';
import { brackets } from './tasks/brackets.js';
import { copy } from './tasks/copy.js';
import { dates } from './tasks/dates.js';
import { digits } from './tasks/digits.js';
import { modular } from './tasks/modular.js';
import { parity } from './tasks/parity.js';
import { random } from './tasks/random.js';
import { recall } from './tasks/recall.js';
import { reverse } from './tasks/reverse.js';
import { sentiment } from './tasks/sentiment.js';
import { sort } from './tasks/sort.js';
import { stories } from './tasks/stories.js';
import { summary } from './tasks/summary.js';
import { table } from './tasks/table.js';
import { text } from './tasks/text.js';
import { zeros } from './tasks/zeros.js';

export const tasks: readonly Task[] = [
  recall, copy, reverse, sort, addition, modular, brackets, parity, random, zeros, dates, sentiment, stories, summary, digits, text, table,
];

export function taskOf(id: string): Task {
  const found = tasks.find((task) => task.id === id);
  if (!found) throw new Error(`There is no task '${id}'; there are ${tasks.map((task) => task.id).join(', ')}.`);
  return found;
}
