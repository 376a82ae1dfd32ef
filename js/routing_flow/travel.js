// Select and dispatch: threads, flights into slots, the bounce at a full rack, and slots that mix all tokens.

import { expertColour } from "../shared/painting.js";
import { along, hollow, lengthOf, ringed, say, tag, thread } from "./brushes.js";
import { columnOf, slotShown } from "./flow.js";
import { rackAt, rowAt, slotAt } from "./layout.js";
import { paintTile } from "./tiles.js";
import { between, dispatched, ease, inTurn, mix, passed } from "./timeline.js";

/** @import { Part } from "./brushes.js" */
/** @import { Lane, Meeting } from "./flow.js" */
/** @import { Area, LaneBox } from "./layout.js" */
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
  const { x, y, w, h } = slotAt(box, slot);
  return { x: x + w / 2, y: y + h / 2 };
};

/**
 * Threads between tokens and experts: thrown by tokens, or reaching out from experts.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintThreads(pen, { scene, lane, box, turn }, t) {
  const now = passed(t, "select");
  const later = dispatched(t, turn);
  if (now <= 0 || lane.note) return;
  if (!lane.sparse) {
    if (passed(t, "dispatch") > 0 || lane.kind !== "soft") return;
    const x = (box.scores.cellsX + box.scores.cellsWide + box.rack.x) / 2;
    const how = { size: 13, colour: scene.ink.text, bold: true, align: /** @type {const} */ ("center") };
    // Where there is no room, the words above the lane say so alone.
    if (lengthOf("selected", how.size, true) + 8 > 2 * (box.rack.x - x)) return;
    pen.globalAlpha = ease(between(now, 0.1, 0.4));
    ["nothing", "is", "selected"].forEach((word, i) => say(pen, word, x, box.top + box.high / 2 + (i - 1) * 17, how));
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

/** How a flight is timed within a lane's turn: when it starts, and how long it takes. @typedef {[number, number]} Flight */

/**
 * @param {Lane} lane
 * @param {number} i
 * @returns {Flight}
 */
const flightOf = (lane, i) => {
  const count = lane.meetings.length;
  return [0.02 + (count > 1 ? i / (count - 1) : 0) * 0.3, 0.16];
};

/** The part of the turn that a fall onto the rail takes. */
const FALL = 0.14;

/**
 * When in the turn a dropped token falls: where it was turned away last, or else when all have chosen.
 *
 * @param {Lane} lane
 * @param {number} token
 */
export function fallOf(lane, token) {
  const last = lane.meetings.findLastIndex((meeting) => meeting.token === token && meeting.slot < 0);
  return last < 0 ? 0.7 : flightOf(lane, last)[0] + flightOf(lane, last)[1];
}

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
  return { x: box.rack.x - 46 - before * railStep(dropped, box), y: box.rail - size / 2, w: size, h: size };
}

/**
 * From one dropped token to the next: where many lie, they lie on one another.
 *
 * @param {boolean[]} dropped
 * @param {LaneBox} box
 */
function railStep(dropped, box) {
  const count = dropped.filter(Boolean).length;
  return Math.min(railTile(box) + 5, (box.rack.x - 46) / Math.max(count - 1, 1));
}

/** @param {LaneBox} box */
export const railTile = (box) => Math.max(Math.min(box.patches.h * 0.7, 20), 15);

/**
 * The racks, and what flies into them.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
export function paintDispatch(pen, part, t) {
  const { scene, lane, box, turn } = part;
  for (let slot = 0; slot < lane.e * lane.p; slot++) hollow(pen, slotAt(box, slot), scene.ink.line);
  const now = dispatched(t, turn);
  if (now <= 0 || lane.note) return;
  if (!lane.sparse) return paintMixing(pen, part, now);
  lane.meetings.forEach((meeting, i) => {
    const [from, long] = flightOf(lane, i);
    const way = between(now, from, from + long);
    if (meeting.slot >= 0) return flyTo(pen, part, meeting, way, slotAt(box, meeting.slot), true);
    const edge = rackEnd(box, meeting.expert);
    flyTo(pen, part, meeting, way, { x: edge.x - 22, y: edge.y - 10, w: 20, h: 20 });
  });
  // Later they travel on along the rail.
  if (passed(t, "dispatch") < 1) paintFalls(pen, part, now);
  const full = fullFor(part, t);
  // Whoever holds the slots that it asked for.
  if (full >= 0) ringed(pen, outset(rackAt(box, full), 1));
}

/**
 * The expert that has just turned away the token that is followed, or -1.
 *
 * @param {Part} part
 * @param {number} t
 */
