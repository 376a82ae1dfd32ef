// What a widget shows, without its controls, as a list of boxes, lines of text and canvases: a picture to save.

import { escaped, imageOf, newId, round, written } from "./shapes.js";

/** @import { Context } from "./painting.js" */
/** @import { Shapes } from "./shapes.js" */

/** @typedef {{ x: number, y: number, w: number, h: number, alpha: number }} Placed */

/** @typedef {{ colour: string, at: number }[]} Ramp Colours from left to right, each with its position from 0 to 1. */

/** @typedef {{ colour: string, thick: number, period: number, turned: number }} Stripes In pixels and degrees. */

/**
 * @typedef {Placed & ({ kind: "box", fill: string } | { kind: "frame", colour: string }
 *   | { kind: "ramp", ramp: Ramp } | { kind: "stripes", stripes: Stripes }
 *   | { kind: "dots", colour: string, radius: number, period: number }
 *   | { kind: "text", text: string, font: string, colour: string, base: number }
 *   | { kind: "canvas", canvas: HTMLCanvasElement })} Item
 */

/** @typedef {{ width: number, height: number, page: string, items: Item[] }} Drawn */

/** Controls and what helps to use them, but for buttons whose words name what they stand beside. */
const LEFT_OUT =
  'input, select, textarea, fieldset, button:not(:has(> i), .explorer-term, [data-picture="yes"] button), ' +
  "details:not([open]), details:has(> .explorer-controls), .explorer-controls, .explorer-knob, .explorer-list, " +
  ".routing-lens-controls, .explorer-keys, .explorer-meaning, .explorer-status:has([role=status]:empty), " +
  '.widget-tools, .widget-asleep, [data-picture="no"]';
const MARGIN = 16;
const GAP = 14;
const CLEAR = /^(transparent|rgba\(.*, 0\))$/;
const COLOUR = /(?:rgba?|hsla?|color|lab|lch|oklab|oklch)\([^()]*\)/g;

/**
 * What is on the page within an element, below a heading and a line of words.
 *
 * @param {HTMLElement} root
 * @param {string} title
 * @param {string} words
 * @returns {Drawn}
 */
export function drawnIn(root, title, words) {
  const frame = root.getBoundingClientRect();
  /** @type {Item[]} */
  const items = [];
  collect(root, frame, 1, items);
  const style = getComputedStyle(root);
  const family = style.fontFamily;
  const left = Math.min(...items.map(({ x }) => x), frame.width);
  const width = Math.max(...items.map(({ x, w }) => x + w), left + 1) - left;
  const head = heading(title, words, Math.max(width, 320), family, style.color);
  const high = below(head);
  const closed = closeGaps(items);
  for (const item of closed) item.x += MARGIN - left;
  for (const item of closed) item.y += high + GAP;
  for (const item of closed) if (item.kind === "text") item.base += high + GAP;
  const all = [...head, ...closed];
  return {
    width: Math.ceil(Math.max(...all.map(({ x, w }) => x + w)) + MARGIN),
    height: Math.ceil(below(all) + MARGIN),
    page: pageOf(root),
    items: all,
  };
}

/** @param {Item[]} items */
const below = (items) => Math.max(0, ...items.map(({ y, h }) => y + h));

/**
 * @param {Element} element
 * @param {DOMRect} frame
 * @param {number} alpha
 * @param {Item[]} items
 */
function collect(element, frame, alpha, items) {
  if (element.matches(LEFT_OUT) || element.checkVisibility?.({ visibilityProperty: true }) === false) return;
  const style = getComputedStyle(element);
  const rect = element.getBoundingClientRect();
  const own = alpha * Number(style.opacity);
  const at = { x: rect.left - frame.left, y: rect.top - frame.top, w: rect.width, h: rect.height, alpha: own };
  // What only a screen reader is to find is a pixel wide.
  if (style.position === "absolute" && rect.width <= 1) return;
  if (element instanceof HTMLCanvasElement) {
    if (rect.width && rect.height) items.push({ ...at, kind: "canvas", canvas: element });
    return;
  }
  if (rect.width && rect.height) items.push(...boxesOf(style, at));
  if (element.localName === "mfrac") items.push(...fractionLine(element, frame, style.color, own));
  for (const child of element.childNodes) {
    if (child instanceof Element) collect(child, frame, own, items);
    else if (child instanceof Text) items.push(...linesOf(child, frame, style, own));
  }
}

/**
 * The ground, the border and the pattern of an element.
 *
 * @param {CSSStyleDeclaration} style
 * @param {Placed} at
 * @returns {Item[]}
 */
