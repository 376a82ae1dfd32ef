// Two models seed by seed: how much more the first one measured than the second with the same seed.

import { rule, write } from "../shared/painting.js";
import { widthOf } from "../shared/words.js";
import { along, axisOf, short } from "./axis.js";
import { circle, told } from "./chart.js";
import { hueOf } from "./looks.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Box, Context } from "../shared/painting.js" */
/** @import { Axis } from "./axis.js" */
/** @import { Line, comparisonOf } from "./scene.js" */

/** @typedef {NonNullable<ReturnType<typeof comparisonOf>>} Comparison */

/**
 * @typedef {object} Differences
 * @property {Comparison} comparison
 * @property {(Line | undefined)[]} lines The lines of the first and of the second.
 * @property {Box} box
 * @property {[width: number, height: number]} size
 * @property {Axis} y
 * @property {Ink} ink
 */

const HIGH = 190;

/**
 * @param {Comparison} comparison
 * @param {(Line | undefined)[]} lines
 * @param {number} width
 * @param {Ink} ink
 * @returns {Differences}
 */
export function differencesOf(comparison, lines, width, ink) {
  const y = axisOf([0, ...comparison.pairs.map((each) => each.difference)], 4, { log: false, edge: 0.12 });
  const left = 12 + Math.max(...y.ticks.map((tick) => widthOf(signed(tick))), 16);
  const right = widthOf(meanTold(comparison)) + 16;
  const box = { x: left, y: 10, w: width - left - right, h: HIGH - 10 - 36 };
  return { comparison, lines, box, size: [width, HIGH], y, ink };
}

/** @param {Comparison} comparison */
const meanTold = ({ mean }) => `mean ${signed(mean)}`;

/** @param {number} x */
export const signed = (x) => (x > 0 ? `+${short(x)}` : x < 0 ? `−${short(-x)}` : "0");

/**
 * @param {Differences} drawing
 * @param {number} i
 * @param {number} value
 * @returns {[x: number, y: number]}
 */
const placed = ({ comparison, box, y }, i, value) => [
  box.x + (box.w * (i + 0.5)) / comparison.pairs.length,
  box.y + box.h * (1 - along(y, value)),
];

/**
 * The pair at a point, -1 for none.
 *
 * @param {Differences} drawing
 * @param {number} x
 */
export function pairAt({ comparison, box }, x) {
  const at = Math.floor(((x - box.x) / box.w) * comparison.pairs.length);
  return at >= 0 && at < comparison.pairs.length ? at : -1;
}

/**
 * @param {Context} ctx
 * @param {Differences} drawing
 * @param {string} seeds What tells the pairs apart.
 */
export function paintGround(ctx, drawing, seeds) {
  const { box, y, size, ink, comparison } = drawing;
  for (const tick of y.ticks) {
    const at = Math.round(box.y + box.h * (1 - along(y, tick))) + 0.5;
    Object.assign(ctx, {
      lineWidth: tick ? 1 : 1.5,
      strokeStyle: tick ? ink.line : ink.text,
      globalAlpha: tick ? 0.6 : 1,
    });
    rule(ctx, box.x, at, box.x + box.w, at);
    ctx.globalAlpha = 1;
    write(ctx, signed(tick), box.x - 6, at, ink.text, "right");
  }
  const room = box.w / comparison.pairs.length;
  const wide = Math.max(...comparison.pairs.map(({ seed }) => widthOf(String(seed)))) + 6;
  const every = Math.ceil(wide / room);
  comparison.pairs.forEach(({ seed }, i) => {
    if (i % every === 0) write(ctx, seed, placed(drawing, i, 0)[0], box.y + box.h + 12, ink.text);
  });
  write(ctx, seeds, box.x + box.w / 2, size[1] - 8, ink.text);
}

/**
 * A stem for each pair, from 0 to the difference, with an arrow up or down at its end in the colour of who measured more.
 *
 * @param {Context} ctx
 * @param {Differences} drawing
 * @param {number} lit The seed that is pointed at, -1 for none.
 */
export function paintPairs(ctx, drawing, lit) {
  const { box, ink, comparison, lines } = drawing;
  comparison.pairs.forEach(({ seed, difference }, i) => {
    const [x, y] = placed(drawing, i, difference);
    const [, zero] = placed(drawing, i, 0);
    const line = lines[difference < 0 ? 1 : 0];
    const hue = line && difference ? hueOf(line, ink) : ink.bar;
    ctx.globalAlpha = lit >= 0 && lit !== seed ? 0.35 : 1;
    Object.assign(ctx, { lineWidth: 2, strokeStyle: ink.bar });
    rule(ctx, x, zero, x, y);
    const turn = Math.sign(difference);
    ctx.beginPath();
    if (turn)
      for (const [dx, dy] of [[-6, 4], [6, 4], [0, -7]]) ctx.lineTo(x + dx, y + turn * dy); // prettier-ignore
    else ctx.arc(x, y, 4, 0, 2 * Math.PI);
    ctx.closePath();
    Object.assign(ctx, { fillStyle: hue, strokeStyle: ink.text, lineWidth: 1 });
    ctx.fill();
    ctx.stroke();
  });
  ctx.globalAlpha = 1;
  const [, middle] = placed(drawing, 0, comparison.mean);
  Object.assign(ctx, { lineWidth: 1.5, strokeStyle: ink.text });
  ctx.setLineDash([5, 4]);
  rule(ctx, box.x, middle, box.x + box.w, middle);
  ctx.setLineDash([]);
  write(ctx, meanTold(comparison), box.x + box.w + 6, middle, ink.text, "left");
  const at = comparison.pairs.findIndex(({ seed }) => seed === lit);
  if (at < 0) return;
  const [x, y] = placed(drawing, at, comparison.pairs[at].difference);
  circle(ctx, x, y, 9, ink);
  told(ctx, drawing, signed(comparison.pairs[at].difference), x, y - 17);
}
