// The cells around a selection, large enough to be read and touched, where those of the map are not.

import { expertFill } from "../shared/experts.js";
import { RAMP, ring, write } from "../shared/painting.js";
import { columnsOfExpert, extremesOf, short } from "./numbers.js";
import { askedBy } from "./why.js";

/** @import { Context } from "../shared/painting.js" */
/** @import { MapBox } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Look, View } from "./numbers.js" */
/** @import { Scene } from "./panels.js" */

/** Cells of the map that are narrower or lower than this are magnified. */
const SMALL = { w: 12, h: 8 };
const LEFT = 30;
const TOP = 30;
const ROWS = 7;

/** @typedef {{ row: number, column: number, rows: number, columns: number }} Window The cells that are magnified. */

/**
 * Whether the map's cells are too small to be read.
 *
 * @param {MapBox} map
 * @param {View} view
 */
export const isSmall = ({ dx, dy }, view) => view !== "output" && (dx < SMALL.w || dy < SMALL.h);

/** A finger is wider than a pointer. */
const touched = () => matchMedia("(pointer: coarse)").matches;

/**
 * The size of a magnified cell and how many there are in a panel of this width.
 *
 * @param {Scene} scene
 */
function cellsOf({ it, boxes, reach }) {
  const [w, h] = touched() ? [44, 44] : [34, 20];
  const columns = Math.min(Math.max(Math.floor((reach - LEFT) / w), 1), boxes.map.columns);
  return { columns, rows: Math.min(ROWS, it.n), dx: Math.min((reach - LEFT) / columns, 2 * w), dy: h };
}

/**
 * Pixels of the magnifier.
 *
 * @param {Scene} scene
 * @returns {[width: number, height: number]}
 */
export function sizeOf(scene) {
  const { rows, dy } = cellsOf(scene);
  return [scene.reach, TOP + rows * dy];
}

/**
 * The row and column of the map that a selection is about: where a token or a slot weighs most, if only one is named.
 *
 * @param {Look} it
 * @param {View} view
 * @param {Place} at
 */
export function centreOf(it, view, { token, expert, slot }) {
  const own = columnsOfExpert(it, view);
  const values = it.weights[view] ?? new Float32Array();
  const wide = it.experts * own;
  // Where a token that was dropped has no weight, the expert that it asked for first.
  const [asked] = expert < 0 && it.fate[token] === 1 ? (askedBy(it, token) ?? []) : [];
  if (asked !== undefined) return { row: it.row[token], column: asked * own + Math.floor(own / 2) };
  const first = Math.max(expert, 0) * own + (own > 1 ? Math.max(slot, 0) : 0);
  const last = expert < 0 ? wide : slot < 0 || own === 1 ? Math.max(expert, 0) * own + own : first + 1;
  let [row, column] = [Math.max(it.row[token] ?? 0, 0), first];
  let most = -Infinity;
  const rows = token < 0 ? [...Array(it.n).keys()] : [row];
  for (const r of rows)
    for (let c = first; c < last; c++)
      if (values[r * wide + c] > most) [row, column, most] = [r, c, values[r * wide + c]];
  return { row, column };
}

/**
 * The cells to magnify: those before, where they still hold what is selected, else those around it.
 *
 * @param {Scene} scene
 * @param {Place} at
 * @param {Window | null} before Kept while the pointer is in it.
 * @returns {Window}
 */
export function windowOf(scene, at, before) {
  const { columns, rows } = cellsOf(scene);
  const { row, column } = centreOf(scene.it, scene.view, at);
  const within = (/** @type {number} */ x, /** @type {number} */ from, /** @type {number} */ count) =>
    x >= from && x < from + count;
  if (before && within(row, before.row, rows) && within(column, before.column, columns)) return before;
  const from = (/** @type {number} */ x, /** @type {number} */ count, /** @type {number} */ all) =>
    Math.min(Math.max(x - Math.floor(count / 2), 0), all - count);
  return { row: from(row, rows, scene.it.n), column: from(column, columns, scene.boxes.map.columns), rows, columns };
}

/**
 * What lies at a point of the magnifier.
 *
 * @param {Scene} scene
 * @param {Window} window
 * @param {number} x
 * @param {number} y
 * @returns {Place}
 */
export function placeWithin(scene, window, x, y) {
  const { it, view } = scene;
  const { dx, dy } = cellsOf(scene);
  const own = columnsOfExpert(it, view);
  const clamp = (/** @type {number} */ at, /** @type {number} */ count) =>
    Math.min(Math.max(Math.floor(at), 0), count - 1);
  const column = window.column + clamp((x - LEFT) / dx, window.columns);
  const row = window.row + clamp((y - TOP) / dy, window.rows);
  const slot = own === it.p ? column % own : -1;
  return {
    token: y < TOP ? -1 : it.ids[row],
    expert: x < LEFT ? -1 : Math.floor(column / own),
    slot: x < LEFT ? -1 : slot,
  };
}

/**
 * Draw the magnified cells with their numbers, rows and columns named, and a ring around what is selected.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 * @param {Window} window
 * @param {Place} at
 */
export function paintMagnifier(ctx, scene, window, at) {
  const { it, view, ink, root } = scene;
  const { dx, dy } = cellsOf(scene);
  const own = columnsOfExpert(it, view);
  const { least, most } = extremesOf(it, view);
  const values = it.weights[view] ?? new Float32Array();
  const all = it.experts * own;
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
    write(ctx, it.ids[window.row + r], LEFT - 5, y + dy / 2, ink.text, "right");
    for (let c = 0; c < window.columns; c++) {
      const value = values[(window.row + r) * all + window.column + c];
      const share = (value - least) / (most - least || 1);
      const shade = Math.min(Math.max(Math.round(255 * (root ? Math.sqrt(share) : share)), 0), 255) || 0;
      ctx.fillStyle = `#${(RAMP[shade] & 0xffffff)
        .toString(16)
        .padStart(6, "0")
        .replace(/(..)(..)(..)/, "$3$2$1")}`;
      ctx.fillRect(LEFT + c * dx, y, dx - 1, dy - 1);
      write(ctx, small(value), LEFT + (c + 0.5) * dx, y + dy / 2, shade > 150 ? "#000" : "#fff");
    }
  }
  ringSelected(ctx, it, own, window, at, dx, dy);
}

/**
 * Numbers of a cell: three digits behind the point, without the 0 before it.
 *
 * @param {number} x
 */
const small = (x) => (x > 0 && x < 0.9995 ? x.toFixed(3).slice(1) : short(x));

/**
 * @param {Context} ctx
 * @param {Look} it
 * @param {number} own
 * @param {Window} window
 * @param {Place} at
 * @param {number} dx
 * @param {number} dy
 */
function ringSelected(ctx, it, own, window, { token, expert, slot }, dx, dy) {
  const row = token < 0 ? -1 : it.row[token] - window.row;
  const first = expert * own + (own > 1 ? Math.max(slot, 0) : 0) - window.column;
  const count = expert < 0 ? 0 : slot < 0 || own === 1 ? own : 1;
  const [from, to] = [Math.max(first, 0), Math.min(first + count, window.columns)];
  const rowed = row >= 0 && row < window.rows;
  const [top, high] = rowed ? [TOP + row * dy, dy] : [TOP, window.rows * dy];
  if (expert >= 0 && to > from && (rowed || token < 0))
    ring(ctx, LEFT + from * dx, top, (to - from) * dx - 1, high - 1);
  else if (rowed && expert < 0) ring(ctx, LEFT, top, window.columns * dx - 1, high - 1);
}