function boxesOf(style, at) {
  /** @type {Item[]} */
  const boxes = [];
  if (!CLEAR.test(style.backgroundColor)) boxes.push({ ...at, kind: "box", fill: style.backgroundColor });
  for (const layer of layersOf(style.backgroundImage).reverse()) {
    const pattern = patternOf(layer, style.backgroundSize);
    if (pattern) boxes.push({ ...at, ...pattern });
  }
  const [edge] = style.boxShadow.match(COLOUR) ?? [];
  if (edge && style.boxShadow.includes("inset")) boxes.push({ ...at, kind: "frame", colour: edge });
  const { x, y, w, h } = at;
  for (const [side, box] of /** @type {["Top" | "Right" | "Bottom" | "Left", (wide: number) => Partial<Placed>][]} */ ([
    ["Top", (wide) => ({ h: wide })],
    ["Right", (wide) => ({ x: x + w - wide, w: wide })],
    ["Bottom", (wide) => ({ y: y + h - wide, h: wide })],
    ["Left", (wide) => ({ w: wide })],
  ])) {
    const wide = parseFloat(style[`border${side}Width`]);
    const fill = style[`border${side}Color`];
    if (wide && !CLEAR.test(fill)) boxes.push({ ...at, ...box(wide), kind: "box", fill });
  }
  return boxes;
}

/**
 * The layers of a background, which commas part.
 *
 * @param {string} image
 */
const layersOf = (image) => (image === "none" ? [] : image.split(/,\s*(?=(?:repeating-)?(?:linear|radial)-gradient)/));

/**
 * A ramp from left to right, stripes or dots; null for what else a background may be.
 *
 * @param {string} layer
 * @param {string} size
 * @returns {{ kind: "ramp", ramp: Ramp } | { kind: "stripes", stripes: Stripes }
 *   | { kind: "dots", colour: string, radius: number, period: number } | null}
 */
