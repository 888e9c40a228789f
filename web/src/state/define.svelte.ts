/**
 * State: a table of properties for each view and one for the page, each with its own history; and the one address that
 * is made of them. It holds the page's table and that of the view which is open.
 */
import { SvelteMap } from 'svelte/reactivity';
import { Table, type Properties } from './table.js';

/** Edits of the same property that follow one another this closely are one step of undo. */
const ONE_EDIT_MS = 800;
/** Browsers refuse more than about 100 changes of the address in half a minute; typing is faster than that. */
const ADDRESS_MS = 250;

export const partsOf = (fragment: string) => fragment.replace(/^#/, '').split('&');

/** The state of the page or of a view: what components read, how it changes, its history. */
export class State<T extends object> {
  #state = $state.raw() as T;
  #past = $state.raw<T[]>([]);
  #future = $state.raw<T[]>([]);
  /** Counts the visits to a place: opening the open example again scrolls to it again. */
  visits = $state(0);
  #lastEdit = { names: '', time: -Infinity };

  constructor(readonly table: Table<T>) { this.#state = table.parse(partsOf(location.hash)); }

  get current() { return this.#state; }
  get defaults() { return this.table.defaults; }
  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }

  /** An edit: it can be undone, and the address follows. */
  edit(patch: Partial<T>) {
    const names = Object.keys(patch).sort();
    if (!names.every((name) => this.table.isPlace(name))) {
      if (Object.entries(patch).every(([name, value]) => this.#state[name as keyof T] === value)) return;
      const now = performance.now();
      const goesOn = names.join() === this.#lastEdit.names && now - this.#lastEdit.time < ONE_EDIT_MS;
      this.#lastEdit = { names: names.join(), time: now };
      if (!goesOn) this.#remember();
      this.#future = [];
    }
    this.#replace({ ...this.#state, ...patch });
  }

  undo() { this.#travel('undo'); }
  redo() { this.#travel('redo'); }

  /** Back to the defaults: all that can be edited, or what has these names. */
  reset(names: (name: string) => boolean = () => true) {
    const patch = Object.entries(this.defaults).filter(([name]) => !this.table.isPlace(name) && names(name));
    this.edit(Object.fromEntries(patch) as Partial<T>);
    this.#travelled();
  }

  /** Where the address leads: a step that the browser's back button takes back, or one that it has taken. */
  arrive(next: T, { undoable }: { undoable: boolean }) {
    if (undoable && !this.table.same(this.table.editsOf(next, this.#state), this.#state)) {
      this.#remember();
      this.#future = [];
      this.#travelled();
    }
    this.#state = next;
    this.visits += 1;
  }

  #remember() { this.#past = [...this.#past.slice(-199), this.#state]; }

  #travelled() {
    this.#lastEdit.time = -Infinity;
    address.travels += 1;
  }

  #travel(way: 'undo' | 'redo') {
    const [from, to] = way === 'undo' ? [this.#past, this.#future] : [this.#future, this.#past];
    const target = from.at(-1);
    if (!target) return;
    const [rest, kept] = [from.slice(0, -1), [...to, this.#state]];
    if (way === 'undo') [this.#past, this.#future] = [rest, kept];
    else [this.#future, this.#past] = [rest, kept];
    this.#travelled();
    this.#replace(this.table.editsOf(target, this.#state));
  }

  #replace(next: T) {
    this.#state = next;
    address.writeSoon();
  }
}

// The tables differ in type; here only what they have in common is asked for.
type AnyState = State<any>; // eslint-disable-line @typescript-eslint/no-explicit-any

/** Which view a fragment is for; the shell knows them. */
type ViewOf = (parts: string[]) => string;

class Address {
  #states = new SvelteMap<string, AnyState>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #viewOf: ViewOf = () => '';
  #home = '';
  /** The view that is open. */
  view = $state('');
  /** Counts undo, redo and reset: what was half typed goes with them. */
  travels = $state(0);

  /** Begins to follow the browser; `home` is the view that the address does not name. */
  open(home: string, viewOf: ViewOf) {
    this.#home = home;
    this.#viewOf = viewOf;
    this.view = viewOf(partsOf(location.hash));
    addEventListener('popstate', () => this.#arrive());
    addEventListener('pagehide', () => this.#write());
  }

  add(view: string, state: AnyState) { this.#states.set(view, state); }

  /** The state of a view, once the view is loaded. */
  stateOf(view: string): AnyState | undefined { return this.#states.get(view); }

  /** For `href`, so that a link opened elsewhere shows the same. */
  link(view = this.view, patch: object = {}): string {
    const state = this.#states.get(view);
    // A bare property names the view by itself.
    const parts = state ? state.table.serialise({ ...state.current, ...patch }) : [];
    const named = view === this.#home || this.#viewOf(parts) === view ? [] : [`view=${view}`];
    const page = this.#states.get('')!;
    const [bare, others] = [parts.filter((part) => !part.includes('=')), parts.filter((part) => part.includes('='))];
    return `#${[...bare, ...named, ...page.table.serialise(page.current), ...others].join('&')}`;
  }

  /** A step that the browser's back button takes back. */
  visit(view: string, patch: object = {}) {
    this.#write();
    this.view = view;
    const state = this.#states.get(view);
    // A view alone is left and found as it was.
    if (state && Object.keys(patch).length > 0) state.arrive({ ...state.current, ...patch }, { undoable: false });
    const next = this.#text();
    if (next !== location.pathname + location.search + location.hash) history.pushState(null, '', next);
  }

  /** A click on a link of the page's own; with a modifier it is the browser's, as another tab is the reader's own wish. */
  follow(event: MouseEvent, go: () => void) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go();
  }

  /** Writes the address when changes pause. */
  writeSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(), ADDRESS_MS);
  }

  #text() {
    const link = this.link();
    return location.pathname + location.search + (link === '#' ? '' : link);
  }

  #write() {
    clearTimeout(this.#timer);
    if (this.#timer !== undefined) history.replaceState(history.state, '', this.#text());
    this.#timer = undefined;
  }

  /** Back, forward, or an address typed by hand. */
  #arrive() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const parts = partsOf(location.hash);
    this.view = this.#viewOf(parts);
    for (const name of ['', this.view]) {
      const state = this.#states.get(name);
      const next = state?.table.parse(parts);
      // The page's own properties are places, of which there is nothing to undo.
      if (state && !state.table.same(next, state.current)) state.arrive(next, { undoable: name !== '' });
    }
  }
}

export const address = new Address();

/** The state of a view, by the view's id ('' is the page's own); it begins with what the address says. */
export function defineState<T extends object>(view: string, properties: Properties<T>): State<T> {
  const state = new State(new Table(properties));
  address.add(view, state);
  return state;
}
