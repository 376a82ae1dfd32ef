// One way to mount a widget: its element in a cell, its parts and traits, one redraw per frame, and an end that leaves
// nothing behind.

import { explainTerms } from "./terms.js";
import { addTools } from "./tools.js";

/** @import { Exports } from "./exporting.js" */
/** @import { Link } from "./links.js" */

/**
 * What a notebook or a saved page gives a widget; `T` is what its traits hold.
 *
 * @template T
 * @typedef {object} Model
 * @property {<K extends keyof T>(name: K) => T[K]} get
 * @property {<K extends keyof T>(name: K, value: T[K]) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {boolean} [ownsPage] Whether the page is the widget's own, so that its address may say what is shown.
 */

/**
 * Colours that the page gives a drawing, which may be light or dark.
 *
 * @typedef {Record<(typeof INKS)[number], string>} Ink
 */

/**
 * A mounted widget.
 *
 * @template T
 * @typedef {object} View
 * @property {HTMLElement} root
 * @property {AbortSignal} signal Aborted when the widget leaves the page.
 * @property {Model<T>} model
 * @property {(name: string) => HTMLElement} part The element with this `data-part`.
 * @property {(name: string) => HTMLCanvasElement} canvas
 * @property {(name: string) => HTMLCanvasElement} ground The canvas below a panel's own.
 * @property {(name: string) => HTMLInputElement} input
 * @property {(name: string) => HTMLSelectElement} select
 * @property {(name: string) => HTMLButtonElement} button
 * @property {() => void} schedule Draw at the next frame.
 * @property {() => void} refresh Draw at the next frame, the grounds too.
 * @property {() => void} catchUp Draw now what waits for the next frame.
 * @property {() => void} drawNow Draw everything now.
 * @property {(values: Partial<T>) => void} send Set traits, here and in the kernel.
 * @property {Listen} on
 * @property {() => Ink} ink
 * @property {string} note What stands in the status line before all else.
 * @property {{ name: string, restore: () => void } | null} refused A number that was typed and cannot be.
 * @property {() => void} settle Take back what was said of a refused number, and with it the number.
 * @property {(sentence: string) => void} say Write the status line.
 * @property {() => void} end
 */

/** @typedef {<E extends Event>(target: EventTarget, type: string, handler: (event: E) => unknown) => void} Listen */

/**
 * @typedef {object} Options
 * @property {string} name Classes of the element.
 * @property {string} prefix Of the colours among its custom properties.
 * @property {string} page Markup, in which one element has the role "status".
 * @property {(stale: boolean) => void} draw Called once a frame; `stale` when more than the pointer has changed.
 * @property {Exports} [exports] What readers can save; with it come the tools.
 * @property {Link} [link] The traits that a link to a saved page names, and what they may be; it is asked while the view is
 *   made, so it knows the model and nothing of the view.
 * @property {string[]} [observed] Parts whose panels are watched for their size, instead of the whole element.
 */

const INKS = /** @type {const} */ (["text", "line", "bar", "page", "shade", "paper"]);
/**
 * Put a widget into its cell.
 *
 * @template T
 * @param {{ model: Model<T>, el: HTMLElement }} given
 * @param {Options} options
 * @returns {View<T>}
 */
