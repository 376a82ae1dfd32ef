// The story in words: what a lane does in each chapter, short for the picture and in full for those who read it.

import { columnOf, countsOf, holdersOf, largest, missOf, slotToShow, slotsOf } from "./flow.js";

/** @import { Lane, Span } from "./flow.js" */
/** @import { Chapter } from "./timeline.js" */

/** @type {Record<string, string>} */
const TITLES = {
  "tokens choice": "Tokens choice",
  "experts choice": "Experts choice",
  soft: "Soft MoE",
  uniform: "Uniform",
  identity: "Identity",
  "uniform / soft": "Uniform / soft",
  "soft / uniform": "Soft / uniform",
};

/** @param {string} name */
export const titleOf = (name) => TITLES[name] ?? name;

/** @param {number} x */
const two = (x) => x.toFixed(2);
/** @param {number} x */
const percent = (x) => `${Math.round(100 * x)} %`;
/**
 * @param {number} count
 * @param {string} word
 */
const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** @param {Span} span */
export const spanned = ([least, most]) => (two(least) === two(most) ? two(least) : `${two(least)}–${two(most)}`);

/**
 * "2, 5 and 9".
 *
 * @param {(number | string)[]} list
 */
export const listed = (list) =>
  list.length > 1 ? `${list.slice(0, -1).join(", ")} and ${list[list.length - 1]}` : String(list[0] ?? "none");

/**
 * A token by its number, and by its word if it has one.
 *
 * @param {Lane} lane
 * @param {number} token
 */
export const called = ({ words }, token) => `token ${token}${words ? ` (${words[token]})` : ""}`;

/**
 * Numbers of tokens, with their words.
 *
 * @param {Lane} lane
 * @param {number[]} tokens
 */
const numbered = ({ words }, tokens) => listed(tokens.map((token) => (words ? `${token} (${words[token]})` : token)));

/**
 * How many digits tell two numbers apart.
 *
 * @param {number} a
 * @param {number} b
 */
export const digitsApart = (a, b) => (two(a) === two(b) ? 4 : 2);

/**
 * What a lane has come to in the end.
 *
 * @param {Lane} lane
 */
export function countsInWords(lane) {
  const counts = countsOf(lane);
  return (
    `${counts.dropped} dropped, ${counts.empty} of ${many(lane.e * lane.p, "slot")} empty, ` +
    `dispatch sums to ${spanned(counts.slotSums)} for each slot, combine to ${spanned(counts.tokenSums)} for each token`
  );
}

/** @param {Lane["reads"]} reads */
function softmaxes({ dispatch, combine }) {
  if (dispatch && combine) return "the same scores are read twice: one softmax makes dispatch, another combine";
  if (dispatch) return "a softmax makes dispatch; combine weights are all equal";
  return combine ? "a softmax makes combine; dispatch weights are all equal" : "all weights are equal";
}

/**
 * What happens in a chapter of a lane, in the words of the field.
 *
 * @param {Lane} lane
 * @param {Chapter} chapter
 */
export function headline(lane, chapter) {
  const { kind, n, note, reads } = lane;
  if (note) return note;
  if (!lane.known) return `as Python decided it at scale ${lane.scale} with ${many(lane.p, "slot")} per expert`;
  const blind = kind === "turns" || (kind === "soft" && !reads.dispatch && !reads.combine);
  const counts = countsOf(lane);
  const scored = kind === "soft" || kind === "given" ? "slot" : "expert";
  /** @type {Record<Chapter, string>} */
  const lines = {
    score: blind ? "no scores are read" : `every token is scored against every ${scored}`,
    normalise:
      kind === "soft"
        ? softmaxes(reads)
        : kind === "turns" || kind === "given"
          ? "its weights are not made from these scores"
          : "each row becomes a bar that sums to 1",
    select: {
      tokens: `each token asks for its best ${lane.meetings.length > n ? "experts" : "expert"}`,
      experts: `each expert reaches for its best ${lane.p} tokens`,
      turns: "tokens take turns",
      soft: "nothing is selected: every slot takes part of every token",
      given: lane.sparse ? "whole tokens go to slots" : "every weight is kept",
    }[kind],
    dispatch: lane.sparse
      ? `tokens travel whole; ${many(counts.dropped, "token")} ${counts.dropped === 1 ? "finds" : "find"} no slot`
      : `each slot becomes a weighted average of all ${n} patches`,
    compute: counts.empty
      ? `every slot is computed, ${counts.empty} of them empty: paid for nothing`
      : "every slot is computed, none is empty",
    combine: lane.sparse
      ? counts.dropped
        ? "answers return, times their gate; what was dropped arrives unchanged"
        : "answers return, times their gate"
      : "each token gets a weighted average of all answers",
  };
  return lines[chapter];
}

