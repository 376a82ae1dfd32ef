// The panels of a RouterExplorer: the image, the map of the step in hand, and what each expert receives.

import { rule } from "../shared/explorer.js";
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
import { LINE, fitted, wordBoxes } from "../shared/words.js";
import { STEPS, servingOf } from "./state.js";
import { numberOf } from "./sums.js";

const LEFT = 46;
const RIGHT = 52;
const TOP = 20;
const SUMS = 34;
const LOAD = 98;
// Sums of softmax weights miss a whole number by rounding.
const short = (x) =>
  Math.abs(x - Math.round(x)) < 1e-4 ? String(Math.round(x)) : x.toFixed(x >= 9.95 ? 0 : x >= 0.995 ? 1 : 2);

/** Where things lie, in CSS pixels, for panels of these widths and a map of at most this height. */
export function layout({ it, map, grid, picture, ids }, tokensWidth, mapWidth, mostHigh) {
  const w = tokensWidth;
  const text = it.words?.[it.image];
  const words = text && wordBoxes(ids.length ? ids.map((t) => text[t]) : text, w);
  const across = grid[1] ?? Math.min(it.rows, Math.max(8, Math.ceil(Math.sqrt(it.rows))));
  const down = grid[0] ?? Math.ceil(it.rows / across);
  const h = words
    ? words.at(-1)[1] + LINE
    : picture
      ? (w * picture.height) / picture.width
      : down * Math.min(w / across, 34);
  const wide = mapWidth - LEFT - RIGHT;
  const high = Math.min(Math.max(it.rows * 14, 112), mostHigh);
  return {
    tokens: { w, h, columns: across, rows: down, dx: w / across, dy: h / down, words },
    map: { x: LEFT, y: TOP, w: wide, h: high, dx: wide / map.columns, dy: high / it.rows, de: wide / it.e },
    sizes: { tokens: [w, h], map: [mapWidth, TOP + high + SUMS], experts: [mapWidth, LOAD + 6] },
  };
}

/** The box of a token's patch: of all the image's tokens where only some are drawn. */
function patchOf({ boxes: { tokens }, ids }, token) {
  if (tokens.words) return tokens.words[token];
  const { columns, dx, dy } = tokens;
  const at = ids.length && tokens.columns * tokens.rows > ids.length ? ids[token] : token;
  return [(at % columns) * dx, Math.floor(at / columns) * dy, dx, dy];
}

/** The word of a token, cut to so many pixels, or its number. */
function labelOf({ it, ids }, token, most) {
  const number = ids.length ? ids[token] : token;
  return it.words ? fitted(it.words[it.image][number], most) : number;
}

/** The experts that took each of the image's tokens so far. */
function tookOf({ it, step, serving }) {
  const out = Array.from({ length: it.rows }, () => []);
  it.token.forEach((t, at) => {
    const expert = Math.floor(at / it.p);
    const inTime = step !== "dispatch" || at % it.p < serving.taken[expert];
    if (t >= it.first && t < it.first + it.rows && inTime) out[t - it.first].push(expert);
  });
  return out;
}

