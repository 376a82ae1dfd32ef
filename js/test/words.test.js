import assert from "node:assert/strict";
import { test } from "node:test";

import { rangeOf } from "../routing_lens/words.js";

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
