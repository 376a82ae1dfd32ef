// The panels of a RoutingLens as drawings of a scene: its numbers `it`, `view`, `boxes`, `ink` and the picture.
// Each has a ground, painted when the scene changes, and a layer above it that follows the pointer.

import {
  GRID,
  everyNth,
  expertColour,
  hatch,
  paintPicture,
  paintWeights,
  ring,
  shareOfBox,
  write,
  writeOver,
} from "../shared/painting.js";
import { LINE, NARROWEST, fitted, wordBoxes } from "../shared/words.js";
import { arrow, markWrong, selectedSums, sums, writeBoxed } from "./marks.js";
import { columnsOfExpert, four, largest, short, span, told, weightByExpert, weightOfEach } from "./numbers.js";
import { labelRoom, rowLabel } from "./text.js";
import { FATES, answersDropped } from "./words.js";

export const LEFT = 46;
export const RIGHT = 68;
export const TOP = 20;
export const SUMS = 46;
export const LOAD = 58;
export const ROW = 46;
export const MOST_HIGH = 392;
export const LEAST_HIGH = 112;
// Pixels below which the panels do not fit side by side: then map and words share the height of the window.
export const NARROW = 704;

/** Where tokens lie, in CSS pixels, for a panel of this width. */
export function tokenBox({ it, picture }, w) {
  if (it.words) {
    const words = wordBoxes(it.words, w);
    return { w, h: words.at(-1)[1] + LINE, words };
  }
  const columns = it.grid[1] ?? Math.min(it.tokens, Math.max(8, Math.ceil(Math.sqrt(it.tokens))));
  const rows = it.grid[0] ?? Math.ceil(it.tokens / columns);
  const h = picture ? (w * picture.height) / picture.width : rows * Math.min(w / columns, 34);
  return { w, h, columns, rows, dx: w / columns, dy: h / rows };
}

/** Where things lie, in CSS pixels, for panels of these widths and a map of at most so many pixels. */
export function layout({ it, view, picture }, tokensWidth, mapWidth, high) {
  const tokens = tokenBox({ it, picture }, tokensWidth);
  const columns = it.experts * columnsOfExpert(it, view);
  const left = labelRoom(it, mapWidth);
  const w = mapWidth - left - RIGHT;
  const most = Math.min(high, MOST_HIGH);
  const h = Math.max(Math.min(it.n * 14, most), LEAST_HIGH);
  return {
    tokens,
    map: { x: left, y: TOP, w, h, columns, dx: w / (columns || 1), dy: h / it.n, de: w / it.experts },
    sizes: { tokens: [tokensWidth, tokens.h], map: [mapWidth, TOP + h + SUMS], experts: [mapWidth, LOAD + ROW] },
  };
}

const corner = ({ columns, dx, dy, words }, token) =>
  words?.[token] ?? [(token % columns) * dx, Math.floor(token / columns) * dy, dx, dy];

