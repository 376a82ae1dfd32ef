// The cells around a selection, large enough to be read and touched, where those of the map are not.

import { expertFill } from "./experts.js";
import { RAMP, ring, write } from "./painting.js";

/** @import { Ink } from "./mount.js" */
/** @import { Context } from "./painting.js" */
/** @import { MapBox } from "./plan.js" */
/** @import { Place } from "./selection.js" */

/** Cells of the map that are narrower or lower than this are magnified. */
const SMALL = { w: 12, h: 8 };
const LEFT = 30;
const TOP = 30;

/** @typedef {{ row: number, column: number, rows: number, columns: number }} Window The cells that are magnified. */

/** @typedef {{ row: number, column: number }} Cell */

/**
 * The weights of a map as the magnifier reads them.
 *
 * @typedef {object} Sheet
 * @property {ArrayLike<number>} values Row by row.
 * @property {number} rows
 * @property {number} columns
 * @property {number} own Columns of an expert.
 * @property {boolean} slotted Whether these are its slots.
 * @property {number} least
 * @property {number} most
 * @property {boolean} root Whether colours stand for roots.
 * @property {number} reach Pixels of the magnifier from side to side.
 * @property {number} lines Rows of the map that it shows.
 * @property {(row: number) => number} tokenOf
 * @property {(token: number) => number} rowOf -1 for none.
 * @property {(row: number) => string | number} nameOf
 * @property {Ink} ink
 */

/**
 * Whether the map's cells are too small to be read.
 *
 * @param {MapBox} map
 */
export const isSmall = ({ dx, dy }) => dx < SMALL.w || dy < SMALL.h;

/** A finger is wider than a pointer. */
const touched = () => matchMedia("(pointer: coarse)").matches;

/**
 * The size of a magnified cell and how many there are from side to side and from top to bottom.
 *
 * @param {Sheet} sheet
 */
function cellsOf({ rows, columns, reach, lines }) {
  const [w, h] = touched() ? [44, 44] : [34, 20];
  const across = Math.min(Math.max(Math.floor((reach - LEFT) / w), 1), columns);
  return { columns: across, rows: Math.min(lines, rows), dx: Math.min((reach - LEFT) / across, 2 * w), dy: h };
}

/**
 * Pixels of the magnifier.
 *
 * @param {Sheet} sheet
 * @returns {[width: number, height: number]}
 */
export function sizeOf(sheet) {
  const { rows, dy } = cellsOf(sheet);
  return [sheet.reach, TOP + rows * dy];
}

/**
 * The columns of a selected expert or slot; all where none is selected.
 *
 * @param {Sheet} sheet
 * @param {Place} at
 */
function columnsUnder({ own, columns }, { expert, slot }) {
  if (expert < 0) return { from: 0, to: columns };
  const one = own > 1 && slot >= 0;
  const from = expert * own + (one ? slot : 0);
  return { from, to: from + (one ? 1 : own) };
}

/**
 * The cell that a selection is about: where a token or a slot weighs most, if only one is named.
 *
 * @param {Sheet} sheet
 * @param {Place} at
 * @returns {Cell}
 */
export function heaviest(sheet, at) {
  const { from, to } = columnsUnder(sheet, at);
  const own = at.token < 0 ? -1 : sheet.rowOf(at.token);
  let [row, column] = [Math.max(own, 0), from];
  let most = -Infinity;
  const [first, last] = own < 0 ? [0, sheet.rows] : [own, own + 1];
  for (let r = first; r < last; r++)
    for (let c = from; c < to; c++) {
      const value = sheet.values[r * sheet.columns + c];
      if (value > most) [row, column, most] = [r, c, value];
    }
  return { row, column };
}

/**
 * The cells to magnify: those before, where they still hold what is selected, else those around it.
 *
 * @param {Sheet} sheet
 * @param {Cell} centre
 * @param {Window | null} before Kept while the pointer is in it.
 * @returns {Window}
 */
export function windowOf(sheet, { row, column }, before) {
  const { columns, rows } = cellsOf(sheet);
  const within = (/** @type {number} */ x, /** @type {number} */ from, /** @type {number} */ count) =>
    x >= from && x < from + count;
  if (before && within(row, before.row, rows) && within(column, before.column, columns)) return before;
  const from = (/** @type {number} */ x, /** @type {number} */ count, /** @type {number} */ all) =>
    Math.min(Math.max(x - Math.floor(count / 2), 0), all - count);
  return { row: from(row, rows, sheet.rows), column: from(column, columns, sheet.columns), rows, columns };
}

/**
 * What lies at a point of the magnifier.
 *
 * @param {Sheet} sheet
 * @param {Window} window
 * @param {number} x
 * @param {number} y
 * @returns {Place}
 */
