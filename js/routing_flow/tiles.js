// Patches as small squares of colour, mixed with weights as a slot mixes tokens, and painted on a canvas or as shapes.

import { contextOf, RAMP } from "../shared/painting.js";

/** @import { Area } from "./layout.js" */
/** @import { Pen } from "./pen.js" */
/** @import { Picture } from "../shared/painting.js" */

/** @typedef {{ side: number, cells: Float32Array, bitmap?: OffscreenCanvas }} Tile Cells are red, green and blue. */

/** A tile has at most so many cells a side: a patch of a photograph is recognised by less. */
const SIDE = 4;

/**
 * The tile of each token: its patch of the picture, or where there is none, a colour of its own.
 *
 * @param {Picture | null} picture
 * @param {number[]} grid
 * @param {number} n
 * @returns {Tile[]}
 */
export function tilesOf(picture, grid, n) {
  if (!picture)
    return Array.from({ length: n }, (_, t) => {
      const colour = RAMP[Math.round((255 * (t + 0.5)) / n)];
      return { side: 1, cells: Float32Array.of(colour & 255, (colour >> 8) & 255, (colour >> 16) & 255) };
    });
  const [rows, columns] = grid;
  return Array.from({ length: n }, (_, t) => patchOf(picture, t, rows, columns));
}

/**
 * @param {Picture} picture
 * @param {number} token
 * @param {number} rows
 * @param {number} columns
 * @returns {Tile}
 */
function patchOf({ width, height, channels, bytes }, token, rows, columns) {
  const [wide, high] = [width / columns, height / rows];
  const [left, top] = [(token % columns) * wide, Math.floor(token / columns) * high];
  const side = Math.min(SIDE, Math.max(wide, high));
  const cells = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const from = [left + Math.floor((x * wide) / side), top + Math.floor((y * high) / side)];
      const to = [left + Math.ceil(((x + 1) * wide) / side), top + Math.ceil(((y + 1) * high) / side)];
      const count = (to[0] - from[0]) * (to[1] - from[1]);
      for (let row = from[1]; row < to[1]; row++)
        for (let column = from[0]; column < to[0]; column++)
          for (let k = 0; k < 3; k++) {
            const value = bytes[(row * width + column) * channels + (channels === 3 ? k : 0)];
            cells[(y * side + x) * 3 + k] += value / count;
          }
    }
  return { side, cells };
}

/**
 * The weighted sum of tiles, as a slot holds it.
 *
 * @param {Tile[]} tiles
 * @param {ArrayLike<number>} weights
 * @returns {Tile}
 */
export function mixed(tiles, weights) {
  const cells = new Float32Array(tiles[0].cells.length);
  tiles.forEach((tile, t) => tile.cells.forEach((value, i) => (cells[i] += weights[t] * value)));
  return { side: tiles[0].side, cells };
}

/**
 * A tile in the light of some colour: what an expert made of it.
 *
 * @param {Tile} tile
 * @param {number[]} colour
 * @param {number} share
 * @returns {Tile}
 */
export const tinted = ({ side, cells }, colour, share) => ({
  side,
  cells: cells.map((value, i) => value + (colour[i % 3] - value) * share),
});

/** @param {string} hex A colour as #rrggbb. */
export const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/**
 * @param {Pen} pen
 * @param {Tile} tile
 * @param {Area} area
 */
export function paintTile(pen, tile, { x, y, w, h }) {
  if (pen.drawImage) {
    pen.imageSmoothingEnabled = false;
    pen.drawImage((tile.bitmap ??= bitmapOf(tile)), x, y, w, h);
    return;
  }
  const [across, down] = [w / tile.side, h / tile.side];
  for (let i = 0; i < tile.side * tile.side; i++) {
    const [r, g, b] = tile.cells.subarray(3 * i, 3 * i + 3).map(Math.round);
    pen.fillStyle = `rgb(${r}, ${g}, ${b})`;
    pen.fillRect(x + (i % tile.side) * across, y + Math.floor(i / tile.side) * down, across, down);
  }
}

/** @param {Tile} tile */
function bitmapOf({ side, cells }) {
  const pixels = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = Math.round(cells[3 * i + k]);
    pixels.data[4 * i + 3] = 255;
  }
  const canvas = new OffscreenCanvas(side, side);
  contextOf(canvas).putImageData(pixels, 0, 0);
  return canvas;
}
