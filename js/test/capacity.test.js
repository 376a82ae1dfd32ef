import assert from "node:assert/strict";
import { test } from "node:test";

import { ratesOf, sampleOf, spread } from "../arithmetic/capacity.js";

const STATE = { tokens: 49, num_experts: 32, top_k: 2, skew: 0.4, seed: 3 };

test("A token never chooses an expert twice, and only experts that there are.", () => {
  for (const [tokens, num_experts, top_k, skew] of [
    [7, 4, 1, 0],
    [49, 7, 2, 1.3],
    [5, 1, 1, 0.4],
    [130, 19, 3, 0],
    [49, 3, 3, 1.3],
  ]) {
    const { choices } = sampleOf({ tokens, num_experts, top_k, skew, seed: 5 }, 2);
    for (let t = 0; t < tokens; t++) {
      const own = [...choices.subarray(t * top_k, (t + 1) * top_k)];
      assert.equal(new Set(own).size, top_k);
      assert.ok(own.every((expert) => expert >= 0 && expert < num_experts));
    }
  }
});

test("The same seed and number give the same sample, another seed or number another one.", () => {
  const first = sampleOf(STATE, 0);

  assert.deepEqual(sampleOf(STATE, 0), first);
  assert.notDeepEqual(sampleOf({ ...STATE, seed: 4 }, 0).choices, first.choices);
  assert.notDeepEqual(sampleOf(STATE, 1).choices, first.choices);
});

test("A choice is lost at every capacity up to its place, and a token where all of its choices are.", () => {
  const place = Int32Array.of(0, 2, 1, 0, 2, 1); // of three tokens with two choices each
  const { choices, tokens } = ratesOf({ place, best: Int32Array.of(0, 0, 1) }, 3);

  const short = (/** @type {Float64Array} */ shares) => [...shares.subarray(0, 4)].map((x) => x.toFixed(9));

  assert.deepEqual(short(choices), ["1.000000000", "0.666666667", "0.333333333", "0.000000000"]);
  assert.deepEqual(short(tokens), ["1.000000000", "0.333333333", "0.000000000", "0.000000000"]);
});

test("A spread is the least, the mean and the most.", () => {
  assert.deepEqual(spread([0.5, 0.25, 0.75, 0.5]), { low: 0.25, mean: 0.5, high: 0.75 });
});
