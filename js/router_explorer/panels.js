// The panels of a RouterExplorer as drawings of a scene: the image, a picture of the step in hand, and what each expert
// receives, computes or gives. Each has a ground, painted when the scene changes, and a layer that follows the pointer.

import { expertFill } from "../shared/experts.js";
import {
  outlineAll,
  paintExperts,
  paintRowNames,
  paintShare,
  paintSums,
  paintWhole,
  ringExpert,
  ringPlaces,
} from "../shared/maps.js";
import {
  RAMP,
  contextOf,
  dashedRule,
  density,
  expertColour,
  paintWeights,
  ring,
  write,
  writeOver,
} from "../shared/painting.js";
import { cornerOf, mapBox, tokenBox } from "../shared/plan.js";
import { fitted } from "../shared/words.js";
import { hatchAll } from "./hatching.js";
import { paintRacks, racksIn, slotBox } from "./racks.js";
import { STEPS, barsOf, byExpert, selectedOf } from "./state.js";
import { numberOf } from "./sums.js";

/** @import { Window } from "../shared/magnifier.js" */
/** @import { Ink } from "../shared/mount.js" */
/** @import { Context, Corner, Picture } from "../shared/painting.js" */
/** @import { Boxes, MapBox, Panel } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Atlas } from "./patches.js" */
/** @import { Cell, Explained } from "./places.js" */
/** @import { Racks } from "./racks.js" */
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
 * @property {RoutingMap | null} twin The second of the two softmaxes of a soft router, in the step that shows both.
 * @property {boolean} root Whether the colours of weights stand for roots.
 * @property {Serving} serving
 * @property {Uint8Array} fates
 * @property {Atlas | null} atlas What slots hold, in the steps that show it.
 */

/**
 * Where a second map lies, and the racks of the steps that show slots.
 *
 * @typedef {Boxes & { twin: MapBox | null, racks: Racks | null }} Places
 */

/** @typedef {Known & { boxes: Places, reach: number, window: Window | null }} Scene With how far the magnifier reaches. */

const LEFT = 46;
const RIGHT = 52;
const TOP = 20;
const SUMS = 34;
const LOAD = 98;
// Between two maps side by side: the sums of the first, and the names of the second's rows.
const BETWEEN = 92;

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
 * @returns {Places}
 */
export function layout({ it, map, twin, grid, picture, ids, step }, tokensWidth, mapWidth, mostHigh) {
  const text = it.words?.[it.image] ?? null;
  const words = text && ids.length ? ids.map((t) => text[t]) : text;
  const tokens = tokenBox(tokensWidth, { count: it.rows, words, grid, picture });
  const shape = { rows: it.rows, columns: map.columns, experts: it.e };
  const whole = mapBox(mapWidth, mostHigh, shape, { left: LEFT, right: RIGHT, top: TOP });
  const half = (whole.w - BETWEEN) / 2;
  const box = twin ? { ...whole, w: half, dx: half / map.columns, de: half / it.e } : whole;
  const worked = step === "compute";
  const racks = worked
    ? racksIn({ ...whole, h: whole.h + SUMS - 8 }, it.e, it.p, true)
    : step === "dispatch"
      ? racksIn({ x: whole.x, y: 18, w: whole.w, h: LOAD - 20 }, it.e, it.p, false)
      : null;
  const high = TOP + box.h + SUMS;
  const below = showsExperts(it, step) ? LOAD + 6 : 0;
  return {
    tokens,
    map: box,
    twin: twin && { ...box, x: box.x + half + BETWEEN },
    racks,
    sizes: { tokens: [tokensWidth, tokens.h], map: [mapWidth, high], experts: [mapWidth, below] },
  };
}

/**
 * Whether the panel of the experts has something to show: not before a router has selected.
 *
 * @param {Explored} it
 * @param {Step} step
 */
export const showsExperts = (it, step) => STEPS.indexOf(step) >= (it.sparse ? 2 : 3);

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
 * The name of a token of the group in a slot: its word or number; of another image's, with that.
 *
 * @param {Known} known
 * @returns {(token: number, most: number) => string | number}
 */
