// The tokens of a text as words in lines, each in a box as wide as its word. A slot's weights lie below the words.

import { contextOf } from "./painting.js";

/** @import { Corner } from "./painting.js" */

export const LINE = 40;
export const NARROWEST = 34;
/** @type {OffscreenCanvasRenderingContext2D | null} */
let ruler = null;

/**
 * A token's text as it can be seen and told: what is blank in quotes, what is long cut off.
 *
 * @param {string} word
 * @param {number} most
 */
export const clip = (word, most) => {
  const seen = word.trim() ? word : `"${word}"`;
  return seen.length > most ? `${seen.slice(0, most - 1)}…` : seen;
};

/**
 * Pixels that a text takes in a drawing.
 *
 * @param {string} text
 */
export function widthOf(text) {
  if (!ruler) {
    ruler = contextOf(new OffscreenCanvas(1, 1));
    ruler.font = "11px system-ui, sans-serif";
  }
  return ruler.measureText(text).width;
}

/**
 * A token's text in at most so many pixels: what is blank in quotes, what is too long cut off.
 *
 * @param {string} word
 * @param {number} most
 */
export function fitted(word, most) {
  const seen = [...clip(word, 400)];
  if (widthOf(seen.join("")) <= most) return seen.join("");
  let low = 0;
  let high = seen.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (widthOf(`${seen.slice(0, middle).join("")}…`) <= most) low = middle;
    else high = middle;
  }
  return `${seen.slice(0, low).join("")}…`;
}

/**
 * The box [x, y, width, height] of each word in a panel of this width.
 *
 * @param {string[]} words
 * @param {number} width
 * @returns {Corner[]}
 */
export function wordBoxes(words, width) {
  let x = 0;
  let y = 0;
  return words.map((word) => {
    const w = Math.min(Math.max(Math.ceil(widthOf(clip(word, 400))) + 12, NARROWEST), width);
    if (x && x + w > width) [x, y] = [0, y + LINE];
    x += w;
    return [x - w, y, w, LINE];
  });
}

/**
 * The word at a point, -1 for none.
 *
 * @param {Corner[]} boxes
 * @param {number} x
 * @param {number} y
 */
export const wordAt = (boxes, x, y) =>
  boxes.findIndex(([left, top, w, h]) => x >= left && x < left + w && y >= top && y < top + h);

/**
 * The word above (-1) or below (1) a word: the nearest of the next line, or itself at the end.
 *
 * @param {Corner[]} boxes
 * @param {number} token
 * @param {number} down
 */
export function wordBeyond(boxes, token, down) {
  if (token < 0) return 0;
  const middle = (/** @type {Corner} */ [left, , w]) => left + w / 2;
  const from = boxes[token];
  const y = from[1] + down * LINE;
  const line = boxes.map((box, t) => ({ t, y: box[1], far: Math.abs(middle(box) - middle(from)) }));
  const [nearest] = line.filter((box) => box.y === y).sort((a, b) => a.far - b.far);
  return nearest ? nearest.t : token;
}
