import assert from "node:assert/strict";
import { test } from "node:test";

import {
  countsOf,
  columnOf,
  laneOf,
  largest,
  missOf,
  ownLane,
  protagonistOf,
  slotToShow,
} from "../routing_flow/flow.js";
import {
  expertAt,
  layoutOf,
  outputAt,
  patchAt,
  resultAt,
  rowAt,
  slotAt,
  slotUnder,
  tokenUnder,
} from "../routing_flow/layout.js";
import { rowsOf } from "../routing_flow/sharing.js";
import { SvgPen } from "../routing_flow/pen.js";
import { paintStage } from "../routing_flow/stage.js";
import { mixed, tilesOf, tinted } from "../routing_flow/tiles.js";
import { CHAPTERS, LOOP, between, chapterAt, ease, inTurn, passed, stillOf } from "../routing_flow/timeline.js";
import { cut, wrapped } from "../routing_flow/brushes.js";
import { TITLES, caption, heading, recipeOf, tallyAt, totalsOf } from "../routing_flow/captions.js";
import { contentOf, countsInWords, fateOf, footnote, headline, listed, sentence } from "../routing_flow/words.js";

/** @import { Lane, Settings } from "../routing_flow/flow.js" */

// Seven tokens, two experts of three slots. In logits of the first slots, tokens 0, 1, 2, 4 and 6 prefer expert 0.
const FIRST = [3, 1, 2, 0, 4, 0, 0, 2, 5, 1, 1, 3, 6, 0];
const N = 7;
const SIZES = { b: 1, n: N, e: 2, p: 3 };
const LOGITS = Float32Array.from({ length: N * 6 }, (_, i) => {
  const [token, expert, slot] = [Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3];
  return FIRST[2 * token + expert] - slot * (token % 2 ? 1 : 0.5);
});
/** @type {Settings} */
const SETTINGS = { top_k: 1, capacity_factor: 0.8, slots_per_expert: 3, scale: 1, priority: "position" };
/** @type {(router: string, settings?: Partial<Settings>) => Lane} */
const lane = (router, settings) => laneOf(router, LOGITS, SIZES, { ...SETTINGS, ...settings });
const ROUTERS = ["soft", "tokens choice", "experts choice", "uniform", "identity", "uniform / soft", "soft / uniform"];

test("Tokens ask in order, and from a full rack on they are turned away.", () => {
  const it = lane("tokens choice");
  const told = it.meetings.map(({ token, expert, slot }) => [token, expert, slot]);

  assert.deepEqual(told, [[0, 0, 0], [1, 0, 1], [2, 0, 2], [3, 1, 3], [4, 0, -1], [5, 1, 4], [6, 0, -1]]); // prettier-ignore
  assert.deepEqual([...it.holder], [0, 1, 2, 3, 5, -1]);
  assert.deepEqual(it.dropped, [false, false, false, false, true, false, true]);
  assert.equal(
    fateOf(it, 4),
    "token 4 asks expert 0, but its 3 slots already hold 0, 1 and 2, which came first: it is dropped",
  );
  assert.equal(fateOf(it, 5), "token 5 gets slot 1 of expert 1");
});

test("By gate, those who hold the slots have higher gates, and are said to.", () => {
  const it = lane("tokens choice", { priority: "gate" });

  assert.deepEqual([...it.holder.subarray(0, 3)], [6, 2, 4]);
  assert.match(fateOf(it, 0), /already hold 6, 2 and 4, whose gates are higher: it is dropped$/);
});

test("A second choice comes after all first ones, whatever the gates.", () => {
  const it = lane("tokens choice", { top_k: 2, capacity_factor: 0.4 });

  assert.deepEqual([...it.holder], [0, 1, 2, 3, 5, 0]);
  assert.equal(
    fateOf(it, 6),
    "token 6 asks expert 0, but its 3 slots already hold 0, 1 and 2, and expert 1, but its 3 slots already hold " +
      "3, 5 and 0, which were served before: it is dropped",
  );
  assert.match(fateOf(it, 3), /^token 3 gets slot 0 of expert 1; it also asked expert 0, but its 3 slots already hold/);
});

