// Where everything stands on the stage: patches, scores, racks of slots, experts, answers, patches again, and below
// them the rail. All lanes have the same columns.

import { placesOf } from "./places.js";

/** @import { Lane } from "./flow.js" */
/** @import { Places } from "./places.js" */

/** @typedef {{ x: number, y: number, w: number, h: number }} Area */

/**
 * @typedef {object} LaneBox
 * @property {number} y Of the words above the lane.
 * @property {number} top Of the stage.
 * @property {number} high
 * @property {number} rail The height at which the rail runs.
 * @property {number} end Where the lane ends, with the words below it.
 * @property {Area} patches Of the first one.
 * @property {Area} results
 * @property {{ x: number, rowHigh: number, cellsX: number, cellsWide: number, end: number, top: number, tall: number }} scores
 * @property {{ x: number, w: number, h: number, across: number, tall: number, band: number }} rack Size of a slot, how
 *   many stand side by side, and the height of all of an expert's.
 * @property {{ x: number, wide: number }} expert
 * @property {number} outputs
 * @property {number} p
 * @property {Places} words
 */

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {number} head Height of the chapters and the story above the lanes.
 * @property {number} font
 * @property {boolean} compact
 * @property {boolean} tiny Whether answers take the places of their slots.
 * @property {number} columns Of patches.
 * @property {LaneBox[]} lanes
 */

const SQUARE = 2;
/** A slot that is smaller has no room for a number, or for a word. */
const NUMBERED = 15;
const WORDED = { w: 34, h: 13 };
/** Height of the rail with what lies on it. */
export const RAIL = 26;

/**
 * @param {Lane[]} lanes
 * @param {number[]} grid Rows and columns of patches; none for tokens without a picture.
 * @param {number} width
 * @param {{ head?: number, lean?: boolean }} [options] lean: lower lanes, for pictures that stand side by side.
 * @returns {Layout}
 */
export function layoutOf(lanes, grid, width, { head = width < 600 ? 62 : 76, lean = false } = {}) {
  const n = Math.max(...lanes.map((lane) => lane.n));
  const worded = lanes.some(({ words }) => words);
  const compact = width < 600;
  // On the narrowest stages an answer takes the place of its slot.
  const tiny = width < 520;
  const font = compact ? 11 : 13;
  const [from, to, rackX, rackWide] = tiny
    ? [0.215, 0.4, 0.475, 0.225]
    : compact
      ? [0.18, 0.36, 0.44, 0.135]
      : [0.15, 0.315, 0.43, 0.14];
  const least = lean ? 116 : compact ? 168 : 152;
  const wanted = Math.max(
    ...lanes.map(({ e, p }) => e * rackHigh(p, width * rackWide, worded)),
    worded ? 13 * n : 7 * n,
  );
  // A single lane may be as high as its slots' numbers want.
  const high = Math.min(Math.max(least, wanted), worded ? 420 : compact ? 560 : 340);
  const [rows, columns] = worded ? listOf(n, high) : grid.length ? grid : squareOf(n);
  const share = tiny ? 0.2 : compact ? 0.15 : 0.125;
  const edge = compact ? 2 : 6;
  const patch = worded
    ? { w: Math.floor((width * share) / columns), h: Math.floor(Math.min(high / rows, 22)) }
    : squared(Math.floor(Math.min((width * share) / columns, high / rows)));
  const places = placesOf(lanes, width, font);
  let y = head;
  const boxes = lanes.map((lane, i) => {
    const words = places[i];
    const begins = y;
    const top = y + words.above;
    const middle = top + (high - patch.h * rows) / 2;
    const rowHigh = high / lane.n;
    const cellsX = from * width + Math.min(rowHigh, 14) + 4;
    const sumWide = compact ? 0 : 34;
    const { e, p } = lane;
    const band = high / e;
    const rack = rackOf(p, width * rackWide, band, worded);
    const x = width * rackX;
    const expertX = x + rack.across * (rack.w + SQUARE) + width * 0.008;
    const wide = width * (compact ? 0.065 : 0.075);
    y = top + high + RAIL + words.below;
    return {
      y: begins,
      top,
      high,
      rail: top + high + RAIL / 2,
      end: y,
      patches: { x: edge, y: middle, ...patch },
      results: { x: width - edge - patch.w * columns, y: middle, ...patch },
      scores: {
        x: from * width,
        rowHigh,
        cellsX,
        cellsWide: to * width - cellsX - sumWide,
        end: to * width,
        top,
        tall: high,
      },
      rack: { x, band, ...rack },
      expert: { x: expertX, wide },
      outputs: tiny ? x : expertX + wide + width * 0.01,
      p,
      words,
    };
  });
  return { width, height: y, head, font, compact, tiny, columns, lanes: boxes };
}

/** @param {number} side */
const squared = (side) => ({ w: side, h: side });

/**
 * Rows and columns of words, in as few columns as can be read.
 *
 * @param {number} n
 * @param {number} high
 */
function listOf(n, high) {
  const columns = Math.ceil((13 * n) / high);
  return [Math.ceil(n / columns), columns];
}

/**
 * The height that an expert's slots want, so that each has its number or word.
 *
 * @param {number} p
 * @param {number} wide
 * @param {boolean} worded
 */
