import assert from "node:assert/strict";
import { test } from "node:test";

import { equals, largestAmong, largestFinite } from "../arithmetic/largest.js";

test("The first of the largest values is found among every second one, with how many equal it.", () => {
  const values = [9, 1, 9, 4, 9, 4, 9, 2];

  assert.deepEqual(largestAmong(values, 1, 4, 2), { top: 3, alike: 1 });
  assert.deepEqual(largestAmong(values, 0, 8), { top: 0, alike: 3 });
});

test("Behind the largest of equal values it is said how many others equal it.", () => {
  assert.equal(equals(0, 5), "");
  assert.equal(equals(1, 5), " (1 other is equal)");
  assert.equal(equals(3, 5), " (3 others are equal)");
  assert.equal(equals(4, 5), " (all 5 are equal)");
});

test("What is infinite or no number is not the largest finite value.", () => {
  assert.equal(largestFinite([1, Infinity, 3, NaN], 0), 3);
  assert.equal(largestFinite([-2, NaN], -1), -1);
});
