// The whole picture at a time: chapters, the story of one token, and the lanes below each other.

import { expertColour } from "../shared/painting.js";
import { nameExpert, paintCombine, paintExperts, paintPatches, paintRail, paintTravellers } from "./answers.js";
import { lengthOf, ringed, say, tag, thread, wrapped } from "./brushes.js";
import { COUNTED, TITLES, caption, heading, tallyAt } from "./captions.js";
import { slotShown } from "./flow.js";
import { RAIL, expertAt, outputAt, patchAt, rackAt, resultAt, rowAt, slotAt } from "./layout.js";
import { counted, piecesOf, recipeAt } from "./places.js";
import { paintScores } from "./scores.js";
import { paintTile } from "./tiles.js";
import { CHAPTERS, chapterAt, turnOf } from "./timeline.js";
import { fallOf, outset, paintDispatch, paintThreads, railAt, revealed, slotMiddle } from "./travel.js";
import { called } from "./words.js";

/** @import { Part, Scene } from "./brushes.js" */
/** @import { Pen } from "./pen.js" */
/** @import { Chapter } from "./timeline.js" */

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
    const part = { scene, lane, box: layout.lanes[i], made: scene.made[i], turn: turnOf(i, scene.lanes.length) };
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
    paintWords(pen, part, t, i);
  });
}

/**
 * The size in which a bold text fits.
 *
 * @param {string} text
 * @param {number} size That it has where there is room.
 * @param {number} width
 */
const fitting = (text, size, width) => Math.min(size, Math.floor((size * width) / lengthOf(text, size, true)));

/**
 * @param {Pen} pen
 * @param {Scene} scene
 * @param {number} chapter
 */
function paintTitle(pen, { layout, ink }, chapter) {
  const text = `${chapter + 1} ${TITLES[CHAPTERS[chapter].name]}`;
  const size = fitting(text, layout.font + 2, layout.width - 10);
  say(pen, text, 4, layout.head / 2, { size, colour: ink.text, bold: true });
}

/**
 * Six chapters as a bar that fills, and what the present one is about.
 *
 * @param {Pen} pen
 * @param {Scene} scene
 * @param {number} t
 */
function paintHead(pen, { layout, lanes, ink, words: worded, token }, t) {
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
    const words = `${i + 1} ${name}`;
    say(pen, lengthOf(words, size, true) > long ? String(i + 1) : words, x, 11, { size, colour, bold: i === now });
  });
  const title = TITLES[CHAPTERS[now].name];
  const follow = `following ${called(lanes[0], token)}`;
  const right = layout.compact ? 0 : lengthOf(follow, layout.font);
  const size = fitting(title, layout.font + (layout.compact ? 1 : 4), wide - right - 24);
  say(pen, title, 2, 45, { size, colour: ink.text, bold: true });
  if (layout.compact) return;
  say(pen, follow, layout.width - 6, 45, { size: layout.font, colour: ink.text, align: "right" });
  paintColumns(pen, layout, ink, worded ? "tokens" : "patches");
}

/**
 * What stands in each column of the stage.
 *
 * @param {Pen} pen
 * @param {Scene["layout"]} layout
 * @param {Scene["ink"]} ink
 * @param {string} tokens What they are called.
 */
