// Records what is painted on a canvas as shapes of an SVG file, which stay sharp at any size.

/** @import { Context } from "./painting.js" */

/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** @param {unknown} text */
export const escaped = (text) =>
  String(text)
    // eslint-disable-next-line no-control-regex -- no XML may hold them
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, "")
    .replace(/[&<>"]/g, (each) => ENTITIES[each]);

/** @param {number} x */
export const round = (x) => String(Number(x.toFixed(2)));

/** @param {Record<string, string | number | undefined>} attributes */
export const written = (attributes) =>
  Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => ` ${name}="${typeof value === "number" ? round(value) : escaped(value)}"`)
    .join("");

/** @type {Record<string, string>} */
const ANCHORS = { center: "middle", right: "end", end: "end" };
// Not every reader of SVG knows other baselines than the letters' own.
/** @type {Record<string, string>} */
const SHIFTS = { middle: "0.35em", top: "0.8em", hanging: "0.8em", bottom: "-0.2em" };
const BRUSHES = /** @type {const} */ ([
  "fillStyle",
  "strokeStyle",
  "lineWidth",
  "lineJoin",
  "lineCap",
  "font",
  "textAlign",
  "textBaseline",
  "globalAlpha",
]);

let last = 0;
/** An id that no other shape of the page has. */
export const newId = () => `shape-${++last}`;

/** What widgets use of a 2D context. Only the clearing of the whole takes something away. */
export class Shapes {
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  /** @type {CanvasLineJoin} */
  lineJoin = "miter";
  /** @type {CanvasLineCap} */
  lineCap = "butt";
  font = "11px system-ui, sans-serif";
  /** @type {CanvasTextAlign} */
  textAlign = "left";
  /** @type {CanvasTextBaseline} */
  textBaseline = "middle";
  globalAlpha = 1;
  imageSmoothingEnabled = false;
  /** @type {string[]} */
  #shapes = [];
  #path = "";
  /** @type {number[]} */
  #dashes = [];
  #clip = "";
  #turned = "";
  /** @type {Record<string, any>[]} */
  #kept = [];

  /** @param {HTMLCanvasElement} canvas One that measures text alike. */
  constructor(canvas, width = 0, height = 0) {
    this.canvas = canvas;
    this.width = width;
    this.height = height;
  }

  get markup() {
    return this.#shapes.join("");
  }

  save() {
    const brush = Object.fromEntries(BRUSHES.map((name) => [name, this[name]]));
    this.#kept.push({ brush, dashes: this.#dashes, clip: this.#clip, turned: this.#turned });
  }

  restore() {
    const kept = this.#kept.pop();
    if (!kept) return;
    Object.assign(this, kept.brush);
    [this.#dashes, this.#clip, this.#turned] = [kept.dashes, kept.clip, kept.turned];
  }

  /** @type {(x: number, y: number) => void} */
  translate(x, y) {
    this.#turned += `translate(${round(x)} ${round(y)}) `;
  }

  /** @type {(x: number, y: number) => void} */
  scale(x, y) {
    this.#turned += `scale(${x} ${y}) `;
  }

  /** @param {number} angle */
  rotate(angle) {
    this.#turned += `rotate(${round((180 * angle) / Math.PI)}) `;
  }

  beginPath() {
    this.#path = "";
  }

  closePath() {
    this.#path += "Z";
  }

  /** @type {(x: number, y: number) => void} */
  moveTo(x, y) {
    this.#path += `M${round(x)} ${round(y)}`;
  }

  /** @type {(x: number, y: number) => void} */
  lineTo(x, y) {
    this.#path += `${this.#path ? "L" : "M"}${round(x)} ${round(y)}`;
  }

  /** @type {(ax: number, ay: number, bx: number, by: number, x: number, y: number) => void} */
  bezierCurveTo(...numbers) {
    this.#path += `C${numbers.map(round).join(" ")}`;
  }

  /** @type {(ax: number, ay: number, x: number, y: number) => void} */
  quadraticCurveTo(...numbers) {
    this.#path += `Q${numbers.map(round).join(" ")}`;
  }

  /** @type {(x: number, y: number, w: number, h: number) => void} */
  rect(x, y, w, h) {
    this.#path += `M${round(x)} ${round(y)}h${round(w)}v${round(h)}h${round(-w)}Z`;
  }

  /** @type {(x: number, y: number, w: number, h: number, radius?: number) => void} */
  roundRect(x, y, w, h, radius = 0) {
    const r = Math.min(Number(radius), w / 2, h / 2);
    const turn = (/** @type {number} */ dx, /** @type {number} */ dy) => `a${round(r)} ${round(r)} 0 0 1 ${dx} ${dy}`;
    this.#path +=
      `M${round(x + r)} ${round(y)}h${round(w - 2 * r)}${turn(r, r)}v${round(h - 2 * r)}${turn(-r, r)}` +
      `h${round(2 * r - w)}${turn(-r, -r)}v${round(2 * r - h)}${turn(r, -r)}Z`;
  }

  /** @type {(x: number, y: number, r: number, from: number, to: number, back?: boolean) => void} */
  arc(x, y, r, from, to, back = false) {
    const whole = Math.abs(to - from) >= 2 * Math.PI - 1e-9;
    const end = whole ? from + Math.PI : to;
    const at = (/** @type {number} */ angle) => `${round(x + r * Math.cos(angle))} ${round(y + r * Math.sin(angle))}`;
    const far = !whole && (((back ? from - to : to - from) % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI) > Math.PI;
    const flags = `${round(r)} ${round(r)} 0 ${far ? 1 : 0} ${back ? 0 : 1}`;
    this.#path += `${this.#path ? "L" : "M"}${at(from)}A${flags} ${at(end)}`;
    if (whole) this.#path += `A${flags} ${at(from)}Z`;
  }

  fill() {
    this.#add("path", { d: this.#path, fill: this.fillStyle });
  }

  stroke() {
    this.#add("path", { d: this.#path, fill: "none", ...this.#line() });
  }

  clip() {
    this.#clip = newId();
    this.#shapes.push(`<clipPath id="${this.#clip}"><path${written({ d: this.#path })}/></clipPath>`);
  }

  /** @type {(x: number, y: number, w: number, h: number) => void} */
  fillRect(x, y, w, h) {
    this.#add("rect", { ...boxOf(x, y, w, h), fill: this.fillStyle });
  }

  /** @type {(x: number, y: number, w: number, h: number) => void} */
  strokeRect(x, y, w, h) {
    this.#add("rect", { ...boxOf(x, y, w, h), fill: "none", ...this.#line() });
  }

  /** @type {(x: number, y: number, w: number, h: number) => void} */
  clearRect(x, y, w, h) {
    if (x <= 0 && y <= 0 && w >= this.width && h >= this.height) this.#shapes = [];
  }

  /** @type {(text: string, x: number, y: number) => void} */
  fillText(text, x, y) {
    this.#add("text", { ...this.#letters(x, y), fill: this.fillStyle }, text);
  }

  /** @type {(text: string, x: number, y: number) => void} */
  strokeText(text, x, y) {
    this.#add("text", { ...this.#letters(x, y), fill: "none", ...this.#line() }, text);
  }

  /** @param {string} text */
  measureText(text) {
    const ctx = /** @type {Context} */ (this.canvas.getContext("2d"));
    ctx.save();
    ctx.font = this.font;
    const size = ctx.measureText(text);
    ctx.restore();
    return size;
  }

  /** @param {number[]} dashes */
  setLineDash(dashes) {
    this.#dashes = [...dashes];
  }

  getLineDash() {
    return [...this.#dashes];
  }

  /**
   * Pixels stay pixels.
   *
   * @param {HTMLCanvasElement | OffscreenCanvas} picture
   * @param {number} x
   * @param {number} y
   * @param {number} [w]
   * @param {number} [h]
   */
  drawImage(picture, x, y, w = picture.width, h = picture.height) {
    this.#add("image", { ...boxOf(x, y, w, h), ...imageOf(picture) });
  }

  /** @returns {Record<string, string | number | undefined>} */
  #line() {
    return {
      stroke: this.strokeStyle,
      "stroke-width": this.lineWidth,
      "stroke-linejoin": this.lineJoin === "miter" ? undefined : this.lineJoin,
      "stroke-linecap": this.lineCap === "butt" ? undefined : this.lineCap,
      "stroke-dasharray": this.#dashes.join(" "),
    };
  }

  /** @type {(x: number, y: number) => Record<string, string | number | undefined>} */
  #letters(x, y) {
    return { x, y, dy: SHIFTS[this.textBaseline], style: `font: ${this.font}`, "text-anchor": ANCHORS[this.textAlign] };
  }

  /**
   * @param {string} tag
   * @param {Record<string, string | number | undefined>} attributes
   * @param {string} [text]
   */
  #add(tag, attributes, text) {
    const around = {
      opacity: this.globalAlpha === 1 ? undefined : this.globalAlpha,
      transform: this.#turned.trim(),
      "clip-path": this.#clip && `url(#${this.#clip})`,
    };
    const all = written({ ...attributes, ...around });
    this.#shapes.push(text === undefined ? `<${tag}${all}/>` : `<${tag}${all}>${escaped(text)}</${tag}>`);
  }
}

/** @type {(x: number, y: number, w: number, h: number) => Record<string, number>} */
const boxOf = (x, y, w, h) => ({
  x: Math.min(x, x + w),
  y: Math.min(y, y + h),
  width: Math.abs(w),
  height: Math.abs(h),
});

/**
 * A canvas as an attribute of an image.
 *
 * @param {HTMLCanvasElement | OffscreenCanvas} picture
 */
export function imageOf(picture) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.width, height: picture.height });
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  return { href: canvas.toDataURL(), preserveAspectRatio: "none", style: "image-rendering: pixelated" };
}
