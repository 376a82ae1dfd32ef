// RoutingLens in the browser. Weights came once; pointing never asks the kernel. Only what is pinned is sent back.

import { octets } from "../shared/bytes.js";
import { isSmall, paintMagnifier, placeWithin, sizeOf, windowOf } from "../shared/magnifier.js";
import { mount } from "../shared/mount.js";
import { RAMP_CSS, fit } from "../shared/painting.js";
import { PANELS, placeBeyond, placeUnder } from "../shared/plan.js";
import { pointAt } from "../shared/pointing.js";
import { NOTHING, SELECTION, pinnedIn, same, there, within } from "../shared/selection.js";
import { ON_ROOT, SHADINGS, middleOf } from "../shared/shading.js";
import { foldsOf, isRoot } from "./folds.js";
import { centreOf, sheetOf } from "./magnifier.js";
import { movesBetween, movesByExperts, movesNote, signOf } from "./moves.js";
import {
  columnsOfExpert,
  condensed,
  count,
  extremesOf,
  four,
  look,
  nearest,
  offSums,
  placeOf,
  plural,
  wrongs,
} from "./numbers.js";
import { openingOf } from "./opening.js";
import { OF_CHOICES, PAGE, VIEWS } from "./page.js";
import { grounds, overlays } from "./panels.js";
import { MOST_PINS, showCards, toggled } from "./pins.js";
import { CHART, paintProgress, player, progressNote, progressOf } from "./replay.js";
import { MOST_HIGH, NARROW, layout } from "./sizes.js";
import { remedy, why } from "./why.js";
import { caption, loadNote, mapTitle, sentence, tokensTold, warning } from "./words.js";

/** @import { Limits } from "../shared/knobs.js" */
/** @import { Link } from "../shared/links.js" */
/** @import { Model } from "../shared/mount.js" */
/** @import { Plan } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Entry, Look, View } from "./numbers.js" */
/** @import { Scene } from "./panels.js" */
/** @import { Point } from "./replay.js" */

/**
 * @typedef {object} Traits
 * @property {string} router
 * @property {string} layer
 * @property {number} step
 * @property {number} image_index
 * @property {View} view
 * @property {string} shading
 * @property {number} token
 * @property {number} expert
 * @property {number} slot
 * @property {[token: number, expert: number, slot: number][]} pins
 * @property {Entry[]} _entries
 * @property {{ width: number, height: number, channels: number, data: DataView } | {}} _pictures
 * @property {string[]} _labels
 * @property {number} _count
 * @property {Record<string, Point[]>} _tests
 * @property {(string[] | null)[]} _words
 */

