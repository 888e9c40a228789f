#!/usr/bin/env node
// A static server for the built page and for the tests. It sends the headers
// that let a page use threads, which many static hosts cannot.

import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { main, say } from './lib/console.mjs';
import { fromRoot } from './lib/paths.mjs';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The strictest policy under which WebAssembly runs at all. */
export const strictPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
].join('; ');

/**
 * Serves a folder; resolves with { url, port, close }. port 0 takes any free one,
 * another is the first that is tried. isolated: with the headers for threads.
 * policy: a Content-Security-Policy to send, e.g. strictPolicy. onFile(path) hears
 * of each file that is sent.
 */
export async function serve(folder, { port = 0, host = '127.0.0.1', isolated = true, policy, onFile } = {}) {
  const headers = {
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    ...(isolated ? isolation : {}),
    ...(policy ? { 'Content-Security-Policy': policy } : {}),
  };
  const server = createServer((request, response) => answer(folder, headers, request, response, onFile));
  const taken = await listen(server, port, host);
  return {
    port: taken,
    url: `http://localhost:${taken}/`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

async function listen(server, port, host, attempts = 20) {
  try {
    await new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve);
    });
    return server.address().port;
  } catch (error) {
    if (error.code !== 'EADDRINUSE' || attempts === 0) throw error;
    return listen(server, port + 1, host, attempts - 1);
  } finally {
    server.removeAllListeners('error');
  }
}

function answer(folder, headers, request, response, onFile) {
  const send = (status, text) => response.writeHead(status, { ...headers, 'Content-Type': types['.txt'] }).end(text);
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'Method not allowed');
  const file = find(folder, request.url);
  if (!file) return send(404, 'Not found');
  onFile?.(file.path);
  let sent;
  try {
    sent = encoded(file, request.headers['accept-encoding'] ?? '');
  } catch {
    return send(404, 'Not found'); // a build has just taken it away
  }
  const { body, encoding } = sent;
  response.writeHead(200, {
    ...headers,
    ...(encoding ? { 'Content-Encoding': encoding } : {}),
    Vary: 'Accept-Encoding',
    'Content-Type': types[extname(file.path)] ?? 'application/octet-stream',
    'Content-Length': body.length,
  });
  return response.end(request.method === 'HEAD' ? undefined : body);
}

const compressors = {
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (bytes) => gzipSync(bytes),
};
const compressed = new Map();

/** As static hosts send it: compressed once for each way, but for what is so already. */
function encoded({ path, time }, accepted) {
  const encoding = Object.keys(compressors).find((name) => new RegExp(`\\b${name}\\b`).test(accepted));
  if (!encoding || /\.(png|woff2)$/.test(path)) return { body: readFileSync(path) };
  const key = `${encoding} ${time} ${path}`;
  if (!compressed.has(key)) compressed.set(key, compressors[encoding](readFileSync(path)));
  return { body: compressed.get(key), encoding };
}

/** The file that a request names, if it is one inside the folder. */
function find(folder, url) {
  try {
    const path = join(folder, normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname)));
    if (path !== normalize(folder) && !path.startsWith(normalize(folder + sep))) return undefined;
    const found = statSync(path);
    if (found.isDirectory()) return find(folder, `${url.replace(/[?#].*/, '').replace(/\/?$/, '/')}index.html`);
    return { path, time: found.mtimeMs };
  } catch {
    return undefined; // no such file, or a name that cannot be one
  }
}

await main(import.meta, async () => {
  const { url } = await serve(process.argv[2] ?? fromRoot('build', 'page'), { port: 8080 });
  say(`  ${url}`);
});
