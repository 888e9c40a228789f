/** Every view, found by its folder. */
import type { View } from '../views/view.js';

const found = import.meta.glob<{ view: View }>('../views/*/view.ts', { eager: true });
export const views = Object.values(found).map(({ view }) => view).sort((a, b) => a.order - b.order);

/** Which of them the parts of an address are for. */
export function viewOf(parts: string[]): string {
  const named = parts.find((part) => part.startsWith('view='))?.slice('view='.length);
  const view = views.find(({ id }) => id === named) ?? views.find(({ owns }) => owns && parts.some(owns)) ?? views[0]!;
  return view.id;
}
