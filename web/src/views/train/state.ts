/** What is trained: a task, what differs from its own settings, the seed; and what of it is looked at. */
import { tasks } from '../../../zoo/index.js';
import type { Value } from '../../../zoo/task.js';
import { defineState } from '../../state/define.svelte.js';
import { choice, flag, number, place, whole, word, type Property } from '../../state/properties.js';
import { changes, type Changes } from './changes.js';
import type { HeadId } from './chunks.js';

const heads: Property<readonly HeadId[]> = {
  default: [],
  parse: (text) => (/^(\d+\.\d+)(,\d+\.\d+)*$/.test(text) ? text.split(',') as HeadId[] : undefined),
  serialise: (value) => value.join(','),
};

export const train = defineState('train', {
  'train.task': choice(tasks.map(({ id }) => id), tasks[0]!.id),
  'train.seed': number(1, whole(0, 2 ** 31 - 1)),
  'train.set': changes,
  'train.off': heads,
  /** '' is the task's own sample. */
  'train.own': word(''),
  /** '' is the head that says most. */
  'train.head': place(word('')),
  'train.as': place(choice(['matrix', 'lines'] as const, 'matrix')),
  /** Whether it goes on while the tab is hidden. */
  'train.hidden': place(flag),
});

/** One setting; back to the default it is no change any more. */
export function set(name: string, value: Value | boolean | undefined) {
  const { [name]: _, ...rest } = train.current['train.set'];
  const kindChanges = name === 'model.kind' ? Object.fromEntries(Object.entries(rest).filter(([each]) => !each.startsWith('model.'))) : rest;
  train.edit({ 'train.set': value === undefined ? kindChanges : { ...kindChanges, [name]: value }, ...(name === 'model.kind' ? { 'train.off': [], 'train.head': '' } : {}) });
}

/** A task, and changes of it; what belonged to another task goes. */
export const choose = (task: string, all: Changes = {}) =>
  train.edit({ 'train.task': task, 'train.set': all, 'train.off': [], 'train.own': '', 'train.head': '' });
