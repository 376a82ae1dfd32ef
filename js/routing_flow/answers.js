// Compute and combine: experts pulse for each slot, full or empty, answers return, and the rail brings what was dropped.

import { expertColour } from "../shared/painting.js";
import { crossed, hollow, lengthOf, ringed, say, tag, thread } from "./brushes.js";
import { slotsOf } from "./flow.js";
import { expertAt, outputAt, patchAt, resultAt, slotAt } from "./layout.js";
import { paintTile } from "./tiles.js";
import { between, ease, midway, mix, passed } from "./timeline.js";
import { fullFor, lying, outset, railAt, railTile } from "./travel.js";

/** @import { Part } from "./brushes.js" */
/** @import { Pen } from "./pen.js" */

/**
 * Experts, and their answers.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintExperts(pen, part, t) {
  const { scene, lane, box, made } = part;
  const { ink } = scene;
  const now = passed(t, "compute");
  const { e, p, empty } = lane;
  // Slot by slot, all experts at once.
  const turn = now > 0 && now < 1 ? Math.floor(now * p) : -1;
  const within = now * p - turn;
  for (let slot = 0; slot < (lane.note ? 0 : e * p); slot++) {
    const place = slot % p;
    const done = ease(between(now * p, place, place + 1));
    if (done <= 0) continue;
    const [from, to] = [slotAt(box, slot), outputAt(box, slot)];
    if (empty[slot]) {
      hollow(pen, to, ink.bar);
      if (done > 0.5) crossed(pen, to, ink.bar);
      continue;
    }
    pen.globalAlpha = from.x === to.x ? done : 1;
    paintTile(pen, made.outputs[slot], midway(from, to, done));
    pen.globalAlpha = 1;
    // Where an answer takes the place of its slot, it still says whose it is.
    if (from.x === to.x && lane.holder[slot] >= 0) tag(pen, scene, lane.holder[slot], to);
  }
  for (let expert = 0; expert < e; expert++) {
    const colour = expertColour(expert);
    const idle = turn >= 0 && empty[expert * p + turn];
    const pulse = turn >= 0 ? Math.sin(Math.PI * within) : 0;
    const { x, y, w, h } = outset(expertAt(box, expert), Math.min(3, box.rack.band / 8) * pulse);
    // Answers come from behind it.
    pen.fillStyle = ink.page;
    pen.fillRect(x, y, w, h);
    pen.globalAlpha = turn < 0 ? 0.15 : mix(0.15, idle ? 0.3 : 0.8, pulse);
    pen.fillStyle = idle ? ink.bar : colour;
    pen.fillRect(x, y, w, h);
    pen.globalAlpha = 1;
    pen.strokeStyle = idle ? ink.bar : colour;
    pen.lineWidth = 2;
    if (idle) pen.setLineDash([4, 3]);
    pen.strokeRect(x, y, w, h);
    pen.setLineDash([]);
  }
  for (const slot of now > 0 && !lane.note ? slotsOf(lane, scene.token) : [])
    if (now * p >= (slot % p) + 1) ringed(pen, outputAt(box, slot));
  const full = fullFor(part, t);
  for (let expert = 0; expert < e; expert++) {
    const idle = turn >= 0 && empty[expert * p + turn];
    nameExpert(pen, part, expert, idle ? "for nothing" : expert === full ? "full" : "");
  }
}

/**
 * The name of an expert in its box, with what there is to say of it below: in smaller letters where it would not fit, and
 * short or not at all where it could not be read.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} expert
 * @param {string} [more]
 */
export function nameExpert(pen, { scene: { ink }, box }, expert, more = "") {
  const { x, y, w, h } = expertAt(box, expert);
  const long = lengthOf(`expert ${expert}`, 9, true) <= w - 4;
  const name = long ? `expert ${expert}` : `E${expert}`;
  const sizeOf = (/** @type {string} */ text, /** @type {number} */ high) =>
    [12, 11, 10, 9, 8, 7].find((size) => size <= high && lengthOf(text, size, true) <= w - 3) ?? 0;
  const two = more ? sizeOf(more, h / 2 - 3) : 0;
  const lines = two ? [name, more] : [name];
  lines.forEach((text, i) => {
    const size = i ? two : sizeOf(text, two ? h / 2 - 3 : h - 1);
    const middle = y + h / 2 + (i - (lines.length - 1) / 2) * (h / 2);
    if (size) say(pen, text, x + w / 2, middle, { size, colour: ink.text, bold: true, align: "center" });
  });
}

