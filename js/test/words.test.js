import assert from "node:assert/strict";
import { test } from "node:test";

import { loadNote, rangeOf } from "../routing_lens/words.js";

test("A range goes from the smallest to the largest finite number, and counts what is not finite.", () => {
  assert.equal(rangeOf([0.5, -0.25, 2]), "-0.2500 to 2.0000");
  assert.equal(rangeOf([1, 1.00001]), "1.0000");
  assert.equal(rangeOf([NaN, 0.5, Infinity]), "0.5000 and 2 not finite");
  assert.equal(rangeOf([NaN]), "none and 1 not finite");
  assert.equal(rangeOf([]), "none");
});

test("The range of a million numbers is computed too.", () => {
  assert.equal(rangeOf(Float32Array.from({ length: 2 ** 20 }, (_, i) => i / 2 ** 10)), "0.0000 to 1023.9990");
});

test("What stands below the load names a selected token only where one is selected.", () => {
  const folds = { rows: "", columns: "", load: "" };
  for (const [gates, with_, without] of /** @type {[Float32Array | null, string, string][]} */ ([
    [
      null,
      "Below: the weight of the selected token in each expert.",
      "Select a token to see its weight in each expert",
    ],
    [new Float32Array(6), "Below: the gates of the selected token, solid where", "Select a token to see its gates"],
  ])) {
    const it = /** @type {any} */ ({ hard: gates !== null, gates, capacity: 3, images_per_group: 1, what: "image" });
    const noteAt = (/** @type {number[]} */ [token, expert, slot]) => loadNote(it, folds, { token, expert, slot });
    for (const at of [
      [4, -1, -1],
      [4, 1, 2],
    ])
      assert.ok(noteAt(at).includes(with_));
    for (const at of [
      [-1, 1, 2],
      [-1, 1, -1],
      [-1, -1, -1],
    ]) {
      assert.ok(noteAt(at).endsWith(`${without} below.`));
      assert.ok(!noteAt(at).includes("selected token"));
    }
  }
});
