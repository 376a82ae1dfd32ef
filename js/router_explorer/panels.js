// The panels of a RouterExplorer as drawings of a scene: the image, the map of the step in hand, and what each expert
// receives. Each has a ground, painted when the scene changes, and a layer above it that follows the pointer.

import {
  outline,
  paintExperts,
  paintRowNames,
  paintShare,
  paintSums,
  paintWhole,
  ringExpert,
  ringPlaces,
} from "../shared/maps.js";
import { dashedRule, expertColour, hatch, paintWeights, ring, write, writeOver } from "../shared/painting.js";
import { cornerOf, mapBox, tokenBox } from "../shared/plan.js";
import { fitted } from "../shared/words.js";
import { STEPS, servingOf } from "./state.js";
import { numberOf } from "./sums.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context, Picture } from "../shared/painting.js" */
/** @import { Boxes, Panel } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Cell, Explained } from "./places.js" */
/** @import { Explored, RoutingMap, Serving, SparseExplored, Step } from "./state.js" */

/**
 * What is known of a step before it is laid out.
 *
 * @typedef {object} Known
 * @property {Explored} it
 * @property {Step} step
 * @property {number} served
 * @property {Ink} ink
 * @property {number[]} grid
 * @property {number[]} ids The tokens that are routed and drawn, where not all are.
 * @property {Picture | null} picture
 * @property {RoutingMap} map
 * @property {Serving} serving
 * @property {Uint8Array} fates
 */

/** @typedef {Known & { boxes: Boxes }} Scene */

const LEFT = 46;
const RIGHT = 52;
const TOP = 20;
const SUMS = 34;
const LOAD = 98;

/**
 * Sums of softmax weights miss a whole number by rounding.
 *
 * @param {number} x
 */
const short = (x) =>
  Math.abs(x - Math.round(x)) < 1e-4 ? String(Math.round(x)) : x.toFixed(x >= 9.95 ? 0 : x >= 0.995 ? 1 : 2);

/**
 * Where things lie, in CSS pixels, for panels of these widths and a map of at most this height.
 *
 * @param {Known} known
 * @param {number} tokensWidth
 * @param {number} mapWidth
 * @param {number} mostHigh
 * @returns {Boxes}
 */
export function layout({ it, map, grid, picture, ids }, tokensWidth, mapWidth, mostHigh) {
  const text = it.words?.[it.image] ?? null;
  const words = text && ids.length ? ids.map((t) => text[t]) : text;
  const tokens = tokenBox(tokensWidth, { count: it.rows, words, grid, picture });
  const shape = { rows: it.rows, columns: map.columns, experts: it.e };
  const box = mapBox(mapWidth, mostHigh, shape, { left: LEFT, right: RIGHT, top: TOP });
  return {
    tokens,
    map: box,
    sizes: { tokens: [tokensWidth, tokens.h], map: [mapWidth, TOP + box.h + SUMS], experts: [mapWidth, LOAD + 6] },
  };
}

/**
 * The box of a token's patch: of all the image's tokens where only some are drawn.
 *
 * @param {Scene} scene
 * @param {number} token
 */
function patchOf({ boxes: { tokens }, ids }, token) {
  const sampled = !tokens.words && ids.length && tokens.columns * tokens.rows > ids.length;
  return cornerOf(tokens, sampled ? ids[token] : token);
}

/**
 * The word of a token, cut to so many pixels, or its number.
 *
 * @param {Known} known
 * @param {number} token
 * @param {number} most
 */
function labelOf({ it, ids }, token, most) {
  const number = ids.length ? ids[token] : token;
  return it.words ? fitted(it.words[it.image][number], most) : number;
}

/**
 * The experts that took each of the image's tokens so far.
 *
 * @param {SparseExplored} it
 * @param {Step} step
 * @param {Serving} serving
 */
function tookOf(it, step, serving) {
  const out = Array.from({ length: it.rows }, () => /** @type {number[]} */ ([]));
  it.token.forEach((t, at) => {
    const expert = Math.floor(at / it.p);
    const inTime = step !== "dispatch" || at % it.p < serving.taken[expert];
    if (t >= it.first && t < it.first + it.rows && inTime) out[t - it.first].push(expert);
  });
  return out;
}