test("A token that no expert takes is told by how much it missed.", () => {
  const it = lane("experts choice");
  const lost = it.dropped.indexOf(true);
  const { expert, gate, last, least } = missOf(it, lost);

  assert.ok(gate < least && lost >= 0);
  assert.ok(it.holder.subarray(expert * it.p, (expert + 1) * it.p).includes(last));
  assert.match(
    fateOf(it, lost),
    /^no expert takes token \d: its gate of 0\.\d+ for expert \d is below the 0\.\d+ of token/,
  );
  assert.equal(it.meetings.length, it.e * it.p);
});

test("A soft slot is a weighted average of all patches, and says of which most.", () => {
  const it = lane("soft");
  const tiles = tilesOf(null, [], N);
  const slot = slotToShow(it, 4);
  const weights = columnOf(it, slot);
  const by = [0, 1, 2].map((k) => weights.reduce((sum, w, t) => sum + w * tiles[t].cells[k], 0));

  mixed(tiles, weights).cells.forEach((value, k) => assert.ok(Math.abs(value - by[k]) < 1e-3));
  assert.ok(Math.abs(weights.reduce((a, w) => a + w, 0) - 1) < 1e-6);
  const [[token, share]] = largest(weights, 1);
  assert.match(contentOf(it, slot), new RegExp(`= ${Math.round(100 * share)} % token ${token} \\+ .* \\+ 4 more$`));
  assert.match(fateOf(it, 4), /^token 4 is a part of every slot, .* it cannot be dropped$/);
});

test("Each lane counts what it drops, what is empty, and its sums.", () => {
  const counts = countsOf(lane("tokens choice"));

  assert.deepEqual([counts.dropped, counts.empty, counts.slotSums], [2, 1, [0, 1]]);
  assert.equal(counts.tokenSums[0], 0);
  assert.ok(counts.tokenSums[1] > 0.98 && counts.tokenSums[1] < 1);
  assert.deepEqual(totalsOf(lane("soft")), ["0", "0", "1.00", "1.00"]);
  assert.match(
    countsInWords(lane("tokens choice")),
    /^2 dropped, 1 of 6 slots empty, dispatch sums to 0\.00–1\.00 for /,
  );
});

test("The story follows the dropped token with the highest gate, or the first where none is dropped.", () => {
  assert.equal(protagonistOf([lane("soft"), lane("tokens choice")]), 6);
  assert.equal(protagonistOf([lane("soft")]), 0);
});

test("A lane of one's own is sparse where each slot holds one whole token, and else a mixture.", () => {
  const dispatch = new Float32Array(N * 4);
  const combine = new Float32Array(N * 4);
  [3, 0, 5].forEach((token, slot) => {
    dispatch[token * 4 + slot] = 1;
    combine[token * 4 + slot] = 0.5;
  });
  const own = { name: "mine", e: 2, p: 2, scale: 1, note: "", dispatch, combine };
  const it = ownLane(own, 0, N, LOGITS, SIZES);
  assert.deepEqual([it.sparse, ...it.holder], [true, 3, 0, 5, -1]);
  assert.deepEqual(it.meetings.map(({ token }) => token), [3, 5, 0]); // prettier-ignore
  assert.equal(fateOf(it, 1), "no slot takes token 1: it is dropped");

  dispatch[4] = 0.25;
  assert.deepEqual([...ownLane(own, 0, N, LOGITS, SIZES).holder], [-1, -1, -1, -1]);
  const none = ownLane(
    { ...own, dispatch: undefined, combine: undefined, note: "own raised ValueError" },
    0,
    N,
    LOGITS,
    SIZES,
  );
  assert.equal(headline(none, "select"), "own raised ValueError");
});

test("Routers that read no scores are not told as if they did.", () => {
  assert.equal(headline(lane("uniform"), "score"), "no scores are read");
  assert.equal(headline(lane("identity"), "score"), "no scores are read");
  assert.match(headline(lane("uniform / soft"), "normalise"), /makes combine; dispatch weights are all equal$/);
  assert.match(headline(lane("soft / uniform"), "normalise"), /makes dispatch; combine weights are all equal$/);
});