export function patternOf(layer, size) {
  const colours = [...layer.matchAll(COLOUR)].map((each) => each[0]);
  const lengths = [...layer.matchAll(/(-?[\d.]+)px/g)].map((each) => Number(each[1]));
  if (layer.startsWith("repeating-linear-gradient")) {
    const angle = Number(/\(([-\d.]+)deg/.exec(layer)?.[1] ?? 180);
    const thick = lengths.find((each) => each > 0) ?? 1;
    return {
      kind: "stripes",
      stripes: { colour: colours[0], thick, period: Math.max(...lengths), turned: angle - 90 },
    };
  }
  if (layer.startsWith("radial-gradient") && lengths.length)
    return { kind: "dots", colour: colours[0], radius: lengths[0], period: parseFloat(size) || 4 };
  if (!/^linear-gradient\((to right|90deg)/.test(layer) || !colours.length) return null;
  const stops = [...layer.matchAll(new RegExp(`(${COLOUR.source})\\s*([\\d.]+)?(?=[%,)])`, "g"))];
  const given = stops.map(([, colour, at]) => ({ colour, at: at === undefined ? -1 : Number(at) / 100 }));
  const even = given.every(({ at }) => at < 0);
  const ends = given.map(({ colour, at }, i) => {
    if (even) return { colour, at: i / Math.max(given.length - 1, 1) };
    return { colour, at: at >= 0 ? at : i ? 1 : 0 };
  });
  return { kind: "ramp", ramp: ends };
}

/**
 * The line of a fraction, between what is over and under it.
 *
 * @param {Element} fraction
 * @param {DOMRect} frame
 * @param {string} fill
 * @param {number} alpha
 * @returns {Item[]}
 */
function fractionLine(fraction, frame, fill, alpha) {
  const [over, under] = [...fraction.children].map((each) => each.getBoundingClientRect());
  if (!over || !under) return [];
  const { left, width } = fraction.getBoundingClientRect();
  return [
    { kind: "box", x: left - frame.left, y: (over.bottom + under.top) / 2 - frame.top, w: width, h: 1, fill, alpha },
  ];
}

/**
 * The lines that a text is broken into.
 *
 * @param {Text} text
 * @param {DOMRect} frame
 * @param {CSSStyleDeclaration} style
 * @param {number} alpha
 * @returns {Item[]}
 */
function linesOf(text, frame, style, alpha) {
  /** @type {(Placed & { text: string })[]} */
  const lines = [];
  const range = document.createRange();
  for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const rect = range.getClientRects()[0];
    if (!rect?.width) continue;
    const [x, y] = [rect.left - frame.left, rect.top - frame.top];
    const line = lines.at(-1);
    if (line && Math.abs(line.y - y) < 2 && x >= line.x + line.w) {
      line.text += ` ${word}`;
      line.w = x + rect.width - line.x;
    } else lines.push({ x, y, w: rect.width, h: rect.height, text: word, alpha });
  }
  const font = fontOf(style);
  return lines.map((line) => ({ ...line, kind: "text", font, colour: style.color, base: baseOf(font, line) }));
}

/** @param {CSSStyleDeclaration} style */
const fontOf = ({ fontStyle, fontWeight, fontSize, fontFamily }) =>
  `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;

const measuring = () => /** @type {Context} */ (document.createElement("canvas").getContext("2d"));

/**
 * Where the letters of a line stand.
 *
 * @param {string} font
 * @param {{ y: number, h: number }} line
 */
function baseOf(font, { y, h }) {
  const ctx = measuring();
  ctx.font = font;
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = ctx.measureText("x");
  return y + (h - up - down) / 2 + up;
}

/**
 * @param {string} title
 * @param {string} words
 * @param {number} width
 * @param {string} family
 * @param {string} colour
 * @returns {Item[]}
 */
function heading(title, words, width, family, colour) {
  const ctx = measuring();
  /** @type {Item[]} */
  const items = [];
  let y = MARGIN;
  /** @type {(text: string, font: string, h: number) => void} */
  const put = (text, font, h) => {
    ctx.font = font;
    const w = ctx.measureText(text).width;
    items.push({ kind: "text", x: MARGIN, y, w, h, alpha: 1, text, font, colour, base: y + 0.78 * h });
    y += h;
  };
  put(title, `normal 600 16px ${family}`, 22);
  const font = `normal 400 12px ${family}`;
  let line = "";
  for (const word of words.split(" ").filter(Boolean)) {
    ctx.font = font;
    const longer = line ? `${line} ${word}` : word;
    if (line && ctx.measureText(longer).width > width) {
      put(line, font, 17);
      line = word;
    } else line = longer;
  }
  if (line) put(line, font, 17);
  return items;
}

/**
 * Move up what controls leave empty above it: nothing is drawn there.
 *
 * @param {Item[]} items
 * @returns {Item[]}
 */
function closeGaps(items) {
  const spans = items.map(({ y, h }) => [y, y + h]).sort((a, b) => a[0] - b[0]);
  /** @type {[from: number, by: number][]} From where on by how much. */
  const moves = [];
  let end = -GAP;
  let by = 0;
  for (const [from, to] of spans) {
    if (from > end + GAP) by += from - end - GAP;
    if (moves.at(-1)?.[1] !== by) moves.push([from, by]);
    end = Math.max(end, to);
  }
  const up = (/** @type {number} */ y) => moves.findLast(([from]) => from <= y)?.[1] ?? 0;
  return items.map((item) => {
    const move = up(item.y);
    const moved = { ...item, y: item.y - move };
    return moved.kind === "text" ? { ...moved, base: moved.base - move } : moved;
  });
}

/**
 * The colour that is seen behind an element.
 *
 * @param {Element} element
 */
export function pageOf(element) {
  for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!CLEAR.test(backgroundColor)) return backgroundColor;
  }
  const probe = document.createElement("i");
  probe.style.color = "canvas";
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/**
 * Paint a picture.
 *
 * @param {Drawn} drawn
 * @param {number} ratio Pixels for each CSS pixel.
 */
export function toCanvas({ width, height, page, items }, ratio) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const ctx = /** @type {Context} */ (canvas.getContext("2d"));
  ctx.scale(ratio, ratio);
  ctx.fillStyle = page;
  ctx.fillRect(0, 0, width, height);
  for (const item of items) {
    const { x, y, w, h } = item;
    ctx.save();
    ctx.globalAlpha = item.alpha;
    if (item.kind === "text") {
      Object.assign(ctx, { font: item.font, fillStyle: item.colour });
      ctx.fillText(item.text, x, item.base);
    } else if (item.kind === "canvas") ctx.drawImage(item.canvas, ...onPixels(item, item.canvas, ratio));
    else if (item.kind === "frame") {
      Object.assign(ctx, { strokeStyle: item.colour, lineWidth: 1 });
      ctx.strokeRect(x + 0.5, y + 0.5, Math.max(w - 1, 0), Math.max(h - 1, 0));
    } else {
      ctx.beginPath();
      ctx.rect(x, y, w, h);
      if (item.kind === "box") ctx.fillStyle = item.fill;
      else if (item.kind === "ramp") {
        const ramp = ctx.createLinearGradient(x, 0, x + w, 0);
        for (const { colour, at } of item.ramp) ramp.addColorStop(at, colour);
        ctx.fillStyle = ramp;
      }
      if (item.kind === "box" || item.kind === "ramp") ctx.fill();
      else {
        ctx.clip();
        if (item.kind === "stripes") paintStripes(ctx, item, item.stripes);
        else paintDots(ctx, item, item);
      }
    }
    ctx.restore();
  }
  return canvas;
}

/**
 * Where a canvas lies pixel on pixel, so that its lines stay sharp.
 *
 * @param {Placed} at
 * @param {HTMLCanvasElement} canvas
 * @param {number} ratio
 * @returns {[x: number, y: number, w: number, h: number]}
 */
function onPixels({ x, y, w, h }, canvas, ratio) {
  const size = (/** @type {number} */ wide, /** @type {number} */ has) =>
    Math.abs(wide * ratio - has) < 2 ? has / ratio : wide;
  return [Math.round(x * ratio) / ratio, Math.round(y * ratio) / ratio, size(w, canvas.width), size(h, canvas.height)];
}

/**
 * @param {Context} ctx
 * @param {Placed} at
 * @param {Stripes} stripes
 */
function paintStripes(ctx, { x, y, w, h }, { colour, thick, period, turned }) {
  const far = Math.hypot(w, h);
  ctx.translate(x, y);
  ctx.rotate((Math.PI * turned) / 180);
  ctx.fillStyle = colour;
  for (let at = -Math.ceil(far / period) * period; at < far; at += period) ctx.fillRect(at, -far, thick, 2 * far);
}

/**
 * @param {Context} ctx
 * @param {Placed} at
 * @param {{ colour: string, radius: number, period: number }} dots
 */
function paintDots(ctx, { x, y, w, h }, { colour, radius, period }) {
  ctx.fillStyle = colour;
  for (let row = period / 2; row < h + radius; row += period)
    for (let column = period / 2; column < w + radius; column += period) {
      ctx.beginPath();
      ctx.arc(x + column, y + row, radius, 0, 2 * Math.PI);
      ctx.fill();
    }
}

/**
 * Write a picture as shapes; what is painted on a canvas was recorded, or stays pixels.
 *
 * @param {Drawn} drawn
 * @param {Map<HTMLCanvasElement, Shapes>} recorded
 * @param {string} title
 */
export function toSvg({ width, height, page, items }, recorded, title) {
  const body = items.map((item) => shapeOf(item, recorded)).join("\n");
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  return (
    `<svg xmlns="http://www.w3.org/2000/svg"${written({ ...size, role: "img" })}>\n<title>${escaped(title)}</title>\n` +
    `<rect${written({ width, height, fill: page })}/>\n${body}\n</svg>\n`
  );
}

/**
 * @param {Item} item
 * @param {Map<HTMLCanvasElement, Shapes>} recorded
 */
function shapeOf(item, recorded) {
  const opacity = item.alpha === 1 ? undefined : item.alpha;
  const box = { x: item.x, y: item.y, width: item.w, height: item.h, opacity };
  const rect = (/** @type {Record<string, string | number>} */ more) => `<rect${written({ ...box, ...more })}/>`;
  if (item.kind === "box") return rect({ fill: item.fill });
  if (item.kind === "frame") {
    const inner = {
      x: item.x + 0.5,
      y: item.y + 0.5,
      width: Math.max(item.w - 1, 0.01),
      height: Math.max(item.h - 1, 0.01),
    };
    return rect({ ...inner, fill: "none", stroke: item.colour });
  }
  if (item.kind === "text") {
    const { x, base: y, font, colour: fill } = item;
    return `<text${written({ x, y, fill, opacity, style: `font: ${font}` })}>${escaped(item.text)}</text>`;
  }
  if (item.kind === "canvas") {
    const shapes = recorded.get(item.canvas);
    if (!shapes) return `<image${written({ ...box, ...imageOf(item.canvas) })}/>`;
    return `<g transform="translate(${round(item.x)} ${round(item.y)})">${shapes.markup}</g>`;
  }
  const id = newId();
  return definitionOf(item, id) + rect({ fill: `url(#${id})` });
}

/**
 * @param {Item & { kind: "ramp" | "stripes" | "dots" }} item
 * @param {string} id
 */
function definitionOf(item, id) {
  if (item.kind === "ramp") {
    const stops = item.ramp.map(({ colour, at }) => `<stop${written({ offset: at, "stop-color": colour })}/>`);
    return `<linearGradient id="${id}">${stops.join("")}</linearGradient>`;
  }
  const period = item.kind === "dots" ? item.period : item.stripes.period;
  const size = { id, width: period, height: period, patternUnits: "userSpaceOnUse" };
  const inside =
    item.kind === "dots"
      ? `<circle${written({ cx: period / 2, cy: period / 2, r: item.radius, fill: item.colour })}/>`
      : `<rect${written({ width: item.stripes.thick, height: period, fill: item.stripes.colour })}/>`;
  const turned = item.kind === "dots" ? undefined : `rotate(${round(item.stripes.turned)})`;
  return `<pattern${written({ ...size, patternTransform: turned })}>${inside}</pattern>`;
}
