import assert from "node:assert/strict";
import { test } from "node:test";

import { lengthOf } from "../routing_flow/brushes.js";
import { laneOf, ownLane } from "../routing_flow/flow.js";
import { layoutOf } from "../routing_flow/layout.js";
import { madeOf } from "../routing_flow/made.js";
import { paintStage } from "../routing_flow/stage.js";
import { paintStills, stillsOf } from "../routing_flow/stills.js";
import { tilesOf } from "../routing_flow/tiles.js";
import { CHAPTERS, stillOf } from "../routing_flow/timeline.js";

/** @import { Scene } from "../routing_flow/brushes.js" */
/** @import { Settings } from "../routing_flow/flow.js" */

// Does a text leave its lane, lie on another one, or on something that does not hold all of it? Asked of a pen that
// notes where everything is drawn. Lengths are those that common fonts take at most; a browser test measures its own.

/** @typedef {{ left: number, top: number, right: number, bottom: number, what: string, order: number }} Box */

/** @type {(a: Box, b: Box) => boolean} */
const meet = (a, b) =>
  a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
/** @type {(outer: Box, inner: Box) => boolean} */
const holds = (outer, inner) =>
  outer.left <= inner.left + 1.5 &&
  outer.right >= inner.right - 1.5 &&
  outer.top <= inner.top + 1.5 &&
  outer.bottom >= inner.bottom - 1.5;

/** Written twice, as by what fades in over what stood there: it is read as one. @type {(a: Box, b: Box) => boolean} */
const same = (a, b) => a.what === b.what && Math.abs(a.left - b.left) < 0.5 && Math.abs(a.top - b.top) < 0.5;

/** A pen that notes boxes: of texts, of tags on tiles, and of what is filled, framed or ruled. */
function notingPen() {
  /** @type {Box[]} */
  const texts = [];
  /** @type {Box[]} */
  const tags = [];
  /** @type {Box[]} */
  const things = [];
  /** @type {Box[]} */
  const grounds = [];
  let order = 0;
  /** @type {{ x: number, y: number }[]} */
  let origins = [{ x: 0, y: 0 }];
  let from = { x: 0, y: 0 };
  /** @type {Box[]} */
  let ruled = [];
  /** @type {(x: number, y: number, w: number, h: number, what: string) => Box} */
  const box = (x, y, w, h, what) => {
    const at = origins[origins.length - 1];
    return { left: x + at.x, top: y + at.y, right: x + at.x + w, bottom: y + at.y + h, what, order: order++ };
  };
  // What is painted over is no longer seen.
  const cover = (/** @type {Box} */ by) => {
    if (pen.globalAlpha < 0.9) return;
    grounds.push(by);
    for (const list of [texts, tags]) list.splice(0, list.length, ...list.filter((each) => !holds(by, each)));
  };
  /** @type {any} */
  const pen = {
    texts,
    tags,
    things,
    grounds,
    globalAlpha: 1,
    fillStyle: "",
    font: "",
    textAlign: "left",
    save: () => origins.push({ ...origins[origins.length - 1] }),
    restore: () => (origins = origins.slice(0, -1)),
    translate: (/** @type {number} */ x, /** @type {number} */ y) => {
      const at = origins[origins.length - 1];
      origins[origins.length - 1] = { x: at.x + x, y: at.y + y };
    },
    beginPath: () => (ruled = []),
    moveTo: (/** @type {number} */ x, /** @type {number} */ y) => (from = { x, y }),
    lineTo: (/** @type {number} */ x, /** @type {number} */ y) => {
      const straight = x === from.x || y === from.y;
      if (straight)
        ruled.push(
          box(
            Math.min(x, from.x) - 1,
            Math.min(y, from.y) - 1,
            Math.abs(x - from.x) + 2,
            Math.abs(y - from.y) + 2,
            "line",
          ),
        );
      from = { x, y };
    },
    bezierCurveTo: (/** @type {number[]} */ ...all) => (from = { x: all[4], y: all[5] }),
    closePath: () => {},
    arc: () => {},
    rect: () => {},
    fill: () => {},
    stroke: () => things.push(...ruled),
    setLineDash: () => {},
    strokeRect: (/** @type {[number, number, number, number]} */ ...all) => things.push(box(...all, "frame")),
    drawImage: (/** @type {any} */ _, /** @type {[number, number, number, number]} */ ...all) => {
      things.push(box(...all, "tile"));
      cover(box(...all, "tile"));
    },
    fillRect: (/** @type {[number, number, number, number]} */ ...all) => {
      if (pen.fillStyle === "page") cover(box(...all, "ground"));
      else if (pen.globalAlpha > 0.05) things.push(box(...all, "bar"));
    },
    fillText: (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y) => {
      if (pen.globalAlpha < 0.05 || !text) return;
      const size = parseFloat(/([\d.]+)px/.exec(pen.font)?.[1] ?? "");
      const wide = lengthOf(text, size, pen.font.startsWith("600"));
      const left = x - wide * { left: 0, center: 0.5, right: 1 }[/** @type {"left"} */ (pen.textAlign)];
      (pen.fillStyle === "#fff" ? tags : texts).push(box(left, y - size * 0.45, wide, size * 0.9, text));
    },
  };
  return pen;
}

