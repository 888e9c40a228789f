/** The page's one state: what the components read, how it changes, its history, and its link. */
import { pick } from './i18n.js';
import { defaults, editsOf, isPlace, parse, serialise, type State } from './state.js';
import type { Text } from '../documents/recipe.js';

/** Edits of the same property that follow one another this closely are one step of undo. */
const ONE_EDIT_MS = 800;
/** Browsers refuse more than about 100 changes of the address in half a minute; typing is faster than that. */
const ADDRESS_MS = 250;

class Store {
  #state = $state.raw<State>(parse(location.hash));
  #past = $state.raw<State[]>([]);
  #future = $state.raw<State[]>([]);
  /** Counts the visits to a place: opening the open example again scrolls to it again. */
  visits = $state(0);
  /** Counts undo, redo and reset: what was half typed goes with them. */
  travels = $state(0);
  #lastEdit = { names: '', time: -Infinity };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener('popstate', () => this.#arrive());
    addEventListener('pagehide', () => this.#writeAddress());
  }

  get current() { return this.#state; }
  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }

  /** Where the state would be found; for `href`, so that a link opened elsewhere shows the same. */
  link(patch: Partial<State> = {}) { return `#${serialise({ ...this.#state, ...patch } as State)}`; }

  /** An edit: it can be undone, and the address follows. */
  edit(patch: Partial<State>) {
    const names = Object.keys(patch).sort().join();
    if (names.split(',').every(isPlace)) return this.#replace({ ...this.#state, ...patch } as State);
    if (Object.entries(patch).every(([name, value]) => this.#state[name as keyof State] === value)) return;
    const now = performance.now();
    const goesOn = names === this.#lastEdit.names && now - this.#lastEdit.time < ONE_EDIT_MS;
    this.#lastEdit = { names, time: now };
    if (!goesOn) this.#past = [...this.#past.slice(-199), this.#state];
    this.#future = [];
    this.#replace({ ...this.#state, ...patch } as State);
  }

  /** A step that the browser's back button takes back. */
  visit(patch: Partial<State>) {
    this.#writeAddress();
    this.#state = { ...this.#state, ...patch } as State;
    this.visits += 1;
    const address = this.#address();
    if (address !== location.pathname + location.search + location.hash) history.pushState(null, '', address);
  }

  undo() { this.#travel('undo'); }
  redo() { this.#travel('redo'); }

  /** Back to the defaults: all of the lab, or the inputs of one document example. */
  reset(names: (name: string) => boolean) {
    const patch = Object.entries(defaults).filter(([name]) => !isPlace(name) && names(name));
    this.edit(Object.fromEntries(patch) as Partial<State>);
    this.#lastEdit.time = -Infinity;
    this.travels += 1;
  }

  #travel(way: 'undo' | 'redo') {
    const [from, to] = way === 'undo' ? [this.#past, this.#future] : [this.#future, this.#past];
    const target = from.at(-1);
    if (!target) return;
    // The edit was made in that view: show it there, or nothing would seem to happen; and there again on the way back.
    const [rest, kept] = [from.slice(0, -1), [...to, { ...this.#state, view: target.view }]];
    if (way === 'undo') [this.#past, this.#future] = [rest, kept];
    else [this.#future, this.#past] = [rest, kept];
    this.#lastEdit.time = -Infinity;
    this.travels += 1;
    this.#replace({ ...editsOf(target, this.#state), view: target.view });
  }

  #replace(next: State) {
    this.#state = next;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#writeAddress(), ADDRESS_MS);
  }

  #address() { return location.pathname + location.search + (serialise(this.#state) && this.link()); }

  #writeAddress() {
    clearTimeout(this.#timer);
    if (this.#timer !== undefined) history.replaceState(history.state, '', this.#address());
    this.#timer = undefined;
  }

  /** Back, forward, or an address typed by hand. */
  #arrive() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = parse(location.hash);
    if (serialise(next) === serialise(this.#state)) return;
    // Another place alone is nothing to undo.
    if (serialise(editsOf(next, this.#state)) !== serialise(this.#state)) {
      this.#past = [...this.#past.slice(-199), this.#state];
      this.#future = [];
      this.#lastEdit.time = -Infinity;
      this.travels += 1;
    }
    this.#state = next;
    this.visits += 1;
  }
}

export const store = new Store();

/** The text in the reader's language, `{gaps}` filled. */
export const say = (text: Text, values?: Record<string, string | number>) => pick(text, store.current.lang, values);
