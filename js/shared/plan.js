// Where a routing lies on its three panels, the tokens, the map of tokens by slots and the experts: in pixels, under the
// pointer, and from one selection to the next by keys.

import { onward, stepsOf } from "./pointing.js";
import { NOTHING } from "./selection.js";
import { LINE, wordAt, wordBeyond, wordBoxes } from "./words.js";

/** @import { Box, Corner, Picture } from "./painting.js" */
/** @import { Place } from "./selection.js" */

/** @typedef {"tokens" | "map" | "experts"} Panel */

export const PANELS = /** @type {const} */ (["tokens", "map", "experts"]);

/**
 * Where tokens lie: words in lines, or else patches in rows and columns.
 *
 * @typedef {object} TokenBox
 * @property {number} w
 * @property {number} h
 * @property {Corner[] | null} words
 * @property {number} columns
 * @property {number} rows
 * @property {number} dx
 * @property {number} dy
 */

/**
 * Where the map lies, with the size of a column, of a row and of all columns of an expert.
 *
 * @typedef {Box & { columns: number, dx: number, dy: number, de: number }} MapBox
 */

/** @typedef {{ tokens: TokenBox, map: MapBox, sizes: Record<Panel, [width: number, height: number]> }} Boxes */

/**
 * What the panels show, as pointer and keys need it.
 *
 * @typedef {object} Plan
 * @property {Boxes} boxes
 * @property {number} rows Rows of the map.
 * @property {number} experts
 * @property {number} own Columns of the map that belong to an expert, 0 where it has none.
 * @property {boolean} slotted Whether those are its slots.
 * @property {boolean} labelled Whether what stands beside a row is its token too.
 * @property {(row: number) => number} tokenOf The token of a row.
 * @property {(token: number) => number} rowOf The row of a token, -1 for none.
 * @property {(place: number) => number} drawnAt The token at a patch or word, counted in reading order; -1 for none.
 * @property {(token: number) => number} [placeOf] The patch or word of a token, where it is not the token's number.
 */

/**
 * Where tokens lie in a panel of this width.
 *
 * @param {number} w
 * @param {{ count: number, words: string[] | null, grid: number[], picture: Picture | null }} tokens
 * @returns {TokenBox}
 */
export function tokenBox(w, { count, words, grid, picture }) {
  const lines = words && wordBoxes(words, w);
  const columns = grid[1] ?? Math.min(count, Math.max(8, Math.ceil(Math.sqrt(count))));
  const rows = grid[0] ?? Math.ceil(count / columns);
  const drawn = picture ? (w * picture.height) / picture.width : rows * Math.min(w / columns, 34);
  const h = lines ? lines[lines.length - 1][1] + LINE : drawn;
  return { w, h, words: lines, columns, rows, dx: w / columns, dy: h / rows };
}

/**
 * The corner and size of a word, or of a patch.
 *
 * @param {TokenBox} box
 * @param {number} place
 * @returns {Corner}
 */
export const cornerOf = ({ columns, dx, dy, words }, place) =>
  words?.[place] ?? [(place % columns) * dx, Math.floor(place / columns) * dy, dx, dy];

/**
 * Where the map lies in a panel of this width, at most so high.
 *
 * @param {number} width
 * @param {number} mostHigh
 * @param {{ rows: number, columns: number, experts: number }} map
 * @param {{ left: number, right: number, top: number }} margins
 * @returns {MapBox}
 */
export function mapBox(width, mostHigh, { rows, columns, experts }, { left, right, top }) {
  const w = width - left - right;
  const h = Math.max(Math.min(rows * 14, mostHigh), 112);
  return { x: left, y: top, w, h, columns, dx: w / (columns || 1), dy: h / rows, de: w / experts };
}

/** @type {(value: number, most: number) => number} */
const floorWithin = (value, most) => (value >= 0 && value < most ? Math.floor(value) : -1);

/**
 * What lies at a point of a panel.
 *
 * @param {Plan} plan
 * @param {Panel} panel
 * @param {number} x
 * @param {number} y
 * @returns {Place}
 */
export function placeUnder(plan, panel, x, y) {
  const { map, tokens } = plan.boxes;
  if (panel === "tokens") {
    if (tokens.words) return { ...NOTHING, token: plan.drawnAt(wordAt(tokens.words, x, y)) };
    const column = floorWithin(x / tokens.dx, tokens.columns);
    const place = Math.floor(y / tokens.dy) * tokens.columns + column;
    return { ...NOTHING, token: column < 0 ? -1 : plan.drawnAt(place) };
  }
  const expert = floorWithin((x - map.x) / map.de, plan.experts);
  if (panel === "experts" || (y < map.y && plan.own)) return { ...NOTHING, expert };
  const row = floorWithin((y - map.y) / map.dy, plan.rows);
  const token = row < 0 || (expert < 0 && !plan.labelled) ? -1 : plan.tokenOf(row);
  if (!plan.own) return { ...NOTHING, token };
  const slot = expert < 0 || !plan.slotted ? -1 : floorWithin((x - map.x) / map.dx, map.columns) % plan.own;
  return { token, expert, slot };
}

/**
 * Where a key leads from a selection, or null for a key that leads nowhere.
 *
 * @param {Plan} plan
 * @param {Panel} panel
 * @param {string} key
 * @param {Place} at
 * @returns {Place | null}
 */
export function placeBeyond(plan, panel, key, at) {
  const steps = stepsOf(key);
  if (!steps) return null;
  const { across, down, far } = steps;
  const { tokens, map } = plan.boxes;
  const { own, slotted } = plan;
  const token = (/** @type {number} */ by) => plan.tokenOf(onward(plan.rowOf(at.token), by, plan.rows));
  if (panel === "tokens" && tokens.words && down)
    return { ...NOTHING, token: plan.drawnAt(wordBeyond(tokens.words, plan.placeOf?.(at.token) ?? at.token, down)) };
  if (panel === "tokens") return { ...NOTHING, token: token(across + down * tokens.columns + far) };
  if (panel === "experts") return { ...NOTHING, expert: onward(at.expert, across + far, plan.experts) };
  if (!own) return { ...NOTHING, token: token(across + down + far) };
  const column = at.expert < 0 ? -1 : at.expert * own + (slotted ? Math.max(at.slot, 0) : 0);
  const next = onward(column, across + far, map.columns);
  return { token: token(down), expert: Math.floor(next / own), slot: slotted ? next % own : -1 };
}
