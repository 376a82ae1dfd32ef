// What a reader takes away: a picture of all that is shown, its shapes, its numbers, a link, and the browser's own copy
// of a panel.

import { csvOf } from "./csv.js";
import { paintFor, spoil } from "./painting.js";
import { drawnIn, pageOf, toCanvas, toSvg } from "./picture.js";
import { Shapes } from "./shapes.js";

/** @import { Row } from "./csv.js" */
/** @import { View } from "./mount.js" */
/** @import { Context } from "./painting.js" */

/**
 * What a widget hands to readers.
 *
 * @typedef {object} Exports
 * @property {(() => Row[]) | Record<string, () => Row[]>} csv The numbers that are shown, below a row of names; of
 *   several tables each with what it is of.
 * @property {boolean} [svg] Whether it is drawn from shapes, so that a file of shapes says more than a picture.
 * @property {readonly string[]} [named] The traits that name the file; without them, all of the link.
 * @property {() => string} [state] What the picture shows, in words; without it, the traits of the link.
 * @property {() => boolean} [moving] Whether the view moves by itself.
 * @property {Choice[]} [more] Further entries of the menu, below the picture.
 */

/** @typedef {{ label: string, take: () => unknown }} Choice An entry of the menu. */

const RATIO = 2;

/**
 * The files that a view offers.
 *
 * @param {View<any>} view
 * @param {Exports} exports
 * @param {() => Record<string, unknown>} state The public traits that say what is shown.
 * @returns {Choice[]}
 */
export function filesOf(view, { csv, svg = false, named, state: worded, more = [] }, state) {
  const { root } = view;
  const name = root.classList[root.classList.length - 1];
  const title = `${name[0].toUpperCase()}${name.slice(1).replaceAll("-", " ")}`;
  const words = () => worded?.() ?? inWords(state());
  const facts = () => Object.entries(state()).filter(([trait]) => named?.includes(trait) ?? true);
  const file = (/** @type {string} */ kind) => `${fileNameOf(name, Object.fromEntries(facts()))}.${kind}`;
  const choices = [
    {
      label: "Picture (PNG)",
      async take() {
        const canvas = pictureOf(view, title, words());
        return download(/** @type {Blob} */ (await blobOf(canvas)), file("png"));
      },
    },
    ...Object.entries(typeof csv === "function" ? { "": csv } : csv).map(([what, rows]) => ({
      label: `Numbers${what && ` of the ${what}`} (CSV)`,
      take: () => download(new Blob([csvOf(rows())], { type: "text/csv" }), file(`${what && `${what}.`}csv`)),
    })),
  ];
  const shapes = {
    label: "Shapes (SVG)",
    take: () => download(new Blob([shapesOf(view, title, words())], { type: "image/svg+xml" }), file("svg")),
  };
  return [choices[0], ...(svg ? [shapes] : []), ...more, ...choices.slice(1)];
}

/** @type {(canvas: HTMLCanvasElement) => Promise<Blob | null>} */
const blobOf = (canvas) => new Promise((done) => canvas.toBlob(done));

/**
 * @param {View<any>} view
 * @param {string} title
 * @param {string} words
 */
function pictureOf(view, title, words) {
  /** @type {HTMLCanvasElement | null} */
  let canvas = null;
  paintFor(RATIO, null, () => {
    view.drawNow();
    canvas = toCanvas(drawnIn(view.root, title, words), RATIO);
  });
  view.drawNow();
  return /** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (canvas));
}

/**
 * @param {View<any>} view
 * @param {string} title
 * @param {string} words
 */
function shapesOf(view, title, words) {
  /** @type {Map<HTMLCanvasElement, Shapes>} */
  const recorded = new Map();
  let text = "";
  /** @type {(canvas: HTMLCanvasElement, width: number, height: number) => Context} */
  const recorder = (canvas, width, height) => {
    const shapes = new Shapes(canvas, width, height);
    recorded.set(canvas, shapes);
    return /** @type {Context} */ (/** @type {unknown} */ (shapes));
  };
  paintFor(RATIO, recorder, () => {
    view.drawNow();
    text = toSvg(drawnIn(view.root, title, words), recorded, `${title}: ${words}`);
  });
  view.drawNow();
  return text;
}

/** @param {Record<string, unknown>} state */
const inWords = (state) =>
  Object.entries(state)
    .filter(([, value]) => value !== -1 && value !== "" && (typeof value !== "object" || value === null))
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${value ?? "none"}`)
    .join(", ");

/**
 * A name that says the widget and its state, for any file system.
 *
 * @param {string} widget
 * @param {Record<string, unknown>} state
 */
export function fileNameOf(widget, state) {
  const facts = Object.entries(state)
    .filter(([, value]) => value !== -1 && value !== "" && typeof value !== "object")
    .map(([name, value]) => (typeof value === "string" ? value : `${name}-${value}`));
  const safe = [widget, ...facts].map((each) => each.replaceAll(/[^\p{L}\p{N}.]+/gu, "-").replaceAll(/^-|-$/g, ""));
  let name = safe[0];
  for (const each of safe.slice(1)) if (name.length + each.length < 90) name += `-${each}`;
  return name;
}

/**
 * Hand a file to the browser.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return `Saved as ${name}.`;
}

/**
 * Put a text on the clipboard; where the browser does not let us, as in some frames, show it to be copied.
 *
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Link copied.";
  } catch {
    return `Copy this link: ${text}`;
  }
}

/**
 * Have the browser's own "copy image" and "save image" find the picture: a panel's layer for the pointer lies above its
 * ground, and would be copied alone. From the opening of that menu until the next move, the layer holds both.
 *
 * @param {View<any>} view
 * @returns {() => void} To be called after each drawing.
 */
export function bindCopies({ root, on, schedule }) {
  let asked = false;
  const merge = () => {
    if (!asked) return;
    for (const layer of root.querySelectorAll("canvas + canvas")) {
      const ctx = /** @type {Context} */ (/** @type {HTMLCanvasElement} */ (layer).getContext("2d"));
      const { width, height } = ctx.canvas;
      ctx.save();
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.globalCompositeOperation = "destination-over";
      if (width && height)
        ctx.drawImage(/** @type {HTMLCanvasElement} */ (layer.previousElementSibling), 0, 0, width, height);
      ctx.fillStyle = pageOf(root);
      ctx.fillRect(0, 0, width, height);
      ctx.restore();
    }
  };
  on(root, "contextmenu", () => {
    asked = true;
    merge();
  });
  for (const type of ["pointermove", "pointerdown", "keydown"])
    on(root, type, () => {
      if (!asked) return;
      asked = false;
      spoil();
      schedule();
    });
  return merge;
}
