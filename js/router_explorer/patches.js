// What slots hold, as small pictures: a whole patch in a slot of a sparse router, and in one of a soft router the
// average of all patches by their dispatch weights.

import { contextOf } from "../shared/painting.js";

/** @import { Picture } from "../shared/painting.js" */
/** @import { Explored } from "./state.js" */

/** @typedef {{ side: number, canvas: OffscreenCanvas }} Atlas One square picture for each slot, in a row. */

// Pixels of a small picture along each side; a patch of fewer has fewer.
const MOST = 8;
const CHANNELS = 3;

/**
 * The patches of a picture, each brought to side x side pixels of three channels.
 *
 * @param {Picture} picture
 * @param {number[]} grid
 * @param {number[]} ids The tokens that are routed, where not all are.
 * @param {number} count
 * @param {number} side
 */
function smallPatches({ width, height, channels, bytes }, [rows, columns], ids, count, side) {
  const [w, h] = [width / columns, height / rows];
  const out = new Float32Array(count * side * side * CHANNELS);
  for (let t = 0, to = 0; t < count; t++) {
    const place = ids.length ? ids[t] : t;
    const [left, top] = [(place % columns) * w, Math.floor(place / columns) * h];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < CHANNELS; c++, to++)
          out[to] = meanOf(left + (x * w) / side, top + (y * h) / side, w / side, h / side, c);
  }
  return out;

  /** @type {(left: number, top: number, wide: number, high: number, channel: number) => number} */
  function meanOf(left, top, wide, high, channel) {
    let sum = 0;
    let pixels = 0;
    for (let y = Math.floor(top); y < Math.max(top + high - 1e-6, Math.floor(top) + 1); y++)
      for (let x = Math.floor(left); x < Math.max(left + wide - 1e-6, Math.floor(left) + 1); x++, pixels++)
        sum += bytes[(y * width + x) * channels + (channels === 3 ? channel : 0)];
    return sum / pixels;
  }
}

/**
 * Make what draws slots: it remembers the patches of each image, and the slots of the last routings.
 *
 * @param {(image: number) => Picture | null} pictureOf
 * @param {number[]} grid
 * @param {number[]} ids
 */
export function slotPictures(pictureOf, grid, ids) {
  /** @type {Map<number, Float32Array>} */
  const patches = new Map();
  /** @type {WeakMap<Explored["loads"], Atlas>} */
  const atlases = new WeakMap();
  const first = pictureOf(0);
  const side = first
    ? Math.max(1, Math.min(MOST, Math.floor(first.width / grid[1]), Math.floor(first.height / grid[0])))
    : 0;
  const size = side * side * CHANNELS;

  /** @type {(image: number, count: number) => Float32Array} */
  function patchesOf(image, count) {
    const known = patches.get(image);
    if (known) return known;
    const picture = pictureOf(image);
    const made = picture ? smallPatches(picture, grid, ids, count, side) : new Float32Array(0);
    patches.set(image, made);
    return made;
  }

  /**
   * A small picture of what is in each slot; null without pictures.
   *
   * @param {Explored} it
   * @returns {Atlas | null}
   */
  return function atlasOf(it) {
    if (!first) return null;
    const known = atlases.get(it.loads);
    if (known) return known;
    const { s, n, rows, images, image } = it;
    const all = Array.from({ length: images }, (_, i) => patchesOf(images === 1 ? image : i, rows));
    const mixed = new Float32Array(s * size);
    if (it.sparse)
      it.token.forEach((t, slot) => {
        if (t < 0) return;
        const from = (t % rows) * size;
        mixed.set(all[Math.floor(t / rows)].subarray(from, from + size), slot * size);
      });
    else
      for (let t = 0; t < n; t++) {
        const own = all[Math.floor(t / rows)].subarray((t % rows) * size, ((t % rows) + 1) * size);
        for (let slot = 0, to = 0; slot < s; slot++) {
          const weight = it.dispatch[t * s + slot];
          for (let i = 0; i < size; i++, to++) mixed[to] += weight * own[i];
        }
      }
    const pixels = new ImageData(s * side, side);
    for (let slot = 0; slot < s; slot++)
      for (let i = 0; i < side * side; i++) {
        const to = 4 * (Math.floor(i / side) * s * side + slot * side + (i % side));
        for (let c = 0; c < CHANNELS; c++) pixels.data[to + c] = mixed[slot * size + i * CHANNELS + c];
        pixels.data[to + 3] = 255;
      }
    const canvas = new OffscreenCanvas(s * side, side);
    contextOf(canvas).putImageData(pixels, 0, 0);
    const atlas = { side, canvas };
    atlases.set(it.loads, atlas);
    return atlas;
  };
}