/** @type {Record<Panel, (ctx: Context, scene: Scene) => void>} */
export const grounds = {
  tokens(ctx, scene) {
    const { it, boxes, ink, picture, fates, step, serving } = scene;
    paintWhole(ctx, boxes.tokens, picture);
    const took = it.sparse && STEPS.indexOf(step) >= 3 ? tookOf(it, step, serving) : null;
    for (let t = 0; t < it.rows; t++) {
      const [x, y, dx, dy] = patchOf(scene, t);
      const across = x + dx / 2;
      const middle = y + dy / 2;
      outline(ctx, [x, y, dx, dy], picture, ink);
      const label = labelOf(scene, t, dx - 6);
      const top = middle - 5;
      if (it.words && !fates[t]) write(ctx, label, across, top, ink.text);
      else if (!picture && !it.words && dx >= 18) write(ctx, label, across, middle, ink.text);
      // The colour and number of the experts that took the patch, in its corner, or below the word.
      (took?.[t] ?? []).slice(0, 3).forEach((expert, i) => {
        const side = Math.min(13, dx / 3);
        const down = it.words ? dy - 22 : 1;
        ctx.fillStyle = expertColour(expert);
        ctx.fillRect(x + 1 + i * side, y + down, side, side);
        if (dx >= 30) writeOver(ctx, expert, x + 1 + (i + 0.5) * side, y + down + side / 2);
      });
      if (fates[t]) hatch(ctx, x, y, dx, dy);
      if (fates[t] && it.words) writeOver(ctx, label, across, top);
      else if (fates[t] && dx > 46) writeOver(ctx, "dropped", across, middle);
    }
  },

  map(ctx, scene) {
    const { it, map, boxes, ink, fates, step } = scene;
    const { x, y, w, dx, dy } = boxes.map;
    paintWeights(ctx, boxes.map, map.values, it.rows, map.columns, map.most, map.least);
    paintExperts(ctx, boxes.map, it.e, ink);
    paintRowNames(ctx, boxes.map, it.rows, (t) => labelOf(scene, t, LEFT - 8), ink);
    // Rows that lie together are crossed out together.
    for (let t = 0, run = 0; STEPS.indexOf(step) >= 3 && t <= it.rows; t++) {
      if (fates[t]) run++;
      else if (run) {
        hatch(ctx, x, y + (t - run) * dy, w, run * dy);
        run = 0;
      }
    }
    if (!map.summed) return;
    const each = map.columns / it.e;
    const sums = {
      rows: map.beside,
      columns: map.below,
      long: RIGHT - 10,
      high: SUMS - 10,
      // Columns that share a pixel are drawn as the tallest of them.
      together: Math.max(1, Math.floor(1 / dx)),
      textOf: (/** @type {number} */ t) => map.beside[t].toFixed(4),
      /** @type {(c: number, left: number, floor: number, wide: number, high: number) => void} */
      paintColumn(c, left, floor, wide, high) {
        ctx.fillStyle = expertColour(Math.floor(c / each));
        ctx.fillRect(left, floor - high, wide, high);
      },
    };
    paintSums(ctx, boxes.map, sums, ink);
  },

  /** The load of each expert; what it turned away stands hatched above the line of its capacity. */
  experts(ctx, { it, boxes, ink, serving }) {
    const { x, w, de } = boxes.map;
    const gap = de > 8 ? 2 : 0;
    const floor = LOAD;
    const high = LOAD - 44;
    const whole = servingOf(it, -1);
    const most = Math.max(it.p, ...Array.from(whole.turned, (away, e) => away + whole.taken[e]));
    const line = floor - (high * it.p) / most;
    write(ctx, "load", x - 6, floor - high / 2, ink.text, "right");
    for (let e = 0; e < it.e; e++) {
      const taken = serving.taken[e];
      const away = serving.turned[e];
      const left = x + e * de + gap;
      const wide = Math.max(de - 2 * gap, 0.5);
      const top = floor - (high * taken) / most;
      ctx.fillStyle = expertColour(e);
      ctx.fillRect(left, top, wide, floor - top);
      Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
      if (wide > 6) ctx.strokeRect(left + 0.5, top + 0.5, wide - 1, floor - top - 1);
      if (away) hatch(ctx, left, top - (high * away) / most, wide, (high * away) / most);
      const number = away ? `${short(taken)} +${away}` : short(taken);
      const above = top - (high * away) / most - 7;
      const crossed = it.sparse && Math.abs(above - line) < 7;
      if (de >= (away ? 40 : 26)) write(ctx, number, x + (e + 0.5) * de, crossed ? line - 8 : above, ink.text);
    }
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    ctx.strokeRect(x, floor + 0.5, w, 0);
    if (!it.sparse) return;
    dashedRule(ctx, x, line, w);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  },
};

