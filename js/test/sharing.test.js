import assert from "node:assert/strict";
import { test } from "node:test";

import { csvOf } from "../shared/csv.js";
import { fileNameOf } from "../shared/exporting.js";
import { readLink, writeLink } from "../shared/links.js";
import { patternOf } from "../shared/picture.js";
import { Shapes } from "../shared/shapes.js";
import { History } from "../shared/undo.js";

/** @import { Link } from "../shared/links.js" */

test("A field with a comma, a quote, a line break or spaces around it is quoted; numbers keep all their digits.", () => {
  const rows = [
    ["word", "weight", "slot"],
    ['say "so", twice', 1 / 3, null],
    ["two\nlines", -0.1, 0],
    [" padded", 1e-7, undefined],
    ["", true, 12345678.125],
  ];
  assert.equal(
    csvOf(rows),
    'word,weight,slot\r\n"say ""so"", twice",0.3333333333333333,\r\n"two\nlines",-0.1,0\r\n' +
      '" padded",1e-7,\r\n,true,12345678.125\r\n',
  );
});

test("A file's name says the widget and its state in letters that every file system takes.", () => {
  const state = { router: "uniform / soft", step: 300, token: -1, layer: "", pins: [1], scale: 0.5, word: "größe:7" };
  assert.equal(fileNameOf("routing-lens", state), "routing-lens-uniform-soft-step-300-scale-0.5-größe-7");
  assert.ok(fileNameOf("x", Object.fromEntries([..."abcdefgh"].map((k) => [k, "long".repeat(6)]))).length < 100);
});

/** What traits hold, changed as a view changes them. */
function traits(/** @type {Record<string, any>} */ values) {
  const history = new History();
  const get = (/** @type {string} */ name) => values[name];
  return {
    values,
    history,
    send(/** @type {Record<string, any>} */ more, gesture = 0) {
      const before = Object.fromEntries(Object.keys(more).map((name) => [name, values[name]]));
      Object.assign(values, more);
      history.add(before, more, gesture);
    },
    undo: () => Object.assign(values, history.undo(get)),
    redo: () => Object.assign(values, history.redo(get)),
  };
}

test("One drag is one change, with all that it changed; two drags, and another knob, are others.", () => {
  const { send, undo, values, history } = traits({ experts: 7, top_k: 5, scale: 1 });
  send({ experts: 6 }, 1);
  send({ experts: 4, top_k: 4 }, 1);
  send({ experts: 3, top_k: 3 }, 1);
  send({ scale: 2 }, 1);
  send({ scale: 3 }, 2);
  assert.deepEqual(values, { experts: 3, top_k: 3, scale: 3 });
  assert.equal(undo().scale, 2);
  assert.equal(undo().scale, 1);
  assert.deepEqual(undo(), { experts: 7, top_k: 5, scale: 1 });
  assert.equal(history.undoable, false);
  assert.deepEqual(undo(), { experts: 7, top_k: 5, scale: 1 });
});

test("What was undone can be done again, until something else changes; setting the same is no change.", () => {
  const { send, undo, redo, values, history } = traits({ token: -1, pinned: {} });
  send({ token: 3 }, 1);
  send({ pinned: { router: "soft" } }, 2);
  send({ pinned: { router: "soft" } }, 3);
  undo();
  assert.deepEqual(values, { token: 3, pinned: {} });
  redo();
  assert.deepEqual(values, { token: 3, pinned: { router: "soft" } });
  undo();
  undo();
  assert.equal(values.token, -1);
  send({ token: 5 }, 4);
  assert.equal(history.redoable, false);
});

test("A drag that ends where it began is no change.", () => {
  const { send, history } = traits({ scale: 1 });
  send({ scale: 2 }, 1);
  send({ scale: 1 }, 1);
  assert.equal(history.undoable, false);
});

test("What Python set since then is not undone, and a change of which nothing is left is passed over.", () => {
  const { send, undo, values } = traits({ token: -1, experts: 7, top_k: 2 });
  send({ token: 3 }, 1);
  send({ experts: 2, top_k: 1 }, 2);
  values.experts = 6;
  undo();
  assert.deepEqual(values, { token: 3, experts: 6, top_k: 2 });
  send({ top_k: 1 }, 3);
  values.top_k = 5;
  undo();
  assert.deepEqual(values, { token: -1, experts: 6, top_k: 5 });
});