test("Six chapters fill the loop without gaps, and each still lies in its own.", () => {
  CHAPTERS.forEach(({ from, to }, i) => {
    assert.equal(to, CHAPTERS[i + 1]?.from ?? LOOP);
    assert.equal(chapterAt(from), i);
    assert.equal(chapterAt(stillOf(i)), i);
  });
  assert.equal(chapterAt(LOOP), 5);
  assert.deepEqual([passed(0, "dispatch"), passed(LOOP, "dispatch")], [0, 1]);
  assert.ok(Math.abs(passed(7, "dispatch") - 0.5) < 1e-9);
});

test("Progress is eased, in turn, and between its ends.", () => {
  assert.deepEqual([0, 0.5, 1].map(ease), [0, 0.5, 1]);
  assert.ok(ease(0.25) < 0.25 && ease(0.75) > 0.75);
  assert.deepEqual([between(-1, 2, 4), between(3, 2, 4), between(9, 2, 4)], [0, 0.5, 1]);
  assert.deepEqual([inTurn(0.5, 0, 3, 0.5), inTurn(0.5, 2, 3, 0.5)], [1, 0]);
});

test("What stands in the layout is found at its own middle, and columns do not meet.", () => {
  for (const [width, count] of [
    [1080, 3],
    [524, 3],
    [330, 1],
  ]) {
    const lanes = ["tokens choice", "experts choice", "soft"].slice(0, count).map((name) => lane(name));
    const layout = layoutOf(lanes, [3, 3], width);
    layout.lanes.forEach((box, i) => {
      for (let token = 0; token < N; token++) {
        for (const at of [patchAt, resultAt].map((place) => place(layout, box, token)))
          assert.equal(tokenUnder(layout, N, at.x + at.w / 2, at.y + at.h / 2), token);
        const row = rowAt(box, token);
        assert.equal(tokenUnder(layout, N, row.x + 8, row.y), token);
      }
      const last = lanes[i].e * lanes[i].p - 1;
      const ends = [
        box.patches.x + 3 * box.patches.w,
        box.scores.x,
        box.scores.end,
        slotAt(box, 0).x,
        slotAt(box, last).x + box.rack.w,
        expertAt(box, 0).x,
        expertAt(box, 0).x + expertAt(box, 0).w,
        // Where it is narrowest, answers take the places of their slots.
        ...(width < 520 ? [] : [outputAt(box, 0).x, outputAt(box, last).x + box.rack.w]),
        box.results.x,
        width,
      ];
      ends.slice(1).forEach((x, k) => assert.ok(x >= ends[k], `column ${k} at ${width}: ${ends}`));
    });
    assert.equal(tokenUnder(layout, N, width / 2, 2), -1);
    assert.equal(slotUnder(layout, lanes, width / 2, 2), null);
    layout.lanes.forEach((box, i) => {
      for (let slot = 0; slot < lanes[i].e * lanes[i].p; slot++) {
        const { x, y } = slotAt(box, slot);
        assert.deepEqual(slotUnder(layout, lanes, x + 2, y + 2), { lane: i, slot });
      }
    });
  }
});

const INK = { text: "#111", line: "#aaa", bar: "#555", page: "#fff", shade: "#eee", paper: "#fff" };
/** @type {(routers: string[], lit?: boolean, width?: number) => import("../routing_flow/brushes.js").Scene} */
function sceneOf(routers, lit = false, width = 1080) {
  const lanes = routers.map((name) => lane(name));
  const tiles = tilesOf(
    { width: 6, height: 6, channels: 1, bytes: Uint8Array.from({ length: 36 }, (_, i) => 7 * i) },
    [3, 3],
    N,
  );
  const made = lanes.map((it) => {
    const slots = Array.from({ length: it.e * it.p }, (_, slot) => mixed(tiles, columnOf(it, slot)));
    return { slots, outputs: slots.map((tile) => tinted(tile, [200, 0, 0], 0.5)), results: tiles };
  });
  return {
    lanes,
    layout: layoutOf(lanes, [3, 3], width),
    tiles,
    made,
    ink: INK,
    words: null,
    token: 4,
    slot: -1,
    lit,
  };
}
/** @type {(...all: Parameters<typeof sceneOf>) => (t: number) => string} */
function painter(...all) {
  const scene = sceneOf(...all);
  return (t) => {
    const pen = new SvgPen();
    paintStage(pen, scene, t);
    return pen.picture(1080, scene.layout.height, 'seven & "one"');
  };
}

