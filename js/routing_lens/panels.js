// The panels of a RoutingLens as drawings of a scene. Each has a ground, painted when the scene changes, and a layer
// above it that follows the pointer.

import { largestFinite } from "../arithmetic/largest.js";
import {
  narrowed,
  outline,
  paintExperts,
  paintRowNames,
  paintShare,
  paintWhole,
  ringExpert,
  ringPlaces,
} from "../shared/maps.js";
import { expertFill } from "../shared/experts.js";
import { outlineWindow } from "../shared/magnifier.js";
import { dashedRule, hatch, paintWeights, ring, write, writeOver } from "../shared/painting.js";
import { cornerOf } from "../shared/plan.js";
import { fitted } from "../shared/words.js";
import { bars, writeBoxed } from "./bars.js";
import { arrow, markWrong, selectedSums, sums } from "./marks.js";
import {
  columnsOfExpert,
  extremesOf,
  four,
  placeOf,
  short,
  span,
  told,
  weightByExpert,
  weightOfEach,
} from "./numbers.js";
import { expertsOfToken } from "./moves.js";
import { ROW, loadRoom, rowLabel } from "./sizes.js";
import { gatesOf, holdersFor } from "./why.js";
import { FATES, answersDropped } from "./words.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context, Corner, Picture } from "../shared/painting.js" */
/** @import { Window } from "../shared/magnifier.js" */
/** @import { Boxes, MapBox, Panel, TokenBox } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Folds } from "./folds.js" */
/** @import { Look, View } from "./numbers.js" */

/**
 * What the panels draw: the numbers of an image, the view of the map, and where things lie.
 *
 * @typedef {object} Scene
 * @property {Look} it
 * @property {View} view
 * @property {Ink} ink
 * @property {Picture | null} picture
 * @property {Folds} folds
 * @property {boolean} root Whether the map's colours stand for roots.
 * @property {Map<number, string>} moves What stands on tokens that moved since another snapshot.
 * @property {Window | null} window The cells that are magnified.
 * @property {number} reach Pixels of the magnifier from side to side.
 * @property {Boxes} boxes
 */

/**
 * What the panel of tokens draws, on cards too.
 *
 * @typedef {Pick<Scene, "it" | "view" | "ink" | "picture" | "moves"> & { boxes: { tokens: TokenBox } }} TokensScene
 */

const OUTPUT = "#5ec962";

/**
 * @param {Context} ctx
 * @param {TokensScene} scene
 */
export function paintTokens(ctx, { it, view, boxes, ink, picture, moves }) {
  const lost = new Set(it.lost);
  paintWhole(ctx, boxes.tokens, picture);
  it.fate.forEach((fate, t) => {
    const place = placeOf(it, t);
    if (place < 0) return;
    const [x, y, dx, dy] = cornerOf(boxes.tokens, place);
    outline(ctx, [x, y, dx, dy], picture, ink);
    // Lines behind letters make them hard to read: a word stands above its lines, a number on paper.
    const clear = it.words ? 20 : 0;
    if (fate) hatch(ctx, x, y + clear, dx, dy - clear);
    else if (lost.has(t)) hatch(ctx, x + dx - Math.max(dx / 6, 4), y + clear, Math.max(dx / 6, 4), dy - clear);
    const across = x + dx / 2;
    const middle = y + (it.words ? 11 : dy / 2);
    const number = !picture && dx >= 8 + 6 * String(it.tokens - 1).length;
    const label = it.words ? fitted(it.words[t], dx - 8) : !picture ? t : dx > 46 ? FATES[fate] : "";
    if (it.words || (number && !fate)) write(ctx, label, across, middle, ink.text);
    else if (number) writeBoxed(ctx, label, across, middle, ink, boxes.tokens.w);
    else if (fate) writeOver(ctx, label, across, middle);
    if (picture && it.hard) badges(ctx, it, t, [x, y, dx, dy], ink);
    const moved = moves.get(t);
    if (moved) paintMove(ctx, moved, [x, y, dx, dy], ink, boxes.tokens.w);
  });
  if (view === "output" && it.output) shares(ctx, boxes.tokens, it, it.output, [...it.output.keys()], OUTPUT);
}

