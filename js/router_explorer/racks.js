// The slots of the experts as racks: where each slot lies, what it holds, and what lies under the pointer.

import { expertFill } from "../shared/experts.js";
import { expertColour, write, writeOver } from "../shared/painting.js";
import { onward, stepsOf } from "../shared/pointing.js";
import { NOTHING } from "../shared/selection.js";
import { hatchAll } from "./hatching.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context, Corner } from "../shared/painting.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Atlas } from "./patches.js" */
/** @import { Explored } from "./state.js" */

/**
 * Racks side by side, one for each expert, with their slots in columns and rows.
 *
 * @typedef {{ x: number, y: number, w: number, h: number, e: number, p: number, de: number, columns: number,
 *   dx: number, dy: number }} Racks
 */

/**
 * Lay out racks in a box, so that slots are as large as can be, or one below the other.
 *
 * @param {{ x: number, y: number, w: number, h: number }} box
 * @param {number} e
 * @param {number} p
 * @param {boolean} stacked
 * @returns {Racks}
 */
export function racksIn({ x, y, w, h }, e, p, stacked) {
  const de = w / e;
  const inner = Math.max(de - (de > 12 ? 4 : de > 4 ? 1 : 0), 1);
  let columns = 1;
  if (!stacked) {
    const sideOf = (/** @type {number} */ count) => Math.min(inner / count, h / Math.ceil(p / count));
    for (let count = 2; count <= p; count++) if (sideOf(count) > sideOf(columns)) columns = count;
  }
  const dx = inner / columns;
  const dy = Math.min(h / Math.ceil(p / columns), stacked ? 160 : dx);
  return { x, y, w, h: dy * Math.ceil(p / columns), e, p, de, columns, dx, dy };
}

/** @type {(racks: Racks, expert: number, slot: number) => Corner} */
export const slotBox = ({ x, y, de, dx, dy, columns }, expert, slot) => [
  x + expert * de + (de - dx * columns) / 2 + (slot % columns) * dx,
  y + Math.floor(slot / columns) * dy,
  dx,
  dy,
];

/**
 * The slot at a point, or its expert alone where no slot lies.
 *
 * @param {Racks} racks
 * @param {number} x
 * @param {number} y
 * @returns {Place}
 */
export function slotUnder({ x: left, y: top, e, p, de, dx, dy, columns }, x, y) {
  const expert = Math.floor((x - left) / de);
  if (expert < 0 || expert >= e) return NOTHING;
  const column = Math.floor((x - left - expert * de - (de - dx * columns) / 2) / dx);
  const slot = Math.floor((y - top) / dy) * columns + column;
  const hit = y >= top && column >= 0 && column < columns && slot < p;
  return { ...NOTHING, expert, slot: hit ? slot : -1 };
}

/**
 * Where a key leads from a slot, or null for a key that leads nowhere.
 *
 * @param {Racks} racks
 * @param {string} key
 * @param {Place} at
 * @returns {Place | null}
 */
export function slotBeyond({ e, p }, key, at) {
  const steps = stepsOf(key);
  if (!steps) return null;
  const { across, down, far } = steps;
  const none = at.expert < 0;
  return {
    ...NOTHING,
    expert: none ? 0 : onward(at.expert, across + far, e),
    slot: none ? 0 : onward(at.slot, down, p),
  };
}

/**
 * Paint what each slot holds: the patch or the mix in it, or else the token's name, or bars of the weights of all tokens.
 *
 * @param {Context} ctx
 * @param {Racks} racks
 * @param {object} given
 * @param {Explored} given.it
 * @param {Atlas | null} given.atlas
 * @param {Ink} given.ink
 * @param {(expert: number, slot: number) => boolean} given.filled
 * @param {(token: number, most: number) => string | number} given.labelOf
 * @param {boolean} given.worked Whether experts compute: then an empty slot is paid for.
 */
