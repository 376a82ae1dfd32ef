// The whole picture at a time: chapters, the story of one token, and the lanes below each other.

import { expertColour } from "../shared/painting.js";
import { broken, lengthOf, ringed, say, tag, thread } from "./brushes.js";
import { paintCombine, paintExperts, paintPatches, paintRail, paintTravellers } from "./answers.js";
import { expertAt, outputAt, patchAt, resultAt, rowAt, slotAt } from "./layout.js";
import { paintScores } from "./scores.js";
import { slotShown } from "./flow.js";
import { CHAPTERS, chapterAt } from "./timeline.js";
import { paintTile } from "./tiles.js";
import { paintDispatch, paintRecipe, paintThreads, railAt, revealed, slotMiddle } from "./travel.js";
import { CHAPTER_WORDS, countsInWords, footnote, headline, titleOf } from "./words.js";

/** @import { Part, Scene } from "./brushes.js" */
/** @import { Pen } from "./pen.js" */

/**
 * @param {Pen} pen
 * @param {Scene} scene
 * @param {number} t
 * @param {{ still?: boolean }} [how] A still picture names its own chapter alone.
 */
export function paintStage(pen, scene, t, { still = false } = {}) {
  const { layout, ink } = scene;
  pen.fillStyle = ink.page;
  pen.fillRect(0, 0, layout.width, layout.height);
  if (still) paintTitle(pen, scene, chapterAt(t));
  else paintHead(pen, scene, t);
  scene.lanes.forEach((lane, i) => {
    const part = { scene, lane, box: layout.lanes[i], made: scene.made[i] };
    paintPatches(pen, part);
    paintRail(pen, part);
    paintThreads(pen, part, t);
    paintScores(pen, part, t);
    paintDispatch(pen, part, t);
    paintExperts(pen, part, t);
    paintCombine(pen, part, t);
    paintTravellers(pen, part, t);
    paintFollowed(pen, part, t);
    if (scene.lit && scene.slot < 0) paintPath(pen, part, t);
    paintRecipe(pen, part, t);
    paintWords(pen, part, t, i);
  });
}

/**
 * @param {Pen} pen
 * @param {Scene} scene
 * @param {number} chapter
 */
function paintTitle(pen, { layout, ink }, chapter) {
  const { name } = CHAPTERS[chapter];
  const colour = ink.text;
  say(pen, `${chapter + 1} ${CHAPTER_WORDS[name]}`, 6, layout.head / 2, { size: layout.font + 2, colour, bold: true });
}

/**
 * Six chapters as a bar that fills, and what the present one is about.
 *
 * @param {Pen} pen
 * @param {Scene} scene
 * @param {number} t
 */
function paintHead(pen, { layout, ink, token }, t) {
  const now = chapterAt(t);
  const wide = layout.width - 4;
  const end = CHAPTERS[CHAPTERS.length - 1].to;
  CHAPTERS.forEach(({ name, from, to }, i) => {
    const x = 2 + (wide * from) / end;
    const long = (wide * (to - from)) / end - 3;
    const done = Math.min(Math.max((t - from) / (to - from), 0), 1);
    pen.fillStyle = ink.shade;
    pen.fillRect(x, 22, long, 5);
    pen.fillStyle = ink.text;
    pen.fillRect(x, 22, long * done, 5);
    const colour = i === now ? ink.text : ink.bar;
    const size = layout.compact ? 10 : layout.font;
    const words = layout.compact ? (i === now ? `${i + 1} ${name}` : String(i + 1)) : `${i + 1} ${name}`;
    const clipped = lengthOf(words, size) > long + 8 && i !== now ? String(i + 1) : words;
    say(pen, clipped, x, 11, { size, colour, bold: i === now });
  });
  const title = CHAPTER_WORDS[CHAPTERS[now].name];
  say(pen, title, 2, 45, { size: layout.font + (layout.compact ? 1 : 4), colour: ink.text, bold: true });
  if (layout.compact) return;
  const follow = `following token ${token}`;
  say(pen, follow, layout.width - 6, 45, { size: layout.font, colour: ink.text, align: "right" });
  paintColumns(pen, layout, ink);
}

/**
 * What stands in each column of the stage.
 *
 * @param {Pen} pen
 * @param {Scene["layout"]} layout
 * @param {Scene["ink"]} ink
 */