function rackHigh(p, wide, worded) {
  const { w, h } = worded ? WORDED : squared(NUMBERED);
  const across = Math.max(Math.floor(wide / (w + SQUARE)), 1);
  return Math.ceil(p / across) * (h + SQUARE) + 4;
}

/**
 * How an expert's slots stand in rows, so that each is as large as can be.
 *
 * @param {number} p
 * @param {number} wide
 * @param {number} band
 * @param {boolean} worded
 */
function rackOf(p, wide, band, worded) {
  let best = { w: 0, h: 0, across: p, tall: 0, worth: -1 };
  for (let rows = 1; rows <= p; rows++) {
    const across = Math.ceil(p / rows);
    const room = { w: wide / across - SQUARE, h: (band - 4) / rows - SQUARE };
    const side = Math.max(Math.min(room.w, room.h, 34), 3);
    const { w, h } = worded
      ? { w: Math.max(Math.min(room.w, 90), 3), h: Math.max(Math.min(room.h, 22), 3) }
      : squared(side);
    const worth = worded ? Math.min(w / WORDED.w, h / WORDED.h) : side;
    if (worth > best.worth) best = { w, h, across, tall: rows * (h + SQUARE) - SQUARE, worth };
  }
  const { w, h, across, tall } = best;
  return { w, h, across, tall };
}

/** @param {number} n */
export function squareOf(n) {
  const columns = Math.ceil(Math.sqrt(n));
  return [Math.ceil(n / columns), columns];
}

/** @typedef {{ x: number, y: number }} Point */

/** @typedef {(layout: Layout, box: LaneBox, index: number) => Area} Place */

/**
 * @param {Layout} layout
 * @param {Area} first
 * @param {number} token
 * @returns {Area}
 */
const inField = ({ columns }, { x, y, w, h }, token) => ({
  x: x + (token % columns) * w,
  y: y + Math.floor(token / columns) * h,
  w: w - 1,
  h: h - 1,
});

/** Where a patch is. @type {Place} */
export const patchAt = (layout, { patches }, token) => inField(layout, patches, token);

/** Where a patch is that has been answered. @type {Place} */
export const resultAt = (layout, { results }, token) => inField(layout, results, token);

/**
 * The middle of a token's row of scores, on its left.
 *
 * @param {LaneBox} box
 * @param {number} token
 */
export const rowAt = ({ scores: { x, top, rowHigh } }, token) => ({ x, y: top + (token + 0.5) * rowHigh });

/**
 * @param {LaneBox} box
 * @param {number} slot
 * @param {number} from Where the first slot stands.
 * @returns {Area}
 */
function inRack({ top, p, rack: { w, h, across, tall, band } }, slot, from) {
  const place = slot % p;
  const y = top + Math.floor(slot / p) * band + (band - tall) / 2;
  return { x: from + (place % across) * (w + SQUARE), y: y + Math.floor(place / across) * (h + SQUARE), w, h };
}

/**
 * All slots of an expert.
 *
 * @param {LaneBox} box
 * @param {number} expert
 * @returns {Area}
 */
export function rackAt(box, expert) {
  const { x, y } = inRack(box, expert * box.p, box.rack.x);
  const { w, across, tall } = box.rack;
  return { x, y, w: across * (w + SQUARE) - SQUARE, h: tall };
}

/**
 * Where a slot is.
 *
 * @param {LaneBox} box
 * @param {number} slot
 */
export const slotAt = (box, slot) => inRack(box, slot, box.rack.x);

/**
 * Where a slot's answer is.
 *
 * @param {LaneBox} box
 * @param {number} slot
 */
export const outputAt = (box, slot) => inRack(box, slot, box.outputs);

/**
 * An expert's box.
 *
 * @param {LaneBox} box
 * @param {number} expert
 */
export function expertAt({ top, rack: { tall, band }, expert: { x, wide } }, expert) {
  const high = Math.min(band - 4, tall + 8);
  return { x, y: top + expert * band + (band - high) / 2, w: wide, h: high };
}

/**
 * The lane and the slot that lie at a point; null for none.
 *
 * @param {Layout} layout
 * @param {Lane[]} lanes
 * @param {number} x
 * @param {number} y
 */
export function slotUnder(layout, lanes, x, y) {
  for (const [lane, box] of layout.lanes.entries())
    for (let slot = 0; slot < lanes[lane].e * lanes[lane].p; slot++) {
      const at = slotAt(box, slot);
      if (x >= at.x && x < at.x + at.w && y >= at.y && y < at.y + at.h) return { lane, slot };
    }
  return null;
}

/**
 * The token whose patch or row of scores lies at a point; -1 for none.
 *
 * @param {Layout} layout
 * @param {number} n
 * @param {number} x
 * @param {number} y
 */
export function tokenUnder(layout, n, x, y) {
  for (const { patches, results, scores } of layout.lanes) {
    for (const area of [patches, results]) {
      const column = Math.floor((x - area.x) / area.w);
      const token = Math.floor((y - area.y) / area.h) * layout.columns + column;
      if (column >= 0 && column < layout.columns && y >= area.y && token < n) return token;
    }
    const row = Math.floor((y - scores.top) / scores.rowHigh);
    if (x >= scores.x && x < scores.end && y >= scores.top && row < n) return row;
  }
  return -1;
}
