// Compute and combine: experts pulse for each slot, full or empty, answers return, and the rail brings what was dropped.

import { expertColour } from "../shared/painting.js";
import { crossed, hollow, lengthOf, ringed, say, tag, thread } from "./brushes.js";
import { expertAt, outputAt, patchAt, resultAt, slotAt } from "./layout.js";
import { paintTile } from "./tiles.js";
import { between, ease, mix, passed } from "./timeline.js";
import { lying, railAt, railTile } from "./travel.js";

/** @import { Part } from "./brushes.js" */
/** @import { Pen } from "./pen.js" */

/**
 * Experts, and their answers.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintExperts(pen, { scene, lane, box, made }, t) {
  const { ink } = scene;
  const now = passed(t, "compute");
  const { e, p, empty } = lane;
  const size = box.rack.tile;
  // Slot by slot, all experts at once.
  const turn = now > 0 && now < 1 ? Math.floor(now * p) : -1;
  const within = now * p - turn;
  for (let expert = 0; expert < e; expert++) {
    const { x, y, wide, high } = expertAt(box, expert);
    const colour = expertColour(expert);
    const busy = turn >= 0 ? empty[expert * p + turn] : null;
    const pulse = turn >= 0 ? Math.sin(Math.PI * within) : 0;
    const grow = 3 * pulse;
    if (busy !== null) {
      pen.globalAlpha = mix(0.15, busy ? 0.3 : 0.8, pulse);
      pen.fillStyle = busy ? ink.bar : colour;
      pen.fillRect(x - grow, y - grow, wide + 2 * grow, high + 2 * grow);
      pen.globalAlpha = 1;
    } else {
      pen.globalAlpha = 0.15;
      pen.fillStyle = colour;
      pen.fillRect(x, y, wide, high);
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = busy ? ink.bar : colour;
    pen.lineWidth = 2;
    if (busy) pen.setLineDash([4, 3]);
    pen.strokeRect(x - grow, y - grow, wide + 2 * grow, high + 2 * grow);
    pen.setLineDash([]);
  }
  for (let slot = 0; slot < (lane.note ? 0 : e * p); slot++) {
    const place = slot % p;
    const done = ease(between(now * p, place, place + 1));
    if (done <= 0) continue;
    const [from, to] = [slotAt(box, slot), outputAt(box, slot)];
    if (empty[slot]) {
      hollow(pen, to, size, ink.bar);
      if (done > 0.5) crossed(pen, to, size, ink.bar);
      continue;
    }
    pen.globalAlpha = from.x === to.x ? done : 1;
    paintTile(pen, made.outputs[slot], mix(from.x, to.x, done), mix(from.y, to.y, done), size);
    pen.globalAlpha = 1;
    if (lane.holder[slot] === scene.token && done >= 1) ringed(pen, to.x, to.y, size, size);
  }
  for (let expert = 0; expert < e; expert++) {
    const { x, y, wide, high } = expertAt(box, expert);
    const idle = turn >= 0 && empty[expert * p + turn];
    const long = idle && high > 24 ? "for nothing" : `expert ${expert}`;
    // Smaller where it would not fit, and short where it could not be read.
    const fits = Math.min(12, high, (12 * (wide - 4)) / lengthOf(long, 12, true));
    const [name, letters] = fits < 9 ? [`E${expert}`, Math.min(12, high)] : [long, fits];
    const how = { size: letters, colour: ink.text, bold: true, align: /** @type {const} */ ("center") };
    say(pen, name, x + wide / 2, y + high / 2, how);
  }
}

/**
 * The rail's ends below the patches that come in and those that are answered.
 *
 * @param {Part} part
 */
const railEnds = ({ scene: { layout }, box }) => ({
  from: box.patches.x + (layout.columns * box.patches.cell) / 2,
  to: box.results.x + (layout.columns * box.results.cell) / 2,
});

/**
 * The rail that leads around the experts.
 *
 * @param {Pen} pen
 * @param {Part} part
 */
export function paintRail(pen, part) {
  const { scene, lane, box } = part;
  const { ink, layout } = scene;
  const rows = Math.ceil(lane.n / layout.columns);
  const { from, to } = railEnds(part);
  const foot = box.patches.y + rows * box.patches.cell + 2;
  pen.strokeStyle = ink.line;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(from, foot);
  pen.lineTo(from, box.rail);
  pen.lineTo(to, box.rail);
  pen.lineTo(to, foot + 5);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(to - 4, foot + 7);
  pen.lineTo(to, foot + 1);
  pen.lineTo(to + 4, foot + 7);
  pen.stroke();
}

