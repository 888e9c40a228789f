/**
 * A head of attention set by hand: a small table says of each word what it is and what it looks for, as two vectors of
 * six features. q is what a word looks for, k what it is; a word that stands farther away scores lower (ALiBi). Nothing
 * here was learnt from text, and the page says so.
 */

/** Persons and animals, actions, things, places, qualities, denials. */
export const features = ['who', 'act', 'thing', 'place', 'quality', 'not'] as const;
type Feature = (typeof features)[number];
type Vector = Partial<Record<Feature, number>>;

interface Role { is: Vector; seeks: Vector; zh: string; en: string }

const roles = {
  who: { is: { who: 2 }, seeks: { act: 2 }, zh: '我 你 他 她 我们 你们 他们 她们 人 孩子 老师 学生 妈妈 爸爸 朋友 猫 狗 小猫 小狗 鸟 鱼', en: 'i you he she we they cat dog bird fish man woman child children boy girl teacher student friend people mother father' },
  pronoun: { is: { thing: 1 }, seeks: { who: 2, thing: 2.5 }, zh: '它 它们 这 那', en: 'it this that them him her' },
  act: { is: { act: 2 }, seeks: { thing: 3, who: 1.5, place: 1.5 }, zh: '爱 喜欢 喝 吃 看 读 写 买 卖 想 要 做 坐 去 来 追 抓 学 教 睡 跑 有 是 给 说 听', en: 'love loves like likes drink drinks drank eat eats ate see sees saw read reads write writes buy buys bought want wants make makes sit sits sat go goes went chase chases chased learn learns teach sleeps run runs ran is are was were have has had give gave say says said heard' },
  thing: { is: { thing: 2 }, seeks: { act: 2, quality: 2 }, zh: '茶 咖啡 水 牛奶 奶 饭 面 苹果 书 信 球 老鼠 车 花 树 音乐 注意力 数学 电影 衣服', en: 'tea coffee water milk rice bread apple apples book books letter ball mouse car flower tree music attention maths movie hat' },
  place: { is: { place: 2 }, seeks: { act: 2 }, zh: '家 学校 北京 上海 垫子 桌子 河边 山上 公园 图书馆', en: 'home school beijing london mat table river park library garden' },
  quality: { is: { quality: 2 }, seeks: { thing: 2.5, who: 2.5 }, zh: '好 大 小 热 冷 红 新 旧 甜 渴 饿 聪明 漂亮 很 快', en: 'good big small hot cold red new old sweet thirsty hungry clever fast very little' },
  not: { is: { not: 2 }, seeks: { act: 3 }, zh: '不 没 没有 别', en: 'not no never don’t don\'t doesn’t doesn\'t didn’t didn\'t' },
  link: { is: {}, seeks: { act: 1.5 }, zh: '但 但是 和 而 因为 所以 也 就', en: 'but and or because so while then' },
} satisfies Record<string, Role>;

const roleOf = new Map<string, Role>(Object.values(roles).flatMap((role: Role) =>
  `${role.zh} ${role.en}`.split(' ').map((word) => [word, role] as const)));
const longest = Math.max(...[...roleOf.keys()].map((word) => (/^\p{Script=Han}/u.test(word) ? word.length : 1)));

/** Words of a text: Chinese by the table, and by character where it knows none; others at blanks; each mark alone. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const known = Array.from({ length: longest }, (_, i) => rest.slice(0, longest - i)).find((part) => /^\p{Script=Han}+$/u.test(part) && roleOf.has(part));
    const word = known ?? /^(\s+|\p{Script=Han}|[\p{L}\p{M}\p{N}’'-]+|.)/su.exec(rest)![0];
    if (word.trim()) words.push(word);
    at += word.length;
  }
  return words;
}

/** The same, but Chinese always by character. */
export const charactersOf = (text: string): string[] =>
  wordsOf(text).flatMap((word) => (/^\p{Script=Han}/u.test(word) ? [...word] : word));

const row = (vector: Vector) => features.map((name) => vector[name] ?? 0);
const role = (word: string): Role | undefined => roleOf.get(word.toLowerCase());

/** Whether the table has the word; one that it has not looks for nothing, and marks are none of its business. */
export const isKnown = (word: string) => role(word) !== undefined || /^\P{L}+$/u.test(word);

/** What ALiBi takes off a score for each word between. */
export const SLOPE = 0.25;

/** Queries and keys [T,6], and the bias [T,T] of distance, to which a causal mask adds −∞ above the diagonal. */
export function headOf(words: string[], causal: boolean) {
  return {
    query: words.map((word) => row(role(word)?.seeks ?? {})),
    key: words.map((word) => row(role(word)?.is ?? {})),
    bias: words.map((_, t) => words.map((_, s) => (causal && s > t ? -Infinity : -SLOPE * Math.abs(t - s)))),
  };
}
