// The chart: a figure by model or over numbers, its means with intervals, and single seeds behind them.

import { rule, write } from "../shared/painting.js";
import { fitted, widthOf } from "../shared/words.js";
import { along, apart, axisOf, short } from "./axis.js";
import { hueOf, mark, trace } from "./looks.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Box, Context } from "../shared/painting.js" */
/** @import { Axis } from "./axis.js" */
/** @import { Line, Place, Point, Scene } from "./scene.js" */

/** @typedef {Place & { px: number, py: number }} Spot Where something can be pointed at. */

/**
 * @typedef {object} Drawing
 * @property {Scene} scene
 * @property {Box} box
 * @property {[width: number, height: number]} size
 * @property {Axis} x
 * @property {Axis} y
 * @property {Spot[]} spots
 * @property {Ink} ink
 */

/** @type {Readonly<Place>} */
export const NOTHING = Object.freeze({ model: "", seed: -1, point: -1 });
const HIGH = 330;
const LETTERS = 13; // pixels of a line of words
const ROWS = 3;
const NARROW = 40; // pixels of a line under which its name stands above the chart alone
const FAINT = 0.18;
const REACH = 26;

/**
 * Where things lie for a chart of this width.
 *
 * @param {Scene} scene
 * @param {number} width
 * @param {Ink} ink
 * @returns {Drawing}
 */
export function drawingOf(scene, width, ink) {
  const points = scene.lines.flatMap((line) => line.points);
  const ys = points.flatMap(({ mean, low = mean, high = mean, singles }) => [
    mean,
    low,
    high,
    ...singles.map((s) => s.y),
  ]);
  // A step that multiplies is for figures of different sizes, not for a seed that is off, and never for shares.
  const large = Math.max(...points.map(({ mean }) => mean)) > 1;
  const spread = points.map(({ mean }) => mean);
  const log = large && !scene.curves && axisOf(spread, 6).log && Math.min(...ys) > 0;
  const y = axisOf(ys, 6, { edge: 0.07, log });
  const left = 12 + Math.max(...y.ticks.map((tick) => widthOf(short(tick))), 16);
  const box = {
    x: left,
    y: 12,
    w: width - left - 14,
    h: HIGH - 12 - (scene.named ? 12 + LETTERS * rowsOf(scene, width - left - 14) : 40),
  };
  const xs = points.flatMap((point) => [point.x, ...point.singles.map((s) => s.x)]);
  const fixed = points.every((point) => point.label || !point.singles.length)
    ? points.map((point) => point.x)
    : undefined;
  const x = scene.named
    ? { from: -0.5, to: scene.lines.length - 0.5, log: false, ticks: [] }
    : axisOf(xs, Math.max(2, Math.floor(box.w / 90)), {
        fixed: fixed && scene.across ? ascending(fixed) : undefined,
        log: !scene.curves,
      });
  const drawing = { scene, box, size: /** @type {[number, number]} */ ([width, HIGH]), x, y, spots: [], ink };
  return { ...drawing, spots: spotsOf(drawing) };
}

/**
 * Lines of words below lines that stand side by side.
 *
 * @param {Scene} scene
 * @param {number} width
 */
function rowsOf({ lines }, width) {
  const room = width / lines.length;
  return room < NARROW ? 0 : Math.max(1, ...lines.map(({ name }) => broken(name, room - 6, ROWS).length));
}

/** @param {number[]} values */
const ascending = (values) => [...new Set(values.filter(Number.isFinite))].sort((a, b) => a - b);

/**
 * @param {Pick<Drawing, "box" | "x" | "y">} drawing
 * @param {number} x
 * @param {number} y
 * @returns {[x: number, y: number]}
 */
const placed = ({ box, x: across, y: up }, x, y) => [
  box.x + box.w * along(across, x),
  box.y + box.h * (1 - along(up, y)),
];

/**
 * Where the mean of a point stands: beside the single seeds, where lines stand side by side.
 *
 * @param {Drawing} drawing
 * @param {Point} point
 */
