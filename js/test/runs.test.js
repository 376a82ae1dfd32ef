import assert from "node:assert/strict";
import { test } from "node:test";

import { meanOf, pairsOf, signTest, signsOf } from "../arithmetic/paired.js";
import { along, apart, axisOf, roundBetween, short } from "../run_browser/axis.js";
import { meansRows, pairsRows, runsRows, tableRows } from "../run_browser/rows.js";
import { comparisonOf, contestantsOf, sceneOf } from "../run_browser/scene.js";
import { choicesOf, settled } from "../run_browser/shelf.js";
import { captionOf, pairsSentence, pairsTitle, sentenceOf } from "../run_browser/words.js";

/** @import { Chosen, Kind, Mean, Packed } from "../run_browser/shelf.js" */

// Two models, three numbers of experts, two seeds; a model of the second kind has no run with 8 experts.
/** @type {[model: number, experts: number][]} */
const CELLS = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
];
const score = (/** @type {number} */ cell, /** @type {number} */ seed) => cell + (seed - 4) / 10;
/** @type {Kind} */
const KIND = {
  seeds: "seed",
  same: [["steps", "40"]],
  settings: [
    { name: "model", label: "model", values: ["soft", "dense"], numbers: null },
    { name: "experts", label: "experts", values: ["2", "4", "8"], numbers: [2, 4, 8] },
  ],
  figures: [
    { name: "score", label: "score", length: 0, steps: false },
    { name: "macs", label: "MACs", length: 0, steps: false },
    { name: "took", label: "seconds of a run", length: 0, steps: false },
    { name: "curve", label: "accuracy in training", length: 2, steps: true },
  ],
  cells: CELLS,
  seeds_of: CELLS.map(() => [4, 6]),
  steps: CELLS.map(() => 40),
  runs: {
    score: CELLS.map((_, cell) => [score(cell, 4), score(cell, 6)]),
    macs: CELLS.map(([, experts]) => 100 * 2 ** experts),
    took: CELLS.map((_, cell) => [cell + 1, cell + 3]),
    curve: CELLS.map((_, cell) => [
      [cell, cell + 1],
      [cell + 1, cell + 3],
    ]),
  },
  means: {
    score: CELLS.map((_, cell) => /** @type {Mean} */ ([cell + 0.1, cell, cell + 0.2])),
    macs: CELLS.map(([, experts]) => [100 * 2 ** experts]),
    took: CELLS.map((_, cell) => [cell + 2]),
    curve: CELLS.map((_, cell) => [[cell + 0.5], [cell + 2]]),
  },
  plots: {
    model: {
      "": { where: ["experts 2", "experts 4", "experts 8"], of: [0, 1, 2, 0, 1] },
      experts: { where: [""], of: [0, 0, 0, 0, 0] },
    },
    experts: { "": { where: ["soft", "dense"], of: [0, 0, 0, 1, 1] } },
  },
  first: { figure: "score", lines: "model", x: "experts" },
};
/** @type {Packed} */
const RECORD = {
  claim: "made-up",
  title: "Made up",
  source: "nowhere",
  verdict: "reproduced",
  reason: "It is.",
  left_out: "",
  kinds: { counted: KIND },
};
const BLANK = { claim: "made-up", runs: "", figure: "", lines: "", x: "", where: "", model: "", first: "", second: "" };
const NOWHERE = { model: "", seed: -1, point: -1 };
const chosen = (/** @type {Partial<Chosen>} */ values) => settled(RECORD, {}, { ...BLANK, ...START, ...values });
const START = { figure: "score", lines: "model", x: "experts" };

test("The sign test is exact: of 12 signs 2 on one side, ties left out, and none at all.", () => {
  const sum = (1 + 12 + 66) / 2 ** 12;

  assert.equal(signTest([...Array(10).fill(0.5), -1, -2, 0, 0]), 2 * sum);
  assert.equal(signTest([1, -1]), 1);
  assert.equal(signTest([0, 0]), 1);
  assert.deepEqual(signsOf([3, -2, 0, 1]), { up: 2, down: 1, even: 1 });
});

test("Pairs are of the seeds that both have, in order.", () => {
  const pairs = pairsOf(new Map([[7, 3], [2, 1], [5, 9]]), new Map([[2, 0.25], [7, 4]])); // prettier-ignore

  assert.deepEqual(pairs, [
    { seed: 2, first: 1, second: 0.25, difference: 0.75 },
    { seed: 7, first: 3, second: 4, difference: -1 },
  ]);
  assert.equal(meanOf(pairs.map((each) => each.difference)), -0.125);
});

