/** The front door as plain HTML, for vite.config.ts to put into index.html: it is there before any script. */
import { t as shell } from '../../shell/text.js';
import { lineWidth, linesOf } from '../../draw/lines.js';
import { wordsOf } from '../../words/table.js';
import { told } from '../../words/told.js';
import { first, starters } from './first.js';
import { t } from './text.js';

type Language = keyof typeof starters;

function picture(language: Language): string {
  const { text, word } = starters[language];
  const words = wordsOf(text);
  const x = (i: number) => 80 * i + 40;
  const lines = linesOf(first[language].weights)
    .map(({ t, s, w }) => `<path d="M${x(t)},44C${x(t)},110,${x(s)},110,${x(s)},176" stroke-width="${lineWidth(w).toFixed(1)}"${t === word ? ' class="chosen"' : ''}/>`);
  const row = (y: number, chosen: number) => words.map((each, i) => `<text x="${x(i)}" y="${y}"${i === chosen ? ' class="chosen"' : ''}>${each}</text>`).join('');
  return `<svg viewBox="0 0 ${80 * words.length} 220" aria-hidden="true">${lines.join('')}${row(30, word)}${row(206, -1)}</svg>`;
}

const door = (language: Language) => {
  const { text, word } = starters[language];
  return `<div class="first" lang="${language === 'zh' ? 'zh-Hans' : 'en'}"><p class="name">${shell.title[language]}</p><h1>${t.lead[language]}</h1>` +
    `${picture(language)}<p class="told">${told(language, wordsOf(text), first[language].weights, word)}</p></div>`;
};

export const html = (['zh', 'en'] as const).map(door).join('\n');

export const css = `
html{background:#fbfaf7;color:#1f1e26;font:400 93.75%/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}
html[data-theme=dark]{background:#121218;color:#ebeaef}
body{margin:0}
.first,.incomplete-note,#app>noscript p{max-width:60rem;margin:0 auto;padding:1rem}
.first h1{font-size:1.375rem;line-height:1.25}
.first .name{margin:0;font-size:1.125rem;font-weight:650}
.first svg{width:100%;max-height:16rem;font-size:24px;text-anchor:middle;fill:currentColor}
.first path{fill:none;stroke:#86848c;opacity:.16}
.first path.chosen{stroke:#67309d;opacity:.75}
.first text.chosen{fill:#67309d;font-weight:650}
html[data-theme=dark] .first path.chosen{stroke:#d5b2fe}
html[data-theme=dark] .first text.chosen{fill:#d5b2fe}
.first .told{font-size:1.125rem;font-weight:600}
html:lang(en) #app>.first:lang(zh),html:lang(zh) #app>.first:lang(en),html:lang(en) #app>p :lang(zh),html:lang(zh) #app>p :lang(en){display:none}
.elsewhere .first,.incomplete-note,.embed .first .name,.embed .first h1{display:none}
.incomplete .incomplete-note{display:block}
`.trim();
