// CapacityExplorer in the browser. Samples are drawn here; the kernel is not asked, and gets what is chosen.

import { capacityOf, expectedDrop, ratesOf, sampleOf, sharesOf, spread } from "../arithmetic/capacity.js";
import { equals, largestAmong } from "../arithmetic/largest.js";
import { bindKnobs, stopsOf } from "../shared/knobs.js";
import { ACROSS, ARROWS, keyHints } from "../shared/keys.js";
import { canvases, knob, more } from "../shared/markup.js";
import { mount } from "../shared/mount.js";
import { PIN_STATUS, bindPin, showPin } from "../shared/pinning.js";
import { exact, many, percent, some } from "../shared/numbers.js";
import { doubling, evenly } from "../shared/stops.js";
import { fit, surface } from "../shared/painting.js";
import { onward, pointAt, stepsOf } from "../shared/pointing.js";
import { term } from "../shared/terms.js";
import { FACTORS, MEASURED, capacityBoxes, capacityGrounds, capacityOverlays, placesOf } from "./panels.js";

/** @import { Rates, Sample, Spread } from "../arithmetic/capacity.js" */
/** @import { Knob, Limits } from "../shared/knobs.js" */
/** @import { Link } from "../shared/links.js" */
/** @import { Model } from "../shared/mount.js" */
/** @import { Chosen, Known, Panel, Place, Scene } from "./panels.js" */

/** @typedef {Chosen & { token: number, _limits: Record<string, Limits> }} Traits */

/** @type {Record<keyof Chosen, Knob>} */
export const KNOBS = {
  num_experts: ["Experts", doubling],
  tokens: ["Tokens", doubling],
  top_k: ["Choices of a token", (least, most) => evenly(least, most, 1)],
  skew: ["Skew of the router", (least, most) => evenly(least, most, 0.1)],
  capacity_factor: ["Capacity factor", (least, most) => evenly(least, most, 0.05)],
  samples: ["Samples", (least, most) => evenly(least, most, 1)],
  sample: ["Sample shown", (least, most) => evenly(least, most, 1)],
  seed: ["Seed", (least, most) => evenly(least, 100, 1).concat(most)],
};
/** @type {readonly Panel[]} */
const PANELS = ["curve", "buffer", "strip"];
/** @type {Place} */
const NONE = { token: -1, factor: null };
/**
 * @param {Panel} name
 * @param {string} label
 */
const panel = (name, label) => `<div class="explorer-panel" data-panel="${name}">${canvases(name, label)}</div>`;
/** @type {Record<keyof Chosen, string>} The term of the glossary behind each setting. */
const ABOUT = {
  num_experts: "expert",
  tokens: "token",
  top_k: "top_k",
  skew: "skew",
  capacity_factor: "capacity factor",
  samples: "sample",
  sample: "sample",
  seed: "seed",
};
/** @type {(keyof Chosen)[]} */
const FIRST = ["capacity_factor", "num_experts", "tokens", "skew"];
const NAMES = /** @type {(keyof Chosen)[]} */ (Object.keys(KNOBS));
const knobs = (/** @type {(keyof Chosen)[]} */ names) =>
  names.map((name) => knob(name, KNOBS[name][0], ABOUT[name])).join("");
const WALK = { Enter: "pin", Esc: "unpin" };
const PAGE = `
<div class="explorer-panels">
  <div class="capacity-explorer-curve"><div class="explorer-title" data-part="curve-title"></div>
    ${panel("curve", "Drop rate by capacity factor: left and right arrow keys change the factor")}
    ${keyHints({ [ACROSS]: "change the capacity factor" }, "Tap the curve to change the capacity factor.")}
    <p data-part="legend"></p>
    <div class="capacity-explorer-controls"><div class="explorer-controls">${knobs(FIRST)}</div>
    ${more(knobs(NAMES.filter((name) => !FIRST.includes(name))), "Choices and samples")}</div></div>
  <div class="capacity-explorer-sample"><div class="explorer-title" data-part="sample-title"></div>
    ${panel(
      "buffer",
      "Queues of the experts: up and down arrow keys move along a queue, left and right ones from token " +
        "to token, Enter pins, Escape unpins",
    )}
    ${keyHints({ "↑ ↓": "along a queue", [ACROSS]: "to the next token", ...WALK }, "Tap a token to pin it.")}
    <p data-part="caption"></p>
    ${panel("strip", "Tokens: arrow keys move, Enter pins, Escape unpins")}
    ${keyHints({ [ARROWS]: "move", ...WALK }, "Tap a token to pin it.")}
    <p>Hatched: ${term("dropped", "without a slot")}. A queue starts at slot 0; what is above the dashed line, the
      ${term("capacity")}, is turned away.</p></div>
</div>${PIN_STATUS}`;