/**
 * What is wrong with the texts of a picture.
 *
 * @param {ReturnType<typeof notingPen>} pen
 * @param {[top: number, bottom: number][]} rows In one of which each text has to be.
 * @param {number} width
 * @param {boolean} settled Whether nothing moves: numbers of tiles must not lie on one another then either.
 */
function faultsOf({ texts, tags, things, grounds }, rows, width, settled) {
  const all = settled ? [...texts, ...tags] : texts;
  /** @type {string[]} */
  const faults = [];
  all.forEach((/** @type {Box} */ own, /** @type {number} */ i) => {
    if (own.left < 0 || own.right > width || !rows.some(([top, bottom]) => own.top >= top && own.bottom <= bottom))
      faults.push(`"${own.what}" leaves its place`);
    for (const other of all.slice(i + 1))
      if (meet(own, other) && !same(own, other)) faults.push(`"${own.what}" lies on "${other.what}"`);
  });
  for (const own of texts) {
    // What lies below the ground that a text has does not disturb it.
    const ground = Math.max(
      -1,
      ...grounds
        .filter((/** @type {Box} */ by) => by.order < own.order && holds(by, own))
        .map((/** @type {Box} */ by) => by.order),
    );
    for (const thing of things)
      if (thing.order > ground && meet(own, thing) && !holds(thing, own))
        faults.push(`"${own.what}" on a ${thing.what}`);
  }
  return [...new Set(faults)];
}

/** @type {(seed: number) => () => number} Numbers from 0 to 1, the same each time. */
const numbers = (seed) => () => (seed = (seed * 16807) % 2147483647) / 2147483647;

const INK = { text: "text", line: "line", bar: "grey", page: "page", shade: "shade", paper: "page" };

/**
 * @typedef {object} Given
 * @property {string[]} routers
 * @property {{ n: number, e: number, p: number }} sizes
 * @property {Partial<Settings>} [settings]
 * @property {string[] | null} [words]
 * @property {string} [note] Why the first lane has nothing to show.
 * @property {string} [name] Of the first lane, in place of its router's.
 */

/** @type {(given: Given, width: number, more?: Partial<Scene>) => Scene} */
function sceneOf({ routers, sizes, settings, words = null, name, note }, width, more) {
  const { n, e, p } = sizes;
  const next = numbers(n * 1000 + e * 10 + p);
  const logits = Float32Array.from({ length: n * e * p }, () => 6 * next() - 3);
  const used = { top_k: 1, capacity_factor: 0.8, slots_per_expert: p, scale: 1, priority: "position", ...settings };
  const lanes = routers.map((router) => ({ ...laneOf(router, logits, { b: 1, ...sizes }, used), words }));
  if (name) lanes[0].name = name;
  if (note) lanes[0] = { ...ownLane({ name: "own", e, p, scale: 1, note }, 0, n, logits, { b: 1, ...sizes }), words };
  const tiles = tilesOf(null, [], n);
  const made = lanes.map((lane) => madeOf(lane, tiles));
  // Tiles are noted as they are, so none needs to be a bitmap.
  for (const tile of [...tiles, ...made.flatMap((each) => [...each.slots, ...each.outputs, ...each.results])])
    tile.bitmap = /** @type {any} */ ({});
  const layout = layoutOf(lanes, [], width);
  return { lanes, layout, tiles, made, ink: INK, words, token: 0, slot: -1, lit: false, ...more };
}

