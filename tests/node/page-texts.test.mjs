// All that the page says: in both languages, with the same gaps, Chinese with its own punctuation and the field's terms.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { pageSource } from '../../tools/lib/page-source.mjs';

const web = new URL('../../web/', import.meta.url);
const files = [
  ...(await readdir(new URL('src/', web), { recursive: true })).filter((path) => /(^|\/)(text|view)\.ts$/.test(path)).map((path) => `./src/${path}`),
  ...(await readdir(new URL('documents/', web), { recursive: true })).filter((path) => path.endsWith('.ts')).map((path) => `./documents/${path}`),
].filter((path) => path !== './src/text.ts' && path !== './src/views/view.ts').sort();
const tables = await pageSource(files.map((path, n) => `export * as file${n} from '${path.replace(/\.ts$/, '.js')}';`).join('\n'));

const seen = new Set();
/** Every pair of zh and en, once, with the way to it; a list of words, or what has several parts, is as many texts. */
function* textsOf(value, way) {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  const parts = (of) => (typeof of === 'object' && of !== null ? Object.values(of) : [of]);
  if ('zh' in value || 'en' in value) yield { way, zh: parts(value.zh), en: parts(value.en) };
  else for (const [name, inner] of Object.entries(value)) yield* textsOf(inner, `${way}.${name}`);
}

const texts = files.flatMap((path, n) => [...textsOf(tables[`file${n}`], path)]);
const gaps = (sentence) => (sentence.match(/\{\w+\}/g) ?? []).sort();

/** In a Chinese sentence these belong to English, Latin letters, numbers and formulas apart. */
const notChinese = {
  'a mark after a character': /\p{Script=Han}\s*[,;:!?]/u,
  'a mark before a character': /[,;!?]\s*\p{Script=Han}/u,
  'a bracket at a character': /\(\s*\p{Script=Han}|\p{Script=Han}\s*\)/u,
  'a full stop after a character': /\p{Script=Han}\.(\s|$)/u,
  'a straight quote at a character': /["']\p{Script=Han}|\p{Script=Han}["']/u,
};
/** What the field says otherwise, names of gaps apart, which nobody reads: 掩码, 词元, 重置, 取消锁定, 批次. */
const notTheField = /遮罩|蒙版|令牌|复位|解锁|批量|\btokens?\b/iu;

test('every text is there in both languages, with the same gaps', () => {
  assert.ok(texts.length > 300, `${texts.length} texts`);
  for (const { way, zh, en } of texts) {
    assert.equal(zh.length, en.length, way);
    for (const [i, sentence] of zh.entries()) {
      assert.ok(sentence?.trim() && en[i]?.trim(), way);
      assert.deepEqual(gaps(sentence), gaps(en[i]), way);
    }
  }
});

test('Chinese has its own punctuation and the terms of the field', () => {
  const found = texts.flatMap(({ way, zh }) => zh.flatMap((sentence) => [
    ...Object.entries(notChinese).filter(([, pattern]) => pattern.test(sentence)).map(([what]) => `${way}: ${what}: ${sentence}`),
    ...(notTheField.test(sentence.replace(/\{\w+\}/g, '')) ? [`${way}: not the field's term: ${sentence}`] : []),
  ]));
  assert.deepEqual(found, []);
});
