// The panels of a CapacityExplorer as drawings of a scene: a curve, the experts' buffers and the tokens.
// Each has a ground, painted when the scene changes, and a layer above it that follows the pointer.

import { capacityOf, meanOf } from "../arithmetic/capacity.js";
import { many, percent } from "../shared/numbers.js";
import { evenly } from "../shared/stops.js";
import { everyNth, expertColour, hatch, ring, rule, write, writeOver } from "../shared/painting.js";

/** @import { Rates, Sample, Spread, State } from "../arithmetic/capacity.js" */
/** @import { Ink } from "../shared/mount.js" */
/** @import { Box, Context } from "../shared/painting.js" */

/** @typedef {"curve" | "buffer" | "strip"} Panel */

/** @typedef {State & { capacity_factor: number, samples: number, sample: number }} Chosen */

/**
 * What is known of a state before it is drawn.
 *
 * @typedef {object} Known
 * @property {Chosen} state
 * @property {Rates[]} rates
 * @property {Sample} sample
 * @property {(capacity: number) => number} exactly Lost by a uniform router.
 * @property {((capacity: number) => number) | null} exactlyThis Lost by this one.
 * @property {{ factor: number, choices: Spread, tokens: Spread }[]} points
 * @property {number} capacity
 */

/** @typedef {Known & { boxes: Boxes, ink: Ink }} Scene */

/** @typedef {{ token: number, factor: number | null }} Place A token, or a factor on the curve. */

/** @typedef {{ token: number, factor: number }} Marked */

/**
 * @typedef {object} Boxes
 * @property {Box} curve
 * @property {{ x: number, floor: number, w: number, dx: number, dy: number }} buffer
 * @property {{ columns: number, side: number }} strip
 * @property {Record<Panel, [width: number, height: number]>} sizes
 */

const CURVE = { left: 44, right: 12, top: 10, bottom: 36, high: 260 };
const BUFFER = { left: 50, right: 64, top: 14, bottom: 32, high: 236 };
export const FACTORS = evenly(0.05, 4, 0.05);
export const MEASURED = evenly(0.25, 4, 0.25);

/**
 * Where things lie, in CSS pixels, for panels of these widths.
 *
 * @param {Known} known
 * @param {Record<Panel, number>} widths
 * @returns {Boxes}
 */
export function capacityBoxes({ sample, state, capacity }, widths) {
  const { num_experts: e, tokens: n } = state;
  const wide = widths.buffer - BUFFER.left - BUFFER.right;
  const high = BUFFER.high - BUFFER.top - BUFFER.bottom;
  const rows = Math.max(capacity, ...sample.queue);
  // A finger needs 44 pixels, as long as the tokens leave room for anything else.
  const most = n <= 100 && matchMedia("(pointer: coarse)").matches ? 44 : 30;
  const fitting = most === 44 ? Math.floor(widths.strip / most) : Infinity;
  const columns = Math.min(n, fitting, Math.max(8, Math.ceil(Math.sqrt(3 * n))));
  const side = Math.min(widths.strip / columns, most);
  const lines = Math.ceil(n / columns);
  const plot = { x: CURVE.left, y: CURVE.top, w: widths.curve - CURVE.left - CURVE.right };
  return {
    curve: { ...plot, h: CURVE.high - CURVE.top - CURVE.bottom },
    buffer: {
      x: BUFFER.left,
      floor: BUFFER.high - BUFFER.bottom,
      w: wide,
      dx: wide / e,
      dy: Math.min(26, high / rows),
    },
    strip: { columns, side },
    sizes: {
      curve: [widths.curve, CURVE.high],
      buffer: [widths.buffer, BUFFER.high],
      strip: [widths.strip, lines * side + 1],
    },
  };
}

/**
 * @param {Box} box
 * @param {number} factor
 * @param {number} rate
 * @returns {[x: number, y: number]}
 */
const onCurve = ({ x, y, w, h }, factor, rate) => [x + (w * factor) / 4, y + h * (1 - rate)];