export const grounds = {
  tokens(ctx, scene) {
    const { it, boxes, ink, picture, fates, step } = scene;
    const { w, h } = boxes.tokens;
    if (picture) paintPicture(ctx, { x: 0, y: 0, w, h }, picture);
    const took = it.sparse && STEPS.indexOf(step) >= 3 ? tookOf(scene) : null;
    for (let t = 0; t < it.rows; t++) {
      const [x, y, dx, dy] = patchOf(scene, t);
      const middle = [x + dx / 2, y + dy / 2];
      for (const [inset, colour] of picture ? GRID : [[0.5, ink.bar]]) {
        Object.assign(ctx, { lineWidth: 1, strokeStyle: colour });
        ctx.strokeRect(x + inset, y + inset, dx - 2 * inset, dy - 2 * inset);
      }
      const label = labelOf(scene, t, dx - 6);
      const top = y + dy / 2 - 5;
      if (it.words && !fates[t]) write(ctx, label, middle[0], top, ink.text);
      else if (!picture && !it.words && dx >= 18) write(ctx, label, ...middle, ink.text);
      // The colour and number of the experts that took the patch, in its corner, or below the word.
      (took?.[t] ?? []).slice(0, 3).forEach((expert, i) => {
        const side = Math.min(13, dx / 3);
        const down = it.words ? dy - 22 : 1;
        ctx.fillStyle = expertColour(expert);
        ctx.fillRect(x + 1 + i * side, y + down, side, side);
        if (dx >= 30) writeOver(ctx, expert, x + 1 + (i + 0.5) * side, y + down + side / 2);
      });
      if (fates[t]) hatch(ctx, x, y, dx, dy);
      if (fates[t] && it.words) writeOver(ctx, label, middle[0], top);
      else if (fates[t] && dx > 46) writeOver(ctx, "dropped", ...middle);
    }
  },

  map(ctx, { it, map, boxes, ink, fates, ids, step }) {
    const { x, y, w, h, dy, de } = boxes.map;
    const everyRow = everyNth(dy, 13);
    const everyExpert = everyNth(de, 8 + 7 * String(it.e - 1).length);
    paintWeights(ctx, boxes.map, map.values, it.rows, map.columns, map.most, map.least);
    write(ctx, "expert", x - 6, y / 2 - 1, ink.text, "right");
    for (let e = 0; e < it.e; e++) {
      ctx.fillStyle = expertColour(e);
      ctx.fillRect(x + e * de + (de > 3), y - 4, Math.max(de - 2 * (de > 3), 0.5), 3);
      if (e % everyExpert === 0) write(ctx, e, x + (e + 0.5) * de, y / 2 - 1, ink.text);
      ctx.fillStyle = "#fff";
      if (e && de > 10) ctx.fillRect(x + e * de - 0.5, y, 1, h);
    }
    for (let t = 0; t < it.rows; t++) {
      if (t % everyRow) continue;
      write(ctx, labelOf({ it, ids }, t, LEFT - 8), x - 6, y + (t + 0.5) * dy, ink.text, "right");
    }
    // Rows that lie together are crossed out together.
    for (let t = 0, run = 0; STEPS.indexOf(step) >= 3 && t <= it.rows; t++) {
      if (fates[t]) run++;
      else if (run) (hatch(ctx, x, y + (t - run) * dy, w, run * dy), (run = 0));
    }
    if (map.summed) sums(ctx, map, it, boxes.map, ink);
  },

  /** Tokens' worth of each expert; what it turned away stands hatched above the line of its capacity. */
  experts(ctx, { it, boxes, ink, serving }) {
    const { x, w, de } = boxes.map;
    const gap = de > 8 ? 2 : 0;
    const floor = LOAD;
    const high = LOAD - 44;
    const whole = servingOf(it, -1);
    const most = Math.max(it.p, ...whole.turned.map((away, e) => away + whole.taken[e]));
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
    ctx.setLineDash([4, 3]);
    rule(ctx, x, line, x + w, line);
    ctx.setLineDash([]);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  },
};

export const overlays = {
  /** What the selected expert or slot sees: a square on each token, its area in proportion to the weight. */
  tokens(ctx, scene, at) {
    const { it, map } = scene;
    const { token, expert } = at;
    if (expert >= 0) {
      const each = weightsUnder(it, map, at);
      const least = Math.min(0, ...each);
      const most = Math.max(...each) - least;
      Object.assign(ctx, { fillStyle: expertColour(expert), lineWidth: 1 });
      each.forEach((value, t) => {
        if (!(value > 0)) return;
        const square = shareOfBox(patchOf(scene, t), (value - least) / (most || 1), it.words);
        ctx.globalAlpha = 0.75;
        ctx.fillRect(...square);
        ctx.globalAlpha = 1;
        for (const [grow, colour] of [
          [0, "#fff"],
          [0.75, "#000"],
        ]) {
          ctx.strokeStyle = colour;
          ctx.strokeRect(square[0] - grow, square[1] - grow, square[2] + 2 * grow, square[3] + 2 * grow);
        }
      });
    }
    if (token >= 0) ring(ctx, ...patchOf(scene, token));
  },

  /** The selected row and column, and those cells of them that the status line explains. */
  map(ctx, { it, map, boxes: { map: box } }, { token, expert, slot }, explained) {
    const across = ({ expert: e, slot: p }) =>
      map.short || p < 0 || p >= it.p ? [box.x + e * box.de, box.de] : [box.x + e * box.de + p * box.dx, box.dx];
    if (token >= 0) ring(ctx, box.x, box.y + token * box.dy, box.w, box.dy);
    if (expert >= 0) {
      const [x, wide] = across({ expert, slot });
      ring(ctx, x, box.y, wide, box.h);
    }
    // A slot may hold a token of another image, which has no row here.
    if (explained.token === null || explained.token < 0 || explained.token >= it.rows) return;
    for (const cell of explained.cells) {
      const [x, wide] = across(cell);
      const y = box.y + explained.token * box.dy;
      ctx.clearRect(x - 3, y - 3, wide + 6, box.dy + 6);
      ring(ctx, x, y, wide, box.dy);
    }
  },

  experts(ctx, { boxes: { map } }, { expert }) {
    if (expert >= 0) ring(ctx, map.x + expert * map.de + 2, 2, map.de - 4, LOAD);
  },
};

