// The painter of maps: tokens as a picture or as words with a share on each, a map of tokens by slots with its experts,
// rows and sums, and rings around what is selected.

import { largestFinite } from "../arithmetic/largest.js";
import { expertFill } from "./experts.js";
import { everyNth, paintPicture, ring, shareOfBox, write } from "./painting.js";
import { NARROWEST } from "./words.js";

/** @import { Ink } from "./mount.js" */
/** @import { Context, Corner, Picture } from "./painting.js" */
/** @import { MapBox, TokenBox } from "./plan.js" */

// Inset and colour of lines around a patch: light beside dark, so that they show on any picture.
/** @type {[inset: number, colour: string][]} */
const ON_PICTURE = [
  [0.5, "rgba(0, 0, 0, .55)"],
  [1.5, "rgba(255, 255, 255, .45)"],
];

/**
 * Edges of a share: how far they stand out, and their colour.
 *
 * @type {[grow: number, colour: string][]}
 */
const EDGES = [
  [0, "#fff"],
  [0.75, "#000"],
];

/**
 * Paint the picture that tokens are patches of, where there is one.
 *
 * @param {Context} ctx
 * @param {TokenBox} box
 * @param {Picture | null} picture
 */
export function paintWhole(ctx, { w, h }, picture) {
  if (picture) paintPicture(ctx, { x: 0, y: 0, w, h }, picture);
}

/**
 * Outline the boxes of tokens, all of them in one path.
 *
 * @param {Context} ctx
 * @param {Corner[]} corners
 * @param {Picture | null} picture
 * @param {Ink} ink
 */
export function outlineAll(ctx, corners, picture, ink) {
  for (const [inset, colour] of picture ? ON_PICTURE : [/** @type {[number, string]} */ ([0.5, ink.bar])]) {
    Object.assign(ctx, { lineWidth: 1, strokeStyle: colour });
    ctx.beginPath();
    for (const [x, y, dx, dy] of corners) ctx.rect(x + inset, y + inset, dx - 2 * inset, dy - 2 * inset);
    ctx.stroke();
  }
}

/** @type {(ctx: Context, corner: Corner, picture: Picture | null, ink: Ink) => void} */
export const outline = (ctx, corner, picture, ink) => outlineAll(ctx, [corner], picture, ink);

/**
 * A square on a patch or a bar below a word, its area in proportion to a share; hollow where that is below 0.
 *
 * @param {Context} ctx
 * @param {Corner} corner
 * @param {number} share From -1 to 1.
 * @param {{ colour: string | CanvasPattern, alpha: number, worded: boolean }} look
 */
export function paintShare(ctx, corner, share, { colour, alpha, worded }) {
  const [x, y, w, h] = shareOfBox(corner, Math.abs(share), worded);
  Object.assign(ctx, { fillStyle: colour, lineWidth: 1, globalAlpha: alpha });
  if (share > 0) ctx.fillRect(x, y, w, h);
  ctx.globalAlpha = 1;
  for (const [grow, edge] of EDGES) {
    ctx.strokeStyle = edge;
    ctx.strokeRect(x - grow, y - grow, w + 2 * grow, h + 2 * grow);
  }
}

/**
 * A word's box cut to the least width of one: bars below words are then of one scale, however long the words are.
 *
 * @type {(corner: Corner) => Corner}
 */
export const narrowed = ([x, y, , h]) => [x, y, NARROWEST, h];

/**
 * Above a map, the experts in their colours with their numbers, and lines between their columns.
 *
 * @param {Context} ctx
 * @param {MapBox} map
 * @param {number} experts
 * @param {Ink} ink
 */
export function paintExperts(ctx, { x, y, h, de }, experts, ink) {
  const every = everyNth(de, 8 + 7 * String(experts - 1).length);
  const gap = de > 3 ? 1 : 0;
  write(ctx, "expert", x - 6, y / 2 - 1, ink.text, "right");
  for (let e = 0; e < experts; e++) {
    ctx.fillStyle = expertFill(ctx, e);
    ctx.fillRect(x + e * de + gap, y - 4, Math.max(de - 2 * gap, 0.5), 3);
    if (e % every === 0) write(ctx, e, x + (e + 0.5) * de, y / 2 - 1, ink.text);
    ctx.fillStyle = "#fff";
    if (e && de > 10) ctx.fillRect(x + e * de - 0.5, y, 1, h);
  }
}

