import assert from "node:assert/strict";
import { test } from "node:test";

import { decades, doubling, evenly } from "../shared/stops.js";

test("Even steps end on round numbers.", () => {
  assert.deepEqual(evenly(0.1, 0.7, 0.2), [0.1, 0.3, 0.5, 0.7]);
});

test("Doubling goes by halves between powers of two, and holds both bounds.", () => {
  assert.deepEqual(doubling(1, 20), [1, 2, 3, 4, 6, 8, 12, 16, 20]);
});

test("Decades stop at 1, 2 and 5 times the powers of ten.", () => {
  assert.deepEqual(decades(0.1, 30), [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30]);
  assert.equal(decades(1e-9, 1).length, 28);
});