export function paintRacks(ctx, racks, { it, atlas, ink, filled, labelOf, worked }) {
  const { e, p, dx, dy } = racks;
  /** @type {Corner[]} */
  const empty = [];
  const edge = dx > 5 && dy > 5 ? 1 : 0;
  ctx.imageSmoothingEnabled = false;
  for (let expert = 0; expert < e; expert++)
    for (let slot = 0; slot < p; slot++) {
      const [x, y, w, h] = slotBox(racks, expert, slot);
      const at = expert * p + slot;
      const box = /** @type {Corner} */ ([x + edge, y + edge, w - 2 * edge, h - 2 * edge]);
      if (!filled(expert, slot)) {
        empty.push(box);
        continue;
      }
      ctx.fillStyle = w > 4 ? expertFill(ctx, expert) : expertColour(expert);
      ctx.fillRect(...box);
      // Where experts compute, the frame of their colour is broad, and what they compute on lies in it.
      const rim = worked ? Math.min(4, w / 6) : Math.min(2, w / 10);
      const inner = /** @type {Corner} */ ([box[0] + rim, box[1] + rim, box[2] - 2 * rim, box[3] - 2 * rim]);
      // What is in a narrower slot could not be seen.
      if (inner[2] < 5 || inner[3] < 3) continue;
      if (atlas) paintPatch(ctx, inner, atlas, at);
      else if (!it.sparse) paintMix(ctx, inner, it, at, ink);
      const name = it.sparse ? labelOf(it.token[at], inner[2] - 4) : "";
      if (name !== "" && w >= 24 && h >= 14) writeOver(ctx, name, x + w / 2, y + h / 2);
    }
  paintEmpty(ctx, empty, ink, worked && !it.dropless);
}

/** @type {(ctx: Context, corner: Corner, atlas: Atlas, slot: number) => void} */
function paintPatch(ctx, [x, y, w, h], { side, canvas }, slot) {
  const least = Math.min(w, h);
  ctx.drawImage(canvas, slot * side, 0, side, side, x + (w - least) / 2, y + (h - least) / 2, least, least);
}

/**
 * The weights of all tokens in a slot, as bars side by side.
 *
 * @param {Context} ctx
 * @param {Corner} corner
 * @param {Extract<Explored, { sparse: false }>} it
 * @param {number} slot
 * @param {Ink} ink
 */
function paintMix(ctx, [x, y, w, h], { n, s, dispatch }, slot, ink) {
  ctx.fillStyle = ink.page;
  ctx.fillRect(x, y, w, h);
  let most = 0;
  for (let t = 0; t < n; t++) most = Math.max(most, dispatch[t * s + slot]);
  ctx.fillStyle = ink.bar;
  const wide = w / n;
  for (let t = 0; t < n; t++) {
    const high = (h * dispatch[t * s + slot]) / (most || 1);
    ctx.fillRect(x + t * wide, y + h - high, Math.max(wide - (wide > 3 ? 1 : 0), 0.5), high);
  }
}

/**
 * Slots that hold no token: an outline, and hatched where their expert computes them all the same.
 *
 * @param {Context} ctx
 * @param {Corner[]} boxes
 * @param {Ink} ink
 * @param {boolean} paid
 */
function paintEmpty(ctx, boxes, ink, paid) {
  if (paid) hatchAll(ctx, boxes);
  Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
  ctx.setLineDash(paid ? [] : [3, 2]);
  ctx.beginPath();
  for (const [x, y, w, h] of boxes) if (w > 5 && h > 5) ctx.rect(x + 0.5, y + 0.5, w - 1, h - 1);
  ctx.stroke();
  ctx.setLineDash([]);
  if (!paid)
    for (const [x, y, w, h] of boxes) if (w >= 40 && h >= 14) write(ctx, "empty", x + w / 2, y + h / 2, ink.text);
  if (paid)
    for (const [x, y, w, h] of boxes)
      if (h >= 14) {
        if (w >= 84) writeOver(ctx, "paid for nothing", x + w / 2, y + h / 2);
        else if (w >= 34) writeOver(ctx, "empty", x + w / 2, y + h / 2);
      }
}
