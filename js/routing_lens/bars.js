// Bars in the experts' colours, and numbers in boxes.

import { expertFill } from "../shared/experts.js";
import { write } from "../shared/painting.js";
import { part } from "../shared/maps.js";
import { short } from "./numbers.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context } from "../shared/painting.js" */

/**
 * A bar from its floor up. Some colours are faint on the page: an edge in ink bounds each.
 *
 * @param {Context} ctx
 * @param {number} x
 * @param {number} floor
 * @param {number} w
 * @param {number} h
 * @param {string | CanvasPattern} colour
 * @param {Ink} ink
 * @param {boolean} [pale]
 */
export function bar(ctx, x, floor, w, h, colour, ink, pale = false) {
  Object.assign(ctx, { fillStyle: colour, strokeStyle: ink.text, lineWidth: 1, globalAlpha: pale ? 0.4 : 1 });
  ctx.fillRect(x, floor - h, w, h);
  ctx.globalAlpha = 1;
  if (h < 1) return;
  // Whole pixels, between which a line would be grey.
  const left = Math.round(x);
  const top = Math.round(floor - h);
  if (w > 7) {
    ctx.strokeRect(left + 0.5, top + 0.5, Math.round(x + w) - left - 1, Math.round(floor) - top - 1);
    return;
  }
  ctx.fillStyle = ink.text;
  ctx.fillRect(x, top, w, 1);
}

/**
 * One bar for each expert, with numbers where there is room, clear of a line across; pale ones have none unless asked.
 *
 * @param {Context} ctx
 * @param {{ x: number, de: number }} map
 * @param {ArrayLike<number>} values
 * @param {number} most
 * @param {number} floor
 * @param {number} high
 * @param {Ink} ink
 * @param {{ pale?: (expert: number) => boolean, line?: number, numbers?: boolean }} [options]
 */
export function bars(ctx, { x, de }, values, most, floor, high, ink, options = {}) {
  const { pale = () => false, line = -Infinity, numbers = false } = options;
  const gap = de > 8 ? 2 : 0;
  Array.from(values).forEach((value, e) => {
    const h = high * part(value, most);
    const top = floor - h;
    bar(ctx, x + e * de + gap, floor, Math.max(de - 2 * gap, 0.5), h, expertFill(ctx, e), ink, pale(e));
    const number = short(value);
    const above = Math.abs(top - 7 - line) < 7 ? line - 8 : top - 7;
    if ((numbers || !pale(e)) && de >= ctx.measureText(number).width + 2)
      write(ctx, number, x + (e + 0.5) * de, above, ink.text);
  });
}

/**
 * Write a number in a box of the page's colour, so that it covers what is below.
 *
 * @param {Context} ctx
 * @param {string | number} text
 * @param {number} x
 * @param {number} y
 * @param {Ink} ink
 * @param {number} most Pixels of the panel.
 */
export function writeBoxed(ctx, text, x, y, ink, most) {
  const w = ctx.measureText(String(text)).width + 6;
  const left = Math.min(Math.max(x - w / 2, 1), most - w - 1);
  ctx.fillStyle = ink.paper;
  ctx.fillRect(left, y - 8, w, 16);
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(left + 0.5, y - 7.5, w - 1, 15);
  write(ctx, text, left + w / 2, y, ink.text);
}
