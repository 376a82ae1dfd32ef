// Select and dispatch: threads, flights into slots, the bounce at a full rack, and slots that mix all tokens.

import { expertColour } from "../shared/painting.js";
import { along, hollow, ringed, say, tag, thread } from "./brushes.js";
import { columnOf, largest, slotShown } from "./flow.js";
import { rowAt, slotAt } from "./layout.js";
import { paintTile } from "./tiles.js";
import { between, ease, inTurn, mix, passed } from "./timeline.js";

/** @import { Part } from "./brushes.js" */
/** @import { Lane, Meeting } from "./flow.js" */
/** @import { LaneBox, Point } from "./layout.js" */
/** @import { Pen } from "./pen.js" */

/**
 * Where a token's row ends.
 *
 * @param {LaneBox} box
 * @param {number} token
 */
const rowEnd = (box, token) => ({ x: box.scores.cellsX + box.scores.cellsWide + 2, y: rowAt(box, token).y });

/**
 * The left end of an expert's rack.
 *
 * @param {LaneBox} box
 * @param {number} expert
 */
const rackEnd = (box, expert) => ({ x: box.rack.x - 4, y: box.top + (expert + 0.5) * box.rack.band });

/**
 * @param {LaneBox} box
 * @param {number} slot
 */
export const slotMiddle = (box, slot) => {
  const { x, y } = slotAt(box, slot);
  return { x: x + box.rack.tile / 2, y: y + box.rack.tile / 2 };
};

/**
 * Threads between tokens and experts: thrown by tokens, or reaching out from experts.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintThreads(pen, { scene, lane, box }, t) {
  const now = passed(t, "select");
  const later = passed(t, "dispatch");
  if (now <= 0 || lane.note) return;
  if (!lane.sparse) {
    if (later > 0 || lane.kind !== "soft") return;
    pen.globalAlpha = ease(between(now, 0.1, 0.4));
    const y = box.top + box.high / 2;
    const x = (box.scores.cellsX + box.scores.cellsWide + box.rack.x) / 2;
    const how = { size: scene.layout.compact ? 9 : 13, colour: scene.ink.text, bold: true };
    ["nothing", "is", "selected"].forEach((word, i) =>
      say(pen, word, x, y + (i - 1) * how.size * 1.3, { ...how, align: "center" }),
    );
    pen.globalAlpha = 1;
    return;
  }
  const count = lane.meetings.length;
  lane.meetings.forEach((meeting, i) => {
    const part = inTurn(between(now, 0.1, 0.95), i, count, 0.5);
    const [from, to] = [rowEnd(box, meeting.token), rackEnd(box, meeting.expert)];
    const own = meeting.token === scene.token;
    pen.strokeStyle = expertColour(meeting.expert);
    pen.lineWidth = own ? 3.5 : 1.5;
    pen.globalAlpha = (own ? 1 : 0.75) * (1 - 0.75 * between(later, 0.05, 0.9));
    if (lane.kind === "experts") thread(pen, to, from, part);
    else thread(pen, from, to, part);
  });
  pen.globalAlpha = 1;
}

/** How a flight is timed within the chapter: when it starts, and how long it takes. @typedef {[number, number]} Flight */

/**
 * @param {Lane} lane
 * @param {number} i
 * @returns {Flight}
 */
const flightOf = (lane, i) => {
  const count = lane.meetings.length;
  return [0.02 + (count > 1 ? i / (count - 1) : 0) * 0.42, 0.16];
};

/** The part of the chapter that a fall onto the rail takes. */
const FALL = 0.14;

/**
 * Where on the rail a token lies that was dropped.
 *
 * @param {Lane} lane
 * @param {LaneBox} box
 * @param {number} token
 */
export function railAt({ dropped }, box, token) {
  const before = dropped.slice(0, token).filter(Boolean).length;
  const size = railTile(box);
  return { x: box.rack.x - 46 - before * (size + 5), y: box.rail - size / 2 };
}

/** @param {LaneBox} box */
export const railTile = (box) => Math.max(Math.min(box.patches.cell * 0.7, 20), 10);

