// The words in the picture: plain ones, and few enough to be read while they stand there. The text below the picture has
// the same story in full, in the words of the field.

import { cached, columnOf, countsOf, holdersOf, largest, missOf, slotsOf } from "./flow.js";
import { dispatched, passed } from "./timeline.js";
import { called, digitsApart, listed, spanned } from "./words.js";

/** @import { Lane } from "./flow.js" */
/** @import { Chapter, Turn } from "./timeline.js" */

/** @type {Record<Chapter, string>} */
export const TITLES = {
  score: "How well tokens fit",
  normalise: "Scores become weights",
  select: "Who goes where?",
  dispatch: "Tokens fill slots, whole or mixed",
  compute: "Experts work on slots",
  combine: "Answers return to tokens",
};

/**
 * What is made of the scores. Which sums are 1 is not told here: lesson 00 asks for it.
 *
 * @param {Lane["reads"]} reads
 */
function readings({ dispatch, combine }) {
  if (dispatch && combine) return "the same scores, read twice";
  if (dispatch) return "read once; answers weigh alike";
  return combine ? "read once; tokens weigh alike" : "all weights are equal";
}

/**
 * What happens in a chapter of a lane, beside its name.
 *
 * @param {Lane} lane
 * @param {Chapter} chapter
 */
export function heading(lane, chapter) {
  const { kind, note, reads, p } = lane;
  if (note) return note;
  if (!lane.known) return `as Python decided it at scale ${lane.scale} with ${p} slot${p === 1 ? "" : "s"} per expert`;
  const blind = kind === "turns" || (kind === "soft" && !reads.dispatch && !reads.combine);
  const { empty } = countsOf(lane);
  switch (chapter) {
    case "score":
      return blind
        ? "no scores are read"
        : `one score per ${lane.columns > lane.e || kind === "soft" ? "slot" : "expert"}`;
    case "normalise":
      if (kind === "soft") return readings(reads);
      return kind === "turns" || kind === "given" ? "weights come from elsewhere" : "each row sums to 1";
    case "select":
      return {
        tokens: `tokens ask their best ${lane.meetings.length > lane.n ? "experts" : "expert"}`,
        experts: `each expert picks ${p} token${p === 1 ? "" : "s"}`,
        turns: "tokens take turns",
        soft: "nothing is selected",
        given: lane.sparse ? "whole tokens are chosen" : "nothing is selected",
      }[kind];
    case "dispatch":
      return lane.sparse ? "whole tokens travel to slots" : `each slot averages all ${lane.n} tokens`;
    case "compute":
      return empty ? `${empty} slot${empty === 1 ? "" : "s"} computed for nothing` : "no slot is empty";
    case "combine":
      return lane.sparse ? "answers return, times their weight" : "each token averages all answers";
  }
}

/**
 * Numbers of tokens, of which a long list names the first.
 *
 * @param {Lane} lane
 * @param {number[]} tokens
 */
function few({ words }, tokens) {
  const most = tokens.length > 6 ? 4 : 6;
  const names = tokens.slice(0, most).map((token) => (words ? words[token] : String(token)));
  return names.join(", ") + (tokens.length > most ? ` and ${tokens.length - most} more` : "");
}

/** @param {number[]} experts */
const expertsIn = (experts) => `expert${experts.length > 1 ? "s" : ""} ${listed(experts)}`;

/**
 * What becomes of a token when slots are filled.
 *
 * @param {Lane} lane
 * @param {number} token
 */
function fate(lane, token) {
  const { kind, p, dropped, meetings, sparse } = lane;
  const who = called(lane, token);
  if (!sparse) return dropped[token] ? `no slot takes ${who}: it is dropped` : "";
  const slots = slotsOf(lane, token);
  const full = meetings.filter((meeting) => meeting.token === token && meeting.slot < 0).map(({ expert }) => expert);
  if (kind === "tokens") {
    if (dropped[token])
      return full.length === 1
        ? `${few(lane, holdersOf(lane, full[0]))} fill expert ${full[0]} first: ${who} is dropped`
        : `${expertsIn(full)} are full: ${who} is dropped`;
    const got = slots.map((slot) => `slot ${slot % p} of expert ${Math.floor(slot / p)}`);
    return `${who} gets ${listed(got)}${full.length ? `; ${expertsIn(full)} ${full.length > 1 ? "are" : "is"} full` : ""}`;
  }
  const takers = slots.map((slot) => Math.floor(slot / p));
  if (takers.length) return `${expertsIn(takers)} ${takers.length > 1 ? "take" : "takes"} ${who}`;
  if (kind !== "experts" || !lane.gates) return `no slot takes ${who}: it is dropped`;
  const { expert, gate, least } = missOf(lane, token);
  const digits = digitsApart(gate, least);
  return gate === least
    ? `expert ${expert} is full: ${who} is dropped`
    : `${who} is dropped: its ${gate.toFixed(digits)} is below ${least.toFixed(digits)}`;
}