const slotLabel = (known) => (token, most) => {
  const { it, ids } = known;
  const [own, image] = [token % it.rows, it.images === 1 ? it.image : Math.floor(token / it.rows)];
  const number = ids.length ? ids[own] : own;
  if (it.words) return fitted(it.words[image][number], most);
  return image === it.image ? number : most > 40 ? `${image}: ${number}` : "";
};

/**
 * The experts that each of the image's tokens chose, or that took it so far.
 *
 * @param {SparseExplored} it
 * @param {Step} step
 * @param {Serving} serving
 */
function expertsWith(it, step, serving) {
  const out = Array.from({ length: it.rows }, () => /** @type {number[]} */ ([]));
  if (step === "select" && it.chosen)
    for (let t = 0; t < it.rows; t++)
      out[t] = [...it.chosen.expert.subarray((it.first + t) * it.topK, (it.first + t + 1) * it.topK)];
  else
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
    const at = STEPS.indexOf(step);
    const chips = it.sparse && at >= 2 && at < 5 ? expertsWith(it, step, serving) : null;
    /** @type {[Corner[], Corner[]]} */
    const [corners, crossed] = [[], []];
    for (let t = 0; t < it.rows; t++) {
      const corner = patchOf(scene, t);
      corners.push(corner);
      if (fates[t]) crossed.push(corner);
    }
    outlineAll(ctx, corners, picture, ink);
    if (step === "combine") paintAnswers(ctx, scene);
    hatchAll(ctx, crossed);
    for (let t = 0; t < it.rows; t++) {
      const [x, y, dx, dy] = patchOf(scene, t);
      const [across, middle, top] = [x + dx / 2, y + dy / 2, y + 13];
      const label = it.words ? labelOf(scene, t, dx - 4) : picture ? "" : labelOf(scene, t, dx);
      if (it.words) write(ctx, label, across, top, ink.text);
      else if (!picture && dx > 18) write(ctx, label, across, middle, ink.text);
      // The colour and number of the experts that it chose or that took it, in its corner, or below the word.
      (chips?.[t] ?? []).slice(0, 3).forEach((expert, i) => {
        const side = Math.min(13, dx / 3);
        const down = it.words ? dy - 22 : 1;
        ctx.fillStyle = expertFill(ctx, expert);
        ctx.fillRect(x + 1 + i * side, y + down, side, side);
        if (dx >= 30) writeOver(ctx, expert, x + 1 + (i + 0.5) * side, y + down + side / 2);
      });
      if (fates[t] && it.words) writeOver(ctx, label, across, top);
      else if (fates[t] && dx > 60) writeOver(ctx, step === "combine" ? "unchanged" : "dropped", across, middle);
    }
  },

  map(ctx, scene) {
    const { it, map, boxes, ink, step } = scene;
    if (step === "compute" && boxes.racks) return paintWork(ctx, scene, boxes.racks);
    paintExperts(ctx, boxes.map, it.e, ink);
    paintRowNames(ctx, boxes.map, it.rows, (t) => labelOf(scene, t, LEFT - 8), ink);
    if (scene.twin && boxes.twin) {
      // One scale for both, which is that of the ramp above.
      const most = Math.max(map.most, scene.twin.most);
      paintHeat(ctx, boxes.map, { ...map, most }, scene.root);
      paintHeat(ctx, boxes.twin, { ...scene.twin, most }, scene.root);
      paintExperts(ctx, boxes.twin, it.e, ink);
      sumUp(ctx, scene, boxes.twin, scene.twin);
    } else if (step === "select") paintSelection(ctx, scene);
    else if (showsBars(it, step, boxes.map)) paintGates(ctx, boxes.map, scene);
    else paintHeat(ctx, boxes.map, map, scene.root);
    crossOut(ctx, scene);
    const none = nothingTold(it, step);
    if (step === "select" && none) tellBelow(ctx, boxes.map, none, ink);
    else if (map.summed) sumUp(ctx, scene, boxes.map, map);
    if (step !== "select" && none) tellOver(ctx, boxes.map, none);
  },

  experts(ctx, scene) {
    const { it, boxes, ink, serving, step } = scene;
    if (!showsExperts(it, step)) return;
    const { x, w, de } = boxes.map;
    if (step === "dispatch" && boxes.racks) {
      const full = (/** @type {number} */ e, /** @type {number} */ slot) =>
        it.sparse ? slot < serving.taken[e] && it.token[e * it.p + slot] >= 0 : true;
      paintRacks(ctx, boxes.racks, { ...scene, filled: full, labelOf: slotLabel(scene), worked: false });
      write(ctx, "slots", x - 6, 18 + boxes.racks.h / 2, ink.text, "right");
      for (let e = 0; e < it.e; e++) {
        const away = serving.turned[e];
        const [brief, long] = [`+${away}`, `${serving.taken[e]} of ${it.p}${away ? ` +${away} turned away` : ""}`];
        if (!it.sparse) continue;
        const told = ctx.measureText(long).width < de - 4 ? long : away ? brief : "";
        if (ctx.measureText(told).width < de) write(ctx, told, x + (e + 0.5) * de, 8, ink.text);
      }
      return;
    }
    paintBars(ctx, scene, barsOf(it, step, serving), { x, w, de });
  },
};

