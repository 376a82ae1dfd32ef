// Values that a slider stops at, from least to most.

/**
 * Steps of one size.
 *
 * @param {number} least
 * @param {number} most
 * @param {number} step
 */
export function evenly(least, most, step) {
  return Array.from({ length: Math.round((most - least) / step) + 1 }, (_, i) => Number((least + i * step).toFixed(9)));
}

/**
 * Bases times the powers of a number.
 *
 * @param {number} least
 * @param {number} most
 * @param {number} power
 * @param {number[]} bases
 */
function widely(least, most, power, bases) {
  const stops = new Set([least, most]);
  for (let k = Math.floor(Math.log(least) / Math.log(power)) - 1; power ** k <= most; k++)
    for (const base of bases) {
      const at = Number((base * power ** k).toPrecision(12));
      if (at > least && at < most && (Number.isInteger(at) || least < 1)) stops.add(at);
    }
  return [...stops].sort((a, b) => a - b);
}

/** @type {(least: number, most: number) => number[]} */
export const doubling = (least, most) => widely(least, most, 2, [1, 1.5]);

/** @type {(least: number, most: number) => number[]} */
export const decades = (least, most) => widely(least, most, 10, [1, 2, 5]);
