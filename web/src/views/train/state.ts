/** What is trained: a task, what differs from its own settings, the seed; and what of it is looked at. */
import { tasks, taskOf } from '../../../zoo/index.js';
import { settingsOf, type Recipe, type Settings, type Suggestion, type Task, type Value } from '../../../zoo/task.js';
import { defineState } from '../../state/define.svelte.js';
import { choice, flag, number, place, whole, word, type Property } from '../../state/properties.js';
import type { HeadId } from './chunks.js';

/** "model.numLayers" → 1. */
export type Changes = Readonly<Record<string, Value | boolean>>;

const MARKS: Record<string, string> = { '~': '~t', ',': '~c', ':': '~s' };
/** A longer text makes no link that anyone can pass on; a saved run holds it. */
const MOST_IN_LINK = 3000;
export const fitsLink = (value: Value | boolean) => String(value).length <= MOST_IN_LINK;

export const changes: Property<Changes> = {
  default: {},
  parse(text) {
    const entries = text.split(',').filter(Boolean).map((part): [string, Value | boolean] => {
      const at = part.indexOf(':');
      const written = part.slice(at + 1).replace(/~[tcs]/g, (mark) => Object.keys(MARKS).find((key) => MARKS[key] === mark)!);
      const name = part.slice(0, at);
      if (name.startsWith('values.') && Number.isNaN(Number(written))) return [name, written];
      return [name, written === 'true' ? true : written === 'false' ? false : written !== '' && Number.isFinite(Number(written)) ? Number(written) : written];
    });
    return entries.every(([name]) => /^(values|model|recipe)\.[a-zA-Z]+$/.test(name)) ? Object.fromEntries(entries) : undefined;
  },
  serialise: (value) => Object.entries(value).filter(([, each]) => fitsLink(each))
    .map(([name, each]) => `${name}:${String(each).replace(/[~,:]/g, (sign) => MARKS[sign]!)}`).join(','),
};

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

const partOf = (all: Changes, part: string) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith(`${part}.`)).map(([name, value]) => [name.slice(part.length + 1), value]));

export const changed = (task: Task, seed: number, set: Changes): Settings => settingsOf(task, seed, {
  values: partOf(set, 'values') as Record<string, Value>, model: partOf(set, 'model'), recipe: partOf(set, 'recipe') as Partial<Recipe>,
});

/** A suggestion as changes. */
export const changesOf = ({ values = {}, model = {}, recipe = {} }: Omit<Suggestion, 'text'>): Changes => Object.fromEntries(
  Object.entries({ values, model, recipe }).flatMap(([part, all]) => Object.entries(all).map(([name, value]) => [`${part}.${name}`, value as Value | boolean])));

/** What must change of a task's own settings to give these. */
export function differences(settings: Settings): Changes {
  const task = taskOf(settings.task);
  const kind: Changes = settings.model.kind === task.model.kind ? {} : { 'model.kind': settings.model.kind };
  const own = changed(task, settings.seed, kind);
  const list: [string, Value | boolean][] = (['values', 'model', 'recipe'] as const).flatMap((part) =>
    Object.entries(settings[part]).filter(([name, value]) => (own[part] as Record<string, unknown>)[name] !== value)
      .map(([name, value]): [string, Value | boolean] => [`${part}.${name}`, value as Value | boolean]));
  return { ...kind, ...Object.fromEntries(list) };
}

/** One setting; back to the default it is no change any more. */
export function set(name: string, value: Value | boolean | undefined) {
  const { [name]: _, ...rest } = train.current['train.set'];
  const kindChanges = name === 'model.kind' ? Object.fromEntries(Object.entries(rest).filter(([each]) => !each.startsWith('model.'))) : rest;
  train.edit({ 'train.set': value === undefined ? kindChanges : { ...kindChanges, [name]: value }, ...(name === 'model.kind' ? { 'train.off': [], 'train.head': '' } : {}) });
}

/** A task, and changes of it; what belonged to another task goes. */
export const choose = (task: string, all: Changes = {}) =>
  train.edit({ 'train.task': task, 'train.set': all, 'train.off': [], 'train.own': '', 'train.head': '' });
