// The six steps of a RouterExplorer in words, as an equation and as the library's line of code.

import { many } from "../shared/numbers.js";
import { STEPS } from "./state.js";
import { large, nounOf } from "./sums.js";

/** @import { Explored, Settings, Step } from "./state.js" */

/** @typedef {[equation: string, code: string]} Formula */

/** @typedef {[words: string, ...Formula]} Card */

/** @param {string} x */
const mi = (x) => `<mi>${x}</mi>`;
/** @param {string | number} x */
const mn = (x) => `<mn>${x}</mn>`;
/** @param {string} x */
const mo = (x) => `<mo>${x}</mo>`;
/** @param {string} x */
const mt = (x) => `<mtext>${x}</mtext>`;
/**
 * @param {string} x
 * @param {...string} below
 */
const low = (x, ...below) => `<msub>${x}<mrow>${below.join(mo(","))}</mrow></msub>`;
/**
 * @param {string} a
 * @param {string} b
 */
const over = (a, b) => `<mfrac><mrow>${a}</mrow><mrow>${b}</mrow></mfrac>`;
/**
 * @param {string} index
 * @param {string} inner
 */
const total = (index, inner) => `<munder>${mo("∑")}${index}</munder>${inner}`;
/** @param {...string} parts */
const row = (...parts) => `<mrow>${parts.join("")}</mrow>`;
/**
 * @param {string} a
 * @param {...string} b
 */
const is = (a, ...b) => row(a, mo("="), ...b);
/**
 * @param {string} f
 * @param {...string} of
 */
const call = (f, ...of) => row(f, mo("("), ...of, mo(")"));
const [T, S, E] = ["t", "s", "e"].map(mi);
const TOKEN = low(mi("x"), T);
const SLOT = low(mi("slot"), S);
/** @param {...string} at */
const score = (...at) => low(mi("score"), ...at);
/** @param {...string} at */
const raised = (...at) => call(mi("exp"), score(...at));
const DISPATCH = low(mi("D"), T, S);
const COMBINE = low(mi("C"), T, S);
const GATE = low(mi("g"), T, E);
const ANSWER = low(mi("answer"), S);
const EXPERT = call(low(mi("f"), E), TOKEN);
const OUTPUT = low(mi("y"), T);

/** @type {Formula} */
const TO_SLOTS = [is(SLOT, total(T, row(DISPATCH, TOKEN))), "slots = routing.to_slots(x)"];
/** @type {Formula} */
const ONE_TOKEN = [is(SLOT, TOKEN), "slots = routing.to_slots(x)"];
/** @type {Formula} */
const COMPUTE = [is(ANSWER, call(low(mi("f"), E), SLOT)), "answers = experts(slots)"];
const TO_TOKENS = "y = routing.to_tokens(answers)";
/** @type {Formula} */
const NO_SCORES = [is(score(T, S), mn(0)), "logits = x.new_zeros(b, n, e, p)"];
/** @type {Formula} */
const IDLE = [mt("nothing to compute"), "# nothing to do"];
/** @type {Formula} */
const EXPERT_SCORES = [is(score(T, E), mi("scale"), mo("·"), TOKEN, mo("·"), low(mi("w"), E)), "logits = x @ w_gate"];
/** @type {Formula} */
const GATES = [is(GATE, over(raised(T, E), total(mi("e′"), raised(T, mi("e′"))))), "gates = logits.softmax(-1)"];
/** @type {Formula} */
const TAKEN = [is(OUTPUT, total(mt("e that took t"), row(GATE, EXPERT))), TO_TOKENS];
const ROUNDED_UP = is(
  mi("capacity"),
  row(mo("⌈"), over(row(mi("n"), mo("·"), mi("k"), mo("·"), mi("factor")), mi("e")), mo("⌉")),
);
const GAP = '<mspace width="0.3em"></mspace>';
const MOST_ASKED = is(mi("slots"), `<munder>${mo("max")}${mi("e")}</munder>${GAP}`, low(mi("asked"), E));
const EMPTY_COSTS = "Every expert computes all its slots. An empty slot costs as much as a full one.";

const overTokens = is(DISPATCH, over(raised(T, S), total(mi("t′"), raised(mi("t′"), S))));
const overSlots = is(COMBINE, over(raised(T, S), total(mi("s′"), raised(T, mi("s′")))));
const [evenTokens, evenSlots] = [
  [DISPATCH, "n"],
  [COMBINE, "s"],
].map(([x, n]) => is(x, over(mn(1), mi(n))));
/**
 * @param {string} a
 * @param {string} b
 */
