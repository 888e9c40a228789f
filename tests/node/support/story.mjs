// A text of a megabyte for a language model to learn, the same one that tests/native/story.cpp makes: simple sentences,
// in which who does what to whom is drawn anew and the rest follows.

const NAMES = ['anna', 'bruno', 'clara', 'david', 'elena', 'felix', 'greta', 'henry'];
const VERBS = ['finds', 'paints', 'carries', 'repairs', 'hides', 'borrows', 'counts', 'sells'];
const PAST = ['found', 'painted', 'carried', 'repaired', 'hid', 'borrowed', 'counted', 'sold'];
const COLOURS = ['red', 'green', 'blue', 'black', 'white', 'yellow'];
const THINGS = ['box', 'lamp', 'chair', 'kite', 'drum', 'boat', 'clock', 'ladder'];
const PLACES = ['garden', 'kitchen', 'harbour', 'market', 'school', 'attic'];

/** xorshift32, by Marsaglia. */
function* numbers(state) {
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

/** At least `length` characters of "\n .a-z". */
export function story(length) {
  const random = numbers(2463534242);
  const below = (n) => random.next().value % n;
  const one = (words) => words[below(words.length)];
  let text = '';
  while (text.length < length) {
    const [name, other] = [one(NAMES), one(NAMES)];
    const verb = below(VERBS.length);
    const thing = `${one(COLOURS)} ${one(THINGS)}`;
    const place = one(PLACES);
    text += `${name} ${VERBS[verb]} the ${thing} in the ${place}. ` +
      `${other} asks who ${PAST[verb]} the ${thing}. ${name} ${PAST[verb]} it in the ${place}.\n`;
  }
  return text;
}

const ALPHABET = '\n .abcdefghijklmnopqrstuvwxyz';
export const vocabularySize = ALPHABET.length;
export const encode = (text) => Int32Array.from(text, (character) => ALPHABET.indexOf(character));
