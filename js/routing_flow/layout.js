// Where everything stands on the stage: patches, scores, racks of slots, experts, answers, patches again, and below
// them the rail. All lanes have the same columns.

/** @import { Lane } from "./flow.js" */

/**
 * @typedef {object} LaneBox
 * @property {number} y Of the words above the lane.
 * @property {number} top Of the stage.
 * @property {number} high
 * @property {number} rail The height at which the rail runs.
 * @property {{ x: number, y: number, cell: number }} patches
 * @property {{ x: number, y: number, cell: number }} results
 * @property {{ x: number, rowHigh: number, cellsX: number, cellsWide: number, end: number, top: number, tall: number }} scores
 * @property {{ x: number, tile: number, step: number, band: number }} rack
 * @property {{ x: number, wide: number }} expert
 * @property {number} outputs
 * @property {number} p
 */

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {number} head Height of the chapters and the story above the lanes.
 * @property {number} font
 * @property {boolean} compact
 * @property {boolean} stacked Whether a lane's words take two lines.
 * @property {boolean} tiny Whether they take three, and answers the places of their slots.
 * @property {number} columns Of patches.
 * @property {LaneBox[]} lanes
 */

const SQUARE = 2;

/**
 * @param {Lane[]} lanes
 * @param {number[]} grid Rows and columns of patches; none for tokens without a picture.
 * @param {number} width
 * @param {{ head?: number, lean?: boolean }} [options] lean: lower lanes, for pictures that stand side by side.
 * @returns {Layout}
 */
export function layoutOf(lanes, grid, width, { head = width < 600 ? 62 : 76, lean = false } = {}) {
  const n = Math.max(...lanes.map((lane) => lane.n));
  const compact = width < 600;
  // On the narrowest stages an answer takes the place of its slot.
  const tiny = width < 450;
  const font = compact ? 11 : 13;
  const [rows, columns] = grid.length ? grid : squareOf(n);
  const stacked = width < 760;
  const above = tiny ? 47 : stacked ? 34 : 24;
  const below = compact ? 50 : 30;
  const least = lean ? 116 : compact ? 168 : 152;
  const high = Math.min(Math.max(least, 7 * n), 320);
  const share = tiny ? 0.2 : compact ? 0.15 : 0.125;
  const cell = Math.floor(Math.min((width * share) / columns, high / rows));
  const edge = compact ? 2 : 6;
  const boxes = lanes.map((lane, i) => {
    const y = head + i * (above + high + below);
    const top = y + above;
    const middle = top + (high - cell * rows) / 2;
    const [from, to, rackX, rackWide] = tiny
      ? [0.23, 0.43, 0.51, 0.17]
      : compact
        ? [0.18, 0.36, 0.44, 0.135]
        : [0.15, 0.315, 0.43, 0.14];
    const rowHigh = high / lane.n;
    const cellsX = from * width + Math.min(rowHigh, 14) + 4;
    const sumWide = compact ? 0 : 34;
    const { e, p } = lane;
    const band = high / e;
    const tile = Math.max(Math.min((width * rackWide) / p - SQUARE, band - 6, 34), 3);
    const rack = width * rackX;
    const expertX = rack + p * (tile + SQUARE) + width * 0.008;
    const wide = width * (compact ? 0.065 : 0.075);
    const outputs = tiny ? rack : expertX + wide + width * 0.01;
    return {
      y,
      top,
      high,
      rail: top + high + (compact ? 14 : 13),
      patches: { x: edge, y: middle, cell },
      results: { x: width - edge - cell * columns, y: middle, cell },
      scores: {
        x: from * width,
        rowHigh,
        cellsX,
        cellsWide: to * width - cellsX - sumWide,
        end: to * width,
        top,
        tall: high,
      },
      rack: { x: rack, tile, step: tile + SQUARE, band },
      expert: { x: expertX, wide },
      outputs,
      p,
    };
  });
  const height = head + lanes.length * (above + high + below);
  return { width, height, head, font, compact, stacked, tiny, columns, lanes: boxes };
}

/** @param {number} n */
export function squareOf(n) {
  const columns = Math.ceil(Math.sqrt(n));
  return [Math.ceil(n / columns), columns];
}

/** @typedef {{ x: number, y: number }} Point */

/** @typedef {(layout: Layout, box: LaneBox, index: number) => Point} Place */

/** The corner of a patch. @type {Place} */
export const patchAt = ({ columns }, { patches: { x, y, cell } }, token) => ({
  x: x + (token % columns) * cell,
  y: y + Math.floor(token / columns) * cell,
});

/** The corner of a patch that has been answered. @type {Place} */
export const resultAt = ({ columns }, { results: { x, y, cell } }, token) => ({
  x: x + (token % columns) * cell,
  y: y + Math.floor(token / columns) * cell,
});

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
 */
function inRack({ top, p, rack: { tile, step, band } }, slot, from) {
  return { x: from + (slot % p) * step, y: top + Math.floor(slot / p) * band + (band - tile) / 2 };
}

/**
 * The corner of a slot.
 *
 * @param {LaneBox} box
 * @param {number} slot
 */
export const slotAt = (box, slot) => inRack(box, slot, box.rack.x);

/**
 * The corner of a slot's answer.
 *
 * @param {LaneBox} box
 * @param {number} slot
 */
export const outputAt = (box, slot) => inRack(box, slot, box.outputs);

/**
 * An expert's box: corner and size.
 *
 * @param {LaneBox} box
 * @param {number} expert
 */
export function expertAt({ top, rack: { tile, band }, expert: { x, wide } }, expert) {
  const high = Math.min(band - 4, tile + 8);
  return { x, y: top + expert * band + (band - high) / 2, wide, high };
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
      const { tile } = box.rack;
      if (x >= at.x && x < at.x + tile && y >= at.y && y < at.y + tile) return { lane, slot };
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
      const column = Math.floor((x - area.x) / area.cell);
      const token = Math.floor((y - area.y) / area.cell) * layout.columns + column;
      if (column >= 0 && column < layout.columns && y >= area.y && token < n) return token;
    }
    const row = Math.floor((y - scores.top) / scores.rowHigh);
    if (x >= scores.x && x < scores.end && y >= scores.top && row < n) return row;
  }
  return -1;
}
