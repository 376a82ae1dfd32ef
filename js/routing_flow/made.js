// What a lane makes of the tokens' tiles: slots, answers, and patches that were answered.

import { expertColour } from "../shared/painting.js";
import { columnOf } from "./flow.js";
import { mixed, rgbOf, tinted } from "./tiles.js";

/** @import { Made } from "./brushes.js" */
/** @import { Lane } from "./flow.js" */
/** @import { Tile } from "./tiles.js" */

/**
 * An expert's answer is drawn as its slot in the expert's colour: what a trained one would compute is not known here. An
 * answered patch is itself, in the light of those who answered.
 *
 * @param {Lane} lane
 * @param {Tile[]} tiles
 * @returns {Made}
 */
export function madeOf(lane, tiles) {
  const { n, e, p, combine } = lane;
  const s = e * p;
  const colours = Array.from({ length: e }, (_, expert) => rgbOf(expertColour(expert)));
  // A slot that holds a whole token looks like it, and is painted from the same bitmap.
  const slots = Array.from({ length: s }, (_, slot) => {
    const whole = lane.holder[slot];
    return whole >= 0 ? tiles[whole] : mixed(tiles, columnOf(lane, slot));
  });
  const outputs = slots.map((slot, i) => tinted(slot, colours[Math.floor(i / p)], 0.45));
  const results = Array.from({ length: n }, (_, t) => {
    const shares = combine.subarray(t * s, (t + 1) * s).map((weight) => Math.max(weight, 0));
    const sum = shares.reduce((a, x) => a + x, 0);
    const light = [0, 1, 2].map((k) =>
      shares.reduce((a, share, slot) => a + (share / sum) * colours[Math.floor(slot / p)][k], 0),
    );
    return sum ? tinted(tiles[t], light, 0.3) : tiles[t];
  });
  return { slots, outputs, results };
}