/**
 * Why others were served before a token that found its slots taken.
 *
 * @param {Lane} lane
 * @param {number} token
 */
function whyBefore({ meetings, priority, gates, columns, holder, p }, token) {
  const refused = meetings.filter((meeting) => meeting.token === token && meeting.slot < 0);
  if (refused.some(({ choice }) => choice > 0)) return "which were served before";
  if (priority !== "gate" || !gates) return "which came first";
  const highest = (/** @type {number} */ who) => Math.max(...gates.subarray(who * columns, (who + 1) * columns));
  const [{ expert }] = refused;
  const higher = holder.subarray(expert * p, (expert + 1) * p).every((who) => highest(who) > highest(token));
  return higher ? "whose gates are higher" : "which were served before";
}

/**
 * Why a token is dropped, or where it is.
 *
 * @param {Lane} lane
 * @param {number} token
 */
export function fateOf(lane, token) {
  const { kind, p, dropped, meetings, note } = lane;
  if (note) return note;
  if (!lane.sparse) {
    const row = lane.dispatch.subarray(token * lane.e * p, (token + 1) * lane.e * p);
    const [[slot, share]] = largest(row, 1);
    if (dropped[token]) return `no slot takes any of ${called(lane, token)}: it is dropped`;
    return (
      `${called(lane, token)} is a part of every slot, most in slot ${slot % p} of expert ${Math.floor(slot / p)} ` +
      `(${percent(share)} of it): it cannot be dropped`
    );
  }
  const slots = slotsOf(lane, token);
  const own = meetings.filter((meeting) => meeting.token === token);
  if (kind === "tokens") {
    const refused = own
      .filter(({ slot }) => slot < 0)
      .map(({ expert }) => {
        const full = `its ${many(p, "slot")} already hold${p === 1 ? "s" : ""} ${numbered(lane, holdersOf(lane, expert))}`;
        return `expert ${expert}, but ${full}`;
      });
    const got = slots.map((slot) => `slot ${slot % p} of expert ${Math.floor(slot / p)}`);
    if (dropped[token])
      return `${called(lane, token)} asks ${refused.join(", and ")}, ${whyBefore(lane, token)}: it is dropped`;
    return `${called(lane, token)} gets ${listed(got)}${refused.length ? `; it also asked ${refused.join(", and ")}` : ""}`;
  }
  if (!slots.length) {
    if (kind !== "experts" || !lane.gates) return `no slot takes ${called(lane, token)}: it is dropped`;
    const { expert, gate, last, least } = missOf(lane, token);
    const begins = `no expert takes ${called(lane, token)}: its gate of`;
    const taken = `of ${called(lane, last)}, the last one taken: it is dropped`;
    if (gate === least) return `${begins} ${two(gate)} for expert ${expert} is no higher than that ${taken}`;
    const digits = digitsApart(gate, least);
    return `${begins} ${gate.toFixed(digits)} for expert ${expert} is below the ${least.toFixed(digits)} ${taken}`;
  }
  const takers = slots.map((slot) => `expert ${Math.floor(slot / p)}`);
  const verb = kind === "experts" ? (takers.length > 1 ? "take" : "takes") : takers.length > 1 ? "have" : "has";
  return `${listed(takers)} ${verb} ${called(lane, token)}`;
}