/** @type {Link} */
const link = (get) => ({
  router: ["soft", "uniform / soft"],
  num_experts: [1, 9, true, false],
  top_k: [1, get("num_experts"), true, false],
  capacity_factor: [0.25, 4, false, true],
  token: [-1, 48, true, false],
});
const saved = { router: "soft", num_experts: 7, top_k: 3, capacity_factor: 1, token: -1 };

test("A link holds what differs from the saved state, and leads back to it.", () => {
  const state = { router: "uniform / soft", num_experts: 4, top_k: 4, capacity_factor: null, token: 6 };
  const fragment = writeLink(saved, state);
  assert.equal(fragment, "#router=uniform+%2F+soft&num_experts=4&top_k=4&capacity_factor=none&token=6");
  assert.deepEqual(readLink(fragment, saved, link), { state, wrong: "" });
  assert.equal(writeLink(saved, { ...saved }), "");
  assert.deepEqual(readLink("", saved, link), { state: saved, wrong: "" });
});

test("A trait that a link leaves out follows the others where it must.", () => {
  assert.deepEqual(readLink("#num_experts=2", saved, link).state, { ...saved, num_experts: 2, top_k: 2 });
});

test("What a link may not set is ignored, and one sentence says why.", () => {
  for (const [fragment, why] of [
    ["#token=49", "token must be a whole number from -1 to 48, got 49"],
    ["#token=2.5", "token must be a whole number from -1 to 48, got 2.5"],
    ["#token=0x10", "token must be a whole number from -1 to 48, got 0x10"],
    ["#token=", "token must be a whole number from -1 to 48, got nothing"],
    ["#token=none", "token must be a whole number from -1 to 48, got none"],
    ["#capacity_factor=NaN", "capacity_factor must be a number from 0.25 to 4, got NaN"],
    ["#router=hard", "router must be one of soft, uniform / soft, got hard"],
    ["#top_k=8", "top_k must be a whole number from 1 to 7, got 8"],
    ["#_esm=alert(1)", "there is no _esm to set"],
    ["#__proto__=1", "there is no __proto__ to set"],
    ["#token=99&router=hard&x=1", "router must be one of soft, uniform / soft, got hard, and 2 more"],
  ])
    assert.deepEqual(readLink(fragment, saved, link), { state: saved, wrong: `Part of the link was ignored: ${why}.` });
});

/** @type {Link} */
const settings = (get) => ({
  router: ["soft", "tokens choice"],
  num_experts: [1, 9, true, false],
  top_k: [1, get("num_experts"), true, false],
  capacity_factor: [0.25, 4, false, true],
});
/** @type {Link} */
const comparing = (get) => ({
  ...settings(get),
  pins: {
    each: [
      [-1, 48, true, false],
      [-1, 8, true, false],
      [-1, 1, true, false],
    ],
    most: 3,
  },
  pinned: { beside: settings },
});
const alone = { router: "soft", num_experts: 7, top_k: 3, capacity_factor: 1, pins: [], pinned: {} };
const pin = { router: "tokens choice", num_experts: 5, top_k: 2, capacity_factor: null };

test("A link holds what is compared: selections, and a pinned state by what differs from the one shown.", () => {
  const { router, num_experts, top_k, capacity_factor } = alone;
  for (const [state, fragment] of /** @type {[Record<string, any>, string][]} */ ([
    [
      {
        ...alone,
        pins: [
          [6, -1, -1],
          [3, 0, 1],
          [-1, 8, -1],
        ],
      },
      "#pins=6.-1.-1_3.0.1_-1.8.-1",
    ],
    [{ ...alone, pinned: { router, num_experts, top_k, capacity_factor } }, "#pinned=same"],
    [
      { ...alone, num_experts: 5, pinned: pin },
      "#num_experts=5&pinned.router=tokens+choice&pinned.top_k=2&pinned.capacity_factor=none",
    ],
  ])) {
    assert.equal(writeLink(alone, state), fragment);
    assert.deepEqual(readLink(fragment, alone, comparing), { state, wrong: "" });
    // From a page that was saved with it, another link leads back.
    const back = writeLink(state, alone);
    assert.deepEqual(readLink(back, state, comparing), { state: alone, wrong: "" });
    assert.equal(writeLink(state, { ...state }), "");
  }
  assert.equal(writeLink({ ...alone, pins: [[6, -1, -1]], pinned: pin }, alone), "#pins=none&pinned=none");
});