/**
 * What happens to a token in a chapter, below the picture of its lane. In mixtures the recipe of a slot takes the place
 * of what this leaves empty.
 *
 * @param {Lane} lane
 * @param {Chapter} chapter
 * @param {number} token
 */
export function caption(lane, chapter, token) {
  if (lane.note) return "";
  const { kind, p, gates, columns, meetings } = lane;
  const who = called(lane, token);
  if (chapter === "score" || chapter === "normalise") {
    if (kind === "turns" || (kind === "given" && chapter === "normalise")) return "";
    const values = chapter === "score" || !gates ? lane.scores : gates;
    const [[column]] = largest(values.subarray(token * columns, (token + 1) * columns), 1);
    const target = columns > lane.e ? `slot ${column % p} of expert ${Math.floor(column / p)}` : `expert ${column}`;
    return `${who} fits ${target} best`;
  }
  if (chapter === "select") {
    if (!lane.sparse) return "every slot takes every token";
    const own = [...new Set(meetings.filter((m) => m.token === token).map(({ expert }) => expert))];
    if (kind === "tokens") return `${who} asks ${expertsIn(own)}`;
    if (!own.length) return `no expert picks ${who}`;
    return `${expertsIn(own)} ${own.length > 1 ? "pick" : "picks"} ${who}`;
  }
  // What was told of dispatch stays while experts compute: it takes longer to read than to see.
  if (chapter === "dispatch" || chapter === "compute") return fate(lane, token);
  if (lane.dropped[token]) return `${who} comes back unchanged`;
  if (!lane.sparse) return `${who} + all answers, weighted`;
  const row = lane.combine.subarray(token * lane.e * p, (token + 1) * lane.e * p);
  const parts = largest(row, 4).filter(([, weight]) => weight > 0);
  const shown = parts.map(([from, weight]) => `${weight.toFixed(2)} × expert ${Math.floor(from / p)}`).join(" + ");
  const rest = row.filter((weight) => weight > 0).length - parts.length;
  return `${who} + ${shown}${rest > 0 ? ` + ${rest} more` : ""}`;
}

/**
 * A slot that mixes, as its largest parts: [token, share], and what is left.
 *
 * @param {Lane} lane
 * @param {number} slot
 */
export function recipeOf(lane, slot) {
  const parts = largest(columnOf(lane, slot), 3).filter(([, weight]) => weight > 0);
  return { name: `slot ${slot % lane.p} of expert ${Math.floor(slot / lane.p)}`, parts, rest: lane.n - parts.length };
}

/**
 * The longest captions of a lane, of all tokens and chapters: who leaves room for these has room for all.
 *
 * @type {(lane: Lane) => string[]}
 */
export const longestOf = cached((lane) => {
  /** @type {Set<string>} */
  const all = new Set();
  for (const chapter of /** @type {Chapter[]} */ (["score", "normalise", "select", "dispatch", "combine"]))
    for (let token = 0; token < lane.n; token++) all.add(caption(lane, chapter, token));
  return [...all].sort((a, b) => b.length - a.length).slice(0, 6);
});

/** What is counted in each lane, in the order in which it happens. */
export const COUNTED = ["dropped", "empty slots", "each slot takes", "each token gets back"];

/**
 * What each of them comes to.
 *
 * @type {(lane: Lane) => string[]}
 */
export const totalsOf = cached((lane) => {
  const { dropped, empty, slotSums, tokenSums } = countsOf(lane);
  return [String(dropped), String(empty), spanned(slotSums), spanned(tokenSums)];
});

export const UNKNOWN = "—";

/**
 * How far the counts have come at a time: nothing is known before it has happened.
 *
 * @param {Lane} lane
 * @param {number} t
 * @param {Turn} turn
 * @param {(token: number) => number} falls When in its turn a dropped token begins to fall.
 */
export function tallyAt(lane, t, turn, falls) {
  const totals = totalsOf(lane);
  const now = dispatched(t, turn);
  const computed = passed(t, "compute");
  const lost = lane.dropped.filter((is, token) => is && now >= falls(token)).length;
  const idle = lane.empty.filter((is, slot) => is && computed * lane.p >= (slot % lane.p) + 0.5).length;
  return [
    now > 0 ? String(lost) : UNKNOWN,
    computed > 0 ? String(idle) : UNKNOWN,
    now >= 1 ? totals[2] : UNKNOWN,
    passed(t, "combine") >= 0.6 ? totals[3] : UNKNOWN,
  ];
}
