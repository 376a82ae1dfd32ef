// CausalityExplorer in the browser. The matrices came once; the kernel is not asked, and gets what is pinned.

import { depthOf, earlierOf, movedBy, movesOf } from "../arithmetic/causality.js";
import { floats } from "../shared/bytes.js";
import { bindKnobs } from "../shared/knobs.js";
import { ACROSS as SIDEWAYS, keyHints } from "../shared/keys.js";
import { canvases, knob } from "../shared/markup.js";
import { mount } from "../shared/mount.js";
import { PIN_STATUS, bindPin, showPin } from "../shared/pinning.js";
import { exact, many, number, percent, some } from "../shared/numbers.js";
import { decades } from "../shared/stops.js";
import { onward, pointAt } from "../shared/pointing.js";
import { term } from "../shared/terms.js";
import { RAMP, everyNth, fit, ring, stretch, surface, write } from "../shared/painting.js";

/** @import { Ink, Model } from "../shared/mount.js" */
/** @import { Limits } from "../shared/knobs.js" */
/** @import { Allowed } from "../shared/links.js" */
/** @import { Context } from "../shared/painting.js" */

/** @typedef {{ token: number, output: number }} Place The token that changes and an output, -1 for none. */

/** @typedef {{ name: string, changes: Float32Array }} Layer */

/** @typedef {Layer & { moves: boolean[], most: number, earlier: ReturnType<typeof earlierOf> }} Judged At a tolerance. */

/** @typedef {{ x: number, y: number, side: number, size: [width: number, height: number] }} Square */

/**
 * @typedef {Place & { tolerance: number, _count: number, _limits: Record<string, Limits> }
 *   & { _layers: { name: string, changes: DataView }[] }} Traits
 */

/** @type {Readonly<Place>} */
const NOTHING = { token: -1, output: -1 };
const ROOM = { left: 42, right: 18, top: 34, bottom: 6 };
// CSS pixels of a map across. Where there are several rows, maps are smaller, so that a screen shows them all.
const WIDTHS = { least: 195, leastOfMany: 230, many: 17, gap: 22, most: 380, mostInRows: 250 };
const SHARES = [0, 0.01, 0.1, 0.25, 0.5, 1];
// From a third of the colours on, which stand out from the ground of what does not move, in light and dark.
/** @param {number} depth */
const toneOf = (depth) => Math.round(85 + 170 * depth);
const PAGE = `
<div class="explorer-panels" data-part="maps"></div>
${keyHints({ [SIDEWAYS]: "another token", "↑ ↓": "another output", Enter: "pin", Esc: "unpin" }, "Tap a cell to pin it.")}
<div class="causality-explorer-scale">
<div class="causality-explorer-ramp"><span>Change of the output, as a share of the layer's largest change</span>
  <div><i data-part="ramp"></i>${SHARES.map(
    (share) => `<b style="left: ${100 * depthOf(share)}%">${100 * share} %</b>`,
  ).join("")}</div></div>
<div class="explorer-controls">${knob("tolerance", "Tolerance", "tolerance")}</div></div>
<p>${term("causal", "Causal")} layers have no colour above the stairs. Rows: outputs. Columns: the token that changes.
  Coloured: the output moves, by more than the tolerance; the colour
  follows the square root of the change. Above the stairs: outputs before the changed token; marks beside a
  matrix: outputs that move with the marked token, ◀ earlier ones, ◁ others.</p>${PIN_STATUS}`;

/**
 * What one layer does with the selection, in words.
 *
 * @param {Judged} layer
 * @param {number} n
 * @param {Place} at
 */
function layerWords({ name, changes, moves, most }, n, { token, output }) {
  if (token < 0 && output < 0) return "";
  if (token >= 0 && output >= 0) {
    const change = changes[output * n + token];
    const what = moves[output * n + token] ? "moves by" : "stays:";
    return `${name}: ${what} ${number(change)} (${most ? percent(change / most) : "0.0 %"} of the largest)`;
  }
  if (token < 0) {
    const by = [...Array(n).keys()].filter((j) => moves[output * n + j]);
    const later = by.filter((j) => j > output).length;
    return `${name}: moved by ${by.length ? `${some(by)}, ${later} of them later` : "none"}`;
  }
  const moved = movedBy(moves, n, token);
  const earlier = moved.filter((i) => i < token).length;
  return `${name}: ${moved.length} of ${many(n, "output")} move${moved.length ? ` (${some(moved)})` : ""}, ${
    earlier
  } of ${token} earlier`;
}