export function mount({ model, el }, { name, prefix, page, draw, exports, link, observed }) {
  const root = document.createElement("div");
  const stop = new AbortController();
  const { signal } = stop;
  root.className = name;
  root.innerHTML = page;
  el.append(root);
  showFault(model, root);
  showNeed(model, root);
  let frame = 0;
  let stale = false;

  /** @param {string} which */
  const part = (which) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${which}"]`));
  const status = /** @type {HTMLElement} */ (root.querySelector("[role=status]"));
  const drawNow = () => {
    const all = stale;
    frame = 0;
    stale = false;
    if (all) keepTermsReached();
    draw(all);
    drawn();
  };
  let drawn = () => {};
  const schedule = () => {
    frame ||= requestAnimationFrame(drawNow);
  };
  const catchUp = () => {
    if (!frame) return;
    cancelAnimationFrame(frame);
    drawNow();
  };
  const refresh = () => {
    stale = true;
    schedule();
  };
  /** @type {Listen} */
  const on = (target, type, handler) =>
    target.addEventListener(type, /** @type {(event: Event) => void} */ (handler), { signal });

  const keepTermsReached = explainTerms(root, on, signal);

  /** @type {View<T>} */
  const view = {
    root,
    signal,
    model,
    part,
    schedule,
    refresh,
    catchUp,
    drawNow() {
      stale = true;
      cancelAnimationFrame(frame);
      drawNow();
    },
    on,
    canvas: (which) => /** @type {HTMLCanvasElement} */ (part(which)),
    ground: (which) => /** @type {HTMLCanvasElement} */ (part(which).previousElementSibling),
    input: (which) => /** @type {HTMLInputElement} */ (part(which)),
    select: (which) => /** @type {HTMLSelectElement} */ (part(which)),
    button: (which) => /** @type {HTMLButtonElement} */ (part(which)),
    note: "",
    refused: null,
    settle() {
      view.note = "";
      view.refused?.restore();
      view.refused = null;
    },
    send(values) {
      view.settle();
      for (const trait of /** @type {(keyof T)[]} */ (Object.keys(values)))
        model.set(trait, /** @type {T[keyof T]} */ (values[trait]));
      model.save_changes();
      schedule();
    },
    ink() {
      const style = getComputedStyle(root);
      const colour = (/** @type {string} */ each) => style.getPropertyValue(`--${prefix}-${each}`).trim();
      return /** @type {Ink} */ (Object.fromEntries(INKS.map((each) => [each, colour(each)])));
    },
    say(sentence) {
      const words = view.note || sentence;
      if (status.textContent !== words) status.textContent = words;
    },
    end() {
      stop.abort();
      resized.disconnect();
      themed.disconnect();
      cancelAnimationFrame(frame);
    },
  };

  // JupyterLab takes a plain Enter for its own, and then it neither presses a button nor ends what was typed.
  on(root, "keydown", (/** @type {KeyboardEvent} */ event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (plain && (event.key === "Enter" || event.key === " ")) event.stopPropagation();
  });

  const resized = new ResizeObserver(refresh);
  const themed = new MutationObserver(refresh);
  const panels = observed?.map((which) => /** @type {Element} */ (part(which).parentElement)) ?? [root];
  for (const panel of panels) resized.observe(panel);
  themed.observe(document.body, { attributes: true });
  on(matchMedia("(prefers-color-scheme: dark)"), "change", refresh);
  on(matchMedia("(forced-colors: active)"), "change", refresh);
  if (exports) drawn = addTools(view, link ? { exports, link } : { exports });
  refresh();
  return view;
}

/**
 * Show below a widget what a Python callback raised at the last change.
 *
 * @param {Model<any>} model
 * @param {HTMLElement} root
 */
function showFault(model, root) {
  const alert = document.createElement("p");
  alert.setAttribute("role", "alert");
  alert.dataset.part = "fault";
  alert.style.fontWeight = "600";
  root.append(alert);
  const tell = () => {
    alert.textContent = model.get("_fault") ?? "";
    alert.hidden = !alert.textContent;
  };
  model.on("change:_fault", tell);
  tell();
}

/**
 * Have a sentence ready below a widget that asks its kernel; the style sheet shows it where that kernel is gone.
 *
 * @param {Model<any>} model
 * @param {HTMLElement} root
 */
function showNeed(model, root) {
  const need = model.get("_needs");
  if (!need) return;
  const words = document.createElement("p");
  words.className = "widget-asleep";
  words.textContent = `The kernel is gone, and this widget needs it because ${need}: run the cell again.`;
  root.append(words);
}
