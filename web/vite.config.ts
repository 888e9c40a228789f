import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { css, html } from './src/views/home/paint.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Every browser that runs WebAssembly SIMD reads woff2; KaTeX's other two formats would only be ballast. */
function woff2Only(): Plugin {
  return {
    name: 'woff2-only',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('katex.min.css')) return null;
      return code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)/g, '');
    },
  };
}

/** The reader may switch threads on where the host sends no isolation headers; the script is shipped, not committed. */
function isolationServiceWorker(): Plugin {
  return {
    name: 'isolation-service-worker',
    generateBundle() {
      const file = createRequire(import.meta.url).resolve('coi-serviceworker/coi-serviceworker.min.js');
      this.emitFile({ type: 'asset', fileName: 'coi-serviceworker.js', source: readFileSync(file) });
    },
  };
}

/** The front door with its first numbers stands in index.html, so that it paints before any script has come. */
function firstPaint(): Plugin {
  return {
    name: 'first-paint',
    transformIndexHtml: (page) => page.replace('<!--first-style-->', `<style>${css}</style>`).replace('<!--first-->', html),
  };
}

export default defineConfig({
  root: here('.'),
  base: './', // the page works from any folder
  plugins: [woff2Only(), svelte(), isolationServiceWorker(), firstPaint()],
  resolve: { alias: { 'attention-playground': here('../dist/web.js') } },
  worker: { format: 'es' },
  server: { fs: { allow: [here('..')] } }, // the module lies in ../dist
  build: {
    outDir: here('../build/page'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // a data: URL is not 'self' to the Content-Security-Policy
  },
});
