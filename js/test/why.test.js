import assert from "node:assert/strict";
import { test } from "node:test";

import { route } from "../arithmetic/routing.js";
import {
  droppedTold,
  holdersTold,
  listed,
  missOf,
  missTold,
  nearestMiss,
  neverDroppedTold,
  refusalOf,
  refusalsOf,
  sumTold,
} from "../arithmetic/why.js";

/** @param {number} token */
const name = (token) => `token ${token}`;

/**
 * Scores whose softmax over experts is this.
 *
 * @param {number[][]} gates
 */
const logitsOf = (gates) => Float32Array.from(gates.flat(), Math.log);

/**
 * Route gates of one group by tokens choice, and give what why.js reads.
 *
 * @param {number[][]} gates
 * @param {number} capacity
 * @param {{ topK?: number, priority?: string }} [settings]
 */
function choosing(gates, capacity, { topK = 1, priority = "position" } = {}) {
  const sizes = { b: 1, n: gates.length, e: gates[0].length, p: 1 };
  const capacityFactor = (capacity * sizes.e) / (sizes.n * topK);
  const it = route(logitsOf(gates), sizes, {
    router: "tokens choice",
    topK,
    priority,
    capacityFactor,
    rounding: "round",
  });
  if (!it.sparse || !it.gates || !it.chosen) throw new Error("tokens choice is sparse");
  return { ...it, gates: it.gates, asked: it.chosen.expert, priority };
}

/**
 * @param {number[][]} gates
 * @param {number} capacity
 */
function taking(gates, capacity) {
  const sizes = { b: 1, n: gates.length, e: gates[0].length, p: 1 };
  const it = route(logitsOf(gates), sizes, {
    router: "experts choice",
    capacityFactor: (capacity * sizes.e) / sizes.n,
  });
  if (!it.sparse || !it.gates) throw new Error("experts choice is sparse");
  return { ...it, gates: it.gates };
}

// Five tokens, three experts: tokens 0, 1, 3 and 4 prefer expert 1, token 2 prefers expert 0.
const FIVE = [
  [0.25, 0.5, 0.25],
  [0.125, 0.625, 0.25],
  [0.5, 0.25, 0.25],
  [0.0625, 0.875, 0.0625],
  [0.125, 0.75, 0.125],
];

test("A dropped token is told what it asked for, who holds those slots, and by which priority.", () => {
  const it = choosing(FIVE, 2);
  const [refusal, ...others] = refusalsOf(it, 3);

  assert.deepEqual(others, []);
  assert.deepEqual([refusal.expert, refusal.choice, refusal.gate], [1, 0, 0.875]);
  assert.deepEqual(
    refusal.holders.map(({ token, slot, choice }) => [token, slot, choice]),
    [
      [0, 0, 0],
      [1, 1, 0],
    ],
  );
  assert.equal(
    droppedTold([refusal], name),
    "it asked for expert 1 (gate 0.8750), and its 2 slots hold token 0 and token 1, served before it by position; " +
      "by gate it would come before token 0 (0.8750 against 0.5000)",
  );
  assert.equal(refusalOf(it, 0, 0), null);
  assert.deepEqual(refusalsOf(it, 2), []);
});

test("Served by gate, the numbers that decided are told, and whom position would have put behind.", () => {
  const it = choosing(FIVE, 2, { priority: "gate" });
  const [refusal] = refusalsOf(it, 1);

  assert.equal(
    holdersTold(refusal, name),
    "its 2 slots hold token 3 and token 4, served before it by gate (0.8750 and 0.7500 against 0.6250); " +
      "by position it would come before token 3 and token 4",
  );
});

test("Equal gates are served by position, and the sentence says so.", () => {
  const equal = [
    [0.75, 0.25],
    [0.75, 0.25],
    [0.5, 0.5],
  ];
  const it = choosing(equal, 1, { priority: "gate" });

  assert.equal(
    holdersTold(refusalsOf(it, 1)[0], name),
    "its one slot holds token 0, served before it by gate (0.7500 against 0.7500), equal ones by position",
  );
});