/** Each token's weight in the selected column, or in all columns of the selected expert. */
function weightsUnder(it, { values, columns, short: few }, { expert, slot }) {
  const one = !few && slot >= 0 && slot < it.p;
  const from = few ? expert : expert * it.p + (one ? slot : 0);
  const to = few || one ? from + 1 : from + it.p;
  return Array.from({ length: it.rows }, (_, t) =>
    values.subarray(t * columns + from, t * columns + to).reduce((a, x) => a + x, 0),
  );
}

/** Sums of the rows on the right and of the columns below, each with a line at 1. */
function sums(ctx, { beside, below, columns }, it, { x, y, w, h, dx, dy }, ink) {
  const widest = Math.max(1, ...beside);
  const tallest = Math.max(1, ...below);
  const long = RIGHT - 10;
  const high = SUMS - 10;
  const right = x + w + 6;
  const floor = y + h + 7 + high;
  const one = floor - high / tallest;
  const each = columns / it.e;
  write(ctx, "sum", right, y / 2 - 1, ink.text, "left");
  write(ctx, "sum", x - 6, floor - high / 2, ink.text, "right");
  write(ctx, "1", right, one, ink.text, "left");
  beside.forEach((value, t) => {
    ctx.fillStyle = ink.bar;
    if (dy >= 12) write(ctx, value.toFixed(4), right, y + (t + 0.5) * dy, ink.text, "left");
    else ctx.fillRect(right, y + t * dy, (long * value) / widest, Math.max(dy - 0.5, 0.5));
  });
  // Columns that share a pixel are drawn as the tallest of them.
  const together = Math.max(1, Math.floor(1 / dx));
  for (let c = 0; c < columns; c += together) {
    const value = Math.max(...below.subarray(c, c + together));
    ctx.fillStyle = expertColour(Math.floor(c / each));
    ctx.fillRect(x + c * dx, floor, Math.max(dx - (dx > 3), 1), (-high * value) / tallest);
  }
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  if (dy < 12) ctx.strokeRect(right + long / widest, y, 0, h);
  ctx.strokeRect(x, one, w, 0);
}

/** The choice that was served last: its cell, and over a full expert the token that it turned away. */
export function markLast(ctx, panel, scene) {
  const {
    it,
    boxes: { map },
    serving: { last },
  } = scene;
  if (!last) return;
  const own = last.token - it.first;
  const mine = own >= 0 && own < it.rows;
  const away = last.place >= it.p;
  if (panel === "tokens" && mine) ring(ctx, ...patchOf(scene, own));
  const left = map.x + last.expert * map.de;
  const top = map.y + own * map.dy;
  if (panel === "map" && mine) ring(ctx, left + (away ? 0 : last.place * map.dx), top, away ? map.de : map.dx, map.dy);
  if (panel !== "experts") return;
  ring(ctx, map.x + last.expert * map.de + 2, 2, map.de - 4, LOAD);
  if (!away) return;
  const words = `${numberOf(it, last.token, scene.ids)} turned away`;
  const half = ctx.measureText(words).width / 2 + 2;
  const middle = Math.min(Math.max(map.x + (last.expert + 0.5) * map.de, map.x + half), map.x + map.w - half);
  writeOver(ctx, words, middle, 8);
}