const meanAt = (drawing, { x, mean, singles }) =>
  placed(drawing, drawing.scene.named && singles.length > 1 ? x + 0.2 : x, mean);

/**
 * Where single seeds of a point stand; side by side where all have one x.
 *
 * @param {Drawing} drawing
 * @param {Point} point
 */
function singlesAt(drawing, { x, singles }) {
  const { scene, box, x: across } = drawing;
  const wide = scene.named ? Math.min(0.44, 90 / (box.w * along(across, across.from + 1))) : 0;
  return singles.map((single, i) => {
    const shift = singles.length > 1 ? wide * ((i + 0.5) / singles.length - 0.5) - 0.14 : 0;
    return placed(drawing, scene.named ? x + shift : single.x, single.y);
  });
}

/** @param {Drawing} drawing */
function spotsOf(drawing) {
  return drawing.scene.lines.flatMap((line) =>
    line.points.flatMap((point, i) => {
      if (line.level) return [];
      const [px, py] = meanAt(drawing, point);
      const place = { model: line.name, point: i };
      const singles = singlesAt(drawing, point).map(([x, y], k) => ({
        ...place,
        seed: point.singles[k].seed,
        px: x,
        py: y,
      }));
      return [{ ...place, seed: -1, px, py }, ...singles];
    }),
  );
}

/**
 * What lies at a point of the chart: the nearest within reach, a mean before a seed that is as near.
 *
 * @param {Drawing} drawing
 * @param {number} x
 * @param {number} y
 * @returns {Place}
 */
export function under({ spots }, x, y) {
  let nearest = REACH;
  /** @type {Place} */
  let found = NOTHING;
  for (const { px, py, model, seed, point } of spots) {
    const far = Math.hypot(px - x, py - y);
    if (far < nearest) [nearest, found] = [far, { model, seed, point }];
  }
  return found;
}

/**
 * A name in lines of at most so many pixels, broken at spaces and underscores; the last is cut off where it must be.
 *
 * @param {string} name
 * @param {number} most
 * @param {number} lines
 */
export function broken(name, most, lines) {
  const words = name.split(/(?<=[ _])/);
  /** @type {string[]} */
  const found = [];
  for (const word of words) {
    const last = found.length - 1;
    if (last >= 0 && (widthOf(found[last] + word) <= most || found.length === lines)) found[last] += word;
    else found.push(word);
  }
  return found.map((each) => fitted(each.trim(), most));
}

/**
 * The axes, which stay as they are while the pointer moves.
 *
 * @param {Context} ctx
 * @param {Drawing} drawing
 */
export function paintAxes(ctx, { scene, box, x, y, size, ink }) {
  ctx.lineWidth = 1;
  for (const tick of y.ticks) {
    const at = Math.round(box.y + box.h * (1 - along(y, tick))) + 0.5;
    ctx.strokeStyle = ink.line;
    ctx.globalAlpha = 0.6;
    rule(ctx, box.x, at, box.x + box.w, at);
    ctx.globalAlpha = 1;
    write(ctx, short(tick), box.x - 6, at, ink.text, "right");
  }
  const floor = box.y + box.h;
  ctx.strokeStyle = ink.bar;
  rule(ctx, box.x, floor + 0.5, box.x + box.w, floor + 0.5);
  if (scene.named) {
    const room = box.w / scene.lines.length;
    scene.lines.forEach((line, i) => {
      if (room < NARROW) return; // the names above the chart have their marks
      broken(line.name, room - 6, ROWS).forEach((words, k) =>
        write(ctx, words, box.x + room * (i + 0.5), floor + 12 + k * LETTERS, ink.text),
      );
    });
    return;
  }
  for (const tick of apart(x, box.w, (each) => widthOf(short(each)) + 12)) {
    const at = Math.round(box.x + box.w * along(x, tick)) + 0.5;
    ctx.strokeStyle = ink.bar;
    rule(ctx, at, floor, at, floor + 4);
    write(ctx, short(tick), at, floor + 13, ink.text);
  }
  write(ctx, `${scene.across}${x.log ? " (each step multiplies)" : ""}`, box.x + box.w / 2, size[1] - 9, ink.text);
}

