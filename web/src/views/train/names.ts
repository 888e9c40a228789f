/** How a run, a setting, a layer is called. */
import { taskOf } from '../../../zoo/index.js';
import { kindNames, modelOptions, recipeOptions, type Option } from '../../../zoo/options.js';
import type { Kind, Settings, Task, Value } from '../../../zoo/task.js';
import { editable } from '../../format.js';
import { say } from '../../state/page.svelte.js';
import { differences } from './changes.js';
import { t } from './text.js';

/** The option behind "model.numLayers", "recipe.lr"; a parameter of the task is told by itself. */
export function optionOf(kind: Kind, name: string): Option | undefined {
  const [part, id] = name.split('.');
  return (part === 'model' ? modelOptions[kind] : part === 'recipe' ? recipeOptions : []).find((option) => option.id === id);
}

export function valueText(task: Task, kind: Kind, name: string, value: unknown): string {
  if (name === 'model.kind') return say(kindNames[value as Kind]);
  const id = name.split('.')[1];
  const known = optionOf(kind, name) ?? task.parameters.find((parameter) => name.startsWith('values.') && parameter.id === id);
  if (known && 'choices' in known) return say(known.choices.find((one) => one.id === value)?.name ?? { zh: String(value), en: String(value) });
  if (typeof value === 'boolean') return say(value ? t.on : t.offWord);
  if (typeof value === 'number') return editable(value);
  const text = String(value);
  return text.length > 16 ? `${text.slice(0, 15)}…` : text;
}

export function settingName(task: Task, kind: Kind, name: string): string {
  if (name === 'model.kind') return say(t.kind);
  const id = name.split('.')[1];
  const found = optionOf(kind, name) ?? task.parameters.find((parameter) => parameter.id === id);
  return found ? say(found.name) : id!;
}

/** What differs from the task's own: as chips and in names. */
export const changesText = (settings: Settings): { name: string; text: string }[] => Object.entries(differences(settings)).map(([name, value]) => {
  const [task, kind] = [taskOf(settings.task), settings.model.kind];
  const shown = valueText(task, kind, name, value as Value);
  return { name, text: name === 'model.kind' ? shown : say({ zh: '{name}：{value}', en: '{name} {value}' }, { name: settingName(task, kind, name), value: shown }) };
});

export const runName = (settings: Settings): string => [
  say(taskOf(settings.task).title), ...changesText(settings).map(({ text }) => text), ...(settings.seed === 1 ? [] : [`${say(t.seed)} ${settings.seed}`]),
].join(' · ');

/** "decoder.layers.0.multihead_attn" → decoder, layer 1, cross. */
export function layerName(name: string): string {
  if (name === 'pool') return say(t.pool);
  const parts = name.split('.');
  const number = parts.find((part) => /^\d+$/.test(part));
  return [
    // A decoder alone need not be told from an encoder.
    ...(parts[0] === 'blocks' ? [] : [say(parts[0] === 'encoder' ? t.encoder : t.decoder)]),
    ...(number === undefined ? [] : [say(t.layer, { n: Number(number) + 1 })]),
    ...(parts[0] !== 'decoder' ? [] : [say(name.endsWith('self_attn') ? t.self : t.cross)]),
  ].join(say({ zh: '', en: ' ' }));
}

export const bytesText = (bytes: number) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} KB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
export const timeText = (seconds: number) => (seconds < 0.0995 ? `${(1e3 * seconds).toPrecision(2)} ms` : `${seconds.toPrecision(2)} s`);