export const grounds = {
  tokens(ctx, { it, view, boxes, ink, picture }) {
    const { w, h } = boxes.tokens;
    const lost = new Set(it.lost);
    if (picture) paintPicture(ctx, { x: 0, y: 0, w, h }, picture);
    it.fate.forEach((fate, t) => {
      const [x, y, dx, dy] = corner(boxes.tokens, t);
      for (const [inset, colour] of picture ? GRID : [[0.5, ink.bar]]) {
        Object.assign(ctx, { lineWidth: 1, strokeStyle: colour });
        ctx.strokeRect(x + inset, y + inset, dx - 2 * inset, dy - 2 * inset);
      }
      // Lines behind letters make them hard to read: a word stands above its lines, a number on paper.
      const clear = it.words ? 20 : 0;
      if (fate) hatch(ctx, x, y + clear, dx, dy - clear);
      else if (lost.has(t)) hatch(ctx, x + dx - Math.max(dx / 6, 4), y + clear, Math.max(dx / 6, 4), dy - clear);
      const middle = [x + dx / 2, y + (it.words ? 11 : dy / 2)];
      const number = !picture && dx >= 8 + 6 * String(it.tokens - 1).length;
      const label = it.words ? fitted(it.words[t], dx - 8) : !picture ? t : dx > 46 ? FATES[fate] : "";
      if (it.words || (number && !fate)) write(ctx, label, ...middle, ink.text);
      else if (number) writeBoxed(ctx, label, ...middle, ink, w);
      else if (fate) writeOver(ctx, label, ...middle);
    });
    if (view === "output") squares(ctx, boxes.tokens, it, it.output, [...it.output.keys()], "#5ec962");
  },

  map(ctx, scene) {
    const { it, view, boxes, ink } = scene;
    const { x, y, w, h, dy, de, columns } = boxes.map;
    const everyRow = everyNth(dy, 13);
    const everyExpert = everyNth(de, 8 + 7 * String(it.experts - 1).length);
    if (view === "output") lengths(ctx, scene);
    else paintWeights(ctx, boxes.map, it.weights[view], it.n, columns, it[`${view}_most`], it[`${view}_least`]);
    for (let e = 0; e < it.experts && view !== "output"; e++) {
      if (e === 0) write(ctx, "expert", x - 6, y / 2 - 1, ink.text, "right");
      ctx.fillStyle = expertColour(e);
      ctx.fillRect(x + e * de + (de > 3), y - 4, Math.max(de - 2 * (de > 3), 0.5), 3);
      if (e % everyExpert === 0) write(ctx, e, x + (e + 0.5) * de, y / 2 - 1, ink.text);
      ctx.fillStyle = "#fff";
      if (e && de > 10) ctx.fillRect(x + e * de - 0.5, y, 1, h);
    }
    it.ids.forEach((t, r) => {
      const top = y + r * dy;
      if (it.fate[t]) hatch(ctx, x, top, w, dy);
      if (it.fate[t] && dy >= 12) writeOver(ctx, FATES[it.fate[t]], x + 28, top + dy / 2);
      if (r % everyRow === 0) write(ctx, rowLabel(it, t, x - 12), x - 6, top + dy / 2, ink.text, "right");
    });
    markWrong(ctx, it.wrongs, columns, boxes.map);
    if (it.rows[view]) sums(ctx, it, view, boxes.map, ink);
  },

  experts(ctx, { it, boxes, ink }) {
    const { x, w } = boxes.map;
    const most = largest(it.groupLoad, it.hard ? it.p : 1e-9);
    const high = LOAD - 18;
    write(ctx, "load", x - 6, LOAD - high / 2, ink.text, "right");
    write(ctx, "token", x - 6, LOAD + ROW - 14, ink.text, "right");
    if (it.images_per_group > 1) bars(ctx, boxes.map, it.groupLoad, most, LOAD, high, ink, { pale: true });
    const line = it.hard ? LOAD - (high * it.p) / most : -Infinity;
    bars(ctx, boxes.map, it.load, most, LOAD, high, ink, { line });
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    for (const y of [LOAD + 0.5, LOAD + ROW - 0.5]) ctx.strokeRect(x, y, w, 0);
    if (!it.hard) return;
    ctx.setLineDash([4, 3]);
    ctx.strokeRect(x, line, w, 0);
    ctx.setLineDash([]);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  },
};

export const overlays = {
  /** What the selected slots see of the image: a square on each token, its area in proportion to the weight. */
  tokens(ctx, { it, view, boxes, ink }, at) {
    const { w } = boxes.tokens;
    if (at.expert >= 0) {
      const each = weightOfEach(it, told(view), ...span(it, at));
      const seen = squares(ctx, boxes.tokens, it, each, it.ids, expertColour(at.expert));
      // Below a word there is room for its weight; patches keep their picture but for the three heaviest.
      const most = it.words ? seen.length : 3;
      for (const r of seen.sort((a, b) => Math.abs(each[b]) - Math.abs(each[a])).slice(0, most)) {
        const [x, y, dx, dy] = corner(boxes.tokens, it.ids[r]);
        const middle = x + dx / 2;
        if (it.words) write(ctx, short(each[r]), middle, y + 24, ink.text);
        else writeOver(ctx, short(each[r]), Math.min(Math.max(middle, 13), w - 13), y + dy / 2);
      }
    }
    if (at.token >= 0) ring(ctx, ...corner(boxes.tokens, at.token));
  },

  map(ctx, scene, at) {
    const {
      it,
      view,
      boxes: { map },
    } = scene;
    const own = columnsOfExpert(it, view);
    const one = own > 1 || it.p === 1;
    const from = at.expert * own + (one && at.slot >= 0 ? at.slot : 0);
    const wide = one && at.slot >= 0 ? 1 : own;
    const x = map.x + from * map.dx;
    const y = map.y + it.row[at.token] * map.dy;
    const w = wide * map.dx;
    const column = at.expert >= 0 && own > 0;
    if (at.token >= 0) ring(ctx, map.x, y, map.w, map.dy);
    if (column) ring(ctx, x, map.y, w, map.h);
    if (at.token >= 0 && column) {
      ctx.clearRect(x - 3, y - 3, w + 6, map.dy + 6);
      ring(ctx, x, y, w, map.dy);
    }
    selectedSums(ctx, scene, at);
  },

  experts(ctx, { it, view, boxes: { map }, ink }, at) {
    if (at.token >= 0) {
      const each = weightByExpert(it, told(view), at.token);
      bars(ctx, map, each, largest(each, 1e-9), LOAD + ROW - 1, ROW - 20, ink);
    }
    if (at.expert >= 0) ring(ctx, map.x + at.expert * map.de + 2, 2, map.de - 4, LOAD - 2);
  },
};

