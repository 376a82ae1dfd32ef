// Colours by the root of a weight's share of the largest one, which show small weights: when they fit, and their names.

import { KEYS } from "./keys.js";

/** "auto" is whatever fits. */
export const SHADINGS = /** @type {const} */ (["auto", "linear", "root"]);

export const ON_ROOT = "Colours on a root scale, so that small weights show.";

/** How many times the largest weight is an even share where colours by the root are easier to read. */
const SMALL = 10;

/**
 * Whether the colours of weights stand for roots: where a mixture has weights far below its largest, or where asked for.
 *
 * @param {{ least: number, most: number }} extremes
 * @param {number} even What each weight would be in an even mixture.
 * @param {boolean} mixed Whether weights mix, and are no choices.
 * @param {string} shading
 */
export function isRootScale({ least, most }, even, mixed, shading) {
  if (least < 0 || shading === "linear" || !(most > 0)) return false;
  return shading === "root" || (mixed && most > SMALL * even);
}

/**
 * What the colour in the middle of a scale of roots stands for.
 *
 * @param {{ least: number, most: number }} extremes
 */
export const middleOf = ({ least, most }) => least + (most - least) / 4;

/** Which colours a map takes, to be chosen. */
export const shadings = `<fieldset data-part="shadings"><legend>Colours of the map</legend>${SHADINGS.map(
  (shading) =>
    `<label><input type="radio" value="${shading}" data-part="${shading}" ${KEYS}>${
      shading === "auto" ? "as fits" : `${shading} scale`
    }</label>`,
).join("")}</fieldset>`;