/**
 * @param {Judged[]} layers
 * @param {number} n
 * @param {Place} at
 */
function sentenceOf(layers, n, at) {
  const { token, output } = at;
  if (token < 0 && output < 0) {
    const shares = layers.map(({ name, earlier }) => `${name} ${percent(earlier.share)}`).join(", ");
    return `Point at a matrix; click to pin. Earlier outputs that move: ${shares}.`;
  }
  const what = [token >= 0 ? `token ${token} changes` : "", output >= 0 ? `output ${output}` : ""];
  return `${what.filter(Boolean).join(", ")}: ${layers.map((layer) => layerWords(layer, n, at)).join("; ")}.`;
}

/**
 * @param {Context} ctx
 * @param {Judged} layer
 * @param {number} n
 * @param {Square} box
 * @param {Ink} ink
 */
function paintMatrix(ctx, { changes, moves, most }, n, box, ink) {
  ctx.fillStyle = ink.shade;
  ctx.fillRect(box.x, box.y, box.side, box.side);
  const pixels = new ImageData(n, n);
  const colours = new Uint32Array(pixels.data.buffer);
  changes.forEach((change, at) => (colours[at] = moves[at] ? RAMP[toneOf(depthOf(change / most))] : 0));
  stretch(ctx, { x: box.x, y: box.y, w: box.side, h: box.side }, pixels);
  const cell = box.side / n;
  const every = everyNth(cell, ctx.measureText(String(n - 1)).width + 6);
  // On whole pixels a separator is one pixel wide: a tenth of a cell at most.
  ctx.fillStyle = ink.page;
  for (let i = 1; i < n && cell >= 10; i++) {
    ctx.fillRect(box.x + Math.round(i * cell), box.y, 1, box.side);
    ctx.fillRect(box.x, box.y + Math.round(i * cell), box.side, 1);
  }
  Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.line });
  ctx.strokeRect(box.x - 0.5, box.y - 0.5, box.side + 1, box.side + 1);
  ctx.beginPath();
  ctx.moveTo(box.x, box.y);
  // Stairs finer than this would cover the cells beneath: a line past their corners says as much.
  if (cell < 4) (ctx.lineTo(box.x + cell, box.y), ctx.lineTo(box.x + box.side, box.y + box.side - cell));
  for (let i = 0; i < n && cell >= 4; i++) {
    ctx.lineTo(box.x + (i + 1) * cell, box.y + i * cell);
    ctx.lineTo(box.x + (i + 1) * cell, box.y + (i + 1) * cell);
  }
  // Bright cells lie beside it in a dark theme too.
  const thick = cell < 10 ? 1 : 2;
  for (const [strokeStyle, lineWidth] of /** @type {[string, number][]} */ ([
    [ink.page, thick + 2],
    [ink.text, thick],
  ])) {
    Object.assign(ctx, { strokeStyle, lineWidth });
    ctx.stroke();
  }
  for (let i = 0; i < n; i += every) {
    write(ctx, i, box.x + (i + 0.5) * cell, box.y - 8, ink.text);
    write(ctx, i, box.x - 5, box.y + (i + 0.5) * cell, ink.text, "right");
  }
  write(ctx, "token that changes", box.x + box.side / 2, box.y - 24, ink.text);
  write(ctx, "output", box.x - 5, box.y - 16, ink.text, "right");
}

/**
 * @param {Context} ctx
 * @param {Judged} layer
 * @param {number} n
 * @param {Square} box
 * @param {Place} at
 * @param {Ink} ink
 */
