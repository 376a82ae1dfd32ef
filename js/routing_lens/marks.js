// Marks of a lens that are no colour: signs on weights that no softmax gives, and on sums that should be 1.

import { expertColour, ring, write, writeOver } from "../shared/painting.js";
import { four, largest } from "./numbers.js";
import { RIGHT, SUMS, bar } from "./panels.js";

const FEW = 40;
const TILE = 7;
/** Strokes of a tile for each kind of wrong weight, for cells too small for its sign. */
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
function tile(ctx, sign) {
  const small = new OffscreenCanvas(TILE, TILE);
  const pen = small.getContext("2d");
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
  return ctx.createPattern(small, "repeat");
}

/** Mark the wrong weights of a map: with their sign where it has room, else with a tile, and a ring if they are few. */
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
      const centre = [left + (dx - TILE) / 2, top + (dy - TILE) / 2].map(Math.round);
      if (few) ground.setTransform(new DOMMatrix([1, 0, 0, 1, ...centre]));
      ctx.fillRect(left, top, Math.max(run * dx, 1), Math.max(dy, 1));
      if (few) ring(ctx, left, top, run * dx, dy);
    }
  }
}

/** An arrow head whose tip is at (x, y), pointing left or up. */
export function arrow(ctx, x, y, size, left) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  for (const side of [-1, 1]) ctx.lineTo(x + (left ? size : (side * size) / 2), y + (left ? (side * size) / 2 : size));
  ctx.fill();
}

/** Write a number in a box of the page's colour, so that it covers what is below. */
export function writeBoxed(ctx, text, x, y, ink, most) {
  const w = ctx.measureText(text).width + 6;
  const left = Math.min(Math.max(x - w / 2, 1), most - w - 1);
  ctx.fillStyle = ink.paper;
  ctx.fillRect(left, y - 8, w, 16);
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(left + 0.5, y - 7.5, w - 1, 15);
  write(ctx, text, left + w / 2, y, ink.text);
}

/** Sums of the rows on the right and of the columns below, each with a line at 1 and a mark where 1 is missed. */
export function sums(ctx, it, view, { x, y, w, h, dx, dy }, ink) {
  const rows = it.rows[view];
  const columns = it.columns[view];
  const none = new Set();
  const off = { rows: view === "combine" ? it.off.rows : none, columns: view === "dispatch" ? it.off.columns : none };
  const widest = largest(rows, 1);
  const tallest = largest(columns, 1);
  const long = RIGHT - 20;
  const high = SUMS - 22;
  const right = x + w + 6;
  const floor = y + h + 7 + high;
  const one = floor - high / tallest;
  const numbers = dy >= 12;
  const part = (value, most) => Math.min(Math.max(value / most, 0), 1) || 0;
  write(ctx, "sum", right, y / 2 - 1, ink.text, "left");
  write(ctx, "sum", x - 6, floor - high / 2, ink.text, "right");
  write(ctx, "1", right, one, ink.text, "left");
  rows.forEach((value, r) => {
    const missed = off.rows.has(r);
    const middle = y + (r + 0.5) * dy;
    ctx.fillStyle = ink.bar;
    if (numbers) write(ctx, four(value) + (missed ? " ≠1" : ""), right, middle, ink.text, "left");
    else ctx.fillRect(right, y + r * dy, long * part(value, widest), Math.max(dy - 0.5, 0.5));
    if (missed && !numbers) arrow(ctx, right + long + 3, middle, 7, true);
  });
  columns.forEach((value, c) => {
    const colour = expertColour(Math.floor(c / it.p));
    bar(ctx, x + c * dx, floor, Math.max(dx - (dx > 3), 1), high * part(value, tallest), colour, ink);
  });
  ctx.fillStyle = ink.text;
  columns.forEach((value, c) => {
    const missed = off.columns.has(c);
    const middle = x + (c + 0.5) * dx;
    const sign = missed ? "≠1" : "";
    const text = dx >= 64 ? `${four(value)} ${sign}` : dx >= 16 ? sign : "";
    if (text) write(ctx, text, middle, floor + 7, ink.text);
    else if (missed) arrow(ctx, middle, floor + 2, Math.min(5, Math.max(dx, 2)), false);
  });
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  if (!numbers) ctx.strokeRect(right + long / widest, y, 0, h);
  ctx.strokeRect(x, one, w, 0);
}

/** The exact sums of the selected row and column, beside them. */
export function selectedSums(ctx, { it, view, boxes: { map, sizes }, ink }, { token, expert, slot }) {
  if (!it.rows[view]) return;
  const { x, y, h, dx, dy } = map;
  const most = sizes.map[0];
  const c = expert * it.p + slot;
  const row = it.row[token];
  const text = (name) => four(it[name][view][name === "rows" ? row : c]);
  if (token >= 0 && dy < 12) writeBoxed(ctx, text("rows"), most, y + (row + 0.5) * dy, ink, most);
  if (expert >= 0 && slot >= 0) writeBoxed(ctx, text("columns"), x + (c + 0.5) * dx, y + h + SUMS - 8, ink, most);
}