/** @type {Record<Panel, (ctx: Context, scene: Scene, at: Place, explained: Explained) => void>} */
export const overlays = {
  /** What the selected expert or slot sees: a square on each token, its area in proportion to the weight. */
  tokens(ctx, scene, at) {
    const { it, map } = scene;
    const { token, expert } = at;
    if (expert >= 0) {
      const each = weightsUnder(it, map, at);
      const least = Math.min(0, ...each);
      const most = Math.max(...each) - least;
      const look = { colour: expertColour(expert), alpha: 0.75, worded: Boolean(it.words) };
      each.forEach((value, t) => {
        if (value > 0) paintShare(ctx, patchOf(scene, t), (value - least) / (most || 1), look);
      });
    }
    if (token >= 0) ring(ctx, ...patchOf(scene, token));
  },

  /** The selected row and column, and those cells of them that the status line explains. */
  map(ctx, { it, map, boxes: { map: box } }, { token, expert, slot }, explained) {
    const own = map.short ? 1 : it.p;
    const spanOf = (/** @type {Cell} */ { expert: e, slot: p }) =>
      map.short || p < 0 || p >= it.p ? { from: e * own, count: own } : { from: e * own + p, count: 1 };
    const { token: row, cells } = explained;
    // A slot may hold a token of another image, which has no row here.
    const here = row !== null && row >= 0 && row < it.rows;
    ringPlaces(ctx, box, {
      row: token,
      columns: expert >= 0 ? spanOf({ expert, slot }) : null,
      cells: here ? cells.map((cell) => ({ row, columns: spanOf(cell) })) : [],
    });
  },

  experts(ctx, { boxes: { map } }, { expert }) {
    if (expert >= 0) ringExpert(ctx, map, expert, LOAD);
  },
};

/**
 * Each token's weight in the selected column, or in all columns of the selected expert.
 *
 * @param {Explored} it
 * @param {RoutingMap} map
 * @param {Place} at
 */
function weightsUnder(it, { values, columns, short: few }, { expert, slot }) {
  const one = !few && slot >= 0 && slot < it.p;
  const from = few ? expert : expert * it.p + (one ? slot : 0);
  const to = few || one ? from + 1 : from + it.p;
  return Array.from({ length: it.rows }, (_, t) =>
    values.subarray(t * columns + from, t * columns + to).reduce((a, x) => a + x, 0),
  );
}

/**
 * The choice that was served last: its cell, and over a full expert the token that it turned away.
 *
 * @param {Context} ctx
 * @param {Panel} panel
 * @param {Scene} scene
 */
export function markLast(ctx, panel, scene) {
  const { it, ids } = scene;
  const { map } = scene.boxes;
  const { last } = scene.serving;
  if (!last) return;
  const own = last.token - it.first;
  const mine = own >= 0 && own < it.rows;
  const away = last.place >= it.p;
  if (panel === "tokens" && mine) ring(ctx, ...patchOf(scene, own));
  const left = map.x + last.expert * map.de;
  const top = map.y + own * map.dy;
  if (panel === "map" && mine) ring(ctx, left + (away ? 0 : last.place * map.dx), top, away ? map.de : map.dx, map.dy);
  if (panel !== "experts") return;
  ringExpert(ctx, map, last.expert, LOAD);
  if (!away) return;
  const words = `${numberOf(it, last.token, ids)} turned away`;
  const half = ctx.measureText(words).width / 2 + 2;
  const middle = Math.min(Math.max(map.x + (last.expert + 0.5) * map.de, map.x + half), map.x + map.w - half);
  writeOver(ctx, words, middle, 8);
}
