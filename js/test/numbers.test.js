import assert from "node:assert/strict";
import { test } from "node:test";

import { number, percent } from "../shared/numbers.js";

test("A number has four significant digits at most, no zeros at its end, and powers of ten where it is very small.", () => {
  const told = [0, 1, 0.0625, 0.123456, 0.9998, 12.3456, 999.96, 1234.6, 37883905, -0.5];
  assert.deepEqual(told.map(number), [
    "0",
    "1",
    "0.0625",
    "0.1235",
    "0.9998",
    "12.35",
    "1,000",
    "1,235",
    "37,883,905",
    "-0.5",
  ]);
  assert.deepEqual([0.001, 0.00099951, -0.0000123456].map(number), ["0.001", "1.00e-3", "-1.23e-5"]);
  assert.deepEqual([NaN, Infinity, -Infinity].map(number), ["NaN", "Infinity", "-Infinity"]);
});

test("A share has one decimal, and half a tenth is rounded up.", () => {
  assert.deepEqual([0, 0.0625, 0.1875, 0.5, 1].map(percent), ["0.0 %", "6.3 %", "18.8 %", "50.0 %", "100.0 %"]);
});