/**
 * The racks, and what flies into them.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintDispatch(pen, part, t) {
  const { scene, lane, box } = part;
  const { ink } = scene;
  const size = box.rack.tile;
  for (let slot = 0; slot < lane.e * lane.p; slot++) hollow(pen, slotAt(box, slot), size, ink.line);
  const now = passed(t, "dispatch");
  if (now <= 0 || lane.note) return;
  if (!lane.sparse) return paintMixing(pen, part, now);
  const { token: followed } = scene;
  const mini = Math.min(box.scores.rowHigh - 1, 14);
  /** @type {[Meeting, number][]} */
  const falls = [];
  lane.meetings.forEach((meeting, i) => {
    const [from, long] = flightOf(lane, i);
    if (meeting.slot < 0) {
      falls.push([meeting, from + long]);
      const edge = rackEnd(box, meeting.expert);
      return flyTo(pen, part, meeting, between(now, from, from + long), { x: edge.x - 12, y: edge.y }, mini, 20);
    }
    const way = between(now, from, from + long);
    if (way <= 0) return;
    flyTo(pen, part, meeting, way, slotMiddle(box, meeting.slot), mini, size, true);
  });
  // Later they travel on along the rail.
  if (now < 1) paintFalls(pen, part, now, falls);
  const own = falls.find(([{ token }]) => token === followed);
  if (own && now >= own[1] && lane.dropped[followed]) {
    // Whoever holds the slots that it asked for.
    const { x, y } = slotAt(box, own[0].expert * lane.p);
    ringed(pen, x - 1, y - 1, (lane.p - 1) * box.rack.step + size + 2, size + 2);
    const band = { y: box.top + own[0].expert * box.rack.band };
    say(pen, "full", box.rack.x - 8, band.y + 4, {
      size: scene.layout.font,
      colour: ink.text,
      bold: true,
      align: "right",
    });
  }
}

/**
 * @param {Pen} pen
 * @param {Part} part
 * @param {Meeting} meeting
 * @param {number} way From 0 to 1.
 * @param {Point} to The middle of where it goes.
 * @param {number} small Its size when it starts.
 * @param {number} big And when it arrives.
 * @param {boolean} [stays]
 */
function flyTo(pen, { scene, box }, { token }, way, to, small, big, stays = false) {
  if (way <= 0 || (way >= 1 && !stays)) return;
  const from = { x: box.scores.x + small / 2, y: rowAt(box, token).y };
  const moved = ease(way);
  const { x, y } = along(from, to, moved);
  const size = mix(small, big, moved);
  const corner = { x: x - size / 2, y: y - size / 2 };
  paintTile(pen, scene.tiles[token], corner.x, corner.y, size);
  if (token === scene.token) ringed(pen, corner.x, corner.y, size, size);
  if (moved > 0.5) tag(pen, token, corner.x, corner.y, size);
}

/**
 * Tokens that no slot takes fall onto the rail: from the rack that was full, or from their row when all have chosen.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} now
 * @param {[Meeting, number][]} refused And when each is turned away.
 */
function paintFalls(pen, { scene, lane, box }, now, refused) {
  const size = railTile(box);
  lane.dropped.forEach((is, token) => {
    if (!is) return;
    const last = refused.findLast(([meeting]) => meeting.token === token);
    const from = last ? rackEnd(box, last[0].expert) : rowEnd(box, token);
    const starts = last ? last[1] : 0.7;
    const way = between(now, starts, starts + FALL);
    if (now < starts) return;
    const to = railAt(lane, box, token);
    const start = { x: from.x - (last ? 22 : 0), y: from.y - size / 2 };
    // Off the rack, and down.
    const x = mix(start.x, to.x, Math.sqrt(way));
    const y = mix(start.y, to.y, way ** 2) - 26 * 4 * way * (1 - way) * 0.35;
    lying(pen, scene, token, x, y, size);
  });
}

/**
 * A dropped patch: its tile in a box of dashes.
 *
 * @param {Pen} pen
 * @param {Part["scene"]} scene
 * @param {number} token
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
export function lying(pen, scene, token, x, y, size) {
  paintTile(pen, scene.tiles[token], x, y, size);
  if (token === scene.token) ringed(pen, x, y, size, size);
  else hollow(pen, { x: x - 1, y: y - 1 }, size + 2, scene.ink.text);
  tag(pen, token, x, y, size);
}

/**
 * Slots that mix: the one that the story looks at first and slowly, then the others.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} now
 */
