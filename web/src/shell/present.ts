/** Presenting to a class: full screen where the browser has it, and the same in its window where it has not. */
import { page } from '../state/page.svelte.js';

export function present() {
  page.edit({ present: true });
  // Refused where nothing was clicked, as by a link that presents.
  document.documentElement.requestFullscreen?.().catch(() => {});
}

export function leave() {
  page.edit({ present: false });
  if (document.fullscreenElement) void document.exitFullscreen();
}
