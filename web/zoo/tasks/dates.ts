import { digits, letters } from '../symbols.js';
import type { Random } from '../rng.js';
import { usual, type Task } from '../task.js';

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const HAN = [...'〇一二三四五六七八九'];

const ordinal = (n: number) => `${n}${n % 10 === 1 && n !== 11 ? 'st' : n % 10 === 2 && n !== 12 ? 'nd' : n % 10 === 3 && n !== 13 ? 'rd' : 'th'}`;
/** 1 to 31 as they are read: 二十五. */
const han = (n: number) => `${n < 10 ? '' : n < 20 ? '十' : `${HAN[Math.floor(n / 10)]}十`}${n % 10 === 0 ? '' : HAN[n % 10]}`;

type Form = (year: number, month: number, day: number) => string;
const FORMS: Record<'en' | 'zh', Form[]> = {
  en: [
    (y, m, d) => `${MONTHS[m - 1]} ${d}, ${y}`,
    (y, m, d) => `${d} ${MONTHS[m - 1]} ${y}`,
    (y, m, d) => `${MONTHS[m - 1]!.slice(0, 3)} ${d} ${y}`,
    (y, m, d) => `${ordinal(d)} of ${MONTHS[m - 1]} ${y}`,
    (y, m, d) => `${y}/${m}/${d}`,
  ],
  zh: [
    (y, m, d) => `${y}年${m}月${d}日`,
    (y, m, d) => `${m}月${d}号，${y}年`,
    (y, m, d) => `${[...String(y)].map((digit) => HAN[Number(digit)]).join('')}年${han(m)}月${han(d)}日`,
    (y, m, d) => `${y}.${m}.${d}`,
  ],
};
const forms = (language: unknown): Form[] => (language === 'both' ? [...FORMS.en, ...FORMS.zh] : FORMS[language as 'en' | 'zh']);

/** A day of 1950 to 2049. */
function day(random: Random): [number, number, number] {
  const year = random.between(1950, 2049), month = random.between(1, 12);
  const leap = month === 2 && year % 4 === 0; // 2000 was one
  return [year, month, random.between(1, DAYS[month - 1]! + Number(leap))];
}

export const dates: Task = {
  id: 'dates',
  title: { zh: '日期', en: 'Dates' },
  about: { zh: '把中英文各种写法的日期改写成 ISO 格式。', en: 'Write dates of English and Chinese forms in the ISO form.' },
  look: {
    zh: '写年份时看年份，写月份时看月份：对齐图随写法改变次序。',
    en: 'The year is looked at while it is written, then the month, then the day: the alignment follows the form’s own order.',
  },
  form: 'answer',
  parameters: [{
    id: 'language', name: { zh: '写法', en: 'Forms' }, default: 'both',
    choices: [{ id: 'both', name: { zh: '中英文', en: 'both languages' } }, { id: 'en', name: { zh: '英文', en: 'English' } }, { id: 'zh', name: { zh: '中文', en: 'Chinese' } }],
  }],
  symbols: () => [...digits, ...'-/., ', ...letters(26), ...new Set(MONTHS.map((month) => month[0]!)), ...HAN, ...'十年月日号，'],
  longest: () => ({ input: 22, output: 10 }),
  make(random, { language }) {
    const date = day(random);
    const [year, month, dayOfMonth] = date;
    const two = (n: number) => String(n).padStart(2, '0');
    return {
      input: [...random.pick(forms(language))(...date)], output: [...`${year}-${two(month)}-${two(dayOfMonth)}`],
      key: date.join('-'), // a day that is held out is so in all its forms
    };
  },
  model: { kind: 'gruDot', embeddingDim: 32, hiddenSize: 64 },
  models: [{ kind: 'gruAdditive', embeddingDim: 32, hiddenSize: 64 }, { kind: 'encoderDecoder', dModel: 64, numHeads: 4, numLayers: 1 }],
  recipe: { ...usual, batch: 32, steps: 600 },
  metric: 'exact',
  goal: 0.99,
  picture: 'alignment',
  suggestions: [
    { text: { zh: '换成 Bahdanau 的加性注意力', en: 'Bahdanau’s additive attention instead' }, model: { kind: 'gruAdditive' } },
    { text: { zh: '只学中文写法', en: 'Chinese forms alone' }, values: { language: 'zh' } },
  ],
};
