import assert from "node:assert/strict";
import { test } from "node:test";

import { rounded, written } from "../arithmetic/cost.js";

test("A mean is rounded to whole numbers from 100 on, and to three digits under that.", () => {
  const means = [1157454.367, 100.49, 99.96, 42.345, 7.0714, 0.03125, 0];

  assert.deepEqual(means.map(rounded), [1157454, 100, 100, 42.3, 7.07, 0.0313, 0]);
});

test("A number is written in full where that fits or it is under a million, else with four digits and M, G or T.", () => {
  const numbers = [999_999, 1_000_000, 38_991_744, 34_359_738_369, 2 ** 51, 2 ** 53];
  const short = ["999,999", "1\u00a0M", "38.99\u00a0M", "34.36\u00a0G", "2,252\u00a0T", "9,007\u00a0T"];

  assert.deepEqual(
    numbers.map((x) => written(x)),
    numbers.map((x) => x.toLocaleString("en-US")),
  );
  assert.deepEqual(
    numbers.map((x) => written(x, () => false)),
    short,
  );
});
