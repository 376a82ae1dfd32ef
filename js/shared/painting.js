// Brushes that widgets share.

import { EXPERTS, RAMP_STEPS } from "./palette.js";

/** @typedef {CanvasRenderingContext2D} Context */

/** @typedef {{ x: number, y: number, w: number, h: number }} Box */

/** @typedef {[x: number, y: number, w: number, h: number]} Corner The corner of a box, its width and its height. */

/** @typedef {{ width: number, height: number, channels: number, bytes: Uint8Array }} Picture Channel last. */

export const RAMP = new Uint32Array(256).map((_, i) => {
  const at = (i / 255) * (RAMP_STEPS.length - 1);
  const low = Math.min(Math.floor(at), RAMP_STEPS.length - 2);
  const [r, g, b] = RAMP_STEPS[low].map((c, k) => Math.round(c + (at - low) * (RAMP_STEPS[low + 1][k] - c)));
  return (255 << 24) | (b << 16) | (g << 8) | r;
});
export const RAMP_CSS = `linear-gradient(to right, ${RAMP_STEPS.map((c) => `rgb(${c})`).join(", ")})`;

/** @param {number} e */
export const expertColour = (e) => EXPERTS[e % EXPERTS.length];

/** @param {OffscreenCanvas} canvas */
export const contextOf = (canvas) => /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** @typedef {(canvas: HTMLCanvasElement, width: number, height: number) => Context} Recorder */

/** @type {{ pixels: number, recorder: Recorder | null } | null} */
let saving = null;

/** Pixels of a canvas for each CSS pixel. */
export const density = () => saving?.pixels || window.devicePixelRatio || 1;

let spoilt = 0;

/** What is painted on, which tells whether something must be painted again. */
export const surface = () => `${density()}${saving ? " saving" : ""} ${spoilt}`;

/** Note that somebody else has painted on the canvases. */
export const spoil = () => spoilt++;

/**
 * Have everything painted for a file: on canvases of this density, or by a recorder in place of them.
 *
 * @param {number} pixels
 * @param {Recorder | null} recorder
 * @param {() => void} paint
 */
export function paintFor(pixels, recorder, paint) {
  saving = { pixels, recorder };
  try {
    paint();
  } finally {
    saving = null;
  }
}

/**
 * Return a clean 2D context measured in CSS pixels.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function fit(canvas, width, height) {
  if (saving?.recorder) return saving.recorder(canvas, width, height);
  const ratio = density();
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.style.height = `${height}px`;
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.lineJoin = "miter"; // or corners would be round from the second drawing on
  ctx.font = "11px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  return ctx;
}

/**
 * Paint rows x columns of weights from least to most. A pixel that covers several weights shows the largest.
 *
 * @param {Context} ctx
 * @param {Box} box
 * @param {ArrayLike<number>} weights
 * @param {number} rows
 * @param {number} columns
 * @param {number} most
 * @param {number} [least]
 * @param {boolean} [root] Whether a colour stands for the root of a weight's share, which shows small ones.
 */
export function paintWeights(ctx, box, weights, rows, columns, most, least = 0, root = false) {
  const ratio = density();
  const h = Math.min(rows, Math.ceil(box.h * ratio));
  const w = Math.min(columns, Math.ceil(box.w * ratio));
  const largest = new Float32Array(h * w).fill(least);
  const range = most - least || 1;
  for (let r = 0; r < rows; r++) {
    const row = Math.floor((r * h) / rows) * w;
    for (let c = 0; c < columns; c++) {
      const i = row + Math.floor((c * w) / columns);
      const x = weights[r * columns + c];
      if (x > largest[i]) largest[i] = x;
    }
  }
  const pixels = new ImageData(w, h);
  const colours = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < largest.length; i++) {
    const share = (largest[i] - least) / range;
    colours[i] = RAMP[Math.min(Math.round(255 * (root ? Math.sqrt(share) : share)), 255)];
  }
  stretch(ctx, box, pixels);
}

/**
 * @param {Context} ctx
 * @param {Box} box
 * @param {ImageData} pixels
 */
export function stretch(ctx, box, pixels) {
  const small = new OffscreenCanvas(pixels.width, pixels.height);
  contextOf(small).putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(small, box.x, box.y, box.w, box.h);
}

/**
 * Paint a picture of channel-last bytes.
 *
 * @param {Context} ctx
 * @param {Box} box
 * @param {Picture} picture
 */
export function paintPicture(ctx, box, { width, height, channels, bytes }) {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = bytes[i * channels + (channels === 3 ? k : 0)];
    pixels.data[4 * i + 3] = 255;
  }
  stretch(ctx, box, pixels);
}

/**
 * Cross a box out with slanted lines, light on dark so that they show on any ground.
 *
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 */
export function hatch(ctx, x, y, w, h) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  for (const [width, colour] of [
    [3, "#000"],
    [1.2, "#fff"],
  ]) {
    ctx.beginPath();
    for (let at = -h; at < w; at += 8) {
      ctx.moveTo(x + at, y + h);
      ctx.lineTo(x + at + h, y);
    }
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.stroke();
  }
  ctx.restore();
}

/**
 * Outline a box, dark around light so that it shows on any ground.
 *
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 */
export function ring(ctx, x, y, w, h) {
  // Around what is so thin a ring stands off, or it would cover what it marks.
  const more = Math.min(w, h) < 6 ? 2.5 : 0;
  for (const [width, colour] of [
    [4, "#000"],
    [2, "#fff"],
  ]) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.strokeRect(x - more, y - more, w + 2 * more, h + 2 * more);
  }
}

/**
 * @param {Context} ctx
 * @param {string | number} text
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 * @param {CanvasTextAlign} [align]
 */
export function write(ctx, text, x, y, colour, align = "center") {
  Object.assign(ctx, { fillStyle: colour, textAlign: align });
  ctx.fillText(String(text), x, y);
}

/**
 * Write white on a dark edge, which reads on any ground.
 *
 * @param {Context} ctx
 * @param {string | number} text
 * @param {number} x
 * @param {number} y
 */
export function writeOver(ctx, text, x, y) {
  Object.assign(ctx, { lineWidth: 3, strokeStyle: "#000", lineJoin: "round", textAlign: "center" });
  ctx.strokeText(String(text), x, y);
  write(ctx, text, x, y, "#fff");
}

/**
 * Where a share of a token's box is coloured: a square of this area on a patch, a bar below a word.
 *
 * @param {Corner} corner
 * @param {number} share
 * @param {boolean} worded
 * @returns {Corner}
 */
export function shareOfBox([x, y, dx, dy], share, worded) {
  if (worded) return [x + 3, y + dy - 8, (dx - 6) * share, 5];
  const side = 0.86 * Math.sqrt(share);
  return [x + (dx * (1 - side)) / 2, y + (dy * (1 - side)) / 2, dx * side, dy * side];
}

/**
 * How many labels to skip so that those of this many pixels do not touch.
 *
 * @param {number} step
 * @param {number} size
 */
export const everyNth = (step, size) =>
  [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;

/**
 * A straight line; strokeRect would go there and back and fill the gaps of a dashed one.
 *
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} toX
 * @param {number} toY
 */
export function rule(ctx, x, y, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}

/**
 * A line from side to side in dashes.
 *
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} w
 */
export function dashedRule(ctx, x, y, w) {
  ctx.setLineDash([4, 3]);
  rule(ctx, x, y, x + w, y);
  ctx.setLineDash([]);
}