function markMatrix(ctx, { moves }, n, box, { token, output }, ink) {
  const cell = box.side / n;
  if (token >= 0) ring(ctx, box.x + token * cell, box.y, cell, box.side);
  if (output >= 0) ring(ctx, box.x, box.y + output * cell, box.side, cell);
  if (token < 0) return;
  const half = Math.min(5, Math.max(2, cell / 2));
  for (const i of movedBy(moves, n, token)) {
    const x = box.x + box.side + 5;
    const y = box.y + (i + 0.5) * cell;
    Object.assign(ctx, { fillStyle: ink.text, strokeStyle: ink.text, lineWidth: 1.2 });
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + 2 * half, y - half);
    ctx.lineTo(x + 2 * half, y + half);
    ctx.closePath();
    ctx.stroke();
    if (i < token) ctx.fill();
  }
}

/** @type {(a: Place, b: Place) => boolean} */
const same = (a, b) => a.token === b.token && a.output === b.output;

/**
 * Where a key leads from a selection, or null for a key that leads nowhere.
 *
 * @param {Place} at
 * @param {string} key
 * @param {number} n
 * @returns {Place | null}
 */
function beyond(at, key, n) {
  const across = ACROSS[key] ?? 0;
  const down = DOWN[key] ?? 0;
  const move = (/** @type {number} */ from, /** @type {number} */ by) => (by ? onward(from, by, n) : from);
  return across || down ? { token: move(at.token, across), output: move(at.output, down) } : null;
}

/** @type {Record<string, number>} */
const ACROSS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
/** @type {Record<string, number>} */
const DOWN = { ArrowUp: -1, ArrowDown: 1, PageUp: -Infinity, PageDown: Infinity };

/**
 * The columns of a number of maps: rows are as few as there is room for, and as full as each other.
 *
 * @param {number} count
 * @param {number} n Tokens of each.
 * @param {number} room In CSS pixels.
 */
function columnsFor(count, n, room) {
  const least = n < WIDTHS.many ? WIDTHS.least : WIDTHS.leastOfMany;
  const fitting = Math.max(1, Math.floor((room + WIDTHS.gap) / (least + WIDTHS.gap)));
  const rows = Math.ceil(count / fitting);
  const columns = Math.ceil(count / rows);
  return `repeat(${columns}, minmax(0, ${rows > 1 && columns > 1 ? WIDTHS.mostInRows : WIDTHS.most}px))`;
}

/**
 * The panel of one layer.
 *
 * @param {Layer} layer
 * @param {number} i
 */