test("Every router is drawn at every time, in numbers, narrow or wide, with a lit path or without.", () => {
  for (const router of ROUTERS)
    for (const [lit, width] of /** @type {[boolean, number][]} */ ([
      [false, 1080],
      [true, 1080],
      [true, 330],
    ])) {
      const paint = painter([router], lit, width);
      for (let t = 0; t <= LOOP; t += 0.3) assert.doesNotMatch(paint(t), /NaN|undefined|Infinity/, `${router} at ${t}`);
    }
});

test("A time is drawn the same whatever was drawn before, and each chapter moves.", () => {
  const paint = painter(["tokens choice", "experts choice", "soft"]);
  const alone = painter(["tokens choice", "experts choice", "soft"])(7);
  paint(11);
  paint(1);

  assert.equal(paint(7), alone);
  CHAPTERS.forEach(({ name, from, to }) => assert.notEqual(paint(from + 0.4), paint(to - 0.3), name));
});

test("At a full rack the dropped token is told who holds the slots, but not before it gets there.", () => {
  const paint = painter(["tokens choice"]);
  const why = "0, 1, 2 fill expert 0 first: token 4 is dropped";

  assert.ok(!paint(5.7).includes(why));
  assert.ok(!paint(5.7).includes(">full<"));
  assert.ok(paint(8).includes(why));
  assert.ok(paint(8).includes(">full<"));
  assert.ok(paint(9).includes(why));
  assert.ok(paint(11.5).includes("token 4 comes back unchanged"));
});

test("An empty slot is computed for nothing, a soft one is shown with its recipe.", () => {
  assert.ok(painter(["tokens choice"])(9.9).includes(">for nothing<"));
  assert.match(painter(["soft"])(8), />slot \d of expert \d =</);
  assert.ok(painter(["soft"])(4.8).includes(">nothing<"));
});

test("A soft slot that is pointed at shows its recipe in any chapter.", () => {
  const scene = { ...sceneOf(["soft"]), slot: 4, lit: true };
  for (const t of [0.5, 4, 7, 11]) {
    const pen = new SvgPen();
    paintStage(pen, scene, t);
    const svg = pen.picture(1080, scene.layout.height, "");
    assert.ok(svg.includes(">slot 1 of expert 1 =<"), `at ${t}`);
    assert.ok(svg.includes(">4 more<"), `at ${t}`);
  }
});

test("The SVG escapes its title and ends what it begins.", () => {
  const svg = painter(["soft"])(6);

  assert.match(svg, /^<svg [^>]*viewBox="0 0 1080 [\d.]+"/);
  assert.ok(svg.includes("<title>seven &#38; &#34;one&#34;</title>"));
  assert.match(svg, /<\/svg>\n$/);
});

test("A pen that was moved and changed comes back.", () => {
  const pen = new SvgPen();
  pen.save();
  pen.translate(10, 20);
  pen.globalAlpha = 0.5;
  pen.setLineDash([3, 2]);
  pen.strokeRect(1, 2, 3, 4);
  pen.restore();
  pen.beginPath();
  pen.moveTo(1, 2);
  pen.bezierCurveTo(3, 4, 5, 6, 7, 8);
  pen.stroke();
  const svg = pen.picture(9, 9, "");

  assert.ok(svg.includes('<rect x="11" y="22" width="3" height="4" fill="none" stroke="#000" stroke-width="1" stroke-dasharray="3 2" opacity="0.5"/>')); // prettier-ignore
  assert.ok(svg.includes('<path d="M1 2C3 4 5 6 7 8" fill="none" stroke="#000" stroke-width="1"/>'));
});

test("A patch of a photograph becomes at most four cells a side, each the mean of its pixels.", () => {
  const bytes = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i % 3 === 0 ? Math.floor(i / 3) % 16 : 9));
  const [tile] = tilesOf({ width: 16, height: 16, channels: 3, bytes }, [2, 2], 4);

  assert.equal(tile.side, 4);
  assert.deepEqual([...tile.cells.subarray(0, 6)], [0.5, 9, 9, 2.5, 9, 9]);
});