/**
 * What travels on the rail: every token's own vector, and the patches that were dropped, which have nothing else.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintTravellers(pen, part, t) {
  const { scene, lane, box } = part;
  const { layout } = scene;
  if (lane.note) return;
  const { from, to } = railEnds(part);
  const computed = passed(t, "compute");
  const combined = passed(t, "combine");
  const journey = 0.6 * computed + 0.4 * between(combined, 0, 0.5);
  if (computed <= 0) return;
  const size = railTile(box);
  const small = Math.min(size * 0.45, 8);
  if (combined < 0.5) {
    pen.globalAlpha = 0.75;
    for (let token = 0; token < lane.n; token++) {
      if (lane.dropped[token]) continue;
      const x = mix(from, to - lane.n * (small + 1), journey) + token * (small + 1);
      if (x > from) paintTile(pen, scene.tiles[token], x, box.rail - small / 2, small);
    }
    pen.globalAlpha = 1;
  }
  lane.dropped.forEach((is, token) => {
    if (!is) return;
    const at = railAt(lane, box, token);
    const end = resultAt(layout, box, token);
    const rise = ease(between(combined, 0.5, 0.8));
    const along = ease(between(journey, 0, 1));
    // One behind the other, also where the rail ends.
    const behind = railAt(lane, box, lane.dropped.indexOf(true)).x - at.x;
    const x = mix(mix(at.x, to - size / 2 - behind, along), end.x, rise);
    const y = mix(at.y, end.y, rise);
    lying(pen, scene, token, x, y, mix(size, box.results.cell, rise));
  });
}

/**
 * Patches again: what was answered, in the colours of those who answered.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintCombine(pen, { scene, lane, box, made }, t) {
  const { layout } = scene;
  const now = passed(t, "combine");
  const { n, e, p, combine } = lane;
  const s = e * p;
  const { cell } = box.results;
  const size = box.rack.tile;
  for (let token = 0; token < n; token++) hollow(pen, resultAt(layout, box, token), cell - 1, scene.ink.line);
  if (now <= 0 || lane.note) return;
  const most = combine.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-9);
  const wide = 7;
  const reach = ease(between(now, 0.02, 0.45));
  for (let slot = 0; slot < s; slot++) {
    const { x, y } = outputAt(box, slot);
    // From the expert on where answers stand in its rack.
    const from = { x: Math.max(x + size, box.expert.x + box.expert.wide), y: y + size / 2 };
    pen.strokeStyle = expertColour(Math.floor(slot / p));
    for (let token = 0; token < n; token++) {
      const width = (wide * Math.abs(combine[token * s + slot])) / most;
      if (width < (lane.sparse ? 0.1 : 0.7)) continue;
      const own = token === scene.token;
      const at = resultAt(layout, box, token);
      pen.globalAlpha = (own ? 0.95 : lane.sparse ? 0.6 : 0.32) * (1 - 0.35 * between(now, 0.8, 1));
      pen.lineWidth = Math.max(width, 0.5);
      thread(pen, from, { x: at.x + 2, y: at.y + cell / 2 }, reach);
    }
  }
  const arrive = ease(between(now, 0.3, 0.6));
  for (let token = 0; token < n; token++) {
    if (lane.dropped[token]) continue;
    const { x, y } = resultAt(layout, box, token);
    pen.globalAlpha = arrive;
    paintTile(pen, made.results[token], x, y, cell - 1);
    // Whose answers, as shares of a strip.
    const row = combine.subarray(token * s, (token + 1) * s);
    let left = x;
    const high = Math.max(cell * 0.14, 2);
    for (let slot = 0; slot < s; slot++) {
      const width = Math.max(Math.min(row[slot], 1), 0) * (cell - 1);
      if (width < 0.2) continue;
      pen.fillStyle = expertColour(Math.floor(slot / p));
      pen.fillRect(left, y + cell - 1 - high, Math.min(width, x + cell - 1 - left), high);
      left += width;
    }
  }
  pen.globalAlpha = 1;
}

/**
 * The patches that come in.
 *
 * @param {Pen} pen
 * @param {Part} part
 */
export function paintPatches(pen, { scene, lane, box }) {
  const { layout, tiles } = scene;
  const { cell } = box.patches;
  for (let token = 0; token < lane.n; token++) {
    const { x, y } = patchAt(layout, box, token);
    paintTile(pen, tiles[token], x, y, cell - 1);
    tag(pen, token, x, y, cell - 1);
  }
}