function paintColumns(pen, { lanes: [box], columns, head, width }, ink, tokens) {
  const wide = columns * box.patches.w;
  const rack = box.rack.across * (box.rack.w + 2);
  /** @type {[string, number][]} */
  const all = [
    [tokens, box.patches.x + wide / 2],
    ["scores", box.scores.cellsX + box.scores.cellsWide / 2],
    ["slots", box.rack.x + rack / 2],
    ["experts", box.expert.x + box.expert.wide / 2],
    ["answers", box.outputs + rack / 2],
    [tokens, box.results.x + wide / 2],
  ];
  let free = 0;
  const names = all.flatMap(([name, middle]) => {
    const half = lengthOf(name, 11) / 2;
    const x = Math.min(Math.max(middle, half + 2), width - half - 2);
    if (x - half < free) return [];
    free = x + half + 8;
    return [{ name, x, half }];
  });
  for (const { name, x } of names) say(pen, name, x, head - 9, { size: 11, colour: ink.bar, align: "center" });
  pen.strokeStyle = ink.line;
  pen.lineWidth = 1;
  names.slice(1).forEach(({ x, half }, i) => {
    const from = names[i].x + names[i].half + 8;
    const to = x - half - 8;
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
function paintWords(pen, part, t, i) {
  const { scene, lane, box, turn } = part;
  const { ink, layout, token } = scene;
  const { words } = box;
  const chapter = CHAPTERS[chapterAt(t)].name;
  const colour = ink.text;
  if (i) {
    pen.strokeStyle = ink.shade;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, box.y - 3.5);
    pen.lineTo(layout.width, box.y - 3.5);
    pen.stroke();
  }
  const { x, y, width, size, step } = words.heading;
  words.title.forEach((text, k) => say(pen, text, 4, box.y + 9 + k * step, { size: size + 1, colour, bold: true }));
  wrapped(heading(lane, chapter), size, width).forEach((text, k) =>
    say(pen, text, x, box.y + y + k * step, { size, colour }),
  );
  if (lane.note) return;
  tallyAt(lane, t, turn, (each) => fallOf(lane, each)).forEach((value, k) => {
    const at = words.tally[k];
    say(pen, counted(COUNTED[k], value), at.x, box.y + at.y, { size: words.small, colour: ink.bar });
  });
  paintCaption(pen, part, t, chapter, token);
}

/**
 * What happens to the token that is followed, or what a slot is made of.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 * @param {Chapter} chapter
 * @param {number} token
 */
function paintCaption(pen, part, t, chapter, token) {
  const { scene, lane, box, made } = part;
  const { size, step, tile, width, x } = box.words.caption;
  const asked = scene.slot >= 0 && !lane.sparse;
  const told = chapter !== "dispatch" || revealed(part, t) ? chapter : "select";
  const bold = chapter === "dispatch" || chapter === "compute";
  const first = box.rail + RAIL / 2 + step / 2;
  const colour = scene.ink.text;
  const text = caption(lane, told, token);
  if (!asked && (text || lane.sparse || (told !== "dispatch" && told !== "compute"))) {
    wrapped(text, size, width, bold).forEach((line, k) => say(pen, line, x, first + k * step, { size, colour, bold }));
    return;
  }
  const pieces = piecesOf(lane, slotShown(lane, token, scene.slot));
  recipeAt(pieces, box.words.caption).at.forEach(({ x: left, line }, k) => {
    const { text: words, token: own, slot } = pieces[k];
    const middle = first + line * (tile + 3) + 1;
    const area = { x: left, y: middle - tile / 2, w: tile, h: tile };
    if (words) return say(pen, words, left, middle, { size, colour, bold: true });
    paintTile(pen, slot >= 0 ? made.slots[slot] : scene.tiles[own], area);
    if (slot >= 0) ringed(pen, area);
    else if (!scene.words) tag(pen, scene, own, area);
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
  ringed(pen, patchAt(layout, box, token));
  if (t >= CHAPTERS[5].from) ringed(pen, resultAt(layout, box, token));
}

/**
 * The whole way of the token that was pointed at, whatever the time.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} t
 */
function paintPath(pen, part, t) {
  const { scene, lane, box, made } = part;
  const { layout, ink, token } = scene;
  if (lane.note || token >= lane.n) return;
  pen.globalAlpha = 0.7;
  pen.fillStyle = ink.page;
  pen.fillRect(box.scores.end - 40, box.top - 2, box.results.x - box.scores.end + 36, box.high + 2);
  pen.globalAlpha = 1;
  const { e, p, dispatch, combine } = lane;
  const s = e * p;
  const from = patchAt(layout, box, token);
  const to = resultAt(layout, box, token);
  const start = { x: from.x + from.w, y: from.y + from.h / 2 };
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
      pen.lineTo(to.x + to.w / 2, rail.y);
      pen.lineTo(to.x + to.w / 2, to.y + to.h);
      pen.stroke();
    });
    pen.setLineDash([]);
    if (asked && lane.kind === "tokens") {
      // Those who hold the slots that it asked for.
      for (let slot = asked.expert * p; slot < (asked.expert + 1) * p; slot++) {
        paintTile(pen, made.slots[slot], slotAt(box, slot));
        if (lane.holder[slot] >= 0) tag(pen, scene, lane.holder[slot], slotAt(box, slot));
      }
      ringed(pen, outset(rackAt(box, asked.expert), 1));
      litExpert(pen, part, asked.expert, "full");
    }
    return;
  }
  const shown = slotShown(lane, token, scene.slot);
  if (!lane.sparse && t >= CHAPTERS[3].from) {
    paintTile(pen, made.slots[shown], slotAt(box, shown));
    ringed(pen, slotAt(box, shown));
  }
  for (let slot = 0; slot < s; slot++) {
    const [into, out] = [dispatch[token * s + slot], combine[token * s + slot]];
    const colour = expertColour(Math.floor(slot / p));
    const middle = slotMiddle(box, slot);
    const answer = outputAt(box, slot);
    const enters = lane.sparse ? (into ? 3 : 0) : 14 * into;
    const leaves = lane.sparse ? (out ? 1 + 4 * out : 0) : 14 * out;
    if (enters > 0.3) stroke(enters, colour, () => thread(pen, end, { x: slotAt(box, slot).x, y: middle.y }));
    if (leaves > 0.3)
      stroke(leaves, colour, () =>
        thread(pen, { x: answer.x + answer.w, y: answer.y + answer.h / 2 }, { x: to.x, y: to.y + to.h / 2 }),
      );
    if (lane.sparse && into) {
      paintTile(pen, made.slots[slot], slotAt(box, slot));
      tag(pen, scene, token, slotAt(box, slot));
      ringed(pen, slotAt(box, slot));
      litExpert(pen, part, Math.floor(slot / p));
      paintTile(pen, made.outputs[slot], answer);
      ringed(pen, answer);
    }
  }
}

/**
 * An expert on the lit path, in place of what the veil left of it.
 *
 * @param {Pen} pen
 * @param {Part} part
 * @param {number} expert
 * @param {string} [more]
 */
function litExpert(pen, part, expert, more) {
  const { scene, box } = part;
  const { x, y, w, h } = expertAt(box, expert);
  pen.fillStyle = scene.ink.page;
  pen.fillRect(x, y, w, h);
  pen.strokeStyle = expertColour(expert);
  pen.lineWidth = 4;
  pen.strokeRect(x, y, w, h);
  nameExpert(pen, part, expert, more);
}
