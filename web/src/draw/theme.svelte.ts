/** The theme in force, and the painter of its colours. */
import { MediaQuery } from 'svelte/reactivity';
import { painter, property } from './colour.js';
import type { Palette } from './picture.js';
import { page } from '../state/page.svelte.js';

const prefersDark = new MediaQuery('(prefers-color-scheme: dark)');
/** Paper is light, and what is drawn on canvases is drawn for it anew. */
export const printing = new MediaQuery('print');
export const narrow = new MediaQuery('(max-width: 40rem)');

const dark = () => !printing.current && (page.current.theme === 'auto' ? prefersDark.current : page.current.theme === 'dark');

class Theme {
  paint = $derived.by(() => {
    // Set here, not in an effect: the painter must read the stops of the theme that it is made for.
    document.documentElement.dataset.theme = dark() ? 'dark' : 'light';
    return painter();
  });

  palette: Palette = $derived({
    paint: this.paint, ink: property('--ink'), muted: property('--muted'), line: property('--line'), edge: property('--edge'),
    accent: property('--accent'), card: property('--card'),
  });
}

export const theme = new Theme();