export function placeWithin(sheet, window, x, y) {
  const { dx, dy } = cellsOf(sheet);
  const { own, slotted } = sheet;
  const clamp = (/** @type {number} */ at, /** @type {number} */ count) =>
    Math.min(Math.max(Math.floor(at), 0), count - 1);
  const column = window.column + clamp((x - LEFT) / dx, window.columns);
  const row = window.row + clamp((y - TOP) / dy, window.rows);
  return {
    token: y < TOP ? -1 : sheet.tokenOf(row),
    expert: x < LEFT ? -1 : Math.floor(column / own),
    slot: x < LEFT || !slotted ? -1 : column % own,
  };
}

/**
 * Draw the magnified cells with their numbers, rows and columns named, and a ring around what is selected.
 *
 * @param {Context} ctx
 * @param {Sheet} sheet
 * @param {Window} window
 * @param {Place} at
 */
export function paintMagnifier(ctx, sheet, window, at) {
  const { values, own, least, most, root, ink } = sheet;
  const { dx, dy } = cellsOf(sheet);
  for (let c = 0; c < window.columns; c++) {
    const column = window.column + c;
    const x = LEFT + c * dx;
    const expert = Math.floor(column / own);
    ctx.fillStyle = expertFill(ctx, expert);
    ctx.fillRect(x, TOP - 4, dx - 1, 3);
    if (column % own === 0 || c === 0) write(ctx, `e${expert}`, x + dx / 2, 7, ink.text);
    if (own > 1) write(ctx, column % own, x + dx / 2, 19, ink.text);
  }
  if (own > 1) write(ctx, "slot", LEFT - 5, 19, ink.text, "right");
  for (let r = 0; r < window.rows; r++) {
    const y = TOP + r * dy;
    write(ctx, sheet.nameOf(window.row + r), LEFT - 5, y + dy / 2, ink.text, "right");
    for (let c = 0; c < window.columns; c++) {
      const value = values[(window.row + r) * sheet.columns + window.column + c];
      const share = (value - least) / (most - least || 1);
      const shade = Math.min(Math.max(Math.round(255 * (root ? Math.sqrt(share) : share)), 0), 255) || 0;
      ctx.fillStyle = `#${(RAMP[shade] & 0xffffff)
        .toString(16)
        .padStart(6, "0")
        .replace(/(..)(..)(..)/, "$3$2$1")}`;
      ctx.fillRect(LEFT + c * dx, y, dx - 1, dy - 1);
      write(ctx, brief(value), LEFT + (c + 0.5) * dx, y + dy / 2, shade > 150 ? "#000" : "#fff");
    }
  }
  ringSelected(ctx, sheet, window, at, dx, dy);
}

/**
 * Numbers of a cell: three digits behind the point, without the 0 before it; few digits of what is large.
 *
 * @param {number} x
 */
function brief(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "-∞";
  if (x === 0) return "0";
  if (x > 0 && x < 0.0005) return "<.001";
  if (x > 0 && x < 0.9995) return x.toFixed(3).slice(1);
  const fixed = x.toFixed(Math.abs(x) >= 99.95 ? 0 : Math.abs(x) >= 9.995 ? 1 : 2);
  return Number.isInteger(x) ? String(x) : fixed;
}

/**
 * @param {Context} ctx
 * @param {Sheet} sheet
 * @param {Window} window
 * @param {Place} at
 * @param {number} dx
 * @param {number} dy
 */
function ringSelected(ctx, sheet, window, at, dx, dy) {
  const under = columnsUnder(sheet, at);
  const row = at.token < 0 ? -1 : sheet.rowOf(at.token) - window.row;
  const from = Math.max(under.from - window.column, 0);
  const to = Math.min(under.to - window.column, window.columns);
  const rowed = row >= 0 && row < window.rows;
  const [top, high] = rowed ? [TOP + row * dy, dy] : [TOP, window.rows * dy];
  if (at.expert >= 0 && to > from && (rowed || at.token < 0))
    ring(ctx, LEFT + from * dx, top, (to - from) * dx - 1, high - 1);
  else if (rowed && at.expert < 0) ring(ctx, LEFT, top, window.columns * dx - 1, high - 1);
}

/**
 * The cells that the magnifier shows, as a frame around them on the map.
 *
 * @param {Context} ctx
 * @param {MapBox} map
 * @param {Window} window
 * @param {Ink} ink
 */
export function outlineWindow(ctx, { x, y, dx, dy }, { row, column, rows, columns }, ink) {
  for (const [width, colour] of /** @type {[number, string][]} */ ([
    [3, ink.text],
    [1, ink.paper || ink.page],
  ])) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.strokeRect(x + column * dx - 4, y + row * dy - 4, columns * dx + 8, rows * dy + 8);
  }
}
