/** Tokens that several tasks share. */
export const letters = (count: number): string[] => Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i));
export const digits: string[] = [...'0123456789'];