function paintMixing(pen, { scene, lane, box, made }, now) {
  const { n, e, p, dispatch, empty } = lane;
  const s = e * p;
  const shown = slotShown(lane, scene.token, scene.slot);
  const size = box.rack.tile;
  const first = ease(between(now, 0.03, 0.38));
  const rest = between(now, 0.5, 0.95);
  const most = dispatch.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-9);
  const others = ease(between(rest, 0, 0.5));
  // Ribbons as wide as their weights.
  if (others > 0) {
    pen.globalAlpha = 0.42;
    for (let slot = 0; slot < s; slot++) {
      pen.strokeStyle = expertColour(Math.floor(slot / p));
      for (let token = 0; token < n; token++) {
        const width = (6 * dispatch[token * s + slot]) / most;
        if (width < 0.7) continue;
        pen.lineWidth = width * others;
        thread(pen, rowEnd(box, token), { x: box.rack.x - 3, y: slotMiddle(box, slot).y }, 1);
      }
    }
  }
  const column = columnOf(lane, shown);
  const target = slotMiddle(box, shown);
  pen.globalAlpha = mix(0.95, 0.75, others);
  pen.strokeStyle = expertColour(Math.floor(shown / p));
  for (let token = 0; token < n; token++) {
    const width = 26 * column[token];
    if (width < 0.25) continue;
    pen.lineWidth = Math.max(width, 0.6);
    thread(pen, rowEnd(box, token), { x: slotAt(box, shown).x, y: target.y }, ease(between(first, 0, 0.8)));
  }
  pen.globalAlpha = 1;
  for (let slot = 0; slot < s; slot++) {
    const come = slot === shown ? between(first, 0.6, 1) : inTurn(rest, slot, s, 0.5);
    if (come <= 0 || empty[slot]) continue;
    const { x, y } = slotAt(box, slot);
    pen.globalAlpha = come;
    paintTile(pen, made.slots[slot], x, y, size);
  }
  pen.globalAlpha = 1;
  if (first > 0.5) ringed(pen, slotAt(box, shown).x, slotAt(box, shown).y, size, size);
}

/**
 * What the slot is made of, as a sum of patches, where later the answers stand.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintRecipe(pen, { scene, lane, box, made }, t) {
  const { ink, tiles, layout } = scene;
  const now = passed(t, "dispatch");
  const asked = scene.slot >= 0;
  if (lane.sparse || lane.note || layout.compact || (!asked && (now <= 0 || now >= 1))) return;
  const alpha = asked ? 1 : between(now, 0.25, 0.35);
  const slot = slotShown(lane, scene.token, scene.slot);
  const wide = box.results.x - box.outputs - 12;
  if (alpha <= 0 || wide < 150) return;
  const size = Math.min(30, wide / 6.5);
  const step = (wide - size) / 4;
  const high = box.top + box.high / 2 - size / 2 - 4;
  const parts = largest(columnOf(lane, slot), 3);
  const small = layout.font - 2;
  const label = { size: small, colour: ink.text, align: /** @type {const} */ ("center") };
  pen.globalAlpha = alpha;
  pen.fillStyle = ink.page;
  pen.fillRect(box.outputs - 2, box.top, wide + 8, box.high);
  const middle = (/** @type {number} */ i) => box.outputs + i * step + size / 2;
  say(pen, `slot ${slot % lane.p} of expert ${Math.floor(slot / lane.p)} is`, middle(0) - size / 2, high - 14, {
    ...label,
    align: "left",
    bold: true,
  });
  parts.forEach(([token, weight], i) => {
    const x = box.outputs + i * step;
    paintTile(pen, tiles[token], x, high, size);
    tag(pen, token, x, high, size);
    say(pen, `${Math.round(100 * weight)} %`, middle(i), high + size + 9, label);
    say(pen, "+", middle(i) + step / 2, high + size / 2, { ...label, bold: true });
  });
  const rest = 1 - parts.reduce((sum, [, weight]) => sum + weight, 0);
  say(pen, "…", middle(3), high + size / 2, { ...label, bold: true });
  say(pen, `${lane.n - parts.length} more`, middle(3), high + size + 9, label);
  say(pen, `${Math.round(100 * rest)} %`, middle(3), high + size + 22, label);
  say(pen, "=", middle(3) + step / 2, high + size / 2, { ...label, bold: true });
  paintTile(pen, made.slots[slot], box.outputs + 4 * step, high, size);
  ringed(pen, box.outputs + 4 * step, high, size, size);
  pen.globalAlpha = 1;
}

/**
 * Whether the picture has come to what happens to a token in this chapter.
 *
 * @param {Lane} lane
 * @param {number} token
 * @param {number} t
 */
export function revealed(lane, token, t) {
  const now = passed(t, "dispatch");
  if (!lane.sparse) return now > 0.2;
  const own = lane.meetings.findLastIndex((meeting) => meeting.token === token);
  if (own < 0) return now > 0.7;
  const [from, long] = flightOf(lane, own);
  return now >= from + long;
}