test("Numbers are one line for each weight, and one for a token without any.", () => {
  const own = { name: "mine", n: 3, p: 2, note: "", dispatch: [0, 0, 1, 0, 0, 0.5, 0, 0, 0, 0, 0, 0] };
  const lanes = /** @type {any} */ ([
    { ...own, combine: [0, 0, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
    { ...own, note: "raised" },
  ]);
  assert.deepEqual(rowsOf(lanes), [
    ["router", "token", "expert", "slot", "dispatch", "combine"],
    ["mine", 0, 1, 0, 1, 0.25],
    ["mine", 1, 0, 1, 0.5, 0],
    ["mine", 2, null, null, 0, 0],
  ]);
});

test("Every chapter of every router is a sentence.", () => {
  for (const router of ROUTERS)
    for (const { name } of CHAPTERS) {
      const words = sentence(lane(router), name, 4);
      assert.match(words, /^[A-Z][^.]*: .*[^.]\.$/, `${router}, ${name}: ${words}`);
      assert.doesNotMatch(words, /undefined|NaN|null/);
      assert.ok(footnote(lane(router), name, 6).length < 130);
    }
  assert.equal(listed([2, 5, 9]), "2, 5 and 9");
});

test("Long texts have lines, and only a word that is longer than a line is divided.", () => {
  assert.deepEqual(wrapped("one two three four", 10, 63), ["one two", "three four"]);
  assert.deepEqual(wrapped("a incomprehensible b", 10, 63), ["a", "incomprehe", "nsible b"]);
  assert.deepEqual([cut("mat", 10, 19), cut("mattress", 10, 32)], ["mat", "matt…"]);
});

test("Nothing is counted before it has happened, and then it counts up to what it comes to.", () => {
  const it = lane("tokens choice");
  const at = (/** @type {number} */ t) => tallyAt(it, t, [0, 1], (token) => (token === 4 ? 0.3 : 0.5));

  assert.deepEqual(at(5.4), ["—", "—", "—", "—"]);
  assert.deepEqual(at(5.6), ["0", "—", "—", "—"]);
  assert.deepEqual(
    [at(6.5), at(7.1)].map(([dropped]) => dropped),
    ["1", "2"],
  );
  assert.deepEqual(at(8.49).slice(1), ["—", "—", "—"]);
  assert.deepEqual(at(8.6), ["2", "0", "0.00–1.00", "—"]);
  assert.deepEqual(at(10.1).slice(1), ["1", "0.00–1.00", "—"]);
  assert.deepEqual(at(LOOP), totalsOf(it));
  assert.equal(totalsOf(it)[0], "2");
});

test("Which sums of a soft lane are 1 is told by no caption and no headline: lesson 00 asks for it.", () => {
  for (const router of ["soft", "soft / uniform", "uniform / soft"])
    for (const { name } of CHAPTERS)
      for (const words of [heading(lane(router), name), headline(lane(router), name)])
        assert.doesNotMatch(words, /\bsums?\b|\bcolumns?\b|\brows?\b|over (tokens|slots)/, words);
});

test("Captions are plain: none has a word that only the text below explains.", () => {
  for (const router of ROUTERS)
    for (const { name } of CHAPTERS)
      for (let token = 0; token < N; token++) {
        const words = [TITLES[name], heading(lane(router), name), caption(lane(router), name, token)].join(" ");
        assert.doesNotMatch(words, /Σ|gate|residual|combine|undefined|NaN/, words);
      }
  assert.deepEqual(recipeOf(lane("soft"), 5).parts.map(([token]) => token).length, 3); // prettier-ignore
});

test("Tokens that are words are called so, in captions, in the text and in numbers.", () => {
  const words = ["the", "cat", "sat", "on", "the", "mat", "."];
  const it = { ...lane("tokens choice"), words };
  assert.equal(caption(it, "dispatch", 6), "the, cat, sat fill expert 0 first: token 6 (.) is dropped");
  assert.match(
    fateOf(it, 4),
    /^token 4 \(the\) asks expert 0, but its 3 slots already hold 0 \(the\), 1 \(cat\) and 2 \(sat\)/,
  );
  assert.match(contentOf({ ...lane("soft"), words }, 5), /% token \d \(\S+\) \+/);
  assert.deepEqual(rowsOf([it]).slice(0, 2), [
    ["router", "token", "word", "expert", "slot", "dispatch", "combine"],
    ["tokens choice", 0, "the", 0, 0, 1, it.combine[0]],
  ]);
});