function paintColumns(pen, { lanes: [box], columns, head }, ink) {
  const wide = columns * box.patches.cell;
  const rack = box.p * box.rack.step;
  /** @type {[string, number][]} */
  const names = [
    ["patches", box.patches.x + wide / 2],
    ["scores", box.scores.cellsX + box.scores.cellsWide / 2],
    ["slots", box.rack.x + rack / 2],
    ["experts", box.expert.x + box.expert.wide / 2],
    ["answers", box.outputs + rack / 2],
    ["patches", box.results.x + wide / 2],
  ];
  for (const [name, x] of names) say(pen, name, x, head - 9, { size: 11, colour: ink.bar, align: "center" });
  pen.strokeStyle = ink.line;
  pen.lineWidth = 1;
  names.slice(1).forEach(([name, x], i) => {
    const from = names[i][1] + 34;
    const to = x - 4 - name.length * 4;
    if (to - from < 12) return;
    pen.beginPath();
    pen.moveTo(from, head - 9);
    pen.lineTo(to, head - 9);
    pen.moveTo(to - 4, head - 12);
    pen.lineTo(to, head - 9);
    pen.lineTo(to - 4, head - 6);
    pen.stroke();
  });
}

/**
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 * @param {number} i
 */
function paintWords(pen, { scene, lane, box }, t, i) {
  const { ink, layout, token } = scene;
  const { font, compact, stacked, tiny, width } = layout;
  const chapter = CHAPTERS[chapterAt(t)].name;
  if (i) {
    pen.strokeStyle = ink.shade;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, box.y - 3.5);
    pen.lineTo(width, box.y - 3.5);
    pen.stroke();
  }
  const title = titleOf(lane.name);
  const y = box.y + 9;
  const size = font;
  const colour = ink.text;
  say(pen, title, 4, y, { size: size + 1, colour, bold: true });
  const words = countsInWords(lane);
  const [sums, rest] = [`${words.slotSums} · ${words.tokenSums}`, `${words.dropped} · ${words.empty}`];
  const tally = tiny ? rest : `${rest} · ${sums}`;
  const small = stacked ? 10 : 12;
  if (!lane.note) say(pen, tally, width - 4, y, { size: small, colour: ink.bar, align: "right" });
  const line = headline(lane, chapter);
  if (tiny && !lane.note) say(pen, sums, width - 4, y + 13, { size: small, colour: ink.bar, align: "right" });
  if (stacked) say(pen, broken(line, size - 1, width - 8)[0], 4, y + (tiny ? 27 : 15), { size: size - 1, colour });
  else {
    const [text] = broken(line, size, width - lengthOf(tally, small) - 136);
    say(pen, text, 130, y, { size, colour });
  }
  const known = chapter !== "dispatch" || revealed(lane, token, t);
  const travels = chapter === "compute" || chapter === "combine";
  const slot = slotShown(lane, token, scene.slot);
  const told = scene.slot >= 0 && !lane.sparse ? "dispatch" : known ? chapter : "select";
  const note = footnote(lane, told, token, slot);
  if (!note) return;
  const bold = chapter === "dispatch";
  const below = broken(note, size - (compact ? 1 : 0), compact ? width - 8 : width * (travels ? 0.4 : 0.56), bold);
  // Below the rail on narrow stages; on it elsewhere, right of what lies there.
  const x = compact ? 4 : travels ? box.scores.x - 40 : box.rack.x - 8;
  below.forEach((text, k) => {
    const at = compact ? box.rail + 14 + 12 * k : box.rail - (below.length - 1) * 6 + 13 * k;
    if (!compact) {
      pen.fillStyle = ink.page;
      pen.fillRect(x - 4, at - 7, lengthOf(text, size, bold) + 8, 14);
    }
    say(pen, text, x, at, { size: size - (compact ? 1 : 0), colour, bold });
  });
}

