/** The files of dist/wasm, by what lies where one was looked for. */

/** How a file begins that often lies in another's place: a server of a one-page app answers any address with its page. */
const DISGUISES: [kind: string, begins: RegExp][] = [
  ['an HTML page', /^(\xEF\xBB\xBF)?\s*<(!|html)/i],
  ['a Git-LFS pointer', /^version https:\/\/git-lfs/],
];

/** What the bytes are instead of a binary, if they can be told; undefined otherwise. */
export function disguise(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  return DISGUISES.find(([, begins]) => begins.test(start))?.[0];
}

/** The error of a file that is not where it should be: which address was tried, what came, and who can help it. */
export const misplaced = (address: string, what: string, cause?: unknown) =>
  new Error(`${address} ${what}; load({ baseUrl }) must name the folder that holds the files of dist/wasm`, { cause });

/** The bytes, which must be WebAssembly. */
export function requireBinary(bytes: Uint8Array, address: string): Uint8Array {
  if (String.fromCharCode(...bytes.subarray(0, 4)) === '\0asm') return bytes;
  throw misplaced(address, `is ${disguise(bytes) ?? `something of ${bytes.length} bytes`}, not WebAssembly`);
}
