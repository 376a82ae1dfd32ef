// How lines look: each a hue and a mark of its own, so that colour is not the only sign; a learner's own run is a star.

import { ON_DARK } from "../shared/palette.js";
import { contextOf, expertColour } from "../shared/painting.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context } from "../shared/painting.js" */
/** @import { Line } from "./scene.js" */

/** @type {(sides: number, turn: number, dent?: number) => [x: number, y: number][]} */
const corners = (sides, turn, dent = 1) =>
  Array.from({ length: sides }, (_, i) => {
    const angle = turn + (2 * Math.PI * i) / sides;
    const far = i % 2 ? dent : 1;
    return [far * Math.cos(angle), far * Math.sin(angle)];
  });
const UP = -Math.PI / 2;
/** Corners of each mark, in radii; none for a circle. */
const MARKS = [
  [],
  corners(4, Math.PI / 4),
  corners(3, UP),
  corners(4, 0),
  corners(3, -UP),
  corners(8, UP, 0.4),
  corners(6, 0),
];
const STAR = corners(10, UP, 0.45);

/** Whether a page is dark, by its colour. */
const dark = (/** @type {string} */ page) => {
  const probe = contextOf(new OffscreenCanvas(1, 1));
  probe.fillStyle = page;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return red + green + blue < 384;
};
/** @type {Map<string, boolean>} */
const known = new Map();

/**
 * The colour of a line on a page.
 *
 * @param {Line} line
 * @param {Ink} ink
 */
export function hueOf({ look, own }, ink) {
  if (own) return ink.text;
  const hue = expertColour(look);
  if (!known.has(ink.page)) known.set(ink.page, dark(ink.page));
  return (known.get(ink.page) && ON_DARK[hue]) || hue;
}

/**
 * Draw the mark of a line, with an edge in the colour of text: some hues are close to a light page.
 *
 * @param {Context} ctx
 * @param {Line} line
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {Ink} ink
 */
export function mark(ctx, line, x, y, r, ink) {
  // The second round of hues has other marks for them than the first.
  const shape = line.own ? STAR : MARKS[line.look % MARKS.length];
  ctx.beginPath();
  if (!shape.length) ctx.arc(x, y, r, 0, 2 * Math.PI);
  for (const [dx, dy] of shape) ctx.lineTo(x + dx * r * 1.2, y + dy * r * 1.2);
  ctx.closePath();
  Object.assign(ctx, { fillStyle: hueOf(line, ink), strokeStyle: line.own ? ink.page : ink.text, lineWidth: 1 });
  ctx.fill();
  ctx.stroke();
}

/**
 * Draw a path in the colour of a line, on an edge in the colour of text.
 *
 * @param {Context} ctx
 * @param {Line} line
 * @param {[x: number, y: number][]} places
 * @param {number} width
 * @param {Ink} ink
 */
export function trace(ctx, line, places, width, ink) {
  ctx.beginPath();
  for (const [x, y] of places) ctx.lineTo(x, y);
  if (line.own) ctx.setLineDash([6, 4]);
  for (const [wide, strokeStyle] of /** @type {[number, string][]} */ ([
    [width + 1.2, ink.text],
    [width, hueOf(line, ink)],
  ])) {
    Object.assign(ctx, { lineWidth: wide, strokeStyle, lineJoin: "round" });
    ctx.stroke();
  }
  ctx.setLineDash([]);
}
