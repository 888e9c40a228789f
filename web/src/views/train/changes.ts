/** What differs from a task's own settings, and its text for the address. */
import { taskOf } from '../../../zoo/index.js';
import { modelOptions, recipeOptions, type Option } from '../../../zoo/options.js';
import { kindsOf, settingsOf, type Parameter, type Recipe, type Settings, type Suggestion, type Task, type Value } from '../../../zoo/task.js';
import type { Property } from '../../state/properties.js';

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
      return [name, written === 'true' ? true : written === 'false' ? false : written !== '' && Number.isFinite(Number(written)) ? Number(written) : written];
    });
    return entries.every(([name]) => /^(values|model|recipe)\.[a-zA-Z]+$/.test(name)) ? Object.fromEntries(entries) : undefined;
  },
  serialise: (value) => Object.entries(value).filter(([, each]) => fitsLink(each))
    .map(([name, each]) => `${name}:${String(each).replace(/[~,:]/g, (sign) => MARKS[sign]!)}`).join(','),
};

/** Whether a link may say so: what no field offers might make a model that lasts, or none. */
function fits(option: Option | Parameter | undefined, value: Value | boolean): boolean {
  if (!option) return false;
  if ('choices' in option) return option.choices.some(({ id }) => id === value);
  if ('text' in option) return typeof value === 'string';
  if ('flag' in option) return typeof value === 'boolean';
  return typeof value === 'number' && value >= option.min && value <= option.max && (!('whole' in option || 'default' in option) || Number.isInteger(value));
}

/** A task's settings with all changes that make sense of it. */
export function changed(task: Task, seed: number, set: Changes): Settings {
  const kind = kindsOf(task).find((each) => each === set['model.kind']) ?? task.model.kind;
  const options = { values: task.parameters, model: modelOptions[kind], recipe: recipeOptions };
  const partOf = (part: keyof typeof options) => Object.fromEntries(Object.entries(set).flatMap(([name, found]) => {
    const [of, id] = name.split('.');
    if (of !== part) return [];
    const option = (options[part] as readonly (Option | Parameter)[]).find((each) => each.id === id);
    const value = option && 'text' in option ? String(found) : found; // a text may look like a number
    return fits(option, value) ? [[id!, value]] : [];
  }));
  return settingsOf(task, seed, {
    values: partOf('values') as Record<string, Value>, model: { ...partOf('model'), ...(kind === task.model.kind ? {} : { kind }) }, recipe: partOf('recipe') as Partial<Recipe>,
  });
}

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
