// How experts look: eight hues, and from the ninth on a pattern over the hue, so that no two of them look alike. Numbers
// name the experts; hues and patterns only help to find them.

import { contextOf, density, expertColour } from "./painting.js";

/** @import { Context } from "./painting.js" */

const HUES = 8;
const TILE = 6;
/**
 * Strokes across a tile: the first eight experts have none.
 *
 * @type {[x: number, y: number, toX: number, toY: number][][]}
 */
const PATTERNS = [
  [],
  [
    [-1, 7, 7, -1],
    [-1, 1, 1, -1],
    [5, 7, 7, 5],
  ],
  [[0, 3, 6, 3]],
  [[3, 0, 3, 6]],
  [
    [-1, -1, 7, 7],
    [-1, 5, 1, 7],
    [5, -1, 7, 1],
  ],
  [
    [3, 0, 3, 6],
    [0, 3, 6, 3],
  ],
  [[2, 3, 4, 3]],
  [
    [-1, 7, 7, -1],
    [-1, -1, 7, 7],
  ],
];

// Strokes are light on dark hues and dark on light ones; after the last pattern they change over.
const LIGHT_ON = ["#bd1f01", "#832db6", "#a96b59"];
const LOOKS = 2 * PATTERNS.length - 1;

/** Experts that look different from one another. */
export const APART = HUES * LOOKS;

/** @type {Map<string, CanvasPattern>} Any context can fill with them. */
const patterns = new Map();

/**
 * The tile of a hue and a pattern.
 *
 * @param {string} hue
 * @param {number} pattern
 * @param {number} ratio Pixels of the screen in one of CSS.
 */
function tileOf(hue, pattern, ratio) {
  const tile = new OffscreenCanvas(TILE * ratio, TILE * ratio);
  const pen = contextOf(tile);
  pen.scale(ratio, ratio);
  pen.fillStyle = hue;
  pen.fillRect(0, 0, TILE, TILE);
  const over = pattern >= PATTERNS.length;
  Object.assign(pen, { strokeStyle: LIGHT_ON.includes(hue) === over ? "#000" : "#fff", lineWidth: 1.5 });
  for (const [x, y, toX, toY] of PATTERNS[over ? pattern - PATTERNS.length + 1 : pattern]) {
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(toX, toY);
    pen.stroke();
  }
  return tile;
}

/**
 * What fills a box of an expert: its hue, from the ninth expert on with a pattern.
 *
 * @param {Context} ctx
 * @param {number} e
 * @returns {string | CanvasPattern}
 */
export function expertFill(ctx, e) {
  const hue = expertColour(e);
  const pattern = Math.floor(e / HUES) % LOOKS;
  if (!pattern) return hue;
  const ratio = Math.ceil(density());
  const key = `${hue} ${pattern} ${ratio}`;
  const before = patterns.get(key);
  if (before) return before;
  const fill = ctx.createPattern(tileOf(hue, pattern, ratio), "repeat");
  if (!fill) return hue;
  fill.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  patterns.set(key, fill);
  return fill;
}
