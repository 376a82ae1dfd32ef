// What the painters ask of a canvas, and a pen that writes the same as SVG: one painter serves the screen and the file.

/**
 * @typedef {"save" | "restore" | "translate" | "beginPath" | "moveTo" | "lineTo" | "bezierCurveTo" | "closePath"
 *   | "arc" | "rect" | "fill" | "stroke" | "fillRect" | "strokeRect" | "fillText" | "setLineDash" | "globalAlpha"
 *   | "fillStyle" | "strokeStyle" | "lineWidth" | "lineCap" | "lineJoin" | "font" | "textAlign" | "textBaseline"} Drawn
 */

/** @typedef {Pick<CanvasRenderingContext2D, Drawn> & Partial<Bitmaps>} Pen */

/** @typedef {Pick<CanvasRenderingContext2D, "drawImage" | "imageSmoothingEnabled">} Bitmaps */

/** @param {number} x */
const short = (x) => String(Math.round(x * 100) / 100);
/** @param {string} text */
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const ANCHORS = { left: "start", start: "start", center: "middle", right: "end", end: "end" };
const BASELINES = { middle: "central", top: "hanging", hanging: "hanging", alphabetic: "auto", bottom: "auto" };
/** @typedef {{ x: number, y: number, alpha: number, fill: string, stroke: string, width: number }} Look */

/** Records strokes, fills and texts as SVG elements. */
export class SvgPen {
  /** @type {string[]} */
  #elements = [];
  #path = "";
  /** @type {number[]} */
  #dash = [];
  #origin = { x: 0, y: 0 };
  /** @type {object[]} */
  #kept = [];
  globalAlpha = 1;
  /** @type {string | CanvasGradient | CanvasPattern} */
  fillStyle = "#000";
  /** @type {string | CanvasGradient | CanvasPattern} */
  strokeStyle = "#000";
  lineWidth = 1;
  /** @type {CanvasLineCap} */
  lineCap = "butt";
  /** @type {CanvasLineJoin} */
  lineJoin = "miter";
  font = "11px system-ui, sans-serif";
  /** @type {CanvasTextAlign} */
  textAlign = "left";
  /** @type {CanvasTextBaseline} */
  textBaseline = "middle";

  save() {
    const { globalAlpha, fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, font, textAlign, textBaseline } = this;
    const own = { globalAlpha, fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, font, textAlign, textBaseline };
    this.#kept.push({ own, origin: this.#origin, dash: this.#dash });
  }

  restore() {
    const kept = /** @type {any} */ (this.#kept.pop());
    if (!kept) return;
    Object.assign(this, kept.own);
    this.#origin = kept.origin;
    this.#dash = kept.dash;
  }

  /** @type {(x: number, y: number) => void} */
  translate(x, y) {
    this.#origin = { x: this.#origin.x + x, y: this.#origin.y + y };
  }

  beginPath() {
    this.#path = "";
  }

  /** @type {(...numbers: number[]) => string} */
  #at(...numbers) {
    return numbers.map((x, i) => short(x + (i % 2 ? this.#origin.y : this.#origin.x))).join(" ");
  }

  /** @type {(x: number, y: number) => void} */
  moveTo(x, y) {
    this.#path += `M${this.#at(x, y)}`;
  }

  /** @type {(x: number, y: number) => void} */
  lineTo(x, y) {
    this.#path += `L${this.#at(x, y)}`;
  }

  /** @type {(a: number, b: number, c: number, d: number, x: number, y: number) => void} */
  bezierCurveTo(a, b, c, d, x, y) {
    this.#path += `C${this.#at(a, b, c, d, x, y)}`;
  }

  closePath() {
    this.#path += "Z";
  }

  /** @type {(x: number, y: number, w: number, h: number) => void} */
  rect(x, y, w, h) {
    this.#path += `M${this.#at(x, y)}h${short(w)}v${short(h)}h${short(-w)}Z`;
  }

  /** @type {(x: number, y: number, radius: number, from: number, to: number) => void} A full circle, whatever the angles. */
  arc(x, y, radius) {
    const r = short(radius);
    this.#path += `M${this.#at(x - radius, y)}a${r} ${r} 0 1 0 ${short(2 * radius)} 0a${r} ${r} 0 1 0 ${short(-2 * radius)} 0Z`;
  }

  /** @type {(lengths: Iterable<number>) => void} */
  setLineDash(lengths) {
    this.#dash = [...lengths];
  }

  #alpha() {
    return this.globalAlpha < 1 ? ` opacity="${short(this.globalAlpha)}"` : "";
  }

  #stroked() {
    const dash = this.#dash.length ? ` stroke-dasharray="${this.#dash.join(" ")}"` : "";
    const cap = this.lineCap === "butt" ? "" : ` stroke-linecap="${this.lineCap}"`;
    return `fill="none" stroke="${escaped(String(this.strokeStyle))}" stroke-width="${short(this.lineWidth)}"${dash}${cap}`;
  }

  fill() {
    this.#elements.push(`<path d="${this.#path}" fill="${escaped(String(this.fillStyle))}"${this.#alpha()}/>`);
  }

  stroke() {
    this.#elements.push(`<path d="${this.#path}" ${this.#stroked()}${this.#alpha()}/>`);
  }

  /** @type {(x: number, y: number, w: number, h: number) => string} */
  #box(x, y, w, h) {
    const [left, top] = [Math.min(x, x + w) + this.#origin.x, Math.min(y, y + h) + this.#origin.y];
    return `x="${short(left)}" y="${short(top)}" width="${short(Math.abs(w))}" height="${short(Math.abs(h))}"`;
  }

  /** @type {(x: number, y: number, w: number, h: number) => void} */
  fillRect(x, y, w, h) {
    const fill = escaped(String(this.fillStyle));
    this.#elements.push(`<rect ${this.#box(x, y, w, h)} fill="${fill}"${this.#alpha()}/>`);
  }

  /** @type {(x: number, y: number, w: number, h: number) => void} */
  strokeRect(x, y, w, h) {
    this.#elements.push(`<rect ${this.#box(x, y, w, h)} ${this.#stroked()}${this.#alpha()}/>`);
  }

  /** @type {(text: string, x: number, y: number) => void} */
  fillText(text, x, y) {
    const [, weight = "", size = "11"] = /(\bbold|\b[67]00)?\s*([\d.]+)px/.exec(this.font) ?? [];
    const anchor = ANCHORS[this.textAlign];
    const baseline = BASELINES[/** @type {keyof typeof BASELINES} */ (this.textBaseline)];
    this.#elements.push(
      `<text x="${short(x + this.#origin.x)}" y="${short(y + this.#origin.y)}" font-size="${size}"` +
        `${weight ? ' font-weight="600"' : ""} text-anchor="${anchor}" dominant-baseline="${baseline}"` +
        ` fill="${escaped(String(this.fillStyle))}"${this.#alpha()}>${escaped(text)}</text>`,
    );
  }

  /**
   * The picture, with what it shows in words.
   *
   * @param {number} width
   * @param {number} height
   * @param {string} title
   */
  picture(width, height, title) {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${short(width)} ${short(height)}" width="${short(width)}"` +
      ` height="${short(height)}" role="img" font-family="system-ui, sans-serif" shape-rendering="geometricPrecision">` +
      `<title>${escaped(title)}</title>\n${this.#elements.join("\n")}\n</svg>\n`
    );
  }
}
