import assert from "node:assert/strict";
import { test } from "node:test";

import { mapBox, placeBeyond, placeUnder, tokenBox } from "../shared/plan.js";
import { onward, stepsOf } from "../shared/pointing.js";
import { NOTHING, same, within } from "../shared/selection.js";

/** @import { Plan } from "../shared/plan.js" */

// Seven tokens in rows of three, four experts of two slots; tokens 0, 2, 4 and 6 are drawn.
const DRAWN = [0, 2, 4, 6];
const tokens = tokenBox(90, { count: 7, words: null, grid: [3, 3], picture: null });
const map = mapBox(260, 200, { rows: 4, columns: 8, experts: 4 }, { left: 40, right: 60, top: 20 });
/** @type {Plan} */
const PLAN = {
  boxes: { tokens, map, sizes: { tokens: [90, tokens.h], map: [260, 200], experts: [260, 60] } },
  rows: 4,
  experts: 4,
  own: 2,
  slotted: true,
  labelled: true,
  tokenOf: (row) => DRAWN[row],
  rowOf: (token) => DRAWN.indexOf(token),
  drawnAt: (place) => (place < 0 || place > 6 ? -1 : place - (place % 2)),
};
const OF_EXPERTS = { ...PLAN, own: 1, slotted: false };

/** @type {(row: number, column: number) => [x: number, y: number]} */
const cell = (row, column) => [map.x + (column + 0.5) * map.dx, map.y + (row + 0.5) * map.dy];

test("A point of the map is the token of its row, the expert of its column and the slot in it.", () => {
  assert.deepEqual(placeUnder(PLAN, "map", ...cell(2, 5)), { token: 4, expert: 2, slot: 1 });
});

test("A point above the map is an expert as a whole, one beside it a token.", () => {
  const [x, y] = cell(1, 6);

  assert.deepEqual(placeUnder(PLAN, "map", x, 5), { token: -1, expert: 3, slot: -1 });
  assert.deepEqual(placeUnder(PLAN, "map", 10, y), { token: 2, expert: -1, slot: -1 });
  assert.deepEqual(placeUnder({ ...PLAN, labelled: false }, "map", 10, y), NOTHING);
});

test("Where columns are experts a point has no slot, and where there are none only a token.", () => {
  assert.deepEqual(placeUnder(OF_EXPERTS, "map", ...cell(0, 2)), { token: 0, expert: 1, slot: -1 });
  assert.deepEqual(placeUnder({ ...PLAN, own: 0 }, "map", ...cell(3, 2)), { token: 6, expert: -1, slot: -1 });
});

test("A point among the tokens is the drawn token there, and none beyond their columns.", () => {
  assert.deepEqual(placeUnder(PLAN, "tokens", 45, tokens.dy + 1), { ...NOTHING, token: 4 });
  assert.deepEqual(placeUnder(PLAN, "tokens", 75, tokens.dy + 1), { ...NOTHING, token: 4 });
  assert.deepEqual(placeUnder(PLAN, "tokens", 91, 1), NOTHING);
  assert.deepEqual(placeUnder(PLAN, "tokens", 75, 2 * tokens.dy + 1), NOTHING);
});

test("A point of the experts is an expert.", () => {
  assert.deepEqual(placeUnder(PLAN, "experts", cell(0, 3)[0], 50), { ...NOTHING, expert: 1 });
  assert.deepEqual(placeUnder(PLAN, "experts", 10, 50), NOTHING);
});

test("Keys in the map go on by slot and by drawn token, and stay inside.", () => {
  const at = { token: 2, expert: 1, slot: 1 };

  assert.deepEqual(placeBeyond(PLAN, "map", "ArrowRight", at), { token: 2, expert: 2, slot: 0 });
  assert.deepEqual(placeBeyond(PLAN, "map", "ArrowDown", at), { token: 4, expert: 1, slot: 1 });
  assert.deepEqual(placeBeyond(PLAN, "map", "End", at), { token: 2, expert: 3, slot: 1 });
  assert.deepEqual(placeBeyond(PLAN, "map", "ArrowUp", { token: 0, expert: 0, slot: 0 }), {
    token: 0,
    expert: 0,
    slot: 0,
  });
  assert.deepEqual(placeBeyond(OF_EXPERTS, "map", "ArrowRight", at), { token: 2, expert: 2, slot: -1 });
});

test("Keys among the tokens go on by rows of the grid, from nothing to the first.", () => {
  assert.deepEqual(placeBeyond(PLAN, "tokens", "ArrowDown", { ...NOTHING, token: 0 }), { ...NOTHING, token: 6 });
  assert.deepEqual(placeBeyond(PLAN, "tokens", "ArrowRight", NOTHING), { ...NOTHING, token: 0 });
  assert.deepEqual(placeBeyond(PLAN, "experts", "ArrowLeft", { ...NOTHING, expert: 3 }), { ...NOTHING, expert: 2 });
});

test("A key that is no arrow, Home or End leads nowhere.", () => {
  assert.equal(placeBeyond(PLAN, "map", "a", NOTHING), null);
  assert.equal(stepsOf("PageDown"), null);
});

test("A step from none leads to the first place, and Home and End as far as there is.", () => {
  assert.deepEqual(
    [onward(-1, 1, 5), onward(-1, Infinity, 5), onward(3, -Infinity, 5), onward(3, 7, 5), onward(3, -1, 5)],
    [0, 4, 0, 4, 2],
  );
});

test("A map is as high as its rows need, between its least height and the room that there is.", () => {
  const shape = { columns: 8, experts: 4 };
  const margins = { left: 40, right: 60, top: 20 };
  const highs = [3, 20, 90].map((rows) => mapBox(260, 392, { ...shape, rows }, margins).h);

  assert.deepEqual(highs, [112, 280, 392]);
});

test("A place loses what a routing does not have, a slot with its expert.", () => {
  const routing = { hasToken: (/** @type {number} */ t) => t < 3, experts: 2, slots: 2 };

  assert.deepEqual(within({ token: 3, expert: 1, slot: 1 }, routing), { token: -1, expert: 1, slot: 1 });
  assert.deepEqual(within({ token: 2, expert: 2, slot: 1 }, routing), { token: 2, expert: -1, slot: -1 });
  assert.deepEqual(within({ token: 2, expert: 0, slot: 2 }, routing), { token: 2, expert: 0, slot: -1 });
  assert.ok(same(NOTHING, { token: -1, expert: -1, slot: -1 }) && !same(NOTHING, { ...NOTHING, slot: 0 }));
});
