// Why a token was dropped, why an expert did not take it, and which softmax would make sums 1. What a Routing does not
// carry is said to be missing; an expert that a token did not ask for is never blamed.

import { topInOrder } from "../arithmetic/routing.js";
import {
  SOFTMAX,
  droppedTold,
  missOf,
  missTold,
  nearestMiss,
  ordinal,
  refusalOf,
  refusalsOf,
} from "../arithmetic/why.js";
import { plural, four } from "./numbers.js";

/** @import { Choosing, Taking } from "../arithmetic/why.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Look, Weights } from "./numbers.js" */

/**
 * What the sentences read of a group; null where tokens do not choose.
 *
 * @param {Look} it
 * @returns {Choosing | null}
 */
export function choosing(it) {
  const { chooser, holders, gates, experts: e, p, asks = 1 } = it;
  if ((chooser !== "tokens" && chooser !== "either") || !holders || !gates) return null;
  return { e, p, topK: asks, token: holders, gates, asked: askedIn(gates, e, asks), priority: priorityOf(it) };
}

// Where both rules serve the tokens alike, the simpler one is told.
/** @param {Look} it */
const priorityOf = ({ priority }) => (priority === "gate" ? "gate" : "position");

/** @type {WeakMap<ArrayBufferLike, Map<number, Int32Array>>} */
const known = new WeakMap();

/**
 * The experts that each token of a group asks for, best first; found once.
 *
 * @param {Float32Array} gates
 * @param {number} e
 * @param {number} k
 */
function askedIn(gates, e, k) {
  const groups = known.get(gates.buffer) ?? new Map();
  known.set(gates.buffer, groups);
  const before = groups.get(gates.byteOffset);
  if (before) return before;
  const asked = new Int32Array((gates.length / e) * k);
  for (let t = 0; t * e < gates.length; t++) asked.set(topInOrder(gates, t * e, e, 1, k), t * k);
  groups.set(gates.byteOffset, asked);
  return asked;
}

/**
 * @param {Look} it
 * @returns {Taking | null}
 */
function taking({ chooser, holders, gates, experts: e, p, tokens, images_per_group: images }) {
  if (chooser !== "experts" || !holders || !gates) return null;
  return { n: tokens * images, e, p, token: holders, gates };
}

/**
 * The number in its group of a token of the image.
 *
 * @param {Look} it
 * @param {number} token
 */
export const inGroup = (it, token) => (it.image % it.images_per_group) * it.tokens + token;

/**
 * A token of the group as it is called beside an image: those of others with their image.
 *
 * @param {Look} it
 */
const namer = (it) => (/** @type {number} */ each) => {
  const token = each % it.tokens;
  const image = it.group * it.images_per_group + Math.floor(each / it.tokens);
  if (image !== it.image) return `${it.what} ${image}'s token ${token}`;
  return `token ${token}${it.words ? ` ${JSON.stringify(it.words[token])}` : ""}`;
};

/**
 * The gates of a token, one for each expert; null where the Routing has none.
 *
 * @param {Look} it
 * @param {number} token
 */
export function gatesOf(it, token) {
  if (!it.gates || it.row[token] < 0) return null;
  const own = inGroup(it, token);
  return it.gates.subarray(own * it.experts, (own + 1) * it.experts);
}

/**
 * The experts that a token asked for, best first; null where tokens do not choose or it is not known.
 *
 * @param {Look} it
 * @param {number} token
 */
export function askedBy(it, token) {
  const chosen = choosing(it);
  return chosen && [...topInOrder(chosen.gates, inGroup(it, token) * it.experts, it.experts, 1, chosen.topK)];
}

/** @param {string} text */
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/**
 * Where tokens of the image hold the slots that a token asked for and did not get: [token, expert, slot] of each.
 *
 * @param {Look} it
 * @param {Place} at
 * @returns {[token: number, expert: number, slot: number][]}
 */
export function holdersFor(it, { token, expert }) {
  const chosen = choosing(it);
  if (!chosen || token < 0 || it.fate[token] === 2) return [];
  const first = inGroup(it, 0);
  return refusalsOf(chosen, inGroup(it, token))
    .filter((refusal) => expert < 0 || refusal.expert === expert)
    .flatMap((refusal) =>
      refusal.holders.map((held) => /** @type {const} */ ([held.token - first, refusal.expert, held.slot])),
    )
    .filter(([held]) => held >= 0 && held < it.tokens)
    .map(([held, e, slot]) => [held, e, slot]);
}

const NO_GATES = "The Routing does not carry gates, so it cannot say what this token asked for.";
const ODD = "No rule that the lens knows makes these slots of the Routing's gates, so it cannot say why.";

/**
 * Why a selection is as it is; "" where there is nothing to explain.
 *
 * @param {Look} it
 * @param {Place} at
 */
