/** KaTeX with its style sheet and fonts, loaded with the first formula: the page is read before that. */
class Typesetter {
  #katex = $state.raw<typeof import('./katex.js')>();
  // The same formulae stand in many places, and typesetting is the dearest thing that the page does.
  #known = new Map<string, string>();

  constructor() { void import('./katex.js').then((katex) => { this.#katex = katex; }); }

  /** '' until KaTeX is there. */
  render(tex: string, displayMode: boolean, output: 'mathml' | 'htmlAndMathml'): string {
    if (!this.#katex) return '';
    const key = `${output} ${displayMode} ${tex}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size > 2000) this.#known.clear();
    const html = this.#katex.renderToString(tex, { displayMode, output, throwOnError: false });
    this.#known.set(key, html);
    return html;
  }
}

export const typesetter = new Typesetter();