/**
 * Whether weights are drawn as bars: those of a sparse router, where there is room.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {MapBox} box
 */
export function showsBars(it, step, { dx, dy }) {
  const weights = step === "combine" || (step === "normalise" && it.router !== "identity");
  return it.sparse && weights && dx >= 14 && dy >= 7;
}

/** @type {(ctx: Context, box: MapBox, map: RoutingMap, root: boolean) => void} */
function paintHeat(ctx, box, { values, columns, cells, least, most }, root) {
  if (!cells) return paintWeights(ctx, box, values, values.length / columns, columns, most, least, root);
  // Few weights are not 0: each is drawn, and large enough to be seen however narrow its column is.
  const { x, y, w, h, dx, dy } = box;
  ctx.fillStyle = rampColour(0);
  ctx.fillRect(x, y, w, h);
  const [wide, high] = [Math.max(dx, MARK), Math.max(dy, MARK)];
  for (const at of cells) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const share = values[at] / (most || 1);
    ctx.fillStyle = rampColour(root ? Math.sqrt(share) : share);
    ctx.fillRect(x + (column + 0.5) * dx - wide / 2, y + (row + 0.5) * dy - high / 2, wide, high);
  }
}

// The least pixels of a weight along each side.
const MARK = 3;

/** @param {number} share */
function rampColour(share) {
  const pixel = RAMP[Math.min(Math.round(255 * share), 255)];
  return `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
}

/**
 * Weights as bars in the colours of their experts: gates, so that a row can be seen to share out one whole, and what
 * each slot gives back of its answer.
 *
 * @param {Context} ctx
 * @param {MapBox} box
 * @param {Scene} scene
 */
function paintGates(ctx, { x, y, w, h, dx, dy, de }, { it, map, ink }) {
  ctx.fillStyle = ink.shade;
  ctx.fillRect(x, y, w, h);
  const gap = dy > 10 ? 1 : 0.5;
  const { columns, values } = map;
  const each = columns / it.e;
  for (let t = 0; t < it.rows; t++)
    for (let c = 0; c < columns; c++) {
      const value = values[t * columns + c];
      if (!value && each > 1) continue;
      const [left, top] = [x + c * dx, y + t * dy];
      ctx.fillStyle = expertFill(ctx, Math.floor(c / each));
      ctx.fillRect(left + 1, top + gap, Math.max((dx - 2) * Math.min(value, 1), 0.5), dy - 2 * gap);
      if (dx < 54 || dy < 12) continue;
      // A number that lies on its bar needs an edge.
      const [number, across, middle] = [value.toFixed(2), left + dx - 4, top + dy / 2];
      if (value < 0.55) write(ctx, number, across, middle, ink.text, "right");
      else writeOver(ctx, number, across - 11, middle);
    }
  ctx.fillStyle = ink.line;
  for (let e = 1; e < it.e; e++) ctx.fillRect(x + e * de - 0.5, y, 1, h);
}

/**
 * The gates of an image's tokens for all experts, of which a sparse router selects; null where it has none.
 *
 * @param {Explored} it
 */
export const selectable = (it) =>
  it.sparse ? (it.gates?.subarray(it.first * it.e, (it.first + it.rows) * it.e) ?? null) : null;

/**
 * What a router selects, bright among all that it could have: with the order of a token's choices. A soft one selects
 * nothing.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 */
function paintSelection(ctx, { it, map, root, boxes: { map: box } }) {
  const gates = selectable(it) ?? map.values;
  let most = 0;
  for (const gate of gates) if (gate > most) most = gate;
  paintWeights(ctx, box, gates, it.rows, map.columns, most, 0, root);
  if (!it.sparse) return;
  const { x, y, w, h, dx, dy } = box;
  ctx.fillStyle = "rgba(0, 0, 0, .62)";
  ctx.fillRect(x, y, w, h);
  const marks = selectedOf(it);
  const thick = dx > 8 && dy > 8 ? 2 : 0;
  ctx.fillStyle = "#fff";
  for (const { token, expert } of marks)
    ctx.fillRect(x + expert * dx, y + token * dy, Math.max(dx, 1), Math.max(dy, 1));
  for (const { token, expert, rank } of marks) {
    ctx.fillStyle = thick ? expertFill(ctx, expert) : expertColour(expert);
    if (thick || (dx > 3 && dy > 2)) {
      const edge = thick || 0.5;
      ctx.fillRect(x + expert * dx + edge, y + token * dy + edge, dx - 2 * edge, dy - 2 * edge);
    }
    const word = rank < 0 ? "✓" : String(rank + 1);
    if (dx >= 14 && dy >= 11) writeOver(ctx, word, x + (expert + 0.5) * dx, y + (token + 0.5) * dy);
  }
}

/**
 * Rows of dropped tokens; those that lie together are crossed out together.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 */
function crossOut(ctx, { it, boxes, fates, step }) {
  const { x, y, w, dy } = boxes.map;
  /** @type {Corner[]} */
  const crossed = [];
  for (let t = 0, run = 0; STEPS.indexOf(step) >= 3 && t <= it.rows; t++) {
    if (fates[t]) run++;
    else if (run) {
      crossed.push([x, y + (t - run) * dy, w, run * dy]);
      run = 0;
    }
  }
  hatchAll(ctx, crossed);
}

/**
 * Sums beside and below a map.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 * @param {MapBox} box
 * @param {RoutingMap} map
 */
function sumUp(ctx, { it, ink }, box, map) {
  const each = map.columns / it.e;
  const sums = {
    rows: map.beside,
    columns: map.below,
    long: RIGHT - 10,
    high: SUMS - 10,
    // Columns that share a pixel are drawn as the tallest of them.
    together: Math.max(1, Math.floor(1 / box.dx)),
    textOf: (/** @type {number} */ t) => short(map.beside[t]),
    /** @type {(c: number, left: number, floor: number, wide: number, high: number) => void} */
    paintColumn(c, left, floor, wide, high) {
      ctx.fillStyle = wide > 4 ? expertFill(ctx, Math.floor(c / each)) : expertColour(Math.floor(c / each));
      ctx.fillRect(left, floor - high, wide, high);
    },
  };
  paintSums(ctx, box, sums, ink);
}

/**
 * What a step does not do, where that is the point.
 *
 * @param {Explored} it
 * @param {Step} step
 */
function nothingTold(it, step) {
  if (step === "select" && !it.sparse) return "nothing is selected: every weight stays";
  if (step === "score" && ["uniform", "identity"].includes(it.router)) return "no score is read";
  return step === "normalise" && it.router === "identity" ? "nothing to normalise" : "";
}

/** @type {(ctx: Context, box: MapBox, words: string, ink: Ink) => void} */
function tellBelow(ctx, { x, y, w, h }, words, ink) {
  ctx.save();
  ctx.font = `600 ${w < 300 ? 12 : 16}px system-ui, sans-serif`;
  write(ctx, words, x + w / 2, y + h + SUMS / 2, ink.text);
  ctx.restore();
}

/** @type {(ctx: Context, box: MapBox, words: string) => void} */
function tellOver(ctx, { x, y, w, h }, words) {
  ctx.save();
  ctx.font = `600 ${w < 300 ? 12 : 16}px system-ui, sans-serif`;
  ctx.fillStyle = "rgba(0, 0, 0, .6)";
  ctx.fillRect(x, y + h / 2 - 17, w, 34);
  writeOver(ctx, words, x + w / 2, y + h / 2);
  ctx.restore();
}

/**
 * The slots as the experts compute them.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 * @param {Racks} racks
 */
function paintWork(ctx, scene, racks) {
  const { it, ink } = scene;
  paintExperts(ctx, { ...scene.boxes.map, h: 0 }, it.e, ink);
  const every = Math.ceil(13 / racks.dy);
  for (let slot = 0; slot < it.p; slot += every)
    write(ctx, slot, racks.x - 6, slotBox(racks, 0, slot)[1] + racks.dy / 2, ink.text, "right");
  write(ctx, "slot", 2, racks.y + 6, ink.text, "left");
  const filled = (/** @type {number} */ e, /** @type {number} */ slot) => !it.sparse || it.token[e * it.p + slot] >= 0;
  paintRacks(ctx, racks, { ...scene, filled, labelOf: slotLabel(scene), worked: true });
}

/**
 * What becomes of each token: how much of its answer comes from each expert, along the lower edge of its patch.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 */
function paintAnswers(ctx, scene) {
  const { it } = scene;
  const { combine } = byExpert(it);
  let most = 0;
  for (let t = 0; t < it.rows; t++) {
    let sum = 0;
    for (let e = 0; e < it.e; e++) sum += combine[t * it.e + e];
    most = Math.max(most, sum);
  }
  most ||= 1;
  // One row of pixels for each token, stretched below its patch: a box for each share would be thousands.
  const ratio = density();
  const [, , across] = patchOf(scene, 0);
  const long = Math.max(1, Math.ceil((across - 2) * ratio));
  const pixels = new ImageData(long, it.rows);
  const colours = new Uint32Array(pixels.data.buffer).fill(255 << 24);
  for (let t = 0; t < it.rows; t++) {
    let sum = 0;
    for (let e = 0; e < it.e; e++) {
      const weight = combine[t * it.e + e];
      if (!weight) continue;
      const from = Math.round((long * sum) / most);
      sum += weight;
      colours.fill(pixelOf(expertColour(e)), t * long + from, t * long + Math.round((long * sum) / most));
    }
  }
  const strips = new OffscreenCanvas(long, it.rows);
  contextOf(strips).putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  for (let t = 0; t < it.rows; t++) {
    const [x, y, dx, dy] = patchOf(scene, t);
    const high = it.words ? 6 : Math.max(Math.min(dy / 4, 14), 2);
    const top = y + dy - high - 1;
    ctx.drawImage(strips, 0, t, long, 1, x + 1, top, dx - 2, high);
    if (high < 11) continue;
    ctx.fillStyle = "#000";
    ctx.fillRect(x + 1, top - 1, dx - 2, 1);
    for (let e = 0, left = x + 1; e < it.e; e++) {
      const wide = ((dx - 2) * combine[t * it.e + e]) / most;
      if (wide >= 16) writeOver(ctx, e, left + wide / 2, top + high / 2);
      left += wide;
    }
  }
}

/**
 * A colour as the pixel of an image.
 *
 * @param {string} colour #rrggbb
 */
function pixelOf(colour) {
  const rgb = parseInt(colour.slice(1), 16);
  return (255 << 24) | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16);
}

/**
 * A bar for each expert: what counts in full colour, and hatched what it turned away or computes for nothing.
 *
 * @param {Context} ctx
 * @param {Scene} scene
 * @param {ReturnType<typeof barsOf>} bars
 * @param {{ x: number, w: number, de: number }} at
 */
function paintBars(ctx, { it, ink }, { name, solid, hatched, line, unit }, { x, w, de }) {
  const gap = de > 8 ? 2 : 0;
  const floor = LOAD;
  const high = LOAD - 44;
  let most = line;
  for (let e = 0; e < it.e; e++) most = Math.max(most, solid[e] + hatched[e]);
  most ||= 1;
  const ruled = floor - (high * line) / most;
  write(ctx, name, x - 6, floor - high / 2, ink.text, "right");
  /** @type {Corner[]} */
  const crossed = [];
  /** @type {[string, number, number][]} */
  const told = [];
  Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
  for (let e = 0; e < it.e; e++) {
    const left = x + e * de + gap;
    const wide = Math.max(de - 2 * gap, 0.5);
    const top = floor - (high * solid[e]) / most;
    ctx.fillStyle = wide > 3 ? expertFill(ctx, e) : expertColour(e);
    ctx.fillRect(left, top, wide, floor - top);
    if (wide > 6) ctx.strokeRect(left + 0.5, top + 0.5, wide - 1, floor - top - 1);
    const more = (high * hatched[e]) / most;
    if (hatched[e]) crossed.push([left, top - more, wide, more]);
    const number = hatched[e] ? `${short(solid[e])} +${short(hatched[e])}` : short(solid[e]);
    const above = top - more - 7;
    const meets = line && Math.abs(above - ruled) < 7;
    if (de >= (hatched[e] ? 40 : 26)) told.push([number, x + (e + 0.5) * de, meets ? ruled - 8 : above]);
  }
  hatchAll(ctx, crossed);
  for (const [number, across, down] of told) write(ctx, number, across, down, ink.text);
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(x, floor + 0.5, w, 0);
  if (!line) return;
  dashedRule(ctx, x, ruled, w);
  write(ctx, `${line}${unit}`, x + w + 6, ruled, ink.text, "left");
}

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
      const look = { colour: expertFill(ctx, expert), alpha: 0.75, worded: Boolean(it.words) };
      each.forEach((value, t) => {
        if (value <= 0) return;
        const [x, y, dx, dy] = patchOf(scene, t);
        paintShare(ctx, [x, y, dx, dy], (value - least) / (most || 1), look);
        // Its number lies below the square.
        if (!it.words && !scene.picture && dx > 18) writeOver(ctx, labelOf(scene, t, dx), x + dx / 2, y + dy / 2);
      });
    }
    if (token >= 0) ring(ctx, ...patchOf(scene, token));
  },

  /** The selected row and column, and those cells of them that the status line explains. */
  map(ctx, { it, map, step, boxes: { map: box, twin, racks } }, { token, expert, slot }, explained) {
    if (step === "compute" && racks) {
      const { cells } = explained;
      if (expert >= 0 && slot < 0) ringExpert(ctx, box, expert, TOP + racks.h + 4);
      for (const cell of cells) if (cell.slot >= 0) ring(ctx, ...slotBox(racks, cell.expert, cell.slot));
      return;
    }
    const own = map.short ? 1 : it.p;
    const spanOf = (/** @type {Cell} */ { expert: e, slot: p }) =>
      map.short || p < 0 || p >= it.p ? { from: e * own, count: own } : { from: e * own + p, count: 1 };
    const { token: row, cells } = explained;
    // A slot may hold a token of another image, which has no row here.
    const here = row !== null && row >= 0 && row < it.rows;
    const marked = {
      row: token,
      columns: expert >= 0 ? spanOf({ expert, slot }) : null,
      cells: here ? cells.map((cell) => ({ row, columns: spanOf(cell) })) : [],
    };
    for (const each of twin ? [box, twin] : [box]) ringPlaces(ctx, each, marked);
  },

  experts(ctx, { it, step, boxes: { map, racks } }, { expert }, { cells }) {
    if (!showsExperts(it, step)) return;
    const shown = racks && step === "dispatch" ? racks : null;
    if (expert >= 0) ringExpert(ctx, map, expert, LOAD);
    if (shown) for (const cell of cells) if (cell.slot >= 0) ring(ctx, ...slotBox(shown, cell.expert, cell.slot));
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