const SHOWN = /** @type {const} */ (["router", "layer", "step", "image_index", "view", "shading", "pins"]);

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const observed = ["tokens", "map", "progress"];
  const exports = { csv: rowsNow, named: ["router", "layer", "view", "step", "image_index"] };
  const options = { name: "routing-lens", prefix: "routing-lens", page: PAGE, draw, exports, link, observed };
  const mounted = mount({ model, el }, options);
  const { root, part, canvas, ground, input, select, button, on, schedule, refresh } = mounted;
  const pictures = model.get("_pictures");
  const entries = model.get("_entries");
  const labels = model.get("_labels");
  const tests = model.get("_tests");
  const steps = [...new Set(entries.map((e) => e.step))];
  const radios = `routing-lens-${crypto.getRandomValues(new Uint32Array(1))}`;
  const panels = /** @type {const} */ ([...PANELS, "magnifier"]);
  /** @type {Scene | null} */
  let scene = null;
  /** @type {Place} */
  let hover = NOTHING;
  let full = false;
  // Until a reader points at something, the lens shows what teaches most.
  let untouched = true;
  let opening = openingOfNothing;
  /** @type {number | null} */
  let since = null;
  /** @type {(typeof panels)[number] | null} */
  let pointed = null;

  const ramp = /** @type {HTMLElement} */ (root.querySelector(".routing-lens-ramp i"));
  ramp.style.background = RAMP_CSS;

  /** @type {(at: Place, it: Look) => Place} */
  const known = (at, { row, experts, p }) => within(at, { hasToken: (t) => row[t] >= 0, experts, slots: p });
  /** @type {(it: Look) => Place | null} */
  const pinned = (it) => {
    const at = known(pinnedIn(model), it);
    return there(at) ? at : null;
  };
  /** @type {(it: Look) => Place[]} */
  const compared = (it) =>
    model
      .get("pins")
      .map(([token, expert, slot]) => known({ token, expert, slot }, it))
      .filter(there);
  /** @type {(it: Look) => Place} */
  const led = (it) => pinned(it) ?? known(hover, it);
  /** @type {(it: Look) => Place} */
  const selection = (it) => {
    const at = led(it);
    return there(at) || !untouched || compared(it).length ? at : opening.at;
  };

  /** @type {Link} */
  function link(get) {
    const all = model.get("_entries");
    const now = all.filter((e) => e.step === get("step"));
    const layers = now.filter((e) => e.router === get("router"));
    const entry = layers.find((e) => e.layer === get("layer")) ?? layers[0] ?? all[0];
    const upTo = (/** @type {number} */ most) => /** @type {Limits} */ ([-1, most, true, false]);
    return {
      step: [...new Set(all.map((e) => e.step))],
      router: [...new Set(now.map((e) => e.router))],
      layer: layers.map((e) => e.layer),
      image_index: [0, model.get("_count") - 1, true, false],
      view: entry.views ?? [get("view")],
      shading: [...SHADINGS],
      token: upTo(entry.tokens - 1),
      expert: upTo(entry.experts - 1),
      slot: upTo(get("expert") < 0 ? -1 : entry.slots - 1),
      pins: { each: [entry.tokens, entry.experts, entry.slots].map((most) => upTo(most - 1)), most: MOST_PINS },
    };
  }

  function rowsNow() {
    if (!scene) return [["token"]];
    const { it, view } = scene;
    if (view === "output") return [["token", view], ...Array.from(it.output ?? [], (value, t) => [t, value])];
    const each = columnsOfExpert(it, view);
    const wide = it.experts * each;
    const rows = Array.from(it.weights[view] ?? [], (value, at) => {
      const column = at % wide;
      return [it.ids[Math.floor(at / wide)], Math.floor(column / each), each === it.p ? column % each : null, value];
    });
    return [["token", "expert", "slot", view], ...rows];
  }

  /** The entry that the traits name, and what the controls then offer. */
  function choose() {
    const step = steps.includes(model.get("step")) ? model.get("step") : steps[0];
    const now = entries.filter((e) => e.step === step);
    const routers = [...new Set(now.map((e) => e.router))];
    const router = routers.includes(model.get("router")) ? model.get("router") : routers[0];
    const layers = now.filter((e) => e.router === router);
    const entry = layers.find((e) => e.layer === model.get("layer")) ?? layers[0];
    offer("router", routers, entry.router);
    offer(
      "layer",
      layers.map((e) => e.layer),
      entry.layer,
    );
    for (const name of ["replay", "chart"]) part(name).hidden = steps.length < 2;
    const only = [
      router && routers.length < 2 && `Router ${router}`,
      entry.layer && layers.length < 2 && `Layer ${entry.layer}`,
    ];
    part("only").textContent = only.filter(Boolean).join(", ");
    part("only").hidden = !part("only").textContent;
    Object.assign(input("step"), { max: steps.length - 1, value: steps.indexOf(step) });
    part("step").setAttribute("aria-valuetext", `step ${step}`);
    part("step-text").textContent = String(step);
    return entry;
  }

  /** @type {(name: string, choices: string[], chosen: string) => void} */
  function offer(name, choices, chosen) {
    select(name).replaceChildren(...choices.map((text) => new Option(text, text)));
    select(name).value = chosen;
    const label = /** @type {HTMLElement} */ (part(name).parentElement);
    label.hidden = choices.length < 2;
  }

  /** @type {(entry: Entry, image: number, view: View) => void} */
  function showControls(entry, image, view) {
    Object.assign(input("image_index"), { max: model.get("_count") - 1, value: image });
    part("image").textContent = labels.length ? `${image}: ${labels[image]}` : String(image);
    part("image_index").setAttribute("aria-valuetext", part("image").textContent ?? "");
    part("kind").textContent = kind(what(image));
    /** @type {HTMLElement} */ (part("image_index").parentElement).hidden = model.get("_count") < 2;
    for (const name of SHADINGS)
      Object.assign(input(name), { name: `${radios}-shading`, checked: name === model.get("shading") });
    part("more").hidden = Boolean(entry.note) || (view !== "dispatch" && view !== "combine");
    for (const name of VIEWS) {
      Object.assign(input(name), { name: radios, checked: name === view });
      const label = /** @type {HTMLElement} */ (part(name).parentElement);
      label.hidden = !entry.views.includes(name);
    }
    const map = /** @type {HTMLElement} */ (part(view).closest("fieldset"));
    map.hidden = Boolean(entry.note);
    for (const name of ["tokens", "map"]) {
      const panel = /** @type {HTMLElement} */ (root.querySelector(`.routing-lens-${name}`));
      panel.hidden = Boolean(entry.note);
    }
  }
  /** @type {(image: number) => Look["what"]} */
  const what = (image) => ("data" in pictures ? "image" : model.get("_words")[image] ? "text" : "group");
  const kind = (/** @type {string} */ name) => name[0].toUpperCase() + name.slice(1);

  /**
   * What there is to see of an image, compared with the reference where there is one of the same sizes.
   *
   * @type {(entry: Entry, image: number, view: View) => Look}
   */
  function seen(entry, image, view) {
    const beside = entries.find((e) => e.router === "reference" && e.layer === entry.layer && e.step === entry.step);
    const alike = beside && beside !== entry && !beside.note;
    const sizes = /** @type {const} */ (["tokens", "experts", "slots"]);
    const it = look(entry, image);
    const words = model.get("_words")[image];
    if (alike && sizes.every((name) => beside[name] === entry[name])) it.reference = look(beside, image);
    it.words = words?.length === it.tokens ? words : null;
    it.what = what(image);
    it.off = offSums(it);
    it.wrongs = wrongs(it, view);
    return it;
  }

  /** @type {(image: number) => Scene["picture"]} */
  function pictureOf(image) {
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }

  /** Paint the grounds; return whether there was room for them. */
  function paint() {
    const entry = choose();
    const image = model.get("image_index");
    const view = entry.views.includes(model.get("view")) ? model.get("view") : "dispatch";
    scene = null;
    showControls(entry, image, view);
    for (const name of ["hold", "beside", "clear"]) button(name).hidden = Boolean(entry.note);
    const narrow = root.toggleAttribute("data-narrow", root.clientWidth < NARROW);
    if (entry.note) {
      mounted.say(entry.note);
      part("pin").textContent = "";
      for (const name of ["compare", "warning", "remedy", "magnified"]) part(name).hidden = true;
      part("why").textContent = "";
    }
    // A view that is not laid out yet, or no longer, has no width; the observer calls again when it has one.
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part(name).clientWidth);
    if (entry.note || tokensWidth < 50 || mapWidth < 150) return false;
    const it = seen(entry, image, view);
    describe(it, image, view);
    const ink = mounted.ink();
    const picture = pictureOf(image);
    const mostHigh = narrow ? 0.45 * window.innerHeight : MOST_HIGH;
    const folds = foldsOf(it, view);
    const boxes = layout({ it, view, picture, folds }, tokensWidth, mapWidth, mostHigh);
    const moves = showMoves(entry, it);
    const curved = isRoot(it, view, model.get("shading"));
    const reach = narrow ? mapWidth : tokensWidth;
    /** @type {Scene} */
    const now = { it, view, ink, picture, folds, root: curved, moves, window: null, reach, boxes };
    scene = now;
    opening = openingOf(it);
    showScale(now);
    for (const name of PANELS) grounds[name](fit(ground(name), ...boxes.sizes[name]), now);
    const { x, y, w, h } = boxes.map;
    part("map").dataset.plot = [x, y, w, h].join(" ");
    part("magnified").hidden = view === "output" || !isSmall(boxes.map);
    // Beside the map where there is room, else below it.
    const column = /** @type {HTMLElement} */ (root.querySelector(`.routing-lens-${narrow ? "map" : "tokens"}`));
    if (part("magnified").parentElement !== column) column.append(part("magnified"));
    if (steps.length > 1) {
      const lines = progressOf(entries, entry, tests);
      const width = part("progress").clientWidth;
      if (width > 150) paintProgress(fit(canvas("progress"), width, CHART), width, lines, entry.step, ink);
      part("progress-note").textContent = progressNote(lines, entry.step);
    }
    showCards(mounted, scene, compared(it), compare);
    return true;
  }

  /**
   * Which tokens moved since another snapshot: told, listed, and returned as what stands on each.
   *
   * @type {(entry: Entry, it: Look) => Map<number, string>}
   */
  function showMoves(entry, it) {
    if (steps.length < 2) return new Map();
    const at = steps.indexOf(entry.step);
    const before = since !== null && steps.includes(since) ? since : steps[Math.max(at - 1, 0)];
    const choices = [
      new Option("the step before", ""),
      ...steps.map((step) => new Option(`step ${step}`, String(step))),
    ];
    if (select("since").options.length !== choices.length) select("since").replaceChildren(...choices);
    const old = entries.find((e) => e.step === before && e.router === entry.router && e.layer === entry.layer);
    const fits =
      old && !old.note && old.step !== entry.step && old.experts === entry.experts && old.tokens === it.tokens;
    const moves = fits ? movesBetween(look(old, it.image), it) : [];
    part("moves").textContent = fits ? movesNote(it, moves, before) : "";
    part("moved").hidden = !moves.length;
    const lines = movesByExperts(moves).map((text) =>
      Object.assign(document.createElement("li"), { textContent: text }),
    );
    part("moves-list").replaceChildren(...lines);
    return new Map(moves.map((move) => [move.token, signOf(move)]));
  }

  /** @param {Scene} now */
  function showScale({ it, view, root: curved }) {
    part("middle").textContent = curved ? four(middleOf(extremesOf(it, view))) : "";
    part("shading").textContent = curved ? ON_ROOT : "";
  }

  /** @type {(it: Look, image: number, view: View) => void} */
  function describe(it, image, view) {
    const { least, most } = extremesOf(it, view);
    const scale = /** @type {HTMLElement} */ (part("least").parentElement);
    part("tokens-title").textContent = condensed(it) ? tokensTold(it) : plural(it.tokens, "token");
    part("map-title").textContent = mapTitle(it, view);
    part("least").textContent = view === "output" ? "" : count(least);
    scale.hidden = view === "output";
    part("most").textContent = it.hard ? count(most) : four(most);
    part("caption").textContent = `${kind(it.what)} ${image}: ${caption(it, view)}`;
    part("warning").textContent = warning(it, view);
    part("warning").hidden = !part("warning").textContent;
    for (const name of OF_CHOICES)
      /** @type {HTMLElement} */ (root.querySelector(`[data-term="${name}"]`)).hidden = !it.hard;
    part("remedy").textContent = remedy(it);
    part("remedy").hidden = !part("remedy").textContent;
  }

  let painted = false;
  /** @param {boolean} stale */
  function draw(stale) {
    if (stale || !painted) painted = paint();
    if (scene) follow(scene);
  }

  /** @param {Scene} now */
  function follow(now) {
    const at = selection(now.it);
    magnify(now, at);
    for (const name of PANELS) overlays[name](fit(canvas(name), ...now.boxes.sizes[name]), now, at);
    mounted.say(sentence(now.it, at, now.view));
    const note = loadNote(now.it, now.folds, at);
    if (part("load-note").textContent !== note) part("load-note").textContent = note;
    const reason = why(now.it, at);
    if (part("why").textContent !== reason) part("why").textContent = reason;
    const first = there(at) && !there(led(now.it)) ? `Shown first: ${opening.what}. Point at anything else.` : "";
    part("pin").toggleAttribute("data-first", Boolean(first));
    const more = full ? `${MOST_PINS} selections are compared already: remove one first.` : "";
    part("pin").textContent = [pinned(now.it) ? "Pinned: press Escape to unpin." : first, more]
      .filter(Boolean)
      .join(" ");
    button("hold").textContent = pinned(now.it) ? "Unpin" : "Pin";
    for (const name of ["hold", "beside"]) button(name).disabled = !there(at);
    const pins = compared(now.it);
    button("beside").textContent = pins.some((each) => same(each, at)) ? "Stop comparing" : "Compare";
    button("clear").hidden = !pins.length;
  }

  /** @type {(now: Scene, at: Place) => void} */
  function magnify(now, at) {
    if (part("magnified").hidden) return;
    const sheet = sheetOf(now);
    const [width, height] = sizeOf(sheet);
    // What is pointed at in the magnifier stays where it is.
    now.window = windowOf(sheet, centreOf(now.it, sheet, at), pointed === "magnifier" ? now.window : null);
    paintMagnifier(fit(ground("magnifier"), width, height), sheet, now.window, at);
    canvas("magnifier").style.height = `${height}px`;
  }

  /**
   * What the panels show, as pointer and keys need it.
   *
   * @type {(now: Scene) => Plan}
   */
  const planOf = ({ it, view, boxes }) => ({
    boxes,
    rows: it.n,
    experts: it.experts,
    own: columnsOfExpert(it, view),
    slotted: columnsOfExpert(it, view) === it.p,
    labelled: true,
    tokenOf: (row) => it.ids[row],
    rowOf: (token) => it.row[token] ?? -1,
    drawnAt: (place) => {
      if (condensed(it)) return it.ids[place] ?? -1;
      return place < 0 || place >= it.tokens ? -1 : nearest(it, place);
    },
    placeOf: (token) => placeOf(it, token),
  });

  /** @param {Place} at */
  function pin(at) {
    const now = scene && pinned(scene.it);
    mounted.send(now && same(at, now) ? NOTHING : at);
  }

  /**
   * Add a selection to the comparison, or remove it; what is pinned alone joins it first.
   *
   * @param {Place} at
   */
  function compare(at) {
    if (!scene || !there(at)) return;
    const alone = pinned(scene.it);
    const pins = compared(scene.it);
    const before = alone && !same(alone, at) && !pins.some((each) => same(each, alone)) ? [...pins, alone] : pins;
    const after = toggled(before, at);
    full = after.length > MOST_PINS;
    if (!full) mounted.send({ ...NOTHING, pins: after.map(({ token, expert, slot }) => [token, expert, slot]) });
    schedule();
  }

  /** @param {Place | null} at */
  function show(at) {
    // A pointer that leaves what it never entered, as when a page opens below it, has touched nothing.
    if (at) untouched = false;
    hover = at ?? NOTHING;
    full = false;
    schedule();
  }

  const selected = () => (scene ? selection(scene.it) : NOTHING);
  pointAt(mounted, panels, {
    ready: () => scene,
    under(panel, x, y) {
      pointed = panel;
      if (!scene) return NOTHING;
      if (panel !== "magnifier") return placeUnder(planOf(scene), panel, x, y);
      return scene.window ? placeWithin(sheetOf(scene), scene.window, x, y) : NOTHING;
    },
    beyond(panel, key) {
      pointed = panel;
      const whose = panel === "magnifier" ? "map" : panel;
      return scene && placeBeyond(planOf(scene), whose, key, led(scene.it));
    },
    show,
    go: (at) => (scene && pinned(scene.it) ? mounted.send(at) : show(at)),
    take: pin,
    enter: () => pin(selected()),
    free() {
      untouched = false;
      mounted.send(scene && pinned(scene.it) ? NOTHING : { pins: [] });
      show(null);
    },
    shifted: { take: compare, enter: () => compare(selected()) },
  });

  on(part("hold"), "click", () => pin(selected()));
  on(part("beside"), "click", () => compare(selected()));
  on(part("clear"), "click", () => mounted.send({ pins: [] }));
  for (const name of SHADINGS) on(part(name), "change", () => mounted.send({ shading: name }));
  on(part("since"), "change", () => {
    since = select("since").value === "" ? null : Number(select("since").value);
    refresh();
  });
  on(part("router"), "change", () => {
    const router = select("router").value;
    const layers = entries.filter((e) => e.router === router).map((e) => e.layer);
    mounted.send({ router, layer: layers.includes(model.get("layer")) ? model.get("layer") : layers[0] });
  });
  on(part("layer"), "change", () => mounted.send({ layer: select("layer").value }));
  on(part("image_index"), "input", () => mounted.send({ image_index: Number(input("image_index").value) }));
  for (const view of VIEWS) on(part(view), "change", () => mounted.send({ view }));
  const halt = player(
    button("play"),
    (fromButton) => {
      const at = steps.indexOf(model.get("step"));
      const end = at === steps.length - 1;
      if (end && !fromButton) return false;
      mounted.send({ step: steps[end ? 0 : at + 1] });
      return true;
    },
    mounted.signal,
  );
  on(part("step"), "input", () => {
    halt();
    mounted.send({ step: steps[Number(input("step").value)] });
  });

  for (const name of SHOWN) model.on(`change:${name}`, refresh);
  for (const name of SELECTION) model.on(`change:${name}`, schedule);
  return mounted.end;
}

const openingOfNothing = { at: NOTHING, what: "" };

export default { render };