test("An axis holds all numbers with room, multiplies where they are far apart, and begins at 0 where that is near.", () => {
  const near = axisOf([0.05, 1], 5);
  const far = axisOf([1, 4096], 6);

  assert.equal(near.from, 0);
  assert.ok(near.to > 1 && !near.log);
  assert.ok(far.log && far.from < 1 && far.to > 4096);
  assert.deepEqual(far.ticks, [1, 10, 100, 1000]);
  assert.deepEqual(
    [along(far, 64), along(far, 1) + along(far, 4096)].map((x) => Number(x.toFixed(9))),
    [0.5, 1],
  );
  assert.equal(axisOf([1, 4096], 6, { log: false }).log, false);
  assert.equal(axisOf([-1, 4096], 6).log, false);
  const one = axisOf([3, 3], 5);
  assert.ok(one.from < 3 && one.to > 3);
  assert.ok(Number.isFinite(axisOf([], 5).from));
});

test("Round numbers stand at multiples of 1, 2 or 5, and labels that would touch are left out but the ends.", () => {
  assert.deepEqual(roundBetween(-0.21, 0.43, 4), [-0.2, 0, 0.2, 0.4]);
  assert.deepEqual(roundBetween(0, 1100, 6), [0, 200, 400, 600, 800, 1000]);
  const axis = axisOf([1, 2, 3, 20], 9, { fixed: [1, 2, 3, 20] });

  assert.deepEqual(
    apart(axis, 300, () => 20),
    [1, 3, 20],
  );
  assert.deepEqual([0.00001, 0.25, 1234.5678, 2_147_483_648].map(short), ["1e-5", "0.25", "1,235", "2.147B"]);
});

test("A choice falls back to what comes first, one after the other.", () => {
  assert.deepEqual(settled(RECORD, {}, BLANK), {
    ...BLANK,
    runs: "counted",
    figure: "score",
    lines: "model",
    x: "",
    where: "experts 2",
  });
  assert.equal(chosen({ figure: "curve", x: "experts" }).x, "");
  assert.equal(chosen({ model: "nobody" }).model, "");
  assert.deepEqual(choicesOf(RECORD, {}, chosen({}), "x"), ["experts", "", "macs", "took"]);
  assert.deepEqual(choicesOf(RECORD, {}, chosen({ figure: "curve" }), "x"), ["", "took", "macs"]);
});

test("Over a setting each model has its points in order, with its own seeds.", () => {
  const { lines, across, named } = sceneOf(RECORD, {}, chosen({}));

  assert.deepEqual([across, named], ["experts", false]);
  assert.deepEqual(
    lines.map(({ name, points }) => [name, points.map(({ x, label, mean }) => [x, label, mean])]),
    [
      ["soft", [[2, "2", 0.1], [4, "4", 1.1], [8, "8", 2.1]]], // prettier-ignore
      ["dense", [[2, "2", 3.1], [4, "4", 4.1]]], // prettier-ignore
    ],
  );
  assert.deepEqual(lines[1].points[1].singles, [
    { seed: 4, x: 4, y: 4 },
    { seed: 6, x: 4, y: 4.2 },
  ]);
});

test("Side by side there is one point a model; over a figure seeds stand at their own.", () => {
  const beside = sceneOf(RECORD, {}, chosen({ x: "", where: "experts 4" }));
  const over = sceneOf(RECORD, {}, chosen({ x: "took", where: "experts 4" }));

  assert.deepEqual(
    beside.lines.map(({ points }) => points.map(({ x, mean }) => [x, mean])),
    [[[0, 1.1]], [[1, 4.1]]],
  );
  assert.deepEqual(
    over.lines[1].points.map(({ x, singles }) => [x, singles.map((each) => each.x)]),
    [[6, [5, 7]]],
  );
});

test("A curve runs over the steps, the seconds or the MACs of its run.", () => {
  const xs = (/** @type {string} */ x) =>
    sceneOf(RECORD, {}, chosen({ figure: "curve", x, where: "experts 4" })).lines[1].points.map((point) => point.x);

  assert.deepEqual([xs(""), xs("took"), xs("macs")], [[20, 40], [3, 6], [4000, 8000]]); // prettier-ignore
});

