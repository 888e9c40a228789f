// Before anything else, and small: which of index.html's two languages to show, the theme, and word of what did not arrive.
(() => {
  const root = document.documentElement;
  const told = (name) => new RegExp(`[#&]${name}=(\\w+)`).exec(location.hash)?.[1];
  const language = told('lang') ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
  root.lang = language === 'zh' ? 'zh-Hans' : 'en';
  const theme = told('theme');
  root.dataset.theme = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches) ? 'dark' : 'light';
  if (/[?&]embed\b/.test(location.search)) root.classList.add('embed');
  // A link into another view must not show the front door first.
  if (/[#&](view=(?!home)|doc-|[A-E]\d\.)/.test(location.hash)) root.classList.add('elsewhere');
  addEventListener('error', ({ target }) => {
    if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) root.classList.add('incomplete');
  }, true);
})();
