// Strokes that the painters of the stage share.

import { contextOf } from "../shared/painting.js";
import { mix } from "./timeline.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Lane } from "./flow.js" */
/** @import { Area, LaneBox, Layout, Point } from "./layout.js" */
/** @import { Pen } from "./pen.js" */
/** @import { Tile } from "./tiles.js" */
/** @import { Turn } from "./timeline.js" */

/**
 * All that is drawn, but for the time.
 *
 * @typedef {object} Scene
 * @property {Lane[]} lanes
 * @property {Layout} layout
 * @property {Tile[]} tiles Of each token.
 * @property {Made[]} made Of each lane.
 * @property {Ink} ink
 * @property {string[] | null} words Of the tokens, where they are no patches.
 * @property {number} token Whom the story follows.
 * @property {number} slot Of soft lanes that was pointed at, -1 for none.
 * @property {boolean} lit Whether it was pointed at, and all else steps back.
 */

/** @typedef {{ slots: Tile[], outputs: Tile[], results: Tile[] }} Made What a lane makes of the tiles. */

/** @typedef {{ scene: Scene, lane: Lane, box: LaneBox, made: Made, turn: Turn }} Part One lane of a scene. */

const FONT = "system-ui, sans-serif";
/**
 * @param {number} size
 * @param {boolean} bold
 */
const fontOf = (size, bold) => `${bold ? "600 " : ""}${size}px ${FONT}`;

/**
 * @param {Pen} pen
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{ size: number, colour: string, bold?: boolean, align?: CanvasTextAlign }} how
 */
export function say(pen, text, x, y, { size, colour, bold = false, align = "left" }) {
  pen.font = fontOf(size, bold);
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/** @type {OffscreenCanvasRenderingContext2D | null} */
let ruler = null;
/** @type {Map<string, number>} */
const LENGTHS = new Map();

/**
 * How long a text is: measured, or where there is no canvas, the most that common fonts take.
 *
 * @param {string} text
 * @param {number} size
 * @param {boolean} [bold]
 */
export function lengthOf(text, size, bold = false) {
  if (typeof OffscreenCanvas === "undefined") return text.length * size * (bold ? 0.68 : 0.62);
  const font = fontOf(size, bold);
  const key = font + text;
  let length = LENGTHS.get(key);
  if (length === undefined) {
    ruler ??= contextOf(new OffscreenCanvas(1, 1));
    ruler.font = font;
    length = ruler.measureText(text).width;
    if (LENGTHS.size > 5000) LENGTHS.clear();
    LENGTHS.set(key, length);
  }
  return length;
}

/**
 * A text in as many lines as it takes; only a word that is longer than a line is divided.
 *
 * @param {string} text
 * @param {number} size
 * @param {number} width
 * @param {boolean} [bold]
 */
export function wrapped(text, size, width, bold = false) {
  /** @type {string[]} */
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (lengthOf(longer, size, bold) <= width) {
      line = longer;
      continue;
    }
    if (line) lines.push(line);
    line = word;
    while (line.length > 1 && lengthOf(line, size, bold) > width) {
      let most = line.length - 1;
      while (most > 1 && lengthOf(line.slice(0, most), size, bold) > width) most -= 1;
      lines.push(line.slice(0, most));
      line = line.slice(most);
    }
  }
  return [...lines, line];
}

/** @type {Map<string, string>} */
const CUT = new Map();

/**
 * A token's word on its tile: what does not fit is left out. In captions and in the text it stands in full.
 *
 * @param {string} word
 * @param {number} size
 * @param {number} width
 */
export function cut(word, size, width) {
  const key = `${size} ${Math.floor(width)} ${word}`;
  let kept = CUT.get(key);
  if (kept === undefined) {
    const signs = [...word];
    let most = signs.length;
    const shown = () => (most < signs.length ? `${signs.slice(0, most).join("")}…` : word);
    while (most > 1 && lengthOf(shown(), size) > width) most -= 1;
    kept = shown();
    if (CUT.size > 5000) CUT.clear();
    CUT.set(key, kept);
  }
  return kept;
}

/**
 * A point of the curve between two points, which leaves and arrives level.
 *
 * @param {Point} a
 * @param {Point} b
 * @param {number} u
 * @returns {Point}
 */
export function along(a, b, u) {
  const middle = (a.x + b.x) / 2;
  const v = 1 - u;
  const x = v ** 3 * a.x + 3 * v * u * middle + u ** 3 * b.x;
  const rise = 3 * v * u ** 2 + u ** 3;
  return { x, y: mix(a.y, b.y, rise) };
}

/**
 * The first part of that curve.
 *
 * @param {Pen} pen
 * @param {Point} a
 * @param {Point} b
 * @param {number} [part] From 0 to 1.
 */
export function thread(pen, a, b, part = 1) {
  if (part <= 0) return;
  const middle = (a.x + b.x) / 2;
  pen.beginPath();
  pen.moveTo(a.x, a.y);
  if (part >= 1) pen.bezierCurveTo(middle, a.y, middle, b.y, b.x, b.y);
  else {
    // de Casteljau: the curve up to `part`.
    const end = along(a, b, part);
    const first = mix(a.x, middle, part);
    const second = { x: mix(first, middle, part), y: mix(a.y, mix(a.y, b.y, part), part) };
    pen.bezierCurveTo(first, a.y, second.x, second.y, end.x, end.y);
  }
  pen.stroke();
}

/**
 * A ring that shows on any ground: dark around light.
 *
 * @param {Pen} pen
 * @param {Area} area
 */
export function ringed(pen, { x, y, w, h }) {
  for (const [width, colour] of /** @type {const} */ ([
    [4.5, "#000"],
    [2, "#fff"],
  ])) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.strokeRect(x - 0.5, y - 0.5, w + 1, h + 1);
  }
}

/**
 * The number of a token in the corner of its tile, or its word.
 *
 * @param {Pen} pen
 * @param {Scene} scene
 * @param {number} token
 * @param {Area} area Of the tile.
 */
export function tag(pen, { words }, token, { x, y, w, h }) {
  if (w < 15 || h < (words ? 10 : 15)) return;
  let letters = Math.min(w, h) < 22 ? 8 : 9;
  let label = String(token);
  if (words) {
    letters = Math.min(Math.floor(h) - 2, 11);
    while (letters > 8 && lengthOf(words[token], letters) > w - 3) letters -= 1;
    label = cut(words[token], letters, w - 3);
  }
  const high = Math.min(letters + (letters > 8 || words ? 2 : 0), h);
  const wide = Math.min(lengthOf(label, letters) + 3, w);
  pen.fillStyle = "rgba(0, 0, 0, 0.72)";
  pen.fillRect(x, y, wide, high);
  say(pen, label, x + wide / 2, y + high / 2 + 0.5, { size: letters, colour: "#fff", align: "center" });
}

/**
 * An empty slot: a box of dashes.
 *
 * @param {Pen} pen
 * @param {Area} area
 * @param {string} colour
 */
export function hollow(pen, { x, y, w, h }, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash([3, 2]);
  pen.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  pen.setLineDash([]);
}

/**
 * A cross over a box.
 *
 * @param {Pen} pen
 * @param {Area} area
 * @param {string} colour
 */
export function crossed(pen, { x, y, w, h }, colour) {
  const arm = Math.min(w, h) * 0.25;
  const [across, down] = [x + w / 2, y + h / 2];
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(across - arm, down - arm);
  pen.lineTo(across + arm, down + arm);
  pen.moveTo(across + arm, down - arm);
  pen.lineTo(across - arm, down + arm);
  pen.stroke();
}