/** @type {Record<Panel, (ctx: Context, scene: Scene) => void>} */
export const capacityGrounds = {
  curve(ctx, { exactly, exactlyThis, points, state, boxes: { curve: box }, ink }) {
    for (let i = 0; i <= 4; i++) {
      const [x, y] = onCurve(box, i, i / 4);
      Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.line });
      rule(ctx, box.x, Math.round(y) + 0.5, box.x + box.w, Math.round(y) + 0.5);
      write(ctx, `${25 * i} %`, box.x - 6, y, ink.text, "right");
      write(ctx, i, x, box.y + box.h + 12, ink.text);
    }
    write(ctx, "capacity factor", box.x + box.w / 2, box.y + box.h + 27, ink.text);
    steps(ctx, box, state, exactlyThis, ink.text, [5, 4]);
    steps(ctx, box, state, exactly, ink.text, []);
    for (const { factor, choices, tokens } of points) {
      whisker(ctx, box, factor, tokens, expertColour(0));
      if (state.top_k > 1) diamond(ctx, ...onCurve(box, factor, choices.mean), ink.text);
    }
  },

  buffer(ctx, { sample, state, capacity, boxes: { buffer: box }, ink }) {
    const { x, floor, w, dx, dy } = box;
    const every = everyNth(dx, ctx.measureText(String(state.num_experts - 1)).width + 6);
    const gap = Math.min(1, dx / 10);
    const thick = dy > 4 ? 1 : 0;
    const tokenAt = placesOf(sample, state);
    for (let e = 0; e < state.num_experts; e++) {
      const left = x + e * dx;
      const over = Math.max(0, sample.queue[e] - capacity);
      ctx.fillStyle = expertColour(e);
      for (let at = 0; at < sample.queue[e]; at++)
        ctx.fillRect(left + gap / 2, floor - (at + 1) * dy + thick, dx - gap, dy - thick);
      if (over) hatch(ctx, left + gap / 2, floor - sample.queue[e] * dy, dx - gap, over * dy);
      if (dx >= 2 + 6.2 * String(state.tokens - 1).length && dy >= 12)
        for (let at = 0; at < sample.queue[e]; at++)
          writeOver(ctx, tokenAt[e][at], left + dx / 2, floor - (at + 0.5) * dy);
      if (e % every === 0) write(ctx, e, left + dx / 2, floor + 11, ink.text);
    }
    // Some colours are close to a light page, and others to a dark one.
    Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.text });
    for (let e = 0; e < state.num_experts && dx >= 5; e++) {
      const high = sample.queue[e] * dy;
      const [from, to] = [e * dx + gap / 2, (e + 1) * dx - gap / 2].map((edge) => Math.round(x + edge) + 0.5);
      if (high) ctx.strokeRect(from, Math.round(floor - high) + 0.5, to - from, Math.round(high));
    }
    const line = floor - capacity * dy;
    Object.assign(ctx, { lineWidth: 1.5, strokeStyle: ink.text });
    rule(ctx, x, floor + 0.5, x + w, floor + 0.5);
    ctx.setLineDash([5, 3]);
    rule(ctx, x, line, x + w, line);
    ctx.setLineDash([]);
    write(ctx, "capacity", x + w + 6, line - 6, ink.text, "left");
    write(ctx, many(capacity, "slot"), x + w + 6, line + 7, ink.text, "left");
    write(ctx, "choices", x - 6, floor - 6, ink.text, "right");
    write(ctx, "expert", x + w / 2, floor + 25, ink.text);
  },

  strip(ctx, { state, sample, capacity, boxes: { strip: box }, ink }) {
    for (let t = 0; t < state.tokens; t++) {
      const [x, y] = tokenCorner(box, t);
      const gone = sample.best[t] >= capacity;
      const middle = box.side / 2;
      if (box.side > 8) {
        Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.bar });
        ctx.strokeRect(x + 0.5, y + 0.5, box.side - 1, box.side - 1);
      }
      if (gone && box.side > 8) hatch(ctx, x, y, box.side, box.side);
      else if (gone) {
        ctx.fillStyle = ink.text;
        ctx.fillRect(x, y, box.side, box.side);
      }
      if (box.side < 20) continue;
      if (gone) writeOver(ctx, t, x + middle, y + middle);
      else write(ctx, t, x + middle, y + middle, ink.text);
    }
  },
};