/** @type {Record<Panel, (ctx: Context, scene: Scene) => void>} */
export const grounds = {
  tokens: paintTokens,

  map(ctx, scene) {
    const { it, view, boxes, ink } = scene;
    const { x, y, w, dy, columns } = boxes.map;
    const { least, most } = extremesOf(it, view);
    const weights = it.weights[view];
    if (view === "output") lengths(ctx, scene);
    else if (weights) paintWeights(ctx, boxes.map, weights, it.n, columns, most, least, scene.root);
    if (view !== "output") paintExperts(ctx, boxes.map, it.experts, ink);
    it.ids.forEach((t, r) => {
      const top = y + r * dy;
      if (!it.fate[t]) return;
      // Lines over logits would cover what tells why: these stand beside their row.
      const beside = view === "logits";
      hatch(ctx, beside ? x + w + 4 : x, top, beside ? 8 : w, dy);
      if (dy < 12) return;
      if (beside) write(ctx, FATES[it.fate[t]], x + w + 16, top + dy / 2, ink.text, "left");
      else writeOver(ctx, FATES[it.fate[t]], x + 28, top + dy / 2);
    });
    paintRowNames(ctx, boxes.map, it.n, (r) => rowLabel(it, it.ids[r], x - 12), ink);
    markWrong(ctx, it.wrongs, columns, boxes.map);
    if (view === "dispatch" || view === "combine") sums(ctx, it, view, boxes.map, scene.folds, ink);
  },

  experts(ctx, { it, folds, boxes, ink }) {
    const { x, w } = boxes.map;
    const floor = loadRoom(folds);
    if (folds.load) return;
    const most = largestFinite(it.groupLoad, it.hard ? it.capacity : 1e-9);
    const high = floor - 18;
    write(ctx, "load", x - 6, floor - high / 2, ink.text, "right");
    if (it.images_per_group > 1) bars(ctx, boxes.map, it.groupLoad, most, floor, high, ink, { pale: () => true });
    const line = it.hard ? floor - (high * it.capacity) / most : -Infinity;
    bars(ctx, boxes.map, it.load, most, floor, high, ink, { line });
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    ctx.strokeRect(x, floor + 0.5, w, 0);
    if (!it.hard) return;
    dashedRule(ctx, x, line, w);
    write(ctx, it.capacity, x + w + 6, line, ink.text, "left");
  },
};

/**
 * The experts that a token goes to, as their colours and numbers in its corner.
 *
 * @param {Context} ctx
 * @param {Look} it
 * @param {number} token
 * @param {Corner} corner
 * @param {Ink} ink
 */
function badges(ctx, it, token, [x, y, dx, dy], ink) {
  if (it.row[token] < 0 || dx < 24) return;
  let [left, top] = [x + 4, y + 4];
  for (const e of expertsOfToken(it, token)) {
    const w = 6 + 7 * String(e).length;
    if (left > x + 4 && left + w + 6 > x + dx) [left, top] = [x + 4, top + 16];
    if (top + 14 > y + dy) return;
    ctx.fillStyle = expertFill(ctx, e);
    ctx.fillRect(left, top, 6, 14);
    ctx.fillStyle = ink.paper;
    ctx.fillRect(left + 6, top, w, 14);
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    ctx.strokeRect(left + 0.5, top + 0.5, w + 5, 13);
    write(ctx, e, left + 6 + w / 2, top + 7, ink.text);
    left += w + 8;
  }
}

/**
 * What a token left and joined, at its lower edge; in a small box only a corner that is folded down.
 *
 * @param {Context} ctx
 * @param {string} sign
 * @param {Corner} corner
 * @param {Ink} ink
 * @param {number} most
 */
function paintMove(ctx, sign, [x, y, dx, dy], ink, most) {
  if (dx >= ctx.measureText(sign).width + 6 && dy >= 34)
    return writeBoxed(ctx, sign, x + dx / 2, y + dy - 10, ink, most);
  const side = Math.min(9, dx / 2, dy / 2);
  Object.assign(ctx, { fillStyle: ink.paper, strokeStyle: ink.text, lineWidth: 1 });
  ctx.beginPath();
  ctx.moveTo(x + dx, y + dy - side);
  ctx.lineTo(x + dx, y + dy);
  ctx.lineTo(x + dx - side, y + dy);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}

/**
 * What the selected slots see of the image: a square on each token, its area in proportion to the weight.
 *
 * @param {Context} ctx
 * @param {TokensScene} scene
 * @param {Place} at
 */
export function markTokens(ctx, { it, view, boxes: { tokens }, ink }, at) {
  if (at.expert >= 0) {
    const each = weightOfEach(it, told(view), ...span(it, at));
    const seen = shares(ctx, tokens, it, each, it.ids, expertFill(ctx, at.expert));
    // Below a word there is room for its weight; patches keep their picture but for the three heaviest.
    const most = it.words ? seen.length : 3;
    for (const r of seen.sort((a, b) => Math.abs(each[b]) - Math.abs(each[a])).slice(0, most)) {
      const [x, y, dx, dy] = cornerOf(tokens, placeOf(it, it.ids[r]));
      const middle = x + dx / 2;
      if (it.words) write(ctx, short(each[r]), middle, y + 24, ink.text);
      else writeOver(ctx, short(each[r]), Math.min(Math.max(middle, 13), tokens.w - 13), y + dy / 2);
    }
  }
  for (const [held] of holdersFor(it, at)) frame(ctx, cornerOf(tokens, placeOf(it, held)), ink);
  if (at.token >= 0) ring(ctx, ...cornerOf(tokens, placeOf(it, at.token)));
}