test("First choices are served before second ones, and only experts that were asked are named.", () => {
  const it = choosing(FIVE, 2, { topK: 2 });
  const told = droppedTold(refusalsOf(it, 3), name);

  assert.equal(
    told,
    "it asked for expert 1 (gate 0.8750), and its 2 slots hold token 0 and token 1, served before it by position; " +
      "by gate it would come before token 0 (0.8750 against 0.5000); " +
      "it asked for expert 0 second (gate 0.0625), and its 2 slots hold token 2, as all first choices are served " +
      "before any second one; among second choices, token 0 was served before it by position; " +
      "by gate it would come before token 0 (0.8750 against 0.5000)",
  );
  assert.ok(!told.includes("expert 2"));
});

test("Slots that only earlier choices hold need no word on position.", () => {
  const gates = [
    [0.75, 0.25],
    [0.25, 0.75],
    [0.75, 0.25],
  ];
  const it = choosing(gates, 1, { topK: 2 });
  const second = refusalOf(it, 0, 1);

  assert.ok(second);
  assert.equal(
    holdersTold(second, name),
    "its one slot holds token 1: all first choices are served before any second one",
  );
});

// Four tokens, two experts of one slot: expert 0 takes token 3, expert 1 token 0; token 2 is nearest at expert 1.
const FOUR = [
  [0.25, 0.75],
  [0.5, 0.5],
  [0.375, 0.625],
  [0.875, 0.125],
];

test("An expert's choice is told by how much a token missed.", () => {
  const it = taking(FOUR, 1);

  assert.equal(missOf(it, 3, 0), null);
  assert.equal(nearestMiss(it, 0), null);
  const near = nearestMiss(it, 2);
  assert.ok(near);
  assert.deepEqual([near.expert, near.rank, near.of, near.last.token, near.by], [1, 2, 4, 0, 0.125]);
  assert.equal(
    missTold(near, name),
    "its gate 0.6250 is number 2 of 4 there; it took one token, token 0 with 0.7500: missed by 0.1250",
  );
  assert.equal(
    missTold(/** @type {import("../arithmetic/why.js").Miss} */ (missOf(taking(FOUR, 2), 1, 1)), name),
    "its gate 0.5000 is number 3 of 4 there; the last of the 2 that it took is token 2 with 0.6250: missed by 0.1250",
  );
});

test("A tie is lost by position alone.", () => {
  const tie = missOf(
    taking(
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.25, 0.75],
      ],
      1,
    ),
    1,
    0,
  );

  assert.ok(tie);
  assert.equal(tie.by, 0);
  assert.match(missTold(tie, name), /missed by position alone, since equal gates go to the earlier token$/);
});

test("A soft router drops no token, and says the least that a slot holds of it.", () => {
  const it = route(Float32Array.from([1, 2, 0, 0].map((x) => x * Math.log(2))), { b: 1, n: 2, e: 2, p: 1 });
  if (it.sparse) throw new Error("soft is not sparse");

  assert.equal(
    neverDroppedTold({ s: 2, dispatch: it.dispatch }, 1),
    "never dropped: exp(score) is above 0, so each of 2 slots holds at least 0.2000 of it",
  );
  assert.match(neverDroppedTold({ s: 2, dispatch: [1, 1, 0, 0] }, 1), /a share so small that float32 rounds some to 0/);
});

test("A sum names the softmax that makes it 1.", () => {
  assert.equal(
    sumTold("dispatch", "column", 1),
    "this column of dispatch sums to 1: dispatch is a softmax over tokens",
  );
  assert.equal(
    sumTold("combine", "row", 1.5),
    "this row of combine sums to 1.5000, not 1: a softmax over all slots, logits.flatten(2).softmax(2), makes it 1",
  );
  assert.equal(
    sumTold("dispatch", "row", 0.75),
    "this row of dispatch sums to 0.7500, which is no fault: only a softmax over all slots makes it 1, and that is " +
      "combine",
  );
});

test("Long lists are cut.", () => {
  assert.equal(listed(["a", "b", "c"]), "a, b and c");
  assert.equal(listed(["a", "b", "c", "d", "e", "f"]), "a, b, c, d and 2 more");
});