export function why(it, { token, expert, slot }) {
  if (token < 0 || it.row[token] < 0 || it.fate[token] === 2) return "";
  const dropped = it.fate[token] === 1;
  const own = inGroup(it, token);
  const experts = taking(it);
  if (experts) {
    const miss = expert >= 0 ? missOf(experts, own, expert) : dropped ? nearestMiss(experts, own) : null;
    if (!miss || miss.last.token < 0) return "";
    const begin =
      expert < 0
        ? `no expert chose it; it came nearest to expert ${miss.expert}`
        : `expert ${expert} did not choose it`;
    return sentence(`${begin}: ${missTold(miss, namer(it))}`);
  }
  const chosen = choosing(it);
  if (chosen) {
    const reason = whyOfTokens(it, chosen, own, expert, slot);
    return reason && it.chooser === "either" ? `${reason} Experts that choose would fill the same slots.` : reason;
  }
  if (!dropped && !it.lost.includes(token)) return "";
  if (it.holders) return it.gates ? ODD : NO_GATES;
  if (it.hard) return "These are weights without choices, so they cannot say what this token asked for.";
  return "Every weight in its row of dispatch is 0, where a softmax gives each token some weight.";
}

/**
 * @param {Look} it
 * @param {Choosing} chosen
 * @param {number} own
 * @param {number} expert
 * @param {number} slot
 */
function whyOfTokens(it, chosen, own, expert, slot) {
  const name = namer(it);
  if (expert < 0) {
    const refusals = refusalsOf(chosen, own);
    return refusals.length ? sentence(droppedTold(refusals, name)) : "";
  }
  const { topK, gates, e } = chosen;
  const choice = topInOrder(gates, own * e, e, 1, topK).indexOf(expert);
  const gate = four(gates[own * e + expert]);
  if (choice < 0) {
    const rank = [...topInOrder(gates, own * e, e, 1, e)].indexOf(expert);
    const most = rank === e - 1 ? "smallest" : `${ordinal(rank)} largest`;
    return `It did not ask for expert ${expert}: its gate there (${gate}) is its ${most}, and a token asks for ${plural(topK, "expert")}.`;
  }
  const refusal = refusalOf(chosen, own, choice);
  if (refusal) return sentence(droppedTold([refusal], name));
  if (slot >= 0 && it.holders?.[expert * it.p + slot] !== own) return "";
  return `It asked for expert ${expert}: its gate there (${gate}) is its ${choice ? `${ordinal(choice)} largest` : "largest"}.`;
}

/** @type {{ is: (it: Look, view: Weights) => boolean, words: string }[]} */
const TAKEN = [
  { words: "these are the logits themselves, without a softmax", is: areLogits },
  {
    words: "each token's weights sum to 1, as after a softmax over all slots",
    is: (it, view) => ones(it, it.rows[view]),
  },
  {
    words: "each slot's weights sum to 1, as after a softmax over tokens",
    is: (it, view) => it.images_per_group === 1 && ones(it, it.columns[view], false),
  },
  { words: "each token's weights sum to 1 over the experts alone", is: (it, view) => onesAmong(it, view, "experts") },
  {
    words: "each token's weights sum to 1 over the slots of each expert",
    is: (it, view) => onesAmong(it, view, "slots"),
  },
  {
    words: "all weights together sum to 1, as after a softmax over tokens and slots at once",
    is: (it, view) =>
      close(
        it,
        it.rows[view].reduce((a, x) => a + x, 0),
      ),
  },
];

/** @type {(it: Look, x: number) => boolean} */
const close = (it, x) => Math.abs(x - 1) <= it.close;
/**
 * @param {Look} it
 * @param {ArrayLike<number>} sums
 * @param {boolean} [ofTokens]
 */
const ones = (it, sums, ofTokens = true) =>
  Array.from(sums).every((x, r) => (ofTokens && it.fate[it.ids[r]] === 2) || close(it, x));

/**
 * @param {Look} it
 * @param {Weights} view
 */
function areLogits(it, view) {
  const { logits } = it.weights;
  return it.logits_slots === it.p && !!logits && it.weights[view].every((x, i) => x === logits[i]);
}

/**
 * Whether each token's weights sum to 1 among the experts, for each slot, or among the slots, for each expert.
 *
 * @param {Look} it
 * @param {Weights} view
 * @param {"experts" | "slots"} among
 */
function onesAmong({ weights, experts, p, n, s, fate, ids, close: most }, view, among) {
  const [outer, inner] = among === "experts" ? [p, experts] : [experts, p];
  const [from, by] = among === "experts" ? [1, p] : [p, 1];
  if (outer === 1) return false;
  for (let r = 0; r < n; r++) {
    if (fate[ids[r]] === 2) continue;
    for (let o = 0; o < outer; o++) {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += weights[view][r * s + o * from + i * by];
      if (!(Math.abs(sum - 1) <= most)) return false;
    }
  }
  return true;
}

/**
 * Which softmax would make the sums 1 that are not; "" where none misses.
 *
 * @param {Look} it
 */
export function remedy(it) {
  if (it.hard) return "";
  const missing = /** @type {Weights[]} */ (["dispatch", "combine"]).filter(
    (view) => (view === "dispatch" ? it.off.columns : it.off.rows).size,
  );
  return missing
    .map((view) => {
      const { over, along, code } = SOFTMAX[view];
      const taken = TAKEN.find(({ is }) => is(it, view));
      const now = taken ? ` Here ${taken.words}.` : "";
      return `A softmax over ${over}, ${code}, makes each ${along} of ${view} sum to 1.${now}`;
    })
    .join(" ");
}