test("Your own run is a curve over its steps, a point where its x is known, and else a level line.", () => {
  const own = {
    name: "your run",
    values: { score: 7, macs: 150 },
    curves: { curve: [0.5, null, 2] },
    steps: [9, 18, 27],
  };
  const drawn = (/** @type {Partial<Chosen>} */ values) => {
    const { lines, missing } = sceneOf(RECORD, own, chosen(values));
    const line = lines.find((each) => each.own);
    return [line?.level, line?.points.map(({ x, mean }) => [x, mean]), missing];
  };

  assert.deepEqual(drawn({ figure: "curve", where: "experts 2" }), [false, [[9, 0.5], [27, 2]], ""]); // prettier-ignore
  assert.deepEqual(drawn({ x: "macs", where: "experts 2" }), [false, [[150, 7]], ""]);
  assert.deepEqual(drawn({ x: "" }), [false, [[2, 7]], ""]);
  assert.deepEqual(drawn({}), [true, [[NaN, 7]], ""]);
  assert.deepEqual(drawn({ figure: "took" }), [undefined, undefined, "your run has no seconds of a run"]);
  assert.deepEqual(drawn({ figure: "curve", x: "took" })[2], "your run has no seconds of the run so far");
});

test("Two models are compared at one x, by their seeds; a single line's points are compared with one another.", () => {
  const state = chosen({});
  const scene = sceneOf(RECORD, {}, state);
  const first = comparisonOf(scene, state, { ...NOWHERE, point: 0 });

  assert.equal(first?.one, "dense");
  assert.deepEqual(first.pairs.map(({ seed, difference }) => [seed, Number(difference.toFixed(9))]), [[4, 3], [6, 3]]); // prettier-ignore
  assert.equal(pairsTitle(scene, first), "score: dense minus soft, experts 2");
  assert.match(pairsSentence(scene, first), /^dense is higher in 2, lower in 0 of 2 seeds, by \+3 .*p = 0\.5,/);
  assert.equal(comparisonOf(scene, { ...state, first: "soft" }, NOWHERE)?.mean, -3);
  // Not with another x: the one has no run there.
  assert.equal(comparisonOf(scene, state, { ...NOWHERE, model: "soft", point: 2 }), null);
  const alone = { ...scene, lines: [{ ...scene.lines[0], name: "all runs" }] };
  assert.deepEqual(contestantsOf(alone).map(({ name }) => name), ["2", "4", "8"]); // prettier-ignore
  const between = comparisonOf(alone, state, NOWHERE);
  assert.equal(between && pairsTitle(alone, between), "score: experts 8 minus 2");
  assert.equal(comparisonOf({ ...scene, kind: { ...KIND, seeds: "" } }, state, NOWHERE), null);
});

test("The sentence names what is pointed at: a seed, a model, a seed of all models, or else what the chart shows.", () => {
  const scene = sceneOf(RECORD, {}, chosen({}));
  const said = (/** @type {object} */ at) => sentenceOf(scene, { ...NOWHERE, ...at });

  assert.equal(
    said({ model: "soft", seed: 6, point: 1 }),
    "soft, experts 4, seed 6: score 1.2; mean of 2 seeds 1.1 (1 to 1.2).",
  );
  assert.equal(said({ model: "dense", point: 0 }), "dense, experts 2: score mean of 2 seeds 3.1 (3 to 3.2).");
  assert.equal(said({ seed: 4, point: 0 }), "seed 4: score soft 0, dense 3.");
  assert.match(said({}), /^score: soft 2\.1 \(2 to 2\.2\) at experts 8; dense 4\.1 \(4 to 4\.2\) at experts 4\.$/);
  assert.match(
    captionOf(RECORD, scene, "counted", {}),
    /^Large marks: the mean over 2 seeds, .* All runs: steps 40\.$/,
  );
  assert.match(captionOf(RECORD, scene, "tuning", {}), /no verdict rests on them/);
});

test("What is saved has a row a run, a row a mean and a row a pair.", () => {
  const state = chosen({});
  const scene = sceneOf(RECORD, {}, state);

  assert.deepEqual(runsRows(scene).slice(0, 2), [
    ["model", "experts", "seed", "score"],
    ["soft", 2, 4, 0],
  ]);
  assert.equal(runsRows(scene).length, 11);
  assert.deepEqual(meansRows(scene).at(-1), ["dense", 4, 4.1, 4, 4.2, 2]);
  assert.deepEqual(pairsRows(comparisonOf(scene, state, { ...NOWHERE, point: 0 })), [
    ["seed", "dense", "soft", "difference"],
    [4, 3, 0, 3],
    [6, 3.2, 0.2, 3],
  ]);
  assert.deepEqual(tableRows(scene)[0], ["soft", "2", "0.1", "0 to 0.2", "2"]);
});
