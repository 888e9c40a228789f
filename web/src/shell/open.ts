/** Opening a view by a link: header and doors do the same. */
import { tick } from 'svelte';
import { address } from '../state/define.svelte.js';

/** Where each view was scrolled to when it was left. */
const left = new Map<string, number>();

/** Back to where one was in it; the open view's own link leads to its top. */
export const open = (event: MouseEvent, view: string) => address.follow(event, async () => {
  left.set(address.view, scrollY);
  const again = view === address.view;
  address.visit(view);
  await tick();
  scrollTo({ top: again ? 0 : left.get(view) ?? 0, behavior: 'instant' });
});
