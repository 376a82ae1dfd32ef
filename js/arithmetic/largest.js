// The largest of some values, worded so that one of several equal ones is not taken for the only one.

/**
 * Where the largest of `count` values stands, from `from` on and `by` apart, and how many others are equal to it.
 *
 * @param {ArrayLike<number>} values
 * @param {number} from
 * @param {number} count
 * @param {number} [by]
 */
export function largestAmong(values, from, count, by = 1) {
  let top = from;
  let alike = 0;
  for (let i = 1, at = from + by; i < count; i++, at += by)
    if (values[at] > values[top]) [top, alike] = [at, 0];
    else if (values[at] === values[top]) alike++;
  return { top, alike };
}

/**
 * What follows the name of the largest of `count` values: how many others are equal to it.
 *
 * @param {number} alike
 * @param {number} count
 */
export function equals(alike, count) {
  if (!alike) return "";
  if (alike + 1 === count) return ` (all ${count.toLocaleString("en-US")} are equal)`;
  return alike === 1 ? " (1 other is equal)" : ` (${alike.toLocaleString("en-US")} others are equal)`;
}

/**
 * The largest finite value, or at least `least`.
 *
 * @param {ArrayLike<number>} values
 * @param {number} least
 */
export function largestFinite(values, least) {
  let most = least;
  for (let i = 0; i < values.length; i++) if (values[i] > most && values[i] < Infinity) most = values[i];
  return most;
}