/**
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
function paintFollowed(pen, { scene, lane, box }, t) {
  const { layout, token } = scene;
  if (token >= lane.n) return;
  const { cell } = box.patches;
  const from = patchAt(layout, box, token);
  ringed(pen, from.x, from.y, cell - 1, cell - 1);
  if (t < CHAPTERS[5].from) return;
  const to = resultAt(layout, box, token);
  ringed(pen, to.x, to.y, cell - 1, cell - 1);
}

/**
 * The whole way of the token that was pointed at, whatever the time.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
function paintPath(pen, { scene, lane, box, made }, t) {
  const { layout, ink, token } = scene;
  if (lane.note || token >= lane.n) return;
  const { cell } = box.patches;
  pen.globalAlpha = 0.7;
  pen.fillStyle = ink.page;
  pen.fillRect(box.scores.end - 40, box.top - 2, box.results.x - box.scores.end + 36, box.high + 2);
  pen.globalAlpha = 1;
  const { e, p, dispatch, combine } = lane;
  const s = e * p;
  const size = box.rack.tile;
  const from = patchAt(layout, box, token);
  const to = resultAt(layout, box, token);
  const start = { x: from.x + cell, y: from.y + cell / 2 };
  const row = rowAt(box, token);
  const end = { x: box.scores.cellsX + box.scores.cellsWide, y: row.y };
  const stroke = (/** @type {number} */ width, /** @type {string} */ colour, /** @type {() => void} */ draw) => {
    for (const [w, c] of /** @type {[number, string][]} */ ([
      [width + 3, ink.page],
      [width, colour],
    ])) {
      pen.lineWidth = w;
      pen.strokeStyle = c;
      draw();
    }
  };
  stroke(2.5, ink.text, () => thread(pen, start, row));
  if (lane.dropped[token]) {
    const asked = lane.meetings.findLast((meeting) => meeting.token === token);
    const rail = { x: railAt(lane, box, token).x, y: box.rail };
    pen.setLineDash([6, 4]);
    stroke(2.5, ink.text, () => {
      if (asked) {
        const full = { x: box.rack.x - 4, y: box.top + (asked.expert + 0.5) * box.rack.band };
        thread(pen, end, full);
        thread(pen, full, rail);
      } else thread(pen, end, rail);
      pen.beginPath();
      pen.moveTo(rail.x, rail.y);
      pen.lineTo(to.x + cell / 2, rail.y);
      pen.lineTo(to.x + cell / 2, to.y + cell);
      pen.stroke();
    });
    pen.setLineDash([]);
    if (asked && lane.kind === "tokens") {
      // Those who hold the slots that it asked for.
      for (let slot = asked.expert * p; slot < (asked.expert + 1) * p; slot++) {
        const { x, y } = slotAt(box, slot);
        paintTile(pen, made.slots[slot], x, y, size);
        if (lane.holder[slot] >= 0) tag(pen, lane.holder[slot], x, y, size);
      }
      const { x, y } = slotAt(box, asked.expert * p);
      ringed(pen, x - 1, y - 1, (p - 1) * box.rack.step + size + 2, size + 2);
      const how = { size: layout.font, colour: ink.text, bold: true, align: /** @type {const} */ ("right") };
      say(pen, "full", box.rack.x - 8, box.top + asked.expert * box.rack.band + 4, how);
    }
    return;
  }
  const shown = slotShown(lane, token, scene.slot);
  if (!lane.sparse && t >= CHAPTERS[3].from) {
    const { x, y } = slotAt(box, shown);
    paintTile(pen, made.slots[shown], x, y, size);
    ringed(pen, x, y, size, size);
  }
  const mixing = (scene.slot >= 0 || CHAPTERS[chapterAt(t)].name === "dispatch") && !layout.compact;
  for (let slot = 0; slot < s; slot++) {
    const [into, out] = [dispatch[token * s + slot], combine[token * s + slot]];
    const colour = expertColour(Math.floor(slot / p));
    const middle = slotMiddle(box, slot);
    const answer = outputAt(box, slot);
    const enters = lane.sparse ? (into ? 3 : 0) : 14 * into;
    const leaves = lane.sparse ? (out ? 1 + 4 * out : 0) : 14 * out;
    if (enters > 0.3) stroke(enters, colour, () => thread(pen, end, { x: slotAt(box, slot).x, y: middle.y }));
    if (leaves > 0.3 && (lane.sparse || !mixing))
      stroke(leaves, colour, () =>
        thread(pen, { x: answer.x + size, y: answer.y + size / 2 }, { x: to.x, y: to.y + cell / 2 }),
      );
    if (lane.sparse && into) {
      const { x, y } = slotAt(box, slot);
      const expert = expertAt(box, Math.floor(slot / p));
      paintTile(pen, made.slots[slot], x, y, size);
      tag(pen, token, x, y, size);
      ringed(pen, x, y, size, size);
      pen.strokeStyle = colour;
      pen.lineWidth = 4;
      pen.strokeRect(expert.x, expert.y, expert.wide, expert.high);
      const how = { size: 12, colour: ink.text, bold: true, align: /** @type {const} */ ("center") };
      const name = expert.wide < 63 ? `E${Math.floor(slot / p)}` : `expert ${Math.floor(slot / p)}`;
      say(pen, name, expert.x + expert.wide / 2, expert.y + expert.high / 2, how);
      paintTile(pen, made.outputs[slot], answer.x, answer.y, size);
      ringed(pen, answer.x, answer.y, size, size);
    }
  }
}
