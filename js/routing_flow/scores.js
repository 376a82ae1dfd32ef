// The first two chapters: patches line up as rows, their scores light up, and rows or columns turn into bars.

import { expertColour, RAMP } from "../shared/painting.js";
import { say } from "./brushes.js";
import { patchAt, rowAt } from "./layout.js";
import { paintTile } from "./tiles.js";
import { between, ease, inTurn, midway, mix, passed } from "./timeline.js";

/** @import { Part } from "./brushes.js" */
/** @import { Pen } from "./pen.js" */

const COLOURS = Array.from(RAMP, (c) => `rgb(${c & 255}, ${(c >> 8) & 255}, ${(c >> 16) & 255})`);

/** @param {number} share */
const ramp = (share) => COLOURS[Math.round(255 * Math.min(Math.max(share, 0), 1))];

/** Widths and heights that add up, kept for a lane as long as it lives. @type {WeakMap<object, Shapes>} */
const SHAPES = new WeakMap();

/** @typedef {{ least: number, range: number, before: Float32Array, above: Float32Array, most: number, highest: number }} Shapes */

/**
 * @param {Part["lane"]} lane
 * @returns {Shapes}
 */
function shapesOf(lane) {
  const kept = SHAPES.get(lane);
  if (kept) return kept;
  const { n, columns, scores, gates, columnGates } = lane;
  const least = Math.min(...scores);
  const before = new Float32Array(scores.length);
  const above = new Float32Array(scores.length);
  let [most, highest] = [1e-9, 1e-9];
  for (let t = 0; t < n; t++)
    for (let c = 0; c < columns; c++) {
      const i = t * columns + c;
      if (c && gates) before[i] = before[i - 1] + gates[i - 1];
      if (t && columnGates) above[i] = above[i - columns] + columnGates[i - columns];
      most = Math.max(most, gates?.[i] ?? 0);
      highest = Math.max(highest, columnGates?.[i] ?? 0);
    }
  const made = { least, range: Math.max(...scores) - least || 1, before, above, most, highest };
  SHAPES.set(lane, made);
  return made;
}

/**
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintScores(pen, { scene, lane, box }, t) {
  const { ink, layout, tiles, token: followed } = scene;
  const { x, cellsX, cellsWide, rowHigh, top, tall } = box.scores;
  const { n, columns, scores, gates, columnGates } = lane;
  const scored = passed(t, "score");
  const normal = passed(t, "normalise");
  const mini = Math.min(rowHigh - 1, 14);
  const size = layout.font - 3;

  // Patches line up.
  for (let token = 0; token < n; token++) {
    const come = inTurn(between(scored, 0, 0.4), token, n, 0.5);
    if (come <= 0) continue;
    const from = patchAt(layout, box, token);
    const to = { x, y: rowAt(box, token).y - mini / 2, w: mini, h: mini };
    paintTile(pen, tiles[token], midway(from, to, come));
  }
  if (lane.kind === "turns" || lane.note) return;

  const { least, range, before, above, most, highest } = shapesOf(lane);
  const wide = cellsWide / columns;
  // Soft: columns first, then rows.
  const both = columnGates !== null;
  const down = both ? ease(between(normal, 0.02, 0.18)) : 0;
  const across = gates ? ease(both ? between(normal, 0.54, 0.7) : between(normal, 0.02, 0.25)) : 0;
  const picked = lane.sparse && gates ? passed(t, "select") : 0;
  const faint = mix(1, 0.3, ease(between(picked, 0, 0.3)));
  for (let token = 0; token < n; token++) {
    const shown = inTurn(between(scored, 0.3, 0.95), token, n, 0.35);
    if (shown <= 0) continue;
    const row = top + token * rowHigh;
    for (let c = 0; c < columns; c++) {
      const i = token * columns + c;
      let [left, up, w, h] = [cellsX + c * wide, row, wide, rowHigh];
      let colour = ramp((scores[i] - least) / range);
      if (down > 0 && columnGates) {
        up = mix(up, top + tall * above[i], down);
        h = mix(h, tall * columnGates[i], down);
        if (down > 0.5) colour = ramp(columnGates[i] / highest);
      }
      if (across > 0 && gates) {
        left = mix(left, cellsX + cellsWide * before[i], across);
        w = mix(w, cellsWide * gates[i], across);
        up = mix(up, row, across);
        h = mix(h, rowHigh, across);
        if (across > 0.5) colour = both ? ramp(gates[i] / most) : expertColour(c);
      }
      const chosen = faint < 1 && lane.meetings.some((m) => m.token === token && m.expert === c);
      pen.globalAlpha = shown * (faint < 1 && !chosen ? faint : 1);
      pen.fillStyle = colour;
      const gap = wide > 4 ? 0.5 : 0.25;
      pen.fillRect(left, up + 0.5, Math.max(w - gap, 0.4), Math.max(h - 0.75, 0.4));
    }
  }
  pen.globalAlpha = 1;
  // A column has no row to mark.
  if (down < 0.5 || across > 0.5) follow(pen, box, followed, ink.text);
  if (layout.compact) return;

  // The sums: of each column while bars stand, of each row when they lie.
  const colour = ink.text;
  const beside = cellsX + cellsWide + 4;
  if (both && down > 0.9 && across < 0.1)
    ["each", "column", "1.00"].forEach((word, i) =>
      say(pen, word, beside, top + tall / 2 + (i - 1) * (size + 3), { size, colour, bold: i > 1 }),
    );
  if (across > 0.9 && rowHigh >= 7 && passed(t, "select") <= 0) {
    const every = rowHigh < 9 ? 2 : 1;
    for (let token = 0; token < n; token += every)
      say(pen, "1.00", beside, rowAt(box, token).y, { size: Math.min(size, rowHigh), colour });
  }
}

/**
 * @param {Pen} pen
 * @param {Part["box"]} box
 * @param {number} token
 * @param {string} colour
 */
function follow(pen, box, token, colour) {
  const { x, cellsX, cellsWide, rowHigh, top } = box.scores;
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.strokeRect(x - 2, top + token * rowHigh - 0.5, cellsX + cellsWide - x + 4, rowHigh + 0.5);
}
