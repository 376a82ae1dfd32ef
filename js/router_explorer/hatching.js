// Crossing out many boxes at once. A pattern is filled in, since lines cut to hundreds of boxes take many times longer.

import { contextOf, density } from "../shared/painting.js";

/** @import { Context, Corner } from "../shared/painting.js" */

const TILE = 8;
/** @type {Map<number, CanvasPattern>} Any context can fill with them. */
const patterns = new Map();

/**
 * Slanted lines, light on dark so that they show on any ground.
 *
 * @param {Context} target
 * @param {number} ratio
 */
function patternOf(target, ratio) {
  const known = patterns.get(ratio);
  if (known) return known;
  const side = Math.round(TILE * ratio);
  const made = new OffscreenCanvas(side, side);
  const ctx = contextOf(made);
  ctx.scale(side / TILE, side / TILE);
  for (const [width, colour] of /** @type {[number, string][]} */ ([
    [3, "#000"],
    [1.2, "#fff"],
  ])) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.beginPath();
    for (const at of [-TILE, 0, TILE]) {
      ctx.moveTo(at - 1, TILE + 1);
      ctx.lineTo(at + TILE + 1, -1);
    }
    ctx.stroke();
  }
  const pattern = target.createPattern(made, "repeat");
  if (!pattern) return null;
  pattern.setTransform(new DOMMatrix().scale(TILE / side));
  patterns.set(ratio, pattern);
  return pattern;
}

/**
 * Cross boxes out with slanted lines.
 *
 * @param {Context} ctx
 * @param {Corner[]} boxes
 */
export function hatchAll(ctx, boxes) {
  if (!boxes.length) return;
  const pattern = patternOf(ctx, density());
  if (!pattern) return;
  ctx.fillStyle = pattern;
  for (const box of boxes) ctx.fillRect(...box);
}