/**
 * The rail's ends below the patches that come in and those that are answered.
 *
 * @param {Part} part
 */
const railEnds = ({ scene: { layout }, box }) => ({
  from: box.patches.x + (layout.columns * box.patches.w) / 2,
  to: box.results.x + (layout.columns * box.results.w) / 2,
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
  const foot = box.patches.y + rows * box.patches.h + 2;
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
  const journey = 0.6 * computed + 0.4 * between(combined, 0, 0.4);
  if (computed <= 0) return;
  const size = railTile(box);
  const small = Math.min(size * 0.45, 8);
  if (combined < 0.4) {
    pen.globalAlpha = 0.75;
    for (let token = 0; token < lane.n; token++) {
      if (lane.dropped[token]) continue;
      const x = mix(from, to - lane.n * (small + 1), journey) + token * (small + 1);
      if (x > from) paintTile(pen, scene.tiles[token], { x, y: box.rail - small / 2, w: small, h: small });
    }
    pen.globalAlpha = 1;
  }
  lane.dropped.forEach((is, token) => {
    if (!is) return;
    const at = railAt(lane, box, token);
    const end = resultAt(layout, box, token);
    // Along the rail to where it belongs, and up.
    const slide = ease(between(combined, 0.4, 0.52));
    const rise = ease(between(combined, 0.5, 0.65));
    const along = ease(between(journey, 0, 1));
    // One behind the other, also where the rail ends.
    const behind = railAt(lane, box, lane.dropped.indexOf(true)).x - at.x;
    const there = { ...at, x: mix(mix(at.x, to - size / 2 - behind, along), end.x, slide) };
    lying(pen, part, token, midway(there, end, rise));
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
  const cell = box.results;
  for (let token = 0; token < n; token++) hollow(pen, resultAt(layout, box, token), scene.ink.line);
  if (now <= 0 || lane.note) return;
  const most = combine.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-9);
  const wide = 7;
  const reach = ease(between(now, 0.02, 0.45));
  for (let slot = 0; slot < s; slot++) {
    const { x, y, w, h } = outputAt(box, slot);
    // From the expert on where answers stand in its rack.
    const from = { x: Math.max(x + w, box.expert.x + box.expert.wide), y: y + h / 2 };
    pen.strokeStyle = expertColour(Math.floor(slot / p));
    for (let token = 0; token < n; token++) {
      const width = (wide * Math.abs(combine[token * s + slot])) / most;
      if (width < (lane.sparse ? 0.1 : 0.7)) continue;
      const own = token === scene.token;
      const at = resultAt(layout, box, token);
      pen.globalAlpha = (own ? 0.95 : lane.sparse ? 0.6 : 0.32) * (1 - 0.35 * between(now, 0.8, 1));
      pen.lineWidth = Math.max(width, 0.5);
      thread(pen, from, { x: at.x + 2, y: at.y + cell.h / 2 }, reach);
    }
  }
  const arrive = ease(between(now, 0.3, 0.6));
  for (let token = 0; token < n; token++) {
    if (lane.dropped[token]) continue;
    const area = resultAt(layout, box, token);
    const { x, y, w, h } = area;
    pen.globalAlpha = arrive;
    paintTile(pen, made.results[token], area);
    if (scene.words) tag(pen, scene, token, area);
    // Whose answers, as shares of a strip.
    const row = combine.subarray(token * s, (token + 1) * s);
    let left = x;
    const high = Math.max(h * 0.14, 2);
    for (let slot = 0; slot < s; slot++) {
      const width = Math.max(Math.min(row[slot], 1), 0) * w;
      if (width < 0.2) continue;
      pen.fillStyle = expertColour(Math.floor(slot / p));
      pen.fillRect(left, y + h - high, Math.min(width, x + w - left), high);
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
  for (let token = 0; token < lane.n; token++) {
    const area = patchAt(layout, box, token);
    paintTile(pen, tiles[token], area);
    tag(pen, scene, token, area);
  }
}
