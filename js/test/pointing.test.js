import assert from "node:assert/strict";
import { test } from "node:test";

import { pointAt } from "../shared/pointing.js";

/** A panel that is told of events, and what its hands did. */
function panel({
  shifted = false,
  ready = true,
  catchUp = () => {},
  beyond = (/** @type {string} */ key) => `after ${key}`,
} = {}) {
  /** @type {Record<string, (event: object) => void>} */
  const handlers = {};
  /** @type {unknown[]} */
  const done = [];
  const target = { getBoundingClientRect: () => ({ left: 10, top: 20 }) };
  const note = (/** @type {string} */ name) => (/** @type {unknown} */ what) => void done.push([name, what]);
  const view = /** @type {any} */ ({
    canvas: () => target,
    catchUp,
    on: (/** @type {unknown} */ _, /** @type {string} */ type, /** @type {() => void} */ handler) =>
      (handlers[type] = handler),
  });
  pointAt(view, ["map"], {
    ready: () => ready,
    under: (name, x, y) => `${name} ${x} ${y}`,
    beyond: (_, key) => (key.startsWith("Arrow") ? beyond(key) : null),
    show: note("show"),
    go: note("go"),
    take: note("take"),
    enter: () => void done.push(["enter"]),
    free: () => void done.push(["free"]),
    shifted: shifted ? { take: note("shift take"), enter: () => void done.push(["shift enter"]) } : undefined,
  });
  return (/** @type {string} */ type, /** @type {object} */ event = {}) => {
    done.length = 0;
    /** @type {string[]} */
    const stopped = [];
    handlers[type]({
      clientX: 13,
      clientY: 24,
      preventDefault: () => stopped.push("prevented"),
      stopPropagation: () => stopped.push("stopped"),
      ...event,
    });
    return [...done, ...stopped];
  };
}

test("A pointer shows what is under it, in pixels of the panel, and nothing once it has left.", () => {
  const send = panel();

  assert.deepEqual(send("pointermove"), [["show", "map 3 4"]]);
  assert.deepEqual(send("pointerleave"), [["show", null]]);
  assert.deepEqual(send("blur"), [["show", null]]);
});

test("A click takes what is under it; with Shift it does so where Shift means nothing.", () => {
  assert.deepEqual(panel()("click"), [["take", "map 3 4"]]);
  assert.deepEqual(panel()("click", { shiftKey: true }), [["take", "map 3 4"]]);
  assert.deepEqual(panel({ shifted: true })("click", { shiftKey: true }), [["shift take", "map 3 4"]]);
});

test("Keys that do something are kept from the notebook, others are left to it.", () => {
  const send = panel();

  assert.deepEqual(send("keydown", { key: "ArrowUp" }), [["go", "after ArrowUp"], "prevented", "stopped"]);
  assert.deepEqual(send("keydown", { key: "Enter" }), [["enter"], "prevented", "stopped"]);
  assert.deepEqual(send("keydown", { key: " " }), [["enter"], "prevented", "stopped"]);
  assert.deepEqual(send("keydown", { key: "Escape" }), [["free"], "prevented", "stopped"]);
  assert.deepEqual(send("keydown", { key: "a" }), []);
  for (const held of ["ctrlKey", "metaKey", "altKey", "shiftKey"])
    for (const key of ["ArrowUp", "Enter"]) assert.deepEqual(send("keydown", { key, [held]: true }), [], held);
});

test("With Shift, Enter compares and arrow keys are left alone.", () => {
  const send = panel({ shifted: true });

  assert.deepEqual(send("keydown", { key: "Enter", shiftKey: true }), [["shift enter"], "prevented", "stopped"]);
  assert.deepEqual(send("keydown", { key: "ArrowUp", shiftKey: true }), []);
  assert.deepEqual(send("mousedown", { shiftKey: true }), ["prevented", "stopped"]);
  assert.deepEqual(send("mousedown"), []);
});

test("Where there is nothing to point at, nothing happens.", () => {
  const send = panel({ ready: false });

  for (const type of ["pointermove", "click"]) assert.deepEqual(send(type), []);
  assert.deepEqual(send("keydown", { key: "ArrowUp" }), []);
});

test("A key and a click act on what was chosen last, though no frame has drawn it yet.", () => {
  let layer = "old";
  const catchUp = () => void (layer = "new");
  const send = panel({ catchUp, beyond: () => `end of the ${layer} layer` });

  assert.deepEqual(send("keydown", { key: "ArrowUp" })[0], ["go", "end of the new layer"]);
  layer = "old";
  send("click");
  assert.equal(layer, "new");
});
