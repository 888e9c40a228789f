/** A table of properties, and the text of a state: what differs from the defaults, so that a plain address stays plain. */
import type { Property } from './properties.js';

export type Properties<T> = { [K in keyof T]-?: Property<T[K]> };

/** What a record of properties is a table of. */
export type StateOf<P> = { [K in keyof P]: P[K] extends Property<infer T> ? T : never };

export class Table<T extends object> {
  readonly defaults: T;
  readonly names: (keyof T & string)[];

  constructor(private properties: Properties<T>) {
    this.names = Object.keys(properties) as (keyof T & string)[];
    this.defaults = Object.fromEntries(this.names.map((name) => [name, properties[name].default])) as T;
  }

  isPlace(name: string) { return this.properties[name as keyof T]?.place === true; }

  #isDefault(state: T, name: keyof T & string) {
    const { default: value, serialise } = this.properties[name];
    if (state[name] === value) return true;
    return state[name] !== null && value !== null && serialise(state[name]) === serialise(value);
  }

  /** The parts of an address, e.g. `doc-A5`, `A5.q=1;2;3`. */
  serialise(state: T): string[] {
    const told = this.names.filter((name) => !this.#isDefault(state, name));
    const text = (name: keyof T & string) => this.properties[name].serialise(state[name]);
    return [
      ...told.filter((name) => this.properties[name].bare).map((name) => `${this.properties[name].bare}${text(name)}`),
      ...told.filter((name) => !this.properties[name].bare).map((name) => `${name}=${escape(text(name))}`),
    ];
  }

  /** The state that parts of an address stand for: a function of them alone, and of the defaults. Others' parts are passed over. */
  parse(parts: string[]): T {
    const state = { ...this.defaults };
    for (const part of parts) {
      const bare = this.names.find((name) => this.properties[name].bare && part.startsWith(this.properties[name].bare) && !part.includes('='));
      const name = bare ?? (part.slice(0, part.indexOf('=')) as keyof T & string);
      const value = bare ? part.slice(this.properties[bare].bare!.length) : part.slice(part.indexOf('=') + 1);
      if (!Object.hasOwn(this.properties, name)) continue;
      try {
        state[name] = this.properties[name].parse(decodeURIComponent(value)) ?? state[name];
      } catch {
        // A cut-off %-escape: the rest of the link still counts.
      }
    }
    return state;
  }

  /** `next`, but with the place (an open example, a locked cell) of `here`: what undo and reset restore. */
  editsOf(next: T, here: T): T {
    const kept = this.names.filter((name) => this.isPlace(name)).map((name) => [name, here[name]]);
    return { ...next, ...Object.fromEntries(kept) };
  }

  same(a: T, b: T) { return this.serialise(a).join('&') === this.serialise(b).join('&'); }
}

// In a fragment these alone would be misread: by us (& % #) or by whoever passes the link on (blanks, quotes, <>).
const escape = (value: string) => value.replace(/[&%#\s"'<>`]/g, encodeURIComponent);