/**
 * What a slot contains.
 *
 * @param {Lane} lane
 * @param {number} slot
 * @param {number} [most]
 */
export function contentOf(lane, slot, most = 3) {
  const parts = largest(columnOf(lane, slot), most).filter(([, weight]) => weight > 0);
  const rest = lane.n - parts.length;
  const shown = parts.map(([token, weight]) => `${percent(weight)} ${called(lane, token)}`).join(" + ");
  const name = `slot ${slot % lane.p} of expert ${Math.floor(slot / lane.p)}`;
  if (!parts.length) return `${name} is empty`;
  return `${name} = ${shown}${rest > 0 ? ` + ${rest} more` : ""}`;
}

/**
 * What happens to a token in a chapter.
 *
 * @param {Lane} lane
 * @param {Chapter} chapter
 * @param {number} token
 * @param {number} [slot] Of a soft lane, whose content is told.
 */
export function footnote(lane, chapter, token, slot = slotToShow(lane, token)) {
  if (lane.note) return "";
  const { kind, p, gates, columns, meetings } = lane;
  if (chapter === "score" || chapter === "normalise") {
    const values = chapter === "score" || !gates ? lane.scores : gates;
    const [[column, value]] = largest(values.subarray(token * columns, (token + 1) * columns), 1);
    const target = columns > lane.e ? `slot ${column % p} of expert ${Math.floor(column / p)}` : `expert ${column}`;
    if (kind === "turns" || (kind === "given" && chapter === "normalise")) return "";
    return chapter === "score"
      ? `${called(lane, token)} scores best with ${target}: ${two(value)}`
      : `${called(lane, token)}: ${two(value)} of its bar is ${target}`;
  }
  if (chapter === "select") {
    if (!lane.sparse) return "";
    const own = [...new Set(meetings.filter((m) => m.token === token).map(({ expert }) => `expert ${expert}`))];
    if (kind === "tokens") return `${called(lane, token)} asks ${listed(own)}`;
    return own.length
      ? `${listed(own)}: ${called(lane, token)} is among the chosen`
      : `no expert reaches for ${called(lane, token)}`;
  }
  if (chapter === "dispatch" || chapter === "compute") return lane.sparse ? fateOf(lane, token) : contentOf(lane, slot);
  if (lane.dropped[token]) return `${called(lane, token)} arrives unchanged: only its residual is left`;
  const row = lane.combine.subarray(token * lane.e * p, (token + 1) * lane.e * p);
  const parts = largest(row, lane.sparse ? 4 : 2).filter(([, weight]) => weight > 0);
  const shown = parts.map(([from, weight]) => `${two(weight)} × expert ${Math.floor(from / p)}`).join(" + ");
  const rest = row.filter((weight) => weight > 0).length - parts.length;
  return `${called(lane, token)} + ${shown}${rest > 0 ? ` + ${rest} more` : ""}`;
}

/** @type {Record<Chapter, string>} */
export const CHAPTER_WORDS = {
  score: "Scores: how well does each token fit?",
  normalise: "Normalise: scores become weights that sum to 1",
  select: "Select: who goes where?",
  dispatch: "Dispatch: tokens fill slots, whole or mixed",
  compute: "Compute: experts work on their slots",
  combine: "Combine: answers return to their tokens",
};

/**
 * A chapter of a lane in sentences.
 *
 * @param {Lane} lane
 * @param {Chapter} chapter
 * @param {number} token
 */
export function sentence(lane, chapter, token) {
  const more = footnote(lane, chapter, token);
  const text = `${titleOf(lane.name)}: ${headline(lane, chapter)}${more ? `; ${more}` : ""}.`;
  return text.replace(/\.\.$/, ".");
}
