import assert from "node:assert/strict";
import { test } from "node:test";

import { loads } from "../arithmetic/facts.js";
import { route } from "../arithmetic/routing.js";

// Three tokens and two experts of one slot: tokens 0 and 1 prefer expert 0, token 1 more than token 0.
const LOGITS = Float32Array.of(2, 1, 3, 0, 0, 1);
const SIZES = { b: 1, n: 3, e: 2, p: 1 };
const TWO_CHOICES = { router: "tokens choice", topK: 2, capacityFactor: 0.34, rounding: "round" };

test("First choices come before second ones, and a full expert turns the next token away.", () => {
  const it = route(LOGITS, SIZES, TWO_CHOICES);
  const rows = it.arrivals?.[0].map(({ token, choice, expert, place }) => [token, choice, expert, place]);

  assert.deepEqual(rows, [
    [0, 0, 0, 0],
    [1, 0, 0, 1],
    [2, 0, 1, 0],
    [0, 1, 1, 1],
    [1, 1, 1, 2],
    [2, 1, 0, 2],
  ]);
  assert.deepEqual([it.p, [...(it.token ?? [])]], [1, [0, 2]]);
  assert.deepEqual([...loads(it).dropped], [0, 1, 0]);
});

test("By gate the token with the larger gate comes first.", () => {
  const it = route(LOGITS, SIZES, { ...TWO_CHOICES, priority: "gate" });

  assert.deepEqual(
    it.arrivals?.[0].map(({ token }) => token),
    [1, 0, 2, 1, 0, 2],
  );
  assert.deepEqual([...(it.token ?? [])], [1, 2]);
});

test("Padding is sent to no expert, in any sparse router.", () => {
  for (const router of ["tokens choice", "experts choice", "identity"]) {
    const { token = [] } = route(LOGITS, SIZES, { router, mask: [0, 1, 1] });
    assert.ok(![...token].includes(0), router);
    assert.ok([...token].includes(1), router);
  }
});