/**
 * A dashed frame inside a box: a token that holds what another one asked for.
 *
 * @param {Context} ctx
 * @param {Corner} corner
 * @param {Ink} ink
 */
function frame(ctx, [x, y, dx, dy], ink) {
  for (const [width, colour, dash] of /** @type {[number, string, number[]][]} */ ([
    [4, ink.paper, []],
    [2, ink.text, [4, 3]],
  ])) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.setLineDash(dash);
    ctx.strokeRect(x + 1.5, y + 1.5, dx - 3, dy - 3);
  }
  ctx.setLineDash([]);
}

/** @type {Record<Panel, (ctx: Context, scene: Scene, at: Place) => void>} */
export const overlays = {
  tokens: markTokens,

  map(ctx, scene, at) {
    const { it, view, boxes } = scene;
    const own = columnsOfExpert(it, view);
    const one = (own > 1 || it.p === 1) && at.slot >= 0;
    const selected = { from: at.expert * own + (one ? at.slot : 0), count: one ? 1 : own };
    const columns = at.expert >= 0 && own > 0 ? selected : null;
    const row = at.token >= 0 ? it.row[at.token] : -1;
    ringPlaces(ctx, boxes.map, { row, columns, cells: columns && row >= 0 ? [{ row, columns }] : [] });
    for (const [held, e, slot] of holdersFor(it, at)) {
      const { x, y, dx, dy } = boxes.map;
      const column = e * own + (own === it.p ? slot : 0);
      if (own && it.row[held] >= 0) ring(ctx, x + column * dx, y + it.row[held] * dy, dx, dy);
    }
    if (scene.window) outlineWindow(ctx, boxes.map, scene.window, scene.ink);
    selectedSums(ctx, scene, at);
  },

  experts(ctx, { it, view, folds, boxes: { map }, ink }, at) {
    const top = loadRoom(folds);
    if (at.token >= 0) {
      const gates = gatesOf(it, at.token);
      const own = weightByExpert(it, told(view), at.token);
      const each = gates ?? own;
      write(ctx, gates ? "gate" : "token", map.x - 6, top + ROW - 14, ink.text, "right");
      // Of gates those are solid whose expert has the token.
      const pale = gates ? (/** @type {number} */ e) => own[e] === 0 : undefined;
      bars(ctx, map, each, largestFinite(each, 1e-9), top + ROW - 1, ROW - 20, ink, { pale, numbers: true });
      Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
      ctx.strokeRect(map.x, top + ROW - 0.5, map.w, 0);
    }
    if (at.expert >= 0) ringExpert(ctx, map, at.expert, (folds.load ? ROW + top : top) - 6);
  },
};

/**
 * A share on each of these tokens in proportion to its number; returns which of them have one.
 *
 * @param {Context} ctx
 * @param {TokenBox} box
 * @param {Look} it
 * @param {number[] | Float32Array} each
 * @param {ArrayLike<number>} tokens
 * @param {string | CanvasPattern} colour
 */
function shares(ctx, box, it, each, tokens, colour) {
  const most = largestFinite(Array.from(each, Math.abs), 0);
  const seen = [...each.keys()].filter((r) => each[r] !== 0 && Math.abs(each[r]) < Infinity);
  for (const r of seen) {
    const place = placeOf(it, tokens[r]);
    if (place < 0) continue;
    const corner = cornerOf(box, place);
    const worded = Boolean(it.words);
    paintShare(ctx, worded ? narrowed(corner) : corner, each[r] / most, { colour, alpha: 0.8, worded });
  }
  return seen;
}

/**
 * One bar for each token's answer, with its length where there is room and a mark where it should be 0.
 *
 * @param {Context} ctx
 * @param {{ it: Look, boxes: { map: MapBox }, ink: Ink }} scene
 */
function lengths(ctx, { it, boxes: { map }, ink }) {
  const { x, y, w, h, dy } = map;
  const { most } = extremesOf(it, "output");
  write(ctx, "length", x + w + 6, y / 2 - 1, ink.text, "left");
  write(ctx, `0 to ${four(most)}`, x + w / 2, y / 2 - 1, ink.text);
  it.ids.forEach((t, r) => {
    const value = it.output?.[t] ?? 0;
    const middle = y + (r + 0.5) * dy;
    const mark = answersDropped(it, t) ? " ≠0" : "";
    ctx.fillStyle = ink.bar;
    ctx.fillRect(x, y + r * dy, w * Math.min(value / (most || 1), 1) || 0, Math.max(dy - (dy > 4 ? 1 : 0), 0.5));
    if (dy >= 12) write(ctx, four(value) + mark, x + w + 6, middle, ink.text, "left");
    else if (mark) arrow(ctx, x + w + 6, middle, 7, true);
  });
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(x + 0.5, y, 0, h);
}