const both = (a, b) => row(a, '<mspace width="1.5em"></mspace>', b);

/**
 * [words, equation, code] of a step of the router in use.
 *
 * @param {Settings} settings
 * @param {Step} step
 * @returns {Card}
 */
export function cardOf(settings, step) {
  const { router, top_k, gating, priority, capacity_factor } = settings;
  if (router === "tokens choice") return tokensChoiceCards(top_k, gating, priority, capacity_factor === null)[step];
  return { "experts choice": EXPERTS_CHOICE, identity: IDENTITY }[router]?.[step] ?? softCards(router)[step];
}

/**
 * @param {string} router
 * @returns {Record<Step, Card>}
 */
function softCards(router) {
  const [first, second] = { uniform: ["uniform", "uniform"], soft: ["soft", "soft"] }[router] ?? router.split(" / ");
  const learned = router !== "uniform";
  /** @type {Record<string, string>} */
  const normalised = {
    soft:
      "The same scores are read twice. Left: down each column, over tokens, they become dispatch. Right: along each " +
      "row, over all slots, they become combine.",
    uniform: "Equal scores make equal weights: 1/n for every token of a slot, 1/s for every slot of a token.",
    "uniform / soft":
      "Dispatch does not read the scores: every token of a slot counts 1/n. Combine is the softmax " +
      "of each row, over slots.",
    "soft / uniform":
      "Dispatch is the softmax of each column, over tokens. Combine does not read the scores: every " +
      "slot counts 1/s.",
  };
  const weights = both(first === "soft" ? overTokens : evenTokens, second === "soft" ? overSlots : evenSlots);
  const cosine = is(score(T, S), mi("scale"), mo("·"), call(mi("cos"), TOKEN, mo(","), low(mi("φ"), S)));
  return {
    score: learned
      ? ["Every token is compared with every slot: one score each.", cosine, "logits = router.score(x)"]
      : ["Nothing is compared: every token counts alike for every slot.", ...NO_SCORES],
    normalise: [normalised[router], weights, "dispatch = dispatch_weights(logits); combine = combine_weights(logits)"],
    select: [
      "Nothing happens here, and that is the point: every weight stays, no token is dropped, no expert is full.",
      ...IDLE,
    ],
    dispatch: ["Every slot is filled with a mix of all tokens, by the weights of its column.", ...TO_SLOTS],
    compute: [
      "Every expert computes its slots. The cost depends on how many slots there are, not on the tokens.",
      ...COMPUTE,
    ],
    combine: [
      "Every token is answered with a mix of all slots, by the weights of its row.",
      is(OUTPUT, total(S, row(COMBINE, ANSWER))),
      TO_TOKENS,
    ],
  };
}

/**
 * @param {number} top_k
 * @param {string} gating
 * @param {string} priority
 * @param {boolean} dropless
 * @returns {Record<Step, Card>}
 */
function tokensChoiceCards(top_k, gating, priority, dropless) {
  const late = gating === "top_k_then_softmax";
  const chosen = top_k === 1 ? "expert" : `${top_k} experts`;
  const scaled =
    {
      gshard: " Its gates are then divided by their sum.",
      top_k_then_softmax: " The softmax is taken now, over the chosen scores alone.",
    }[gating] ?? "";
  const order = priority === "gate" ? "the token with the largest gate first" : "the first token first";
  const later = top_k > 1 ? ", all first choices before all second ones" : "";
  return {
    score: ["Every token is compared with every expert: one score each.", ...EXPERT_SCORES],
    normalise: [
      late
        ? "This gating normalises after the selection. Drawn is the softmax over all experts, which only orders tokens."
        : "The softmax over experts makes gates: each row sums to 1.",
      ...GATES,
    ],
    select: [
      `Every token chooses the ${chosen} with its highest scores, equal ones by number.${scaled}`,
      is(call(mi("choices"), T), call(low(mi("top"), mi("k")), score(T))),
      "experts, gates = choose_experts(logits, top_k, gating)",
    ],
    dispatch: [
      `Choices are served one by one, ${order}${later}. ` +
        (dropless
          ? "No expert is ever full: there are as many slots as the busiest one needs."
          : "A full expert turns the next one away."),
      dropless ? MOST_ASKED : ROUNDED_UP,
      `token, gate = assign_tokens(experts, gates, num_experts, ${dropless ? "capacity=None" : "capacity"})`,
    ],
    compute: dropless
      ? [
          "Every expert computes the tokens that it was sent and nothing else: no slot is empty.",
          is(ANSWER, call(low(mi("f"), E), SLOT)),
          "answers = experts.rows(rows, count)",
        ]
      : [EMPTY_COSTS, ...COMPUTE],
    combine: [
      "Every token gets the answers of the experts that took it, each times its gate. A dropped token gets " +
        "exactly 0: only the residual connection carries it on.",
      ...TAKEN,
    ],
  };
}

