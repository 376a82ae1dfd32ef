// Strokes that the painters of the stage share.

import { mix } from "./timeline.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Lane } from "./flow.js" */
/** @import { LaneBox, Layout, Point } from "./layout.js" */
/** @import { Pen } from "./pen.js" */
/** @import { Tile } from "./tiles.js" */

/**
 * All that is drawn, but for the time.
 *
 * @typedef {object} Scene
 * @property {Lane[]} lanes
 * @property {Layout} layout
 * @property {Tile[]} tiles Of each token.
 * @property {Made[]} made Of each lane.
 * @property {Ink} ink
 * @property {boolean} pictured Whether tokens are patches of a picture.
 * @property {number} token Whom the story follows.
 * @property {number} slot Of soft lanes that was pointed at, -1 for none.
 * @property {boolean} lit Whether it was pointed at, and all else steps back.
 */

/** @typedef {{ slots: Tile[], outputs: Tile[], results: Tile[] }} Made What a lane makes of the tiles. */

/** @typedef {{ scene: Scene, lane: Lane, box: LaneBox, made: Made }} Part One lane of a scene. */

export const FONT = "system-ui, sans-serif";

/**
 * @param {Pen} pen
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{ size: number, colour: string, bold?: boolean, align?: CanvasTextAlign }} how
 */
export function say(pen, text, x, y, { size, colour, bold = false, align = "left" }) {
  pen.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/**
 * How long a text is, near enough to break it: no pen has to measure.
 *
 * @param {string} text
 * @param {number} size
 * @param {boolean} [bold]
 */
export const lengthOf = (text, size, bold = false) => text.length * size * (bold ? 0.61 : 0.54);

/**
 * A text in at most two lines.
 *
 * @param {string} text
 * @param {number} size
 * @param {number} width
 * @param {boolean} [bold]
 */
export function broken(text, size, width, bold = false) {
  if (lengthOf(text, size, bold) <= width) return [text];
  const most = Math.floor(width / lengthOf("x", size, bold));
  const at = text.lastIndexOf(" ", most);
  const [first, rest] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text.slice(0, most), text.slice(most)];
  return [first, rest.length > most ? `${rest.slice(0, most - 1)}…` : rest];
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
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 */
export function ringed(pen, x, y, w, h) {
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
 * The number of a token in the corner of its tile.
 *
 * @param {Pen} pen
 * @param {number} token
 * @param {number} x
 * @param {number} y
 * @param {number} size Of the tile.
 */
export function tag(pen, token, x, y, size) {
  if (size < 15) return;
  const [letters, high] = size < 22 ? [8, 8] : [9, 10];
  const wide = (token > 9 ? 1.4 : 0.85) * letters;
  pen.fillStyle = "rgba(0, 0, 0, 0.72)";
  pen.fillRect(x, y, wide, high);
  say(pen, String(token), x + wide / 2, y + high / 2 + 0.5, { size: letters, colour: "#fff", align: "center" });
}

/**
 * An empty slot: a box of dashes.
 *
 * @param {Pen} pen
 * @param {Point} at
 * @param {number} size
 * @param {string} colour
 */
export function hollow(pen, { x, y }, size, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash([3, 2]);
  pen.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
  pen.setLineDash([]);
}

/**
 * A cross over a box.
 *
 * @param {Pen} pen
 * @param {Point} at
 * @param {number} size
 * @param {string} colour
 */
export function crossed(pen, { x, y }, size, colour) {
  const edge = size * 0.25;
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x + edge, y + edge);
  pen.lineTo(x + size - edge, y + size - edge);
  pen.moveTo(x + size - edge, y + edge);
  pen.lineTo(x + edge, y + size - edge);
  pen.stroke();
}