/** A square or bar on each of these tokens, its size in proportion to its number; hollow where that is below 0. */
function squares(ctx, box, it, each, tokens, colour) {
  const most = each.reduce((m, x) => (Math.abs(x) > m && Math.abs(x) < Infinity ? Math.abs(x) : m), 0);
  const seen = [...each.keys()].filter((r) => each[r] !== 0 && Math.abs(each[r]) < Infinity);
  Object.assign(ctx, { fillStyle: colour, lineWidth: 1 });
  for (const r of seen) {
    const [x, y, dx, dy] = corner(box, tokens[r]);
    // Bars below words are of one scale, however long the words are.
    const square = shareOfBox([x, y, it.words ? NARROWEST : dx, dy], Math.abs(each[r]) / most, it.words);
    ctx.globalAlpha = 0.8;
    if (each[r] > 0) ctx.fillRect(...square);
    ctx.globalAlpha = 1;
    for (const [grow, edge] of [
      [0, "#fff"],
      [0.75, "#000"],
    ]) {
      ctx.strokeStyle = edge;
      ctx.strokeRect(square[0] - grow, square[1] - grow, square[2] + 2 * grow, square[3] + 2 * grow);
    }
  }
  return seen;
}

/** One bar for each token's answer, with its length where there is room and a mark where it should be 0. */
function lengths(ctx, { it, boxes: { map }, ink }) {
  const { x, y, w, h, dy } = map;
  write(ctx, "length", x + w + 6, y / 2 - 1, ink.text, "left");
  write(ctx, `0 to ${four(it.output_most)}`, x + w / 2, y / 2 - 1, ink.text);
  it.ids.forEach((t, r) => {
    const value = it.output[t];
    const middle = y + (r + 0.5) * dy;
    const mark = answersDropped(it, t) ? " ≠0" : "";
    ctx.fillStyle = ink.bar;
    ctx.fillRect(x, y + r * dy, w * Math.min(value / (it.output_most || 1), 1) || 0, Math.max(dy - (dy > 4), 0.5));
    if (dy >= 12) write(ctx, four(value) + mark, x + w + 6, middle, ink.text, "left");
    else if (mark) arrow(ctx, x + w + 6, middle, 7, true);
  });
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(x + 0.5, y, 0, h);
}

/** A bar in an expert's colour from its floor up. Some colours are faint on the page: an edge in ink bounds each. */
export function bar(ctx, x, floor, w, h, colour, ink, pale = false) {
  Object.assign(ctx, { fillStyle: colour, strokeStyle: ink.text, lineWidth: 1, globalAlpha: pale ? 0.4 : 1 });
  ctx.fillRect(x, floor - h, w, h);
  ctx.globalAlpha = 1;
  if (h < 1) return;
  // Whole pixels, between which a line would be grey.
  const left = Math.round(x);
  const top = Math.round(floor - h);
  if (w > 7) return ctx.strokeRect(left + 0.5, top + 0.5, Math.round(x + w) - left - 1, Math.round(floor) - top - 1);
  ctx.fillStyle = ink.text;
  ctx.fillRect(x, top, w, 1);
}

/** One bar for each expert, with numbers where there is room, clear of a line across; pale ones have none. */
export function bars(ctx, { x, de }, values, most, floor, high, ink, { pale = false, line = -Infinity } = {}) {
  const gap = de > 8 ? 2 : 0;
  values.forEach((value, e) => {
    const h = high * (Math.min(Math.max(value / most, 0), 1) || 0);
    const top = floor - h;
    bar(ctx, x + e * de + gap, floor, Math.max(de - 2 * gap, 0.5), h, expertColour(e), ink, pale);
    const number = short(value);
    const above = Math.abs(top - 7 - line) < 7 ? line - 8 : top - 7;
    if (!pale && de >= ctx.measureText(number).width + 2) write(ctx, number, x + (e + 0.5) * de, above, ink.text);
  });
}