/** @type {Record<Panel, (ctx: Context, scene: Scene, at: Marked) => void>} */
export const capacityOverlays = {
  curve(ctx, scene, { factor }) {
    const {
      boxes: { curve: box },
      ink,
    } = scene;
    const rates = ratesAt(scene, factor);
    const x = onCurve(box, factor, 0)[0];
    Object.assign(ctx, { lineWidth: 1.5, strokeStyle: ink.text });
    ctx.setLineDash([2, 3]);
    rule(ctx, x, box.y, x, box.y + box.h);
    ctx.setLineDash([]);
    for (const { rate } of rates) ring(ctx, x - 4, onCurve(box, factor, rate)[1] - 4, 8, 8);
    const words = rates.map(({ name, rate }) => `${name}${percent(rate)}`);
    const wide = Math.max(...words.map((text) => ctx.measureText(text).width));
    const right = x + 8 + wide < box.x + box.w;
    words.forEach((text, i) => {
      const left = x + (right ? 8 : -8);
      const top = box.y + 8 + 14 * i;
      const align = right ? "left" : "right";
      // A rim of the page's colour keeps the words apart from curves beneath.
      Object.assign(ctx, { lineWidth: 4, strokeStyle: ink.page, lineJoin: "round", textAlign: align });
      ctx.strokeText(text, left, top);
      write(ctx, text, left, top, ink.text, align);
    });
  },

  buffer(ctx, { sample, state: { top_k }, boxes: { buffer: box } }, { token }) {
    for (let k = 0; token >= 0 && k < top_k; k++) {
      const e = sample.choices[token * top_k + k];
      const at = sample.place[token * top_k + k];
      ring(ctx, box.x + e * box.dx, box.floor - (at + 1) * box.dy, box.dx, box.dy);
    }
  },

  strip(ctx, { boxes: { strip: box } }, { token }) {
    const [x, y] = tokenCorner(box, token);
    if (token >= 0) ring(ctx, x, y, box.side, box.side);
  },
};

/**
 * What is lost at a factor: by the uniform router and, where it is another, by this one, exact or from samples.
 *
 * @param {Known} known
 * @param {number} factor
 */
function ratesAt({ state, exactly, exactlyThis, rates }, factor) {
  const capacity = capacityOf(state, factor);
  const uniform = { name: state.skew ? "uniform " : "", rate: exactly(capacity) };
  if (!state.skew) return [uniform];
  if (exactlyThis) return [uniform, { name: "skewed ", rate: exactlyThis(capacity) }];
  const sampled = meanOf(rates.map((rate) => rate.choices[Math.min(capacity, state.tokens)]));
  return [uniform, { name: "skewed, samples ", rate: sampled }];
}

/**
 * @param {Boxes["strip"]} strip
 * @param {number} token
 */
const tokenCorner = ({ columns, side }, token) => [(token % columns) * side, Math.floor(token / columns) * side];

/**
 * Which token stands at each position of each expert's queue.
 *
 * @param {Sample} sample
 * @param {{ top_k: number }} state
 */
export function placesOf({ choices, place, queue }, { top_k }) {
  const at = Array.from(queue, (count) => new Int32Array(count));
  choices.forEach((expert, i) => (at[expert][place[i]] = Math.floor(i / top_k)));
  return at;
}

/**
 * An expectation over the factor: level where the capacity stays the same.
 *
 * @param {Context} ctx
 * @param {Box} box
 * @param {Chosen} state
 * @param {((capacity: number) => number) | null} rate
 * @param {string} colour
 * @param {number[]} dashes
 */
function steps(ctx, box, state, rate, colour, dashes) {
  if (!rate) return;
  ctx.setLineDash(dashes);
  Object.assign(ctx, { lineWidth: 2, strokeStyle: colour });
  ctx.beginPath();
  /** @type {number | null} */
  let before = null;
  for (let i = 1; i <= 800; i++) {
    const capacity = capacityOf(state, i / 200);
    const [x, y] = onCurve(box, i / 200, rate(capacity));
    if (before !== null && before !== y) ctx.lineTo(x, before);
    ctx.lineTo(x, y);
    before = y;
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

/**
 * A dot at the mean and a line from the smallest sample to the largest.
 *
 * @param {Context} ctx
 * @param {Box} box
 * @param {number} factor
 * @param {Spread} spread
 * @param {string} colour
 */
function whisker(ctx, box, factor, { low, mean, high }, colour) {
  const [[x, top], [, middle], [, end]] = [high, mean, low].map((rate) => onCurve(box, factor, rate));
  Object.assign(ctx, { lineWidth: 1.5, strokeStyle: colour, fillStyle: colour });
  rule(ctx, x, top, x, end);
  ctx.beginPath();
  ctx.arc(x, middle, 4, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 */
function diamond(ctx, x, y, colour) {
  Object.assign(ctx, { lineWidth: 1.5, strokeStyle: colour });
  ctx.beginPath();
  for (const [dx, dy] of [
    [0, -5],
    [5, 0],
    [0, 5],
    [-5, 0],
  ])
    ctx.lineTo(x + dx, y + dy);
  ctx.closePath();
  ctx.stroke();
}
