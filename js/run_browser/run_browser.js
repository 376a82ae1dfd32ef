// RunBrowser in the browser: claims with their verdicts, the runs of one of them, and two models seed by seed. What is
// pointed at in one view is marked in all.

import { fit, surface } from "../shared/painting.js";
import { mount } from "../shared/mount.js";
import { showPin } from "../shared/pinning.js";
import { onward, pointAt, stepsOf } from "../shared/pointing.js";
import { NOTHING, drawingOf, paintAxes, paintLines, under } from "./chart.js";
import { mark } from "./looks.js";
import { LISTS, PAGE } from "./page.js";
import { differencesOf, pairAt, paintGround, paintPairs } from "./pairs.js";
import { comparisonOf, contestantsOf, sceneOf } from "./scene.js";
import { CHOSEN, choicesOf, figureOf, kindOf, opening, settled } from "./shelf.js";
import { captionOf, pairsSentence, pairsTitle, sentenceOf, signOf, titleOf } from "./words.js";
import { meansRows, pairsRows, runsRows, tableRows } from "./rows.js";

/** @import { Limits } from "../shared/knobs.js" */
/** @import { Link } from "../shared/links.js" */
/** @import { Model } from "../shared/mount.js" */
/** @import { Drawing } from "./chart.js" */
/** @import { Differences } from "./pairs.js" */
/** @import { Place, Scene } from "./scene.js" */
/** @import { Chosen, Own, Packed } from "./shelf.js" */

/** @typedef {Chosen & { seed: number, point: number, _shelf: Packed[], _own: Own | {} }} Traits */

/** @typedef {keyof typeof LISTS} Listed */

/** @typedef {"chart" | "pairs"} Panel */

/** @type {readonly Panel[]} */
const PANELS = ["chart", "pairs"];
const LISTED = /** @type {Listed[]} */ (Object.keys(LISTS));
const NARROWEST = 200;
const SWATCH = 16;