/**
 * Beside a map, the names of its rows, as many as there is room for.
 *
 * @param {Context} ctx
 * @param {MapBox} map
 * @param {number} rows
 * @param {(row: number) => string | number} nameOf
 * @param {Ink} ink
 */
export function paintRowNames(ctx, { x, y, dy }, rows, nameOf, ink) {
  const every = everyNth(dy, 13);
  for (let r = 0; r < rows; r += every) write(ctx, nameOf(r), x - 6, y + (r + 0.5) * dy, ink.text, "right");
}

/**
 * Beside and below a map, the sums of its rows and columns, each with a line at 1; of none, nothing.
 *
 * @param {Context} ctx
 * @param {MapBox} map
 * @param {object} sums
 * @param {ArrayLike<number>} sums.rows
 * @param {ArrayLike<number>} sums.columns
 * @param {number} sums.long Pixels of the longest row.
 * @param {number} sums.high Pixels of the tallest column.
 * @param {number} [sums.together] Columns that are drawn as the tallest of them.
 * @param {(row: number) => string} sums.textOf What is written of a row where it has room.
 * @param {(column: number, x: number, floor: number, w: number, high: number) => void} sums.paintColumn
 * @param {Ink} ink
 * @returns {{ right: number, floor: number, numbers: boolean }} Where the sums lie, and whether rows are numbers.
 */
export function paintSums(
  ctx,
  { x, y, w, h, dx, dy },
  { rows, columns, long, high, together = 1, textOf, paintColumn },
  ink,
) {
  const widest = largestFinite(rows, 1);
  const tallest = largestFinite(columns, 1);
  const right = x + w + 6;
  const floor = y + h + 7 + high;
  const one = floor - high / tallest;
  const numbers = dy >= 12;
  if (rows.length) write(ctx, "sum", right, y / 2 - 1, ink.text, "left");
  if (columns.length) write(ctx, "sum", x - 6, floor - high / 2, ink.text, "right");
  if (columns.length) write(ctx, "1", right, one, ink.text, "left");
  for (let r = 0; r < rows.length; r++) {
    ctx.fillStyle = ink.bar;
    if (numbers) write(ctx, textOf(r), right, y + (r + 0.5) * dy, ink.text, "left");
    else ctx.fillRect(right, y + r * dy, long * part(rows[r], widest), Math.max(dy - 0.5, 0.5));
  }
  for (let c = 0; c < columns.length; c += together) {
    let value = columns[c];
    for (let i = c + 1; i < c + together && i < columns.length; i++) if (columns[i] > value) value = columns[i];
    paintColumn(c, x + c * dx, floor, Math.max(dx - (dx > 3 ? 1 : 0), 1), high * part(value, tallest));
  }
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  if (!numbers && rows.length) ctx.strokeRect(right + long / widest, y, 0, h);
  if (columns.length) ctx.strokeRect(x, one, w, 0);
  return { right, floor, numbers };
}

/**
 * A value as a share of the most, from 0 to 1; 0 for what is no number.
 *
 * @param {number} value
 * @param {number} most
 */
export const part = (value, most) => Math.min(Math.max(value / most, 0), 1) || 0;

/**
 * Rings around a row of a map, some of its columns, and cells where both meet.
 *
 * @param {Context} ctx
 * @param {MapBox} map
 * @param {{ row: number, columns: Span | null, cells: { row: number, columns: Span }[] }} marked A row of -1 is none.
 */
export function ringPlaces(ctx, { x, y, w, h, dx, dy }, { row, columns, cells }) {
  if (row >= 0) ring(ctx, x, y + row * dy, w, dy);
  if (columns) ring(ctx, x + columns.from * dx, y, columns.count * dx, h);
  for (const cell of cells) {
    const left = x + cell.columns.from * dx;
    const top = y + cell.row * dy;
    const wide = cell.columns.count * dx;
    ctx.clearRect(left - 3, top - 3, wide + 6, dy + 6);
    ring(ctx, left, top, wide, dy);
  }
}

/** @typedef {{ from: number, count: number }} Span Columns of a map that lie together. */

/**
 * A ring around what belongs to an expert, from the top of its panel on.
 *
 * @param {Context} ctx
 * @param {MapBox} map
 * @param {number} expert
 * @param {number} high
 */
export const ringExpert = (ctx, { x, de }, expert, high) => ring(ctx, x + expert * de + 2, 2, de - 4, high);
