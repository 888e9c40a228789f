/** What a view is to the shell. The rest of its folder is loaded when it is opened. */
import type { Component } from 'svelte';
import type { Text } from '../../documents/recipe.js';

export interface Opened {
  default: Component;
  /** On to the next of what it shows one at a time, or back: for arrow keys and for presentations. */
  go?(by: 1 | -1): void;
}

export interface View {
  id: string;
  title: Text;
  /** Its place in the header; the first is at the plain address. */
  order: number;
  /** What the front door says of it; one without is reached by the header alone. */
  door?: Text;
  load(): Promise<Opened>;
  /** Whether a part of an address belongs to it though the address does not name it: `doc-A5`. */
  owns?(part: string): boolean;
}
