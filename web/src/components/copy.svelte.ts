/** Copying a text, and what is told of it; `Copied.svelte` shows both. */
class Copying {
  /** What was copied last, for a moment. */
  told = $state('');
  /** A text that the browser did not let us copy. */
  refused = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  async copy(text: string, told: string) {
    this.told = '';
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      this.refused = text; // no permission, or no secure context
      return;
    }
    this.told = told;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.told = ''; }, 3000);
  }
}

export const copying = new Copying();

/** Ctrl+C while nothing is selected: what has the focus is meant. */
export const isCopyKey = (event: KeyboardEvent) =>
  (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'c' && getSelection()?.isCollapsed !== false;