export function fullFor({ scene: { token }, lane, turn }, t) {
  if (lane.kind !== "tokens" || lane.note || !lane.dropped[token]) return -1;
  if (dispatched(t, turn) < fallOf(lane, token)) return -1;
  return lane.meetings.findLast((meeting) => meeting.token === token)?.expert ?? -1;
}

/**
 * @param {Area} area
 * @param {number} by
 * @returns {Area}
 */
export const outset = ({ x, y, w, h }, by) => ({ x: x - by, y: y - by, w: w + 2 * by, h: h + 2 * by });

/**
 * @param {Pen} pen
 * @param {Part} part
 * @param {Meeting} meeting
 * @param {number} way From 0 to 1.
 * @param {Area} to Where it goes.
 * @param {boolean} [stays]
 */
function flyTo(pen, { scene, box }, { token }, way, to, stays = false) {
  if (way <= 0 || (way >= 1 && !stays)) return;
  const mini = Math.min(box.scores.rowHigh - 1, 14);
  const moved = ease(way);
  const end = { x: to.x + to.w / 2, y: to.y + to.h / 2 };
  const { x, y } = along({ x: box.scores.x + mini / 2, y: rowAt(box, token).y }, end, moved);
  const [w, h] = [mix(mini, to.w, moved), mix(mini, to.h, moved)];
  const area = { x: x - w / 2, y: y - h / 2, w, h };
  paintTile(pen, scene.tiles[token], area);
  if (token === scene.token) ringed(pen, area);
  if (moved > 0.5) tag(pen, scene, token, area);
}

/**
 * Tokens that no slot takes fall onto the rail: from the rack that was full, or from their row when all have chosen.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} now
 */
function paintFalls(pen, part, now) {
  const { lane, box } = part;
  lane.dropped.forEach((is, token) => {
    const starts = fallOf(lane, token);
    if (!is || now < starts) return;
    const last = lane.meetings.findLast((meeting) => meeting.token === token);
    const from = last ? rackEnd(box, last.expert) : rowEnd(box, token);
    const way = between(now, starts, starts + FALL);
    const to = railAt(lane, box, token);
    const start = { x: from.x - (last ? 22 : 0), y: from.y - to.h / 2 };
    // Off the rack, and down.
    const x = mix(start.x, to.x, Math.sqrt(way));
    const y = mix(start.y, to.y, way ** 2) - 26 * 4 * way * (1 - way) * 0.35;
    lying(pen, part, token, { ...to, x, y });
  });
}

/**
 * A dropped patch: its tile in a box of dashes, and its number where it lies on no other.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} token
 * @param {Area} area
 */
export function lying(pen, { scene, lane, box }, token, area) {
  paintTile(pen, scene.tiles[token], area);
  if (token === scene.token) ringed(pen, area);
  else hollow(pen, outset(area, 1), scene.ink.text);
  if (railTile(box) < railStep(lane.dropped, box)) tag(pen, scene, token, area);
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
    pen.globalAlpha = come;
    paintTile(pen, made.slots[slot], slotAt(box, slot));
  }
  pen.globalAlpha = 1;
  if (first > 0.5) ringed(pen, slotAt(box, shown));
}

/**
 * Whether the picture has come to what happens to the followed token in dispatch.
 *
 * @param {Part} part
 * @param {number} t
 */
export function revealed({ scene: { token }, lane, turn }, t) {
  const now = dispatched(t, turn);
  if (!lane.sparse) return now > 0;
  if (lane.dropped[token]) return now >= fallOf(lane, token);
  const own = lane.meetings.findLastIndex((meeting) => meeting.token === token);
  return own >= 0 && now >= flightOf(lane, own)[0] + flightOf(lane, own)[1];
}