/**
 * All lines, with what is pointed at or pinned in front and the rest pale.
 *
 * @param {Context} ctx
 * @param {Drawing} drawing
 * @param {Place} lit
 */
export function paintLines(ctx, drawing, lit) {
  const { scene, ink } = drawing;
  const chosen = scene.lines.filter((line) => line.name === lit.model);
  const others = scene.lines.filter((line) => !chosen.includes(line));
  ctx.globalAlpha = 1;
  for (const line of others) paintLine(ctx, drawing, line, chosen.length ? 0.3 : 1);
  for (const line of chosen) paintLine(ctx, drawing, line, 1);
  ctx.globalAlpha = 1;
  if (lit.seed >= 0) for (const line of chosen.length ? chosen : others) paintSeed(ctx, drawing, line, lit);
  for (const line of chosen) {
    const point = line.points[lit.point] ?? (scene.named ? line.points[0] : undefined);
    if (!point || line.level) continue;
    const single = point.singles.findIndex((each) => each.seed === lit.seed);
    const [x, y] = single >= 0 ? singlesAt(drawing, point)[single] : meanAt(drawing, point);
    circle(ctx, x, y, single >= 0 ? 7 : 10, ink);
    told(ctx, drawing, short(single >= 0 ? point.singles[single].y : point.mean), x, y - 18);
  }
}

/**
 * @param {Context} ctx
 * @param {Drawing} drawing
 * @param {Line} line
 * @param {number} strength
 */
function paintLine(ctx, drawing, line, strength) {
  const { scene, box, ink } = drawing;
  const { points } = line;
  if (line.level) {
    const [, y] = placed(drawing, 0, points[0].mean);
    ctx.globalAlpha = strength;
    trace(ctx, line, [[box.x, y], [box.x + box.w, y]], 2, ink); // prettier-ignore
    mark(ctx, line, box.x + box.w - 10, y, 6, ink);
    return;
  }
  const means = points.map((point) => meanAt(drawing, point));
  ctx.globalAlpha = FAINT * 2 * strength;
  if (scene.curves) paintBand(ctx, drawing, line, strength);
  else
    for (const point of points) for (const [x, y] of singlesAt(drawing, point)) dot(ctx, x, y, hueOf(line, ink), ink);
  ctx.globalAlpha = strength;
  if (!scene.named && means.length > 1) trace(ctx, line, means, 2, ink);
  if (!scene.curves) points.forEach((point, i) => paintWhisker(ctx, drawing, line, point, means[i][0]));
  const every = scene.curves ? Math.max(1, Math.floor(means.length / 4)) : 1;
  means.forEach(([x, y], i) => {
    if ((means.length - 1 - i) % every === 0) mark(ctx, line, x, y, scene.curves ? 4.5 : 5.5, ink);
  });
  if (!scene.named || strength < 1) return;
  const room = (0.3 * box.w) / scene.lines.length;
  points.forEach((point, i) => {
    const words = rounded(point.mean);
    if (widthOf(words) + 10 <= room) told(ctx, drawing, words, means[i][0] + 10, means[i][1], "left");
  });
}

/** @param {number} mean */
const rounded = (mean) => short(Number(mean.toPrecision(3)));

/**
 * Where single seeds and the interval of a curve run.
 *
 * @param {Context} ctx
 * @param {Drawing} drawing
 * @param {Line} line
 * @param {number} strength
 */
function paintBand(ctx, drawing, line, strength) {
  const { ink } = drawing;
  const hue = hueOf(line, ink);
  const seeds = line.points[0]?.singles.map((each) => each.seed) ?? [];
  Object.assign(ctx, { strokeStyle: hue, lineWidth: 1, globalAlpha: 0.3 * strength });
  for (const seed of seeds) {
    ctx.beginPath();
    for (const [x, y] of seedPath(drawing, line, seed)) ctx.lineTo(x, y);
    ctx.stroke();
  }
  const held = line.points.filter((point) => point.low !== undefined);
  if (!held.length) return;
  ctx.beginPath();
  for (const { x, high = 0 } of held) ctx.lineTo(...placed(drawing, x, high));
  for (const { x, low = 0 } of held.reverse()) ctx.lineTo(...placed(drawing, x, low));
  ctx.closePath();
  Object.assign(ctx, { fillStyle: hue, globalAlpha: 0.28 * strength });
  ctx.fill();
}

