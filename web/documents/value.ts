/** The number that a worked formula's terms come to as they are shown, so that an equal sign stands only where it is true. */

type Parse = { text: string; at: number };

const numberAt = /\d+(?:\.\d+)?(?:\\times10\^\{(-?\d+)\})?/y;
const functions: Record<string, (x: number) => number> = {
  '\\sqrt': Math.sqrt, '\\tanh': Math.tanh, '\\cos': Math.cos, '\\sin': Math.sin, '\\ln': Math.log,
};

function take(p: Parse, token: string): boolean {
  if (!p.text.startsWith(token, p.at)) return false;
  p.at += token.length;
  return true;
}

function need(p: Parse, token: string) {
  if (!take(p, token)) throw new SyntaxError(`${token} is missing at ${p.at} of ${p.text}`);
}

function between(p: Parse, open: string, close: string): number {
  need(p, open);
  const x = sumAt(p);
  need(p, close);
  return x;
}

function atom(p: Parse): number {
  if (take(p, '-')) return -power(p);
  if (p.text.startsWith('(', p.at)) return between(p, '(', ')');
  if (take(p, '\\frac')) return between(p, '{', '}') / between(p, '{', '}');
  if (take(p, '\\max(')) {
    const x = sumAt(p);
    need(p, ',\\,0)');
    return Math.max(x, 0);
  }
  if (take(p, 'e')) return Math.exp(exponent(p));
  for (const [name, f] of Object.entries(functions)) {
    if (!take(p, name)) continue;
    take(p, ' ');
    return f(p.text.startsWith('{', p.at) ? between(p, '{', '}') : power(p));
  }
  numberAt.lastIndex = p.at;
  const found = numberAt.exec(p.text);
  if (!found) throw new SyntaxError(`no number at ${p.at} of ${p.text}`);
  p.at = numberAt.lastIndex;
  return Number(found[0].split('\\')[0]) * 10 ** Number(found[1] ?? 0);
}

function exponent(p: Parse): number {
  need(p, '^');
  return between(p, '{', '}');
}

function power(p: Parse): number {
  const x = atom(p);
  return p.text.startsWith('^', p.at) ? x ** exponent(p) : x;
}

function productAt(p: Parse): number {
  let x = power(p);
  for (;;) {
    if (take(p, '\\cdot')) {
      take(p, ' ');
      x *= power(p);
    } else if (take(p, '/')) x /= power(p);
    else if (/^(\\(tanh|ln|cos|sin|sqrt)|\()/.test(p.text.slice(p.at))) x *= power(p);
    else return x;
  }
}

function sumAt(p: Parse): number {
  let x = productAt(p);
  for (;;) {
    if (take(p, '+')) x += productAt(p);
    else if (take(p, '-')) x -= productAt(p);
    else return x;
  }
}

/** undefined where the terms leave some out (⋯), or hold symbols. */
export function valueOf(tex: string): number | undefined {
  try {
    const p = { text: tex, at: 0 };
    const x = sumAt(p);
    return p.at === tex.length ? x : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
