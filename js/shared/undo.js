// What a reader changed, to take it back. One gesture, such as the drag of a slider, is one change.

/** @import { View } from "./mount.js" */

/** @typedef {Record<string, any>} Values */

/** @typedef {{ before: Values, after: Values, gesture: number }} Change */

/** @type {(a: unknown, b: unknown) => boolean} */
const alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const MOST = 100;

/** The changes of one widget, latest last. */
export class History {
  /** @type {Change[]} */
  #done = [];
  /** @type {Change[]} */
  #undone = [];

  /**
   * Remember a change. One of the same gesture that turns the same trait first goes on with the one before.
   *
   * @param {Values} before
   * @param {Values} after
   * @param {number} gesture
   */
  add(before, after, gesture) {
    const [turned] = Object.keys(after);
    const last = this.#done.at(-1);
    if (last && last.gesture === gesture && Object.keys(last.after)[0] === turned) {
      last.before = { ...before, ...last.before };
      last.after = { ...last.after, ...after };
      if (Object.keys(last.after).every((name) => alike(last.before[name], last.after[name]))) this.#done.pop();
    } else if (Object.keys(after).some((name) => !alike(before[name], after[name]))) {
      this.#done.push({ before, after, gesture });
      if (this.#done.length > MOST) this.#done.shift();
    } else return;
    this.#undone = [];
  }

  /**
   * What to set to take back the last change. Traits that have another value since then, which Python gave them, keep
   * it; a change of which nothing is left is passed over.
   *
   * @param {(name: string) => unknown} now
   */
  undo(now) {
    return this.#move(this.#done, this.#undone, "after", "before", now);
  }

  /** @param {(name: string) => unknown} now */
  redo(now) {
    return this.#move(this.#undone, this.#done, "before", "after", now);
  }

  get undoable() {
    return this.#done.length > 0;
  }

  get redoable() {
    return this.#undone.length > 0;
  }

  /**
   * @param {Change[]} from
   * @param {Change[]} to
   * @param {"before" | "after"} has
   * @param {"before" | "after"} gets
   * @param {(name: string) => unknown} now
   * @returns {Values | null}
   */
  #move(from, to, has, gets, now) {
    for (let change = from.pop(); change; change = from.pop()) {
      const { [has]: held, [gets]: given } = change;
      const own = Object.keys(held).filter((name) => alike(now(name), held[name]));
      if (!own.length) continue;
      to.push({ ...change, gesture: -1 });
      return Object.fromEntries(own.map((name) => [name, given[name]]));
    }
    return null;
  }
}

/**
 * Remember what a view sends, and take it back on Ctrl+Z or Cmd+Z within it; with Shift, or on Ctrl+Y, do it again.
 *
 * @param {View<any>} view
 * @param {(sentence: string) => void} tell
 * @param {(history: History) => void} changed Called when there is more or less to take back.
 */
export function bindUndo(view, tell, changed) {
  const { model, root, on } = view;
  const history = new History();
  const { send } = view;
  let gesture = 0;
  /** @type {EventTarget | null} */
  let typing = null;

  view.send = (values) => {
    const before = Object.fromEntries(Object.keys(values).map((name) => [name, model.get(name)]));
    send(values);
    history.add(before, /** @type {Values} */ (values), gesture);
    changed(history);
  };

  /** @param {boolean} back */
  function step(back) {
    const values = back ? history.undo((name) => model.get(name)) : history.redo((name) => model.get(name));
    if (values) send(values);
    changed(history);
    const first = values && Object.keys(values)[0];
    if (first) tell(`${back ? "Undone" : "Done again"}: ${inWords(first, values[first])}.`);
  }

  on(root, "pointerdown", () => gesture++);
  // A slider that is let go, a list and a box are done when they say so.
  on(root, "change", () => {
    gesture++;
    typing = null;
  });
  on(root, "input", (/** @type {Event} */ { target }) => (typing = target));
  on(root, "keydown", (/** @type {KeyboardEvent} */ event) => {
    if (!event.repeat) gesture++;
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
    const { target } = event;
    const box = target instanceof HTMLInputElement && target.type !== "range" && target.type !== "radio";
    if (box && typing === target) return; // what is being typed is the browser's to take back
    event.preventDefault();
    event.stopPropagation();
    step(key === "z" && !event.shiftKey);
  });
  return { undo: () => step(true), redo: () => step(false) };
}

/**
 * A trait and its value, as a reader may know them.
 *
 * @param {string} name
 * @param {unknown} value
 */
function inWords(name, value) {
  const words = name.replaceAll("_", " ");
  if (value === null || value === "" || value === -1) return `${words} is none`;
  return typeof value === "object" ? words : `${words} is ${value}`;
}
