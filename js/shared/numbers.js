// Numbers and counts in words.

/** @param {number} x */
export const exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });

/** @param {number} x */
export const brief = (x) => (x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x));

/** @param {number} x A share. */
export const percent = (x) => `${(100 * x).toFixed(1)} %`;

/** @param {(number | string)[]} list */
export const some = (list) =>
  list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");

/**
 * @param {number} x
 * @param {string} word
 */
export const many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;
