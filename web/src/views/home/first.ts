/** What the core answers to the sentences that the page begins with, so that they stand there before the core does. */
import first from './first.json';

export { first };

/** A weight as a share: 0.451 is 45%. */
export const share = (weight: number) => `${Math.round(100 * weight)}%`;
