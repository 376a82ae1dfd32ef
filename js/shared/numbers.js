// Numbers and counts in words, one format each for all widgets: `exact` for counts and settings, `number` for what is
// measured or computed, `percent` for shares.

/**
 * A count or a setting, with three decimals at most.
 *
 * @param {number} x
 */
export const exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });

/**
 * A setting that may be very small.
 *
 * @param {number} x
 */
export const brief = (x) => (x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x));

/**
 * Something measured or computed, such as a weight: four significant digits at most, three of what is very small, and
 * no zeros at the end.
 *
 * @param {number} x
 */
export function number(x) {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  if (Math.abs(x) < 1e-3) return x.toExponential(2);
  return x.toLocaleString("en-US", Math.abs(x) < 1e3 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 });
}

/**
 * A share, with one decimal; a half is rounded up, as by `text.percent` in Python.
 *
 * @param {number} x
 */
export const percent = (x) => `${(100 * x).toFixed(1)} %`;

/** @param {(number | string)[]} list */
export const some = (list) =>
  list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");

/**
 * @param {number} x
 * @param {string} word
 */
export const many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;