function panelOf({ name }, i) {
  const panel = document.createElement("div");
  panel.className = "causality-explorer-map";
  panel.innerHTML = `<div class="explorer-title"></div>
    <div class="explorer-panel">${canvases(nameOf(i), "")}</div><p data-part="caption-${i}"></p>`;
  const label = `${name}, tokens by outputs: arrow keys move, Enter pins, Escape unpins`;
  panel.querySelector("canvas + canvas")?.setAttribute("aria-label", label);
  panel.children[0].textContent = name;
  return panel;
}
const nameOf = (/** @type {number} */ i) => `map-${i}`;

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const exports = { csv: rowsNow };
  const options = { name: "explorer causality-explorer", prefix: "explorer", page: PAGE, draw, exports, link };
  const view = mount({ model, el }, options);
  const { part, canvas, ground, send } = view;
  const n = model.get("_count");
  const [least, most] = model.get("_limits").tolerance;
  const follow = bindKnobs(view, { tolerance: decades(least, most) });
  const layers = model.get("_layers").map(({ name, changes }) => ({ name, changes: floats(changes) }));
  const names = layers.map((_, i) => nameOf(i));
  const tones = [0, 0.25, 0.5, 0.75, 1].map((depth) => `rgb(${new Uint8Array(RAMP.buffer, 4 * toneOf(depth), 3)})`);
  /** @type {Place} */
  let hover = NOTHING;
  let drawnFor = "";
  /** @type {Judged[]} */
  let judged = [];
  /** @type {Square[]} */
  let boxes = [];

  /** @returns {Allowed} */
  function link() {
    const places = /** @type {Limits} */ ([-1, model.get("_count") - 1, true, false]);
    return { tolerance: model.get("_limits").tolerance, token: places, output: places };
  }

  function rowsNow() {
    const rows = judged.flatMap(({ name, changes, moves }) =>
      Array.from(changes, (change, at) => [name, Math.floor(at / n), at % n, change, moves[at]]),
    );
    return [["layer", "output", "token", "change", "moves"], ...rows];
  }

  const known = (/** @type {Place} */ { token, output }) => ({
    token: token < n ? token : -1,
    output: output < n ? output : -1,
  });
  const pinned = () => {
    const at = known({ token: model.get("token"), output: model.get("output") });
    return at.token < 0 && at.output < 0 ? null : at;
  };

  part("maps").append(...layers.map(panelOf));

  /**
   * @param {number} tolerance
   * @param {number[]} widths
   * @param {Ink} ink
   */
  function paint(tolerance, widths, ink) {
    judged = layers.map((layer) => {
      const moves = movesOf(layer.changes, tolerance);
      return { ...layer, moves, most: layer.changes.reduce((a, b) => Math.max(a, b), 0), earlier: earlierOf(moves, n) };
    });
    boxes = widths.map((width) => {
      const side = width - ROOM.left - ROOM.right;
      return { x: ROOM.left, y: ROOM.top, side, size: [width, ROOM.top + side + ROOM.bottom] };
    });
    judged.forEach((layer, i) => {
      const { moved, pairs, share } = layer.earlier;
      part(`caption-${i}`).textContent =
        `Earlier outputs that move: ${exact(moved)} of ${many(pairs, "pair")} (${percent(share)}). ` +
        `Largest change: ${number(layer.most)}.`;
      paintMatrix(fit(ground(names[i]), ...boxes[i].size), layer, n, boxes[i], ink);
    });
    const still = `${100 * depthOf(tolerance)}%`; // up to the tolerance the ramp is as grey as what stays
    part("ramp").style.background = `linear-gradient(to right, var(--explorer-shade) ${still}, transparent ${still}),
      linear-gradient(to right, ${tones})`;
  }

  function draw() {
    const tolerance = model.get("tolerance");
    part("maps").style.gridTemplateColumns = columnsFor(names.length, n, part("maps").clientWidth);
    const widths = names.map((name) => part(name).clientWidth);
    const ink = view.ink();
    const key = JSON.stringify([tolerance, widths, ink, surface()]);
    follow();
    // A view that is not laid out yet has no width; the observer calls again when it has one.
    if (Math.min(...widths) < 80) return;
    if (key !== drawnFor) paint(tolerance, widths, ink);
    drawnFor = key;
    const at = pinned() ?? hover;
    judged.forEach((layer, i) => markMatrix(fit(canvas(names[i]), ...boxes[i].size), layer, n, boxes[i], at, ink));
    showPin(view, pinned() !== null);
    view.say(sentenceOf(judged, n, at));
  }

  /** @param {Place | null} at */
  function show(at) {
    hover = at ?? NOTHING;
    if (!same(hover, NOTHING)) view.settle(); // what is pointed at is answered, not an older refusal
    view.schedule();
  }

  /** @param {Place} at */
  function pin(at) {
    const now = pinned();
    send(now && same(at, now) ? NOTHING : at);
  }

  function free() {
    show(null);
    send(NOTHING);
  }

  pointAt(view, names, {
    ready: () => boxes.length,
    // On the numbers beside a matrix, only its column or row.
    under(name, left, top) {
      const { x, y, side } = boxes[names.indexOf(name)];
      const within = (/** @type {number} */ value) =>
        value >= 0 && value < side ? Math.floor((n * value) / side) : -1;
      return { token: within(left - x), output: within(top - y) };
    },
    beyond: (_, key) => beyond(pinned() ?? hover, key, n),
    show,
    go: (at) => (pinned() ? send(at) : show(at)),
    take: pin,
    enter: () => pin(pinned() ?? hover),
    free,
  });
  bindPin(view, free, (by) => send({ token: onward(model.get("token"), by, n) }));
  for (const name of ["tolerance", "token", "output"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}

export default { render };