/**
 * @param {Drawing} drawing
 * @param {Line} line
 * @param {number} seed
 */
const seedPath = (drawing, line, seed) =>
  line.points.flatMap((point) => {
    const single = point.singles.find((each) => each.seed === seed);
    return single ? [placed(drawing, single.x, single.y)] : [];
  });

/**
 * @param {Context} ctx
 * @param {Drawing} drawing
 * @param {Line} line
 * @param {Point} point
 * @param {number} x
 */
function paintWhisker(ctx, drawing, line, { low, high, mean }, x) {
  if (low === undefined || high === undefined || low === high) return;
  const { ink } = drawing;
  const [top, end] = [high, low].map((each) => placed(drawing, 0, each)[1]);
  if (!Number.isFinite(mean)) return;
  for (const [lineWidth, strokeStyle] of /** @type {[number, string][]} */ ([
    [3.2, ink.text],
    [2, hueOf(line, ink)],
  ])) {
    Object.assign(ctx, { lineWidth, strokeStyle });
    const out = lineWidth / 2;
    rule(ctx, x, top - out, x, end + out);
    rule(ctx, x - 5 - out, top, x + 5 + out, top);
    rule(ctx, x - 5 - out, end, x + 5 + out, end);
  }
}

/**
 * A seed that is pointed at: its point in a line, or its curve.
 *
 * @param {Context} ctx
 * @param {Drawing} drawing
 * @param {Line} line
 * @param {Place} lit
 */
function paintSeed(ctx, drawing, line, { seed, point }) {
  const { scene, ink } = drawing;
  if (line.level) return;
  if (scene.curves) trace(ctx, { ...line, own: false }, seedPath(drawing, line, seed), 2, ink);
  line.points.forEach((each, i) => {
    const single = each.singles.findIndex((one) => one.seed === seed);
    if (single < 0 || (scene.curves && point >= 0 && i !== point)) return;
    if (scene.curves && point < 0 && i < line.points.length - 1) return;
    const [x, y] = singlesAt(drawing, each)[single];
    mark(ctx, line, x, y, 5, ink);
    circle(ctx, x, y, 7, ink);
  });
}

/**
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {string} hue
 * @param {Ink} ink
 */
function dot(ctx, x, y, hue, ink) {
  ctx.beginPath();
  ctx.arc(x, y, 3.2, 0, 2 * Math.PI);
  Object.assign(ctx, { fillStyle: hue, strokeStyle: ink.text, lineWidth: 1 });
  ctx.fill();
  ctx.stroke();
}

/**
 * A ring around what is chosen, apart from what it marks.
 *
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {Ink} ink
 */
export function circle(ctx, x, y, r, ink) {
  for (const [lineWidth, strokeStyle] of /** @type {[number, string][]} */ ([
    [4, ink.page],
    [2, ink.text],
  ])) {
    ctx.beginPath();
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    Object.assign(ctx, { lineWidth, strokeStyle });
    ctx.stroke();
  }
}

/**
 * Words over the drawing, with a rim of the page's colour, kept within the chart.
 *
 * @param {Context} ctx
 * @param {Pick<Drawing, "box" | "ink">} drawing
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {CanvasTextAlign} [align]
 */
export function told(ctx, { box, ink }, words, x, y, align = "center") {
  const half = ctx.measureText(words).width / 2;
  const at = align === "center" ? Math.min(Math.max(x, box.x + half), box.x + box.w - half) : x;
  const top = Math.max(y, box.y - 4);
  Object.assign(ctx, { lineWidth: 4, strokeStyle: ink.page, lineJoin: "round", textAlign: align });
  ctx.strokeText(words, at, top);
  write(ctx, words, at, top, ink.text, align);
}