/** @type {(a: Place, b: Place) => boolean} */
const same = (a, b) => a.model === b.model && a.seed === b.seed && a.point === b.point;
/** @param {Place} at */
const there = (at) => at.model !== "" || at.seed >= 0;

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const shelf = model.get("_shelf");
  const own = model.get("_own");
  const recordOf = (/** @type {string} */ claim) => shelf.find((each) => each.claim === claim) ?? shelf[0];
  const chosenIn = (/** @type {(name: string) => any} */ get) =>
    /** @type {Chosen} */ ({
      claim: recordOf(get("claim")).claim,
      ...Object.fromEntries(CHOSEN.map((name) => [name, get(name)])),
    });
  const exports = {
    csv: {
      runs: () => runsRows(lookNow().scene),
      means: () => meansRows(lookNow().scene),
      pairs: () => pairsRows(comparisonOf(lookNow().scene, chosenNow(), pinned())),
    },
    svg: true,
    named: ["claim", "figure", "where"],
  };
  const view = mount(
    { model, el },
    { name: "explorer run-browser", prefix: "explorer", page: PAGE, draw, exports, link },
  );
  const { part, canvas, ground, select, button, send, on, root } = view;
  let hover = NOTHING;
  let drawnFor = "";
  /** @type {Drawing | null} */
  let chart = null;
  /** @type {Differences | null} */
  let differences = null;
  let modelsFor = "";
  let scrolledFor = "";

  const chosenNow = () => {
    const raw = chosenIn((name) => model.get(/** @type {keyof Traits} */ (name)));
    return settled(recordOf(raw.claim), own, raw);
  };
  /** @returns {Place} */
  const pinned = () => ({ model: chosenNow().model, seed: model.get("seed"), point: model.get("point") });

  function lookNow() {
    const chosen = chosenNow();
    const record = recordOf(chosen.claim);
    return { chosen, record, scene: sceneOf(record, own, chosen) };
  }

  /** @type {Link} */
  function link(get) {
    const given = chosenIn(get);
    const record = recordOf(given.claim);
    /** @type {Chosen} */
    const chosen = { ...given };
    /** @type {Record<string, readonly (string | number)[] | Limits>} */
    const allowed = { claim: shelf.map((each) => each.claim) };
    for (const name of CHOSEN) {
      allowed[name] = choicesOf(record, own, chosen, name);
      if (!allowed[name].includes(chosen[name])) chosen[name] = String(allowed[name][0]);
    }
    const seeds = kindOf(record, chosen).seeds_of.flat();
    allowed.seed = [-1, ...new Set(seeds)];
    const points = Math.max(...kindOf(record, chosen).figures.map((each) => each.length), shelf.length, 64);
    allowed.point = [-1, points, true, false];
    return allowed;
  }

  /**
   * Choose something, and with it what else must change.
   *
   * @param {Partial<Chosen>} values
   */
  function choose(values) {
    const before = chosenNow();
    const record = recordOf(values.claim ?? before.claim);
    const anew = "claim" in values || "runs" in values;
    const next = settled(record, own, anew ? opening(record, values.runs ?? "") : { ...before, ...values });
    const changed = CHOSEN.filter((name) => next[name] !== before[name]).map((name) => [name, next[name]]);
    hover = NOTHING;
    send({ ...values, ...Object.fromEntries(changed), point: -1, ...("claim" in values && { seed: -1 }) });
  }

  for (const { claim, title, verdict } of shelf) {
    const entry = document.createElement("button");
    Object.assign(entry, { type: "button", role: "radio" });
    entry.dataset.claim = claim;
    entry.dataset.lmSuppressShortcuts = "true";
    const sign = document.createElement("b");
    const words = document.createElement("span");
    const found = document.createElement("small");
    [sign.textContent, sign.ariaHidden, words.textContent, found.textContent] = [
      signOf(verdict),
      "true",
      title,
      verdict,
    ];
    words.append(found);
    entry.append(sign, words);
    part("claims").append(entry);
  }
  const entries = /** @type {HTMLButtonElement[]} */ ([...part("claims").children]);

  /** @param {string} claim */
  function showClaim(claim) {
    for (const entry of entries) {
      const shown = entry.dataset.claim === claim;
      entry.ariaChecked = String(shown);
      entry.tabIndex = shown ? 0 : -1;
      if (shown) inSight(claim, entry);
    }
  }

  /**
   * Scroll to the claim that is chosen, and not again while a reader scrolls on.
   *
   * @param {string} claim
   * @param {HTMLElement} entry
   */
  function inSight(claim, entry) {
    const key = `${claim} ${part("claims").clientHeight} ${part("claims").scrollHeight}`;
    if (key !== scrolledFor) keepInSight(part("claims"), entry);
    scrolledFor = key;
  }

  /**
   * @param {Scene} scene
   * @param {Chosen} chosen
   */
  function showLists(scene, chosen) {
    const record = recordOf(chosen.claim);
    const compared = contestantsOf(scene).map(({ name }) => name);
    const comparison = comparisonOf(scene, chosen, pinned());
    for (const name of LISTED) {
      const pair = name === "first" || name === "second";
      const names = pair ? compared : choicesOf(record, own, chosen, name);
      const value = name === "first" ? comparison?.one : name === "second" ? comparison?.other : chosen[name];
      const labels = names.map((each) => labelOf(scene, chosen, name, each));
      const box = select(name);
      const key = JSON.stringify([names, labels]);
      if (box.dataset.filled !== key) {
        box.replaceChildren(...names.map((each, i) => new Option(labels[i], each)));
        box.dataset.filled = key;
      }
      box.value = value ?? "";
      /** @type {HTMLElement} */ (box.closest(".explorer-list")).hidden = names.length < 2 || (pair && !comparison);
    }
  }

  /** @param {Scene} scene */
  function showModels(scene) {
    const names = scene.lines.map(({ name, look }) => [name, look]);
    const key = JSON.stringify(names);
    if (key !== modelsFor) {
      modelsFor = key;
      part("models").replaceChildren(
        ...scene.lines.map(({ name }) => {
          const chip = document.createElement("button");
          chip.type = "button";
          chip.dataset.model = name;
          chip.dataset.lmSuppressShortcuts = "true";
          const swatch = document.createElement("i");
          swatch.append(document.createElement("canvas"));
          chip.append(swatch, name);
          return chip;
        }),
      );
    }
    part("models").hidden = scene.lines.length < 2;
    const ink = view.ink();
    for (const line of scene.lines) {
      const swatch = /** @type {HTMLCanvasElement} */ (chipOf(line.name)?.querySelector("canvas"));
      mark(fit(swatch, SWATCH, SWATCH), line, SWATCH / 2, SWATCH / 2, 5.5, ink);
    }
  }

  const chips = () => /** @type {HTMLElement[]} */ ([...part("models").children]);
  const chipOf = (/** @type {string} */ name) => chips().find((each) => each.dataset.model === name);

  /** @param {Scene} scene */
  function showTable(scene) {
    part("across").textContent = scene.across;
    part("rows").replaceChildren(
      ...tableRows(scene).map(([name, ...cells]) => {
        const row = document.createElement("tr");
        row.dataset.model = name;
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = name;
        row.append(head);
        for (const each of cells) row.append(Object.assign(document.createElement("td"), { textContent: each }));
        return row;
      }),
    );
  }

  function draw() {
    root.classList.toggle("narrow", root.clientWidth < 700);
    const widths = PANELS.map((name) => part(name).clientWidth);
    const { chosen, record, scene } = lookNow();
    const fresh = JSON.stringify([chosen, part("chart").clientWidth, view.ink(), surface()]);
    showClaim(chosen.claim);
    if (fresh !== drawnFor) {
      showModels(scene);
      showTable(scene);
      part("title").textContent = titleOf(scene, chosen.where);
      part("caption").textContent = captionOf(record, scene, chosen.runs, own);
      part("verdict").textContent = `${signOf(record.verdict)} ${record.verdict}`;
      part("reason").replaceChildren(...withCode(record.reason));
      part("source").replaceChildren(...withCode(`${record.source}. Again: \`softmoe-edu evidence ${record.claim}\``));
      chart = widths[0] < NARROWEST ? null : drawingOf(scene, widths[0], view.ink());
      if (chart) paintAxes(fit(ground("chart"), ...chart.size), chart);
    }
    showLists(scene, chosen);
    drawnFor = fresh;
    const lit = there(hover) ? hover : pinned();
    if (chart) paintLines(fit(canvas("chart"), ...chart.size), chart, lit);
    drawPairs(scene, chosen, lit);
    for (const chip of chips()) {
      chip.setAttribute("aria-pressed", String(chip.dataset.model === pinned().model));
      chip.classList.toggle("lit", chip.dataset.model === lit.model);
    }
    for (const row of part("rows").children)
      row.classList.toggle("lit", /** @type {HTMLElement} */ (row).dataset.model === lit.model);
    const some = there(pinned());
    button("previous").hidden = button("next").hidden = !scene.kind.seeds;
    showPin(view, some);
    view.say(sentenceOf(scene, lit));
  }

  /**
   * @param {Scene} scene
   * @param {Chosen} chosen
   * @param {Place} lit
   */
  function drawPairs(scene, chosen, lit) {
    const comparison = comparisonOf(scene, chosen, lit);
    part("compared").hidden = !comparison;
    part("uncompared").textContent = comparison ? "" : uncompared(scene);
    differences = null;
    const width = part("pairs").clientWidth;
    if (!comparison || width < NARROWEST) return;
    const lines = [comparison.one, comparison.other].map((name) => scene.lines.find((line) => line.name === name));
    differences = differencesOf(comparison, lines, width, view.ink());
    part("pairs-title").textContent = pairsTitle(scene, comparison);
    part("pairs-words").textContent = pairsSentence(scene, comparison);
    paintGround(fit(ground("pairs"), ...differences.size), differences, scene.kind.seeds);
    paintPairs(fit(canvas("pairs"), ...differences.size), differences, lit.seed);
  }

  /** @param {Place | null} at */
  function show(at) {
    hover = at ?? NOTHING;
    if (at && there(at)) view.settle();
    view.schedule();
  }

  /** @param {Place} at */
  const pin = (at) => send(same(at, pinned()) ? { ...NOTHING } : { ...at });

  /**
   * Where a key leads to in the chart.
   *
   * @param {Drawing} now
   * @param {Place} from
   * @param {{ across: number, down: number, far: number }} steps
   * @returns {Place}
   */
  function onChart({ scene }, from, { across, down, far }) {
    const lines = scene.lines.filter((line) => !line.level);
    const at = lines.findIndex(({ name }) => name === from.model);
    const [line, along] = scene.named ? [across + far, 0] : [down, across + far];
    const next = lines[at < 0 && !line ? 0 : onward(at, line, lines.length)];
    const last = next.points.length;
    if (scene.named) {
      const seeds = [-1, ...next.points[0].singles.map(({ seed }) => seed)];
      const seed = seeds[at < 0 ? 0 : onward(Math.max(0, seeds.indexOf(from.seed)), down, seeds.length)];
      return { model: next.name, seed, point: 0 };
    }
    const point = from.point < 0 && at < 0 ? 0 : onward(Math.min(from.point, last - 1), along, last);
    return { model: next.name, seed: from.seed, point };
  }

  /**
   * @param {Panel} panel
   * @param {string} key
   * @returns {Place | null}
   */
  function beyond(panel, key) {
    const steps = stepsOf(key);
    const from = there(pinned()) ? pinned() : hover;
    if (!steps || !chart || !chart.scene.lines.some((line) => !line.level)) return null;
    if (panel === "chart") return onChart(chart, from, steps);
    const seeds = differences?.comparison.pairs.map(({ seed }) => seed) ?? [];
    const by = steps.across + steps.far;
    return by && seeds.length ? { ...from, seed: seeds[onward(seeds.indexOf(from.seed), by, seeds.length)] } : null;
  }

  function free() {
    show(null);
    send({ ...NOTHING });
  }

  /** @param {number} by */
  function stepSeed(by) {
    const at = pinned();
    const seeds = [...new Set(chart?.scene.lines.flatMap(({ points }) => points[0].singles.map(({ seed }) => seed)))];
    seeds.sort((a, b) => a - b);
    if (seeds.length) send({ ...at, seed: seeds[onward(seeds.indexOf(at.seed), by, seeds.length)] });
  }

  pointAt(view, PANELS, {
    ready: () => chart,
    under(panel, x, y) {
      if (panel === "chart") return chart ? under(chart, x, y) : NOTHING;
      const pair = differences ? pairAt(differences, x) : -1;
      const seed = pair < 0 ? -1 : (differences?.comparison.pairs[pair].seed ?? -1);
      return { ...NOTHING, seed, point: pinned().point };
    },
    beyond,
    show,
    go: (at) => (there(pinned()) ? send({ ...at }) : show(at)),
    take: (at) => (there(at) ? pin(at) : free()),
    enter() {
      if (!there(hover) && !there(pinned())) return false;
      pin(there(hover) ? hover : pinned());
    },
    free,
  });
  on(part("previous"), "click", () => stepSeed(-1));
  on(part("next"), "click", () => stepSeed(1));
  on(part("free"), "click", free);
  for (const name of LISTED) on(part(name), "change", () => choose({ [name]: select(name).value }));
  on(part("claims"), "click", ({ target }) => {
    const entry = /** @type {HTMLElement} */ (target).closest("[data-claim]");
    if (entry instanceof HTMLElement) choose({ claim: entry.dataset.claim });
  });
  on(part("claims"), "keydown", (/** @type {KeyboardEvent} */ event) => {
    const steps = stepsOf(event.key);
    if (!steps || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const from = shelf.findIndex((each) => each.claim === chosenNow().claim);
    const next = shelf[onward(from, steps.across + steps.down + steps.far, shelf.length)];
    choose({ claim: next.claim });
    view.catchUp();
    entries.find((entry) => entry.dataset.claim === next.claim)?.focus();
  });
  /** @param {EventTarget | null} target */
  const named = (target) =>
    /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (target).closest("[data-model]"))?.dataset.model ??
    "";
  // A seed that is pinned stays marked, in the model that is pointed at.
  const whole = (/** @type {string} */ name) => (name ? { ...pinned(), model: name } : null);
  for (const name of ["models", "rows"]) {
    on(part(name), "pointerover", ({ target }) => show(whole(named(target))));
    on(part(name), "pointerleave", () => show(null));
  }
  on(part("models"), "focusin", ({ target }) => show(whole(named(target))));
  on(part("models"), "focusout", () => show(null));
  on(part("models"), "click", ({ target }) => named(target) && pin({ ...pinned(), model: marked(named(target)) }));
  on(part("models"), "keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && free());
  /** @param {string} name */
  const marked = (name) => (pinned().model === name ? "" : name);
  for (const name of [...CHOSEN, "claim", "seed", "point"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}

/**
 * Scroll a list, and not the page around it, to an entry.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement} entry
 */
function keepInSight(list, entry) {
  const top = entry.offsetTop; // the list is what it is positioned in
  const least = top + entry.offsetHeight - list.clientHeight;
  list.scrollTop = Math.min(Math.max(list.scrollTop, least), top);
}

/**
 * A sentence in which `this` is code.
 *
 * @param {string} sentence
 */
const withCode = (sentence) =>
  sentence.split("`").map((text, i) => {
    const element = document.createElement(i % 2 ? "code" : "span");
    element.textContent = text;
    return element;
  });

/**
 * A choice of a list in words.
 *
 * @param {Scene} scene
 * @param {Chosen} chosen
 * @param {Listed} name
 * @param {string} value
 */
function labelOf(scene, chosen, name, value) {
  const { kind } = scene;
  const setting = kind.settings.find((each) => each.name === value)?.label;
  if (name === "figure") return figureOf(kind, value)?.label ?? value;
  if (name === "lines") return setting ?? "one line for all";
  if (name === "runs") return value === "tuning" ? "tuning, which chose a setting" : "counted";
  if (name !== "x") return value;
  if (value === "") return scene.figure.length ? (scene.figure.steps ? "step" : "position") : "side by side";
  return setting ?? figureOf(kind, value)?.label ?? value;
}

/** @param {Scene} scene */
function uncompared(scene) {
  if (!scene.kind.seeds) return "No pairs: these figures are exact, so that there are no seeds to compare.";
  const left = scene.lines.some((line) => !line.own && line.points.some((point) => point.singles.length));
  return left ? "No pairs: it takes two models that were run with the same seeds." : "No pairs without single runs.";
}

export default { render };
