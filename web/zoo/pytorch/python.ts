/** Python text: what is false among lines is left out. */
type Line = string | false;

const INDENT = '    ';
const WIDTH = 110;

const indented = (lines: readonly Line[], depth = 1) =>
  lines.filter((line) => line !== false).flatMap((line) => line.split('\n')).map((line) => line && INDENT.repeat(depth) + line).join('\n');

/** A JSON string is one of Python's as well. */
export const quoted = (text: string) => JSON.stringify(text);

/** In one line where it is short, else in several, indented once more than where it begins. */
export function list(items: readonly string[], depth = 0): string {
  const line = items.join(', ');
  if (line.length <= WIDTH - 30) return `[${line}]`;
  const rows = [''];
  for (const item of items) {
    if (rows.at(-1)!.length + item.length > WIDTH - 8) rows.push('');
    rows[rows.length - 1] += `${rows.at(-1) === '' ? '' : ' '}${item},`;
  }
  return `[\n${indented(rows, depth + 1)}\n${INDENT.repeat(depth)}]`;
}

/** A call in one line where it is short, else with its arguments in the next one, or each in its own. */
export function call(name: string, ...args: string[]): string {
  const line = args.join(', ');
  if (name.length + line.length <= WIDTH - 20) return `${name}(${line})`;
  return `${name}(\n${indented(line.length <= WIDTH - 8 ? [line] : args.map((arg) => `${arg},`))}\n)`;
}

export const define = (signature: string, doc: string, ...body: Line[]) => `def ${signature}:\n${indented([doc !== '' && `"""${doc}"""`, ...body])}`;

/** A class of nn.Module: what `__init__` does, and its methods. */
export const moduleClass = (name: string, doc: string, init: readonly Line[], ...methods: string[]) =>
  `class ${name}(nn.Module):\n${indented([
    ...(doc === '' ? [] : [`"""${doc}"""\n`]),
    ...(init.length === 0 ? [] : [`${define('__init__(self)', '', 'super().__init__()', ...init)}\n`]),
    methods.join('\n\n'),
  ])}`;

/** Lines of 120 characters. `btoa` is in Node, workers and pages alike. */
export function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength), lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 90) lines.push(btoa(String.fromCharCode(...bytes.subarray(at, at + 90))));
  return lines.join('\n');
}

/** "dModel" as D_MODEL. */
export const constantName = (option: string) => option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** Whether a program has a name in it, or one of several: "encode|decode". */
export const mentions = (program: string, name: string) => new RegExp(`\\b(${name})\\b`).test(program);
