// Where things lie on the panels of a lens, in CSS pixels, and how its rows are named.

import { mapBox, tokenBox } from "../shared/plan.js";
import { clip, fitted, widthOf } from "../shared/words.js";
import { columnsOfExpert, condensed } from "./numbers.js";

/** @import { Picture } from "../shared/painting.js" */
/** @import { Boxes } from "../shared/plan.js" */
/** @import { Folds } from "./folds.js" */
/** @import { Look, View } from "./numbers.js" */

export const LEFT = 46;
const MOST_LABEL = 150;
const TOP = 20;
/** Right of the map, where sums of rows stand; where none do, the capacity beside the load still needs some of it. */
export const RIGHT = 68;
const RIGHT_FOLDED = 30;
/** Below the map, where sums of columns stand. */
export const SUMS = 46;
const SUMS_FOLDED = 8;
/** Of the experts' load, and below it of the selected token's weight in each. */
export const LOAD = 58;
const LOAD_FOLDED = 4;
export const ROW = 46;
export const MOST_HIGH = 392;
// Pixels below which the panels do not fit side by side: then map and words share the height of the window.
export const NARROW = 704;

/**
 * The number of a token, behind it its word where it has one, in so many pixels.
 *
 * @param {Look} it
 * @param {number} t
 * @param {number} most
 */
export const rowLabel = (it, t, most) =>
  it.words ? `${t} ${fitted(it.words[t], most - widthOf(`${t} `))}` : String(t);

/**
 * Pixels that a map of this width leaves on its left for the names of its rows.
 *
 * @param {Look} it
 * @param {number} width
 */
function labelRoom({ ids, words }, width) {
  if (!words) return LEFT;
  const longest = Math.max(...Array.from(ids, (t) => widthOf(`${t} ${clip(words[t], 400)}`)));
  return Math.max(LEFT, Math.min(longest + 12, 0.3 * width, MOST_LABEL));
}

/**
 * Where tokens lie in a panel of this width.
 *
 * @param {Look} it
 * @param {Picture | null} picture
 * @param {number} width
 */
export function tokensIn(it, picture, width) {
  const few = condensed(it);
  const words = it.words && few ? Array.from(it.ids, (t) => /** @type {string[]} */ (it.words)[t]) : it.words;
  return tokenBox(width, { count: few ? it.n : it.tokens, words, grid: it.grid, picture });
}

/**
 * The room below the load of the experts.
 *
 * @param {Folds} folds
 */
export const loadRoom = (folds) => (folds.load ? LOAD_FOLDED : LOAD);

/**
 * Where things lie for panels of these widths and a map of at most so many pixels; what is folded takes no room.
 *
 * @param {{ it: Look, view: View, picture: Picture | null, folds: Folds }} shown
 * @param {number} tokensWidth
 * @param {number} mapWidth
 * @param {number} mostHigh
 * @returns {Boxes}
 */
export function layout({ it, view, picture, folds }, tokensWidth, mapWidth, mostHigh) {
  const tokens = tokensIn(it, picture, tokensWidth);
  const columns = it.experts * columnsOfExpert(it, view);
  const logits = view === "logits";
  const fated = logits && it.fate.some((fate) => fate > 0);
  const right = folds.rows || (logits && !fated) ? RIGHT_FOLDED : RIGHT;
  const below = folds.columns || logits || view === "output" ? SUMS_FOLDED : SUMS;
  const margins = { left: labelRoom(it, mapWidth), right, top: TOP };
  const map = mapBox(mapWidth, Math.min(mostHigh, MOST_HIGH), { rows: it.n, columns, experts: it.experts }, margins);
  return {
    tokens,
    map,
    sizes: {
      tokens: [tokensWidth, tokens.h],
      map: [mapWidth, TOP + map.h + below],
      experts: [mapWidth, loadRoom(folds) + ROW],
    },
  };
}