/** @type {Record<Step, Card>} */
const EXPERTS_CHOICE = {
  score: ["Every token is compared with every expert: one score each.", ...EXPERT_SCORES],
  normalise: ["The softmax over experts makes gates: each row sums to 1.", ...GATES],
  select: [
    "Every expert takes the tokens with the highest gates of its column, as many as it has slots; equal ones " +
      "by position.",
    is(call(mi("tokens"), E), call(low(mi("top"), mi("capacity")), low(mi("g"), E))),
    "token, gate = assign_experts(gates, capacity)",
  ],
  dispatch: [
    "Every slot holds one whole token. A token can be with several experts, or with none: then it is dropped.",
    ...ONE_TOKEN,
  ],
  compute: ["Every expert computes its slots, and all are full: no expert waits, none turns a token away.", ...COMPUTE],
  combine: [
    "Every token gets the answers of the experts that took it, each times its gate. A token that no expert took " +
      "gets exactly 0.",
    ...TAKEN,
  ],
};
/** @type {Record<Step, Card>} */
const IDENTITY = {
  score: ["Identity looks at no token: there is nothing to score.", ...IDLE],
  normalise: ["Without scores there is nothing to normalise.", ...IDLE],
  select: [
    "Tokens are dealt in turn: token t goes to expert t mod e, whatever it holds.",
    is(call(mi("expert"), T), T, mt("&nbsp;mod&nbsp;"), mi("e")),
    "token = torch.arange(e * p).view(p, e).mT",
  ],
  dispatch: ["Every slot holds one whole token; nothing is mixed, nothing dropped.", ...ONE_TOKEN],
  compute: [EMPTY_COSTS, ...COMPUTE],
  combine: ["Every token gets the answer of its own slot alone, with weight 1.", is(OUTPUT, EXPERT), TO_TOKENS],
};

/**
 * What the marks on the tokens of a step stand for, where it has some.
 *
 * @param {Explored} it
 * @param {Step} step
 */
export function marksTold(it, step) {
  const at = STEPS.indexOf(step);
  if (step === "combine") return " Lower edges: how much of its answer comes from each expert.";
  if (!it.sparse || at < 2) return "";
  if (step === "select" && it.chosen) return " Corners: the experts that the token asks.";
  return " Corners: the experts that took the token.";
}

/**
 * What the panel of the experts shows in a step.
 *
 * @param {Explored} it
 * @param {Step} step
 */
export function loadTold(it, step) {
  const of = it.images > 1 ? ` of the ${it.images} ${nounOf(it)}s of the batch` : "";
  const slots = many(it.p, "slot");
  const line = it.dropless ? `what the busiest one asks for, ${slots}` : `its capacity of ${slots}`;
  if (step === "select" && it.chosen)
    return `Choices${of} that each expert is asked by; dashed line: ${line}; hatched: more than fit.`;
  if (step === "select") return `Tokens${of} that each expert takes; dashed line: ${line}.`;
  if (step === "combine") return `Combine weights of this ${nounOf(it)}'s tokens, summed for each expert.`;
  if (step === "compute") return workTold(it, of);
  if (!it.sparse) return `Each slot is a mix of all tokens${of}, by the weights of its column.`;
  return `What each slot holds, of the tokens${of}; ${it.dropless ? `slots: ${line}` : `capacity: ${slots}`}.`;
}

/**
 * What the experts compute, and how much of it for nothing.
 *
 * @param {Explored} it
 * @param {string} of
 */
function workTold(it, of) {
  const each = 2 * it.dim * it.hiddenDim;
  const one = `A slot costs 2 x ${it.dim} x ${it.hiddenDim} = ${large(each)} MACs`;
  if (!it.sparse) return `Slots${of} that each expert computes, all of them full. ${one}.`;
  if (it.dropless) return `Slots${of} that each expert computes: only those that hold a token. ${one}.`;
  const empty = it.s - it.loads.expert.reduce((a, x) => a + x, 0);
  const wasted = empty
    ? `${empty} of ${it.s} are empty: ${large(empty * each)} MACs are paid for nothing`
    : "none is empty";
  return `Slots${of} that each expert computes; hatched: empty ones. ${one}; ${wasted}.`;
}