/** Of a stage on pages from 360 to 1600 pixels, with those at which it changes; beyond 1108 it grows no further. */
const WIDTHS = [308, 338, 410, 519, 520, 599, 600, 699, 700, 780, 960, 1108];
const THREE = ["tokens choice", "experts choice", "soft"];
const WORDS = "the extraordinarily comfortable cat sat on a mat , and I said nothing of it".split(" ");
/** @type {Record<string, Given>} */
const CASES = {
  "three routers": { routers: THREE, sizes: { n: 16, e: 4, p: 4 } },
  "routers that read one side of the scores": {
    routers: ["uniform / soft", "soft / uniform", "identity"],
    sizes: { n: 9, e: 3, p: 3 },
  },
  "two choices, by gate": {
    routers: ["tokens choice", "uniform"],
    sizes: { n: 12, e: 6, p: 2 },
    settings: { top_k: 2, priority: "gate", capacity_factor: 0.4 },
  },
  "tokens that are words": { routers: THREE, sizes: { n: 15, e: 5, p: 3 }, words: WORDS },
  "as many as there may be": {
    routers: THREE,
    sizes: { n: 64, e: 4, p: 16 },
    words: Array.from({ length: 64 }, (_, i) => WORDS[i % 15]),
  },
  "one slot for each of many experts": { routers: THREE, sizes: { n: 64, e: 64, p: 1 } },
  "a lane that failed": {
    routers: ["soft"],
    sizes: { n: 8, e: 2, p: 2 },
    note: `own raised ValueError: ${"dispatch must be of the shape of the logits, got another one; ".repeat(3)}`,
  },
  "a name that is a sentence": {
    routers: ["soft"],
    sizes: { n: 6, e: 2, p: 5 },
    name: "my own idea of a router, ".repeat(4),
  },
};

for (const [label, given] of Object.entries(CASES))
  test(`No text is cut off or lies on something at any width: ${label}.`, () => {
    const times = [...CHAPTERS.map((_, i) => stillOf(i)), ...Array.from({ length: 12 }, (_, i) => i + 0.2)];
    for (const width of WIDTHS) {
      const { n } = given.sizes;
      // Narrow pages show one lane at a time.
      const shown = width < 700 ? given.routers.map((router) => ({ ...given, routers: [router] })) : [given];
      for (const each of shown) {
        const scene = sceneOf(each, width);
        const { layout } = scene;
        /** @type {[number, number][]} */
        const rows = [
          [0, layout.head],
          ...layout.lanes.map(({ y, end }) => /** @type {[number, number]} */ ([y - 1, end])),
        ];
        times.forEach((t, i) => {
          const settled = i < CHAPTERS.length;
          const ways = [{ token: (7 * i) % n }, { token: (5 * i + 1) % n, lit: settled }, { slot: settled ? i : -1 }];
          for (const more of settled ? ways : ways.slice(0, 1)) {
            const pen = notingPen();
            paintStage(pen, Object.assign(scene, { token: 0, lit: false, slot: -1 }, more), t);
            const faults = faultsOf(pen, rows, width, settled);
            assert.deepEqual(faults, [], `${each.routers} at ${width} px, ${t} s, ${JSON.stringify(more)}`);
          }
        });
      }
    }
  });

test("Nor in the six pictures, side by side or below each other.", () => {
  for (const [label, given] of Object.entries(CASES))
    for (const width of [308, 760, 1080]) {
      const six = stillsOf(sceneOf(given, width), [], width);
      const pen = notingPen();
      paintStills(pen, six);
      const { layout } = six.scene;
      const rows = six.corners.flatMap(({ y }) =>
        layout.lanes
          .map((lane) => /** @type {[number, number]} */ ([y + lane.y - 1, y + lane.end]))
          .concat([[y, y + layout.head]]),
      );
      assert.deepEqual(faultsOf(pen, rows, width, true), [], `${label} at ${width} px`);
      assert.ok(pen.texts.length > 6 * given.routers.length * 4);
    }
});
