// Marks of a lens that are no colour: signs on weights that no softmax produces, and on sums that should be 1.

import { paintSums } from "../shared/maps.js";
import { expertFill } from "../shared/experts.js";
import { contextOf, ring, write, writeOver } from "../shared/painting.js";
import { bar, writeBoxed } from "./bars.js";
import { count, four } from "./numbers.js";
import { RIGHT, SUMS } from "./sizes.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context } from "../shared/painting.js" */
/** @import { MapBox } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Folds } from "./folds.js" */
/** @import { Look, Weights, Wrong } from "./numbers.js" */
/** @import { Scene } from "./panels.js" */

const FEW = 40;
const TILE = 7;
/**
 * Strokes of a tile for each kind of wrong weight, for cells too small for its sign.
 *
 * @type {Record<string, number[][]>}
 */
const STROKES = {
  "<0": [[0, 3.5, 7, 3.5]],
  ">1": [
    [3.5, 0, 3.5, 7],
    [0, 3.5, 7, 3.5],
  ],
  NaN: [
    [0, 0, 7, 7],
    [7, 0, 0, 7],
  ],
  "∞": [[2, 3.5, 5, 3.5]],
};
/**
 * @param {Context} ctx
 * @param {string} sign
 */
function tile(ctx, sign) {
  const small = new OffscreenCanvas(TILE, TILE);
  const pen = contextOf(small);
  for (const [width, colour] of [
    [2.6, "#000"],
    [1, "#fff"],
  ]) {
    Object.assign(pen, { lineWidth: width, strokeStyle: colour });
    for (const [a, b, c, d] of STROKES[sign]) {
      pen.beginPath();
      pen.moveTo(a, b);
      pen.lineTo(c, d);
      pen.stroke();
    }
  }
  return /** @type {CanvasPattern} */ (ctx.createPattern(small, "repeat"));
}

/**
 * Mark the wrong weights of a map: with their sign where it has room, else with a tile, and a ring if they are few.
 *
 * @param {Context} ctx
 * @param {Wrong[]} found
 * @param {number} columns
 * @param {MapBox} map
 */
export function markWrong(ctx, found, columns, { x, y, dx, dy }) {
  for (const { sign, at } of found) {
    const room = dx >= 26 && dy >= 12;
    const few = at.length <= FEW;
    const ground = tile(ctx, sign);
    ctx.fillStyle = ground;
    for (let i = 0, run; i < at.length; i += run) {
      const column = at[i] % columns;
      const left = x + column * dx;
      const top = y + Math.floor(at[i] / columns) * dy;
      // Neighbours in a row share one tiled box, or a map that is all wrong would be slow.
      for (run = 1; !room && at[i + run] === at[i] + run && column + run < columns;) run++;
      if (room) writeOver(ctx, sign, left + dx / 2, top + dy / 2);
      if (room) continue;
      // A lone tile is centred on its cell; many share one pattern, between whose strokes the colours can be seen.
      const [centreX, centreY] = [left + (dx - TILE) / 2, top + (dy - TILE) / 2].map(Math.round);
      if (few) ground.setTransform(new DOMMatrix([1, 0, 0, 1, centreX, centreY]));
      ctx.fillRect(left, top, Math.max(run * dx, 1), Math.max(dy, 1));
      if (few) ring(ctx, left, top, run * dx, dy);
    }
  }
}

/**
 * An arrow head whose tip is at (x, y), pointing left or up.
 *
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} size
 * @param {boolean} left
 */
export function arrow(ctx, x, y, size, left) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  for (const side of [-1, 1]) ctx.lineTo(x + (left ? size : (side * size) / 2), y + (left ? (side * size) / 2 : size));
  ctx.fill();
}

/** @type {Set<number>} */
const NONE = new Set();

/**
 * Sums of the rows on the right and of the columns below, each with a line at 1 and a mark where 1 is missed.
 *
 * @param {Context} ctx
 * @param {Look} it
 * @param {Weights} view
 * @param {MapBox} map
 * @param {Folds} folds
 * @param {Ink} ink
 */
export function sums(ctx, it, view, map, folds, ink) {
  const { x, y, dx, dy } = map;
  const rows = folds.rows ? [] : it.rows[view];
  const columns = folds.columns ? [] : it.columns[view];
  const off = { rows: view === "combine" ? it.off.rows : NONE, columns: view === "dispatch" ? it.off.columns : NONE };
  const long = RIGHT - 20;
  /** @param {number} r */
  const textOf = (r) => (it.hard ? count : four)(rows[r]) + (off.rows.has(r) ? " ≠1" : "");
  /**
   * @param {number} c
   * @param {number} left
   * @param {number} base
   * @param {number} w
   * @param {number} high
   */
  const paintColumn = (c, left, base, w, high) =>
    bar(ctx, left, base, w, high, expertFill(ctx, Math.floor(c / it.p)), ink);
  const { right, floor, numbers } = paintSums(
    ctx,
    map,
    { rows, columns, long, high: SUMS - 22, textOf, paintColumn },
    ink,
  );
  ctx.fillStyle = ink.text;
  if (!numbers) for (const r of off.rows) arrow(ctx, right + long + 3, y + (r + 0.5) * dy, 7, true);
  Array.from(columns).forEach((value, c) => {
    const missed = off.columns.has(c);
    const middle = x + (c + 0.5) * dx;
    const sign = missed ? "≠1" : "";
    const text = dx >= 64 ? `${four(value)} ${sign}` : dx >= 16 ? sign : "";
    if (text) write(ctx, text, middle, floor + 7, ink.text);
    else if (missed) arrow(ctx, middle, floor + 2, Math.min(5, Math.max(dx, 2)), false);
  });
}

/**
 * The exact sums of the selected row and column, beside them.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 * @param {Place} at
 */
export function selectedSums(ctx, { it, view, folds, boxes: { map, sizes }, ink }, { token, expert, slot }) {
  const rows = it.rows[view];
  const columns = it.columns[view];
  if (!rows || !columns) return;
  const { x, y, h, dx, dy } = map;
  const most = sizes.map[0];
  const number = it.hard ? count : four;
  const c = expert * it.p + slot;
  const row = it.row[token];
  if (token >= 0 && dy < 12 && !folds.rows) writeBoxed(ctx, number(rows[row]), most, y + (row + 0.5) * dy, ink, most);
  if (expert >= 0 && slot >= 0 && dx < 64 && !folds.columns)
    writeBoxed(ctx, number(columns[c]), x + (c + 0.5) * dx, y + h + SUMS - 8, ink, most);
}
