// Pointer and keyboard on the panels of a widget: what is under the pointer is shown, a click or Enter takes it, arrow
// keys go on from it, Escape unpins it.

/** @import { View } from "./mount.js" */

/**
 * What a widget makes of pointer and keys; `P` is a selection in a panel, `N` the name of a panel.
 *
 * @template P
 * @template {string} N
 * @typedef {object} Hands
 * @property {() => unknown} ready Whether there is something to point at.
 * @property {(panel: N, x: number, y: number) => P} under What lies at a point of a panel, in CSS pixels.
 * @property {(panel: N, key: string) => P | null} beyond Where a key leads to, or null for a key that leads nowhere.
 * @property {(place: P | null) => void} show Show what is pointed at; null for nothing.
 * @property {(place: P) => void} go Go on to where a key leads to.
 * @property {(place: P, panel: N) => void} take What a click does to a selection.
 * @property {(panel: N) => boolean | void} enter What Enter does; false where it does nothing.
 * @property {() => void} free What Escape does.
 * @property {{ take: (place: P) => void, enter: () => void }} [shifted] The same with Shift, where that means something.
 */

/**
 * @template P
 * @template {string} N
 * @param {View<any>} view
 * @param {readonly N[]} panels
 * @param {Hands<P, N>} hands
 */
export function pointAt(
  { canvas, on, catchUp },
  panels,
  { ready, under, beyond, show, go, take, enter, free, shifted },
) {
  for (const panel of panels) {
    const target = canvas(panel);
    const at = (/** @type {MouseEvent} */ event) => {
      const frame = target.getBoundingClientRect();
      return under(panel, event.clientX - frame.left, event.clientY - frame.top);
    };

    /** @type {(event: KeyboardEvent) => boolean} Whether the key did something. */
    const press = ({ key, shiftKey }) => {
      const next = shiftKey ? null : beyond(panel, key);
      if (next) go(next);
      else if (key === "Enter" || key === " ") return (shiftKey && shifted ? shifted.enter() : enter(panel)) !== false;
      else if (key === "Escape") free();
      else return false;
      return true;
    };

    on(target, "pointermove", (/** @type {PointerEvent} */ event) => ready() && show(at(event)));
    on(target, "pointerleave", () => show(null));
    on(target, "blur", () => show(null));
    // Where frames are slow, a click or a key may come before what was chosen last is drawn.
    on(target, "click", (/** @type {MouseEvent} */ event) => {
      catchUp();
      if (!ready()) return;
      if (event.shiftKey && shifted) shifted.take(at(event));
      else take(at(event), panel);
    });
    on(target, "mousedown", (/** @type {MouseEvent} */ event) => {
      // The notebook would select cells, and the page text, up to here.
      if (event.shiftKey && shifted) stop(event);
    });
    on(target, "keydown", (/** @type {KeyboardEvent} */ event) => {
      catchUp();
      const held = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && !shifted);
      if (ready() && !held && press(event)) stop(event);
    });
  }
}

/** @param {Event} event */
function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** @type {Record<string, number>} */
const ACROSS = { ArrowLeft: -1, ArrowRight: 1 };
/** @type {Record<string, number>} */
const DOWN = { ArrowUp: -1, ArrowDown: 1 };
/** @type {Record<string, number>} */
const FAR = { Home: -Infinity, End: Infinity };

/** @typedef {{ across: number, down: number, far: number }} Steps */

/**
 * How far a key moves; Home and End go as far as there is. Null for a key that moves nothing.
 *
 * @param {string} key
 * @returns {Steps | null}
 */
export function stepsOf(key) {
  const across = ACROSS[key] ?? 0;
  const down = DOWN[key] ?? 0;
  const far = FAR[key] ?? 0;
  return across || down || far ? { across, down, far } : null;
}

/**
 * The index so far on among `count`: from none (-1) a step leads to the first.
 *
 * @param {number} from
 * @param {number} by
 * @param {number} count
 */
export function onward(from, by, count) {
  const next = from < 0 && Number.isFinite(by) ? 0 : from + by;
  return Math.min(Math.max(next, 0), count - 1);
}