test("A pinned state follows the one shown where it must, and a saved one stays where a link names none.", () => {
  const found = readLink("#top_k=5&pinned.num_experts=4", alone, comparing);
  assert.deepEqual(found.state.pinned, { router: "soft", num_experts: 4, top_k: 4, capacity_factor: 1 });
  assert.deepEqual(readLink("#num_experts=2", { ...alone, pinned: pin }, comparing).state.pinned, pin);
  assert.deepEqual(readLink("#pins=3.0.1_3.0.1", alone, comparing).state.pins, [[3, 0, 1]]);
});

test("A damaged comparison is ignored as a whole, and one sentence says why.", () => {
  const selections = "pins must be at most 3 selections that the widget has, got";
  const before = { ...alone, pins: [[6, -1, -1]], pinned: pin };
  for (const [fragment, why] of [
    ["#pins=", `${selections} nothing`],
    ["#pins=3.0", `${selections} 3.0`],
    ["#pins=3.0.1_49.0.1", `${selections} 3.0.1_49.0.1`],
    ["#pins=3.0.1.1", `${selections} 3.0.1.1`],
    ["#pins=3.x.1", `${selections} 3.x.1`],
    ["#pins=1.0.0_2.0.0_3.0.0_4.0.0", `${selections} 1.0.0_2.0.0_3.0.0_4.0.0`],
    ["#pinned=yes", "pinned must be one of none, same, got yes"],
    ["#pinned.router=hard", "pinned.router must be one of soft, tokens choice, got hard"],
    ["#pinned.num_experts=4&pinned.top_k=5", "pinned.top_k must be a whole number from 1 to 4, got 5"],
    ["#pinned.token=1&pinned.top_k=2", "there is no pinned.token to set"],
    ["#pinned.__proto__=1", "there is no pinned.__proto__ to set"],
    ["#pinned.top_k=99&pins=x", `${selections} x, and 1 more`],
  ])
    assert.deepEqual(readLink(fragment, before, comparing), {
      state: before,
      wrong: `Part of the link was ignored: ${why}.`,
    });
});

test("Shapes are written as SVG, with what the text means and not what it spells.", () => {
  const shapes = new Shapes(/** @type {any} */ (null), 90, 40);
  shapes.fillStyle = "#123456";
  shapes.fillRect(30, 20, -10, 5);
  shapes.textAlign = "right";
  shapes.fillText("a < b & c", 7, 9.126);
  shapes.save();
  shapes.translate(3, 4);
  shapes.setLineDash([4, 3]);
  shapes.moveTo(1, 2);
  shapes.lineTo(5, 6);
  shapes.stroke();
  shapes.restore();
  assert.equal(
    shapes.markup,
    '<rect x="20" y="20" width="10" height="5" fill="#123456"/>' +
      '<text x="7" y="9.13" dy="0.35em" style="font: 11px system-ui, sans-serif" text-anchor="end" fill="#123456">' +
      "a &lt; b &amp; c</text>" +
      '<path d="M1 2L5 6" fill="none" stroke="#000" stroke-width="1" stroke-dasharray="4 3" transform="translate(3 4)"/>',
  );
  shapes.clearRect(0, 0, 50, 40);
  assert.ok(shapes.markup);
  shapes.clearRect(0, 0, 90, 40);
  assert.equal(shapes.markup, "");
});

test("Patterns of a background are read as browsers write them.", () => {
  const stripes =
    "repeating-linear-gradient(45deg, rgb(0, 0, 0) 0px, rgb(0, 0, 0) 1.5px, rgba(0, 0, 0, 0) 1.5px, rgba(0, 0, 0, 0) 5px)";
  assert.deepEqual(patternOf(stripes, "auto"), {
    kind: "stripes",
    stripes: { colour: "rgb(0, 0, 0)", thick: 1.5, period: 5, turned: -45 },
  });
  const ramp = patternOf("linear-gradient(to right, rgb(1, 2, 3), rgb(4, 5, 6), rgb(7, 8, 9))", "auto");
  assert.deepEqual(ramp?.kind === "ramp" && ramp.ramp.map(({ at }) => at), [0, 0.5, 1]);
  const cut = patternOf("linear-gradient(to right, rgb(1, 2, 3) 12.5%, rgba(0, 0, 0, 0) 12.5%)", "auto");
  assert.deepEqual(cut?.kind === "ramp" && cut.ramp.map(({ at }) => at), [0.125, 0.125]);
  assert.equal(patternOf("url(x.png)", "auto"), null);
});
