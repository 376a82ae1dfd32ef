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
import { dashedRule, expertColour, hatch, paintWeights, ring, write, writeOver } from "../shared/painting.js";
import { cornerOf } from "../shared/plan.js";
import { fitted } from "../shared/words.js";
import { bars, writeBoxed } from "./bars.js";
import { arrow, markWrong, selectedSums, sums } from "./marks.js";
import { columnsOfExpert, extremesOf, four, short, span, told, weightByExpert, weightOfEach } from "./numbers.js";
import { LOAD, ROW, rowLabel } from "./sizes.js";
import { FATES, answersDropped } from "./words.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context, Picture } from "../shared/painting.js" */
/** @import { Boxes, MapBox, Panel, TokenBox } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Look, View } from "./numbers.js" */

/**
 * What the panels draw: the numbers of an image, the view of the map, and where things lie.
 *
 * @typedef {{ it: Look, view: View, ink: Ink, picture: Picture | null, boxes: Boxes }} Scene
 */

/**
 * What the panel of tokens draws, on cards too.
 *
 * @typedef {{ it: Look, view: View, ink: Ink, picture: Picture | null, boxes: { tokens: TokenBox } }} TokensScene
 */

const OUTPUT = "#5ec962";

/**
 * @param {Context} ctx
 * @param {TokensScene} scene
 */
export function paintTokens(ctx, { it, view, boxes, ink, picture }) {
  const lost = new Set(it.lost);
  paintWhole(ctx, boxes.tokens, picture);
  it.fate.forEach((fate, t) => {
    const [x, y, dx, dy] = cornerOf(boxes.tokens, t);
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
    else if (weights) paintWeights(ctx, boxes.map, weights, it.n, columns, most, least);
    if (view !== "output") paintExperts(ctx, boxes.map, it.experts, ink);
    it.ids.forEach((t, r) => {
      const top = y + r * dy;
      if (it.fate[t]) hatch(ctx, x, top, w, dy);
      if (it.fate[t] && dy >= 12) writeOver(ctx, FATES[it.fate[t]], x + 28, top + dy / 2);
    });
    paintRowNames(ctx, boxes.map, it.n, (r) => rowLabel(it, it.ids[r], x - 12), ink);
    markWrong(ctx, it.wrongs, columns, boxes.map);
    if (view === "dispatch" || view === "combine") sums(ctx, it, view, boxes.map, ink);
  },

  experts(ctx, { it, boxes, ink }) {
    const { x, w } = boxes.map;
    const most = largestFinite(it.groupLoad, it.hard ? it.p : 1e-9);
    const high = LOAD - 18;
    write(ctx, "load", x - 6, LOAD - high / 2, ink.text, "right");
    write(ctx, "token", x - 6, LOAD + ROW - 14, ink.text, "right");
    if (it.images_per_group > 1) bars(ctx, boxes.map, it.groupLoad, most, LOAD, high, ink, { pale: true });
    const line = it.hard ? LOAD - (high * it.p) / most : -Infinity;
    bars(ctx, boxes.map, it.load, most, LOAD, high, ink, { line });
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    for (const y of [LOAD + 0.5, LOAD + ROW - 0.5]) ctx.strokeRect(x, y, w, 0);
    if (!it.hard) return;
    dashedRule(ctx, x, line, w);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  },
};

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
    const seen = shares(ctx, tokens, it, each, it.ids, expertColour(at.expert));
    // Below a word there is room for its weight; patches keep their picture but for the three heaviest.
    const most = it.words ? seen.length : 3;
    for (const r of seen.sort((a, b) => Math.abs(each[b]) - Math.abs(each[a])).slice(0, most)) {
      const [x, y, dx, dy] = cornerOf(tokens, it.ids[r]);
      const middle = x + dx / 2;
      if (it.words) write(ctx, short(each[r]), middle, y + 24, ink.text);
      else writeOver(ctx, short(each[r]), Math.min(Math.max(middle, 13), tokens.w - 13), y + dy / 2);
    }
  }
  if (at.token >= 0) ring(ctx, ...cornerOf(tokens, at.token));
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
    selectedSums(ctx, scene, at);
  },

  experts(ctx, { it, view, boxes: { map }, ink }, at) {
    if (at.token >= 0) {
      const each = weightByExpert(it, told(view), at.token);
      bars(ctx, map, each, largestFinite(each, 1e-9), LOAD + ROW - 1, ROW - 20, ink);
    }
    if (at.expert >= 0) ringExpert(ctx, map, at.expert, LOAD - 2);
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
 * @param {string} colour
 */
function shares(ctx, box, it, each, tokens, colour) {
  const most = largestFinite(Array.from(each, Math.abs), 0);
  const seen = [...each.keys()].filter((r) => each[r] !== 0 && Math.abs(each[r]) < Infinity);
  for (const r of seen) {
    const corner = cornerOf(box, tokens[r]);
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