const ORDER = ["first", "second", "third", "fourth"];

/**
 * The status line of a capacity factor.
 *
 * @param {Known} known
 * @param {number} factor
 */
function factorSentence({ state, exactly, exactlyThis, rates }, factor) {
  const capacity = capacityOf(state, factor);
  const one = state.top_k === 1;
  const what = one ? "tokens" : "choices";
  /** @param {keyof Rates} kind */
  const sampled = (kind) => spread(rates.map((rate) => rate[kind][Math.min(capacity, state.tokens)]));
  /** @param {Spread} shares */
  const range = ({ low, mean, high }) => `${percent(mean)} (${percent(low)} to ${percent(high)})`;
  const facts = [`a uniform router loses ${percent(exactly(capacity))} of ${what} (exact)`];
  if (exactlyThis) facts.push(`this skewed one ${percent(exactlyThis(capacity))} (exact)`);
  facts.push(`${many(state.samples, "sample")} of this router lose ${range(sampled("choices"))}`);
  if (!one) facts.push(`and drop ${range(sampled("tokens"))} of tokens`);
  return `Capacity factor ${exact(factor)}, ${many(capacity, "slot")} for each expert: ${facts.join("; ")}.`;
}

/**
 * The status line of a token.
 *
 * @param {Known} known
 * @param {number} token
 */
function tokenSentence({ state: { top_k }, sample, capacity }, token) {
  const facts = Array.from({ length: top_k }, (_, k) => {
    const expert = sample.choices[token * top_k + k];
    const at = sample.place[token * top_k + k];
    const end = at < capacity ? `which gives it slot ${at}` : `which is full: its position in the queue is ${at}`;
    return `${ORDER[k]} choice expert ${expert}, ${end}`;
  });
  return `token ${token}: ${facts.join("; ")}. It is ${sample.best[token] < capacity ? "kept" : "dropped"}.`;
}

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const named = ["num_experts", "tokens", "capacity_factor"];
  const exports = { csv: { curve: curveRows, sample: sampleRows }, svg: true, named };
  const options = { name: "explorer capacity-explorer", prefix: "explorer", page: PAGE, draw, exports, link };
  const view = mount({ model, el }, options);
  const { part, canvas, ground, send } = view;
  const follow = bindKnobs(view, stopsOf(KNOBS, model.get("_limits")), fitted);
  /** @type {Scene | null} */
  let scene = null;
  let lane = -1;
  let hover = NONE;
  let drawnFor = "";
  /** @type {{ sample: Sample, rates: Rates }[]} */
  let samples = [];
  let samplesOf = "";

  /**
   * What else must change so that all traits fit each other.
   *
   * @param {Partial<Traits>} values
   */
  function fitted(values) {
    const all = { ...stateNow(), token: model.get("token"), ...values };
    const rest = { ...values };
    if (all.top_k > all.num_experts) rest.top_k = all.num_experts;
    if (all.sample >= all.samples && "sample" in values) rest.samples = all.sample + 1;
    else if (all.sample >= all.samples) rest.sample = all.samples - 1;
    if (all.token >= all.tokens) rest.token = -1;
    return rest;
  }

  /** @type {Link} */
  function link(get) {
    const limits = model.get("_limits");
    const upTo = (/** @type {string} */ name, /** @type {number} */ most) =>
      /** @type {Limits} */ ([limits[name][0], Math.min(limits[name][1], most), true, false]);
    return {
      ...limits,
      top_k: upTo("top_k", get("num_experts")),
      token: upTo("token", get("tokens") - 1),
      sample: upTo("sample", get("samples") - 1),
    };
  }

  function curveRows() {
    const { state, exactly, exactlyThis, points } = look(stateNow());
    const head = ["capacity_factor", "capacity", "uniform_expected", "skewed_expected"];
    const spreads = ["tokens", "choices"].flatMap((kind) => ["mean", "low", "high"].map((end) => `${kind}_${end}`));
    const rows = points.map(({ factor, choices, tokens }) => {
      const capacity = capacityOf(state, factor);
      const sampled = [tokens, choices].flatMap(({ mean, low, high }) => [mean, low, high]);
      return [factor, capacity, exactly(capacity), exactlyThis?.(capacity), ...sampled];
    });
    return [[...head, ...spreads], ...rows];
  }

  function sampleRows() {
    const { state, sample, capacity } = look(stateNow());
    const rows = Array.from(sample.choices, (expert, at) => {
      const place = sample.place[at];
      return [Math.floor(at / state.top_k), at % state.top_k, expert, place, place < capacity ? place : null];
    });
    return [["token", "choice", "expert", "position", "slot"], ...rows];
  }

  /** @returns {Chosen} */
  const stateNow = () => ({
    num_experts: model.get("num_experts"),
    tokens: model.get("tokens"),
    top_k: model.get("top_k"),
    skew: model.get("skew"),
    capacity_factor: model.get("capacity_factor"),
    samples: model.get("samples"),
    sample: model.get("sample"),
    seed: model.get("seed"),
  });

  /**
   * @param {Chosen} state
   * @returns {Known}
   */
  function look(state) {
    const { num_experts, tokens, top_k, skew, seed } = state;
    const key = JSON.stringify([num_experts, tokens, top_k, skew, seed]);
    if (key !== samplesOf) samples = [];
    samplesOf = key;
    while (samples.length < state.samples) {
      const sample = sampleOf(state, samples.length);
      samples.push({ sample, rates: ratesOf(sample, tokens) });
    }
    const rates = samples.slice(0, state.samples).map((each) => each.rates);
    const { sample } = samples[state.sample];
    const exactly = expectedDrop(tokens, Array(num_experts).fill(top_k / num_experts));
    const exactlyThis = skew > 0 && top_k === 1 ? expectedDrop(tokens, sharesOf(num_experts, skew)) : null;
    const points = MEASURED.map((factor) => {
      const capacity = Math.min(capacityOf(state, factor), tokens);
      const over = (/** @type {keyof Rates} */ kind) => spread(rates.map((rate) => rate[kind][capacity]));
      return { factor, choices: over("choices"), tokens: over("tokens") };
    });
    return { state, rates, sample, exactly, exactlyThis, points, capacity: capacityOf(state, state.capacity_factor) };
  }

  /**
   * @param {Chosen} state
   * @param {Record<Panel, number>} widths
   * @returns {Scene | null}
   */
  function paint(state, widths) {
    if (Math.min(...Object.values(widths)) < 150) return null;
    const known = look(state);
    const now = { ...known, ink: view.ink(), boxes: capacityBoxes(known, widths) };
    describe(known);
    for (const name of PANELS) capacityGrounds[name](fit(ground(name), ...now.boxes.sizes[name]), now);
    return now;
  }

  /** @param {Known} known */
  function describe({ state, sample, capacity, exactlyThis }) {
    const lost = [...sample.best.keys()].filter((t) => sample.best[t] >= capacity);
    part("curve-title").textContent = state.top_k === 1 ? "Dropped tokens" : "Dropped tokens and lost choices";
    const sizes = `${many(state.num_experts, "expert")} of ${many(capacity, "slot")}`;
    part("sample-title").textContent = `Sample ${state.sample}: ${many(state.tokens, "token")} at ${sizes}`;
    const { top: busiest, alike } = largestAmong(sample.queue, 0, state.num_experts);
    const empty = sample.queue.reduce((sum, count) => sum + Math.max(0, capacity - count), 0);
    part("caption").textContent =
      `${exact(lost.length)} of ${many(state.tokens, "token")} dropped (${percent(lost.length / state.tokens)})` +
      `${lost.length ? `: ${some(lost)}` : ""}. ` +
      `${many(empty, "slot")} of ${exact(capacity * state.num_experts)} empty. ` +
      `Most chosen: expert ${busiest}${equals(alike, state.num_experts)}, ${many(sample.queue[busiest], "time")}.`;
    part("legend").textContent =
      "Line: exact expectation of the uniform router" +
      (state.top_k > 1 ? ", of choices without a slot" : "") +
      (exactlyThis ? "; dashed: of this skewed router" : "") +
      `. Dots: dropped tokens, mean of ${many(state.samples, "sample")} of this router, ` +
      "from the smallest to the largest" +
      (state.top_k > 1 ? "; diamonds: choices without a slot, mean." : ".");
  }

  function draw() {
    const state = stateNow();
    const [curve, buffer, strip] = PANELS.map((name) => part(name).clientWidth);
    const key = JSON.stringify([state, curve, buffer, strip, view.ink(), surface()]);
    follow();
    if (key !== drawnFor) scene = paint(state, { curve, buffer, strip });
    if (!scene) return;
    drawnFor = key;
    const pinned = model.get("token") < state.tokens ? model.get("token") : -1;
    const token = pinned >= 0 ? pinned : hover.token;
    const factor = hover.factor ?? state.capacity_factor;
    for (const name of PANELS)
      capacityOverlays[name](fit(canvas(name), ...scene.boxes.sizes[name]), scene, { token, factor });
    showPin(view, pinned >= 0);
    view.say(token >= 0 && hover.factor === null ? tokenSentence(scene, token) : factorSentence(scene, factor));
  }

  /**
   * What lies at a point of a panel.
   *
   * @param {Scene} now
   * @param {Panel} name
   * @param {number} x
   * @param {number} y
   * @returns {Place}
   */
  function under({ boxes, state, sample }, name, x, y) {
    if (name === "curve") {
      const at = (4 * (x - boxes.curve.x)) / boxes.curve.w;
      return { ...NONE, factor: FACTORS[Math.min(Math.max(Math.round(at / 0.05) - 1, 0), FACTORS.length - 1)] };
    }
    if (name === "strip") {
      const { columns, side } = boxes.strip;
      const column = Math.floor(x / side);
      const token = Math.floor(y / side) * columns + column;
      return { ...NONE, token: column < columns && token < state.tokens ? token : -1 };
    }
    const { x: left, dx, dy, floor } = boxes.buffer;
    const at = Math.floor((floor - y) / dy);
    lane = Math.floor((x - left) / dx);
    return { ...NONE, token: placesOf(sample, state)[lane]?.[at] ?? -1 };
  }

  /** @param {Place | null} at */
  function show(at) {
    hover = at ?? NONE;
    if (at && (at.token >= 0 || at.factor !== null)) view.settle(); // its answer, not an older refusal
    view.schedule();
  }

  /** @param {number} token */
  const pin = (token) => send({ token: token === model.get("token") ? -1 : token });

  /**
   * The token so many positions further in the queue that was walked or pointed at, else in that of the first choice.
   *
   * @param {Scene} now
   * @param {number} token
   * @param {number} places
   */
  function inQueue({ sample, state }, token, places) {
    const { top_k } = state;
    const own = sample.choices.slice(token * top_k, (token + 1) * top_k);
    const k = Math.max(own.indexOf(lane), 0);
    lane = own[k];
    const queue = placesOf(sample, state)[lane];
    const at = sample.place[token * top_k + k] + places;
    return queue[Math.min(Math.max(at, 0), queue.length - 1)];
  }

  /**
   * Where a key leads to, or null for a key that leads nowhere.
   *
   * @param {Scene} now
   * @param {Panel} name
   * @param {string} key
   * @returns {Place | null}
   */
  function beyond(now, name, key) {
    const steps = stepsOf(key);
    if (!steps) return null;
    const { across, down, far } = steps;
    const { state, boxes } = now;
    if (name === "curve") {
      const at = FACTORS.findLastIndex((factor) => factor <= state.capacity_factor + 1e-9) + across + far - down;
      return { ...NONE, factor: FACTORS[Math.min(Math.max(at, 0), FACTORS.length - 1)] };
    }
    const from = model.get("token") >= 0 ? model.get("token") : hover.token;
    if (name === "buffer" && down && from >= 0) return { ...NONE, token: inQueue(now, from, -down) };
    const by = across + far + down * (name === "strip" ? boxes.strip.columns : 0);
    return { ...NONE, token: onward(from, by, state.tokens) };
  }

  function free() {
    show(null);
    send({ token: -1 });
  }

  pointAt(view, PANELS, {
    ready: () => scene,
    under: (name, x, y) => (scene ? under(scene, name, x, y) : NONE),
    beyond: (name, key) => scene && beyond(scene, name, key),
    show,
    go(at) {
      if (at.factor !== null) send({ capacity_factor: at.factor });
      else if (model.get("token") >= 0) send({ token: at.token });
      else show(at);
    },
    take({ token, factor }) {
      if (factor !== null) send({ capacity_factor: factor });
      else pin(token);
    },
    enter(name) {
      if (name === "curve") return false;
      pin(Math.max(hover.token, model.get("token")));
    },
    free,
  });
  bindPin(view, free, (by) => send({ token: onward(model.get("token"), by, stateNow().tokens) }));
  for (const name of [...Object.keys(KNOBS), "token"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}

export default { render };
