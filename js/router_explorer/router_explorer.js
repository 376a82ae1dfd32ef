// RouterExplorer in the browser: scores came once, everything else is computed here at each change.

import { floats, octets } from "../shared/bytes.js";
import { bindKnobs, stopsOf } from "../shared/knobs.js";
import { STATUS, fillList } from "../shared/markup.js";
import { mount } from "../shared/mount.js";
import { exact, many } from "../shared/numbers.js";
import { RAMP_CSS, fit } from "../shared/painting.js";
import { PANELS, placeBeyond, placeUnder } from "../shared/plan.js";
import { pointAt } from "../shared/pointing.js";
import { NOTHING, SELECTION, pinnedIn, same, there, within } from "../shared/selection.js";
import { besideRouter, differenceOf, fillFigures, fillGallery, fillMates } from "./compare.js";
import { KNOBS, LISTS, PAGE } from "./page.js";
import { grounds, layout, markLast, overlays } from "./panels.js";
import { placeAt } from "./places.js";
import { bindServing } from "./serving.js";
import {
  SETTINGS,
  STEPS,
  batchOf,
  explore,
  fatesKnown,
  fatesOf,
  keeper,
  listensTo,
  mapOf,
  otherMates,
  servingOf,
} from "./state.js";
import { four, lineOf } from "./sums.js";
import { cardOf } from "./words.js";

/** @import { Limits } from "../shared/knobs.js" */
/** @import { Model } from "../shared/mount.js" */
/** @import { Plan } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Outputs } from "./compare.js" */
/** @import { List } from "./page.js" */
/** @import { Known, Scene } from "./panels.js" */
/** @import { Explored, Refused, RoutingMap, Settings, Sizes, Step } from "./state.js" */

/** @typedef {Settings & Place & Looked & Given} Traits */

/**
 * What is looked at.
 *
 * @typedef {{ image_index: number, step: Step, served: number, pinned: Partial<Settings> }} Looked
 */

/**
 * What came once, and the outputs of the model, which are asked for.
 *
 * @typedef {object} Given
 * @property {DataView} _logits
 * @property {Sizes} _sizes
 * @property {number[]} _ids
 * @property {number[]} _grid
 * @property {{ width: number, height: number, channels: number, data: DataView } | {}} _pictures
 * @property {string[]} _labels
 * @property {string[][]} _words
 * @property {Record<string, Limits>} _limits
 * @property {Partial<Settings>} _asked
 * @property {Outputs | {}} _outputs
 */

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const page = PAGE + STATUS;
  const view = mount({ model, el }, { name: "explorer router-explorer", prefix: "explorer", page, draw });
  const { part, canvas, ground, input, select, button, root, send, on } = view;
  const sizes = model.get("_sizes");
  const ids = model.get("_ids");
  const grid = model.get("_grid");
  const labels = model.get("_labels");
  const pictures = model.get("_pictures");
  const limits = model.get("_limits");
  const batch = batchOf(floats(model.get("_logits")), sizes);
  const follow = bindKnobs(view, stopsOf(KNOBS, limits), fitChoices);
  const radios = `router-explorer-${crypto.getRandomValues(new Uint32Array(1))}`;
  const keepNow = keeper(2);
  const keepPinned = keeper(1);
  /** @type {Scene | null} */
  let scene = null;
  let painted = "";
  /** @type {Place} */
  let hover = NOTHING;
  let slow = 0;
  /** @type {{ kind: string, seed: number } | null} */
  let mates = null;
  let compared = "";

  const status = /** @type {HTMLElement} */ (root.querySelector("[role=status]"));
  part("here").replaceWith(/** @type {HTMLElement} */ (status.parentElement));
  const ramp = /** @type {HTMLElement} */ (root.querySelector(".router-explorer-ramp i"));
  ramp.style.background = RAMP_CSS;
  for (const step of STEPS) input(step).name = radios;
  if (ids.length) {
    part("sampled").hidden = false;
    part("sampled").textContent =
      `${exact(sizes.tokens)} tokens of an image are more than can be drawn: ` +
      `${exact(sizes.n)} of each, evenly spaced, are routed and drawn; capacities, loads and MACs are of these.`;
  }
  const serving = bindServing(view, status, () => scene && servingOf(scene.it, model.get("served")));

  const settingsNow = () =>
    /** @type {Settings} */ (Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)])));
  /** @type {(keep: ReturnType<typeof keeper>, settings: Settings, image: number) => Explored | Refused} */
  const routed = (keep, settings, image) =>
    keep(JSON.stringify([settings, image]), () => explore(batch, settings, image));
  /** @type {(at: Place, it: Explored) => Place} */
  const known = (at, { rows, e, p }) => within(at, { hasToken: (t) => t < rows, experts: e, slots: p });
  /** @type {(it: Explored) => Place | null} */
  const pinned = (it) => {
    const at = known(pinnedIn(model), it);
    return there(at) ? at : null;
  };
  /** @type {(it: Explored) => Place} */
  const selection = (it) => pinned(it) ?? known(hover, it);

  /**
   * A token cannot choose more experts than there are: the one of the two that was not turned follows.
   *
   * @param {Partial<Traits>} values
   */
  function fitChoices(values) {
    const { top_k = model.get("top_k"), num_experts = model.get("num_experts") } = values;
    if (top_k <= num_experts) return values;
    return "top_k" in values ? { top_k, num_experts: top_k } : { num_experts, top_k: num_experts };
  }

  /** @param {Settings} settings */
  function showControls(settings) {
    const listens = listensTo(settings.router);
    follow();
    for (const name of /** @type {List[]} */ (Object.keys(LISTS))) {
      fillList(select(name), LISTS[name][1], settings[name]);
      select(name).disabled = listens[name] === false;
    }
    for (const [name, [least, most]] of Object.entries(limits)) {
      if (!KNOBS[name]) continue;
      for (const box of [input(name), input(`${name}-number`)])
        box.disabled = listens[name] === false || least === most;
    }
    for (const step of STEPS) input(step).checked = step === model.get("step");
    const [words, equation, code] = cardOf(settings, model.get("step"));
    part("words").textContent = words;
    if (part("equation").dataset.of !== equation) {
      part("equation").innerHTML = `<math display="block">${equation}</math>`;
      part("equation").dataset.of = equation;
    }
    part("code").textContent = code;
  }

  function draw() {
    const settings = settingsNow();
    const image = model.get("image_index");
    const step = model.get("step");
    const kept = model.get("pinned");
    const it = routed(keepNow, settings, image);
    const served = step === "dispatch" ? model.get("served") : -1;
    showControls(settings);
    for (const name of ["seen", "drawn", "numbers", "side", "batch"]) part(name).hidden = it.error !== undefined;
    if (it.error !== undefined) {
      scene = null;
      painted = part("pin").textContent = "";
      part("serving").hidden = true;
      return view.say(`These settings cannot be routed: ${it.error}.`);
    }
    const texts = model.get("_words");
    it.words = texts.length ? texts : null;
    serving.show(step === "dispatch" && it.arrivals ? servingOf(it, served) : null);
    // A view that is not laid out yet, or no longer, has no width; the observer calls again when it has one.
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part(name).clientWidth);
    if (tokensWidth < 50 || mapWidth < 150) return;
    const ink = view.ink();
    const ratio = window.devicePixelRatio;
    const key = JSON.stringify([settings, image, step, served, kept, tokensWidth, mapWidth, ink, ratio]);
    const now = key === painted && scene ? scene : paint(lookAt(it, step, served), kept, tokensWidth, mapWidth);
    scene = now;
    painted = key;
    mark(now);
    view.say(lineOf(it, step, now.map, selection(it), { served, ids, grid }));
    part("pin").textContent = pinned(it) ? "Pinned: press Escape to unpin." : "";
  }

  /** @param {Scene} now */
  function mark(now) {
    const { it, step, map, served } = now;
    const at = selection(it);
    const explained = there(at) ? placeAt(it, step, map, at, served) : null;
    for (const name of PANELS) {
      const ctx = fit(canvas(name), ...now.boxes.sizes[name]);
      if (explained) overlays[name](ctx, now, at, explained);
      else markLast(ctx, name, now);
    }
  }

  /** @type {(it: Explored, step: Step, served: number) => Known} */
  const lookAt = (it, step, served) => ({
    it,
    step,
    served,
    ink: view.ink(),
    grid,
    ids,
    picture: pictureOf(it.image),
    map: mapOf(it, step, served),
    serving: servingOf(it, served),
    fates: fatesOf(it, step, served),
  });

  /** @type {(image: number) => Known["picture"]} */
  function pictureOf(image) {
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }

  /** @type {(known: Known, kept: Partial<Settings>, tokensWidth: number, mapWidth: number) => Scene} */
  function paint(looked, kept, tokensWidth, mapWidth) {
    const { it, step, map, fates } = looked;
    // Where the words stand above the map, both shall fit the window.
    const mostHigh = root.clientWidth > 700 ? 392 : Math.min(0.45 * window.innerHeight, 392);
    const now = { ...looked, boxes: layout(looked, tokensWidth, mapWidth, mostHigh) };
    for (const name of PANELS) grounds[name](fit(ground(name), ...now.boxes.sizes[name]), now);
    describe(it, step, map, fates);
    const was = "router" in kept ? /** @type {Settings} */ (kept) : null;
    const before = was && routed(keepPinned, was, it.image);
    for (const name of ["was", "change", "forget"]) part(name).hidden = !was;
    const trouble = before?.error ? ` ${before.error}.` : "";
    part("pinned").textContent = was ? `Before: ${differenceOf(it.settings, was)}.${trouble}` : "";
    fillFigures(part("figures"), it, before);
    clearTimeout(slow);
    slow = setTimeout(compare, 60);
    return now;
  }

  /** @type {(it: Explored, step: Step, map: RoutingMap, fates: Uint8Array) => void} */
  function describe(it, step, map, fates) {
    const lost = fates.reduce((a, x) => a + x, 0);
    const early = STEPS.indexOf(step) < 3;
    const across = map.short ? many(it.e, "expert") : `${many(it.e, "expert")} x ${many(it.p, "slot")}`;
    const [gates, chosen] = it.sparse ? ["gates", "selected gates"] : ["dispatch", "dispatch"];
    const shown = step === "normalise" ? gates : step === "select" ? chosen : step === "compute" ? "dispatch" : step;
    const label = labels.length ? `: ${labels[it.image]}` : "";
    part("tokens-title").textContent = `${"data" in pictures ? "Image" : "Tokens of image"} ${it.image}${label}`;
    part("map-title").textContent = `${shown}: ${many(it.rows, "token")} (rows) by ${across} (columns)`;
    part("least").textContent = four(map.least);
    part("most").textContent = four(map.most);
    const later = `No token has been dropped yet: that happens in step ${it.router === "experts choice" ? 3 : 4}.`;
    const faint = `${lost} of ${many(it.rows, "token")} weigh 0 in every slot, rounded to float32 (hatched).`;
    const gone = `${lost} of ${many(it.rows, "token")} dropped${lost ? " (hatched)" : ""}.`;
    const corners = it.sparse && !early ? " Corners: the experts that took the patch." : "";
    part("caption").textContent = (!fatesKnown(it, step) ? later : !it.sparse && lost ? faint : gone) + corners;
    const { upTo, total } = servingOf(it, step === "dispatch" ? model.get("served") : -1);
    part("now").textContent = upTo < total ? "when all are served" : "now";
    part("load-note").textContent =
      `Load${early ? " after dispatch" : ""}: dispatch weights summed for each expert` +
      (it.images > 1 ? ` over the ${it.images} images of the batch` : "") +
      (it.sparse ? `; dashed line: ${it.dropless ? "what the busiest one asks for," : "its capacity of"} ` : "") +
      (it.sparse ? many(it.p, "slot") : "") +
      (it.arrivals ? "; hatched: choices that it turned away." : ".");
  }

  /** What takes longer than a frame, where it is open. */
  function compare() {
    const settings = settingsNow();
    const image = model.get("image_index");
    const [side, beside] = ["side", "batch"].map((name) => /** @type {HTMLDetailsElement} */ (part(name)).open);
    const outputs = model.get("_outputs");
    const width = part("gallery").clientWidth;
    const key = JSON.stringify([settings, image, side, beside, mates, view.ink(), width, outputs]);
    if (key === compared || !scene) return;
    compared = key;
    if (side) {
      fillGallery(part("gallery"), batch, settings, image, outputs, (router) => send({ router }));
      askOutputs(settings, outputs);
    }
    if (beside) showMates(settings, image);
  }

  /**
   * Ask Python for the outputs under these settings, once.
   *
   * @param {Settings} settings
   * @param {Outputs | {}} outputs
   */
  function askOutputs(settings, outputs) {
    const wanted = "of" in outputs && !besideRouter(outputs.of, settings);
    if (!wanted || besideRouter(model.get("_asked"), settings)) return;
    model.set("_asked", settings);
    model.save_changes();
  }

  /**
   * @param {Settings} settings
   * @param {number} image
   */
  function showMates(settings, image) {
    button("shuffle").disabled = button("swap").disabled = batch.b < 2;
    part("mates-table").hidden = !mates;
    if (batch.b < 2) part("mates").textContent = "This batch has one image, which has no mates.";
    else if (!mates) part("mates").textContent = `The batch has ${batch.b} images; image ${image} keeps its position.`;
    if (batch.b < 2 || !mates) return;
    const members = otherMates(batch.b, image, mates.seed, mates.kind);
    const order = members.length > 24 ? `${members.slice(0, 24).join(", ")}, …` : members.join(", ");
    part("mates").textContent =
      `The batch now holds images ${order} (${mates.kind}, seed ${mates.seed}); ` +
      `before, 0 to ${batch.b - 1} in order. Image ${image} is the same, at the same position.`;
    fillMates(part("mates-rows"), batch, settings, image, members);
  }

  /**
   * What the panels show, as pointer and keys need it.
   *
   * @type {(now: Scene) => Plan}
   */
  const planOf = ({ it, map, boxes }) => {
    const { tokens } = boxes;
    const sampled = !tokens.words && tokens.columns * tokens.rows > it.rows && ids.length > 0;
    return {
      boxes,
      rows: it.rows,
      experts: it.e,
      own: map.short ? 1 : it.p,
      slotted: !map.short,
      labelled: false,
      tokenOf: (row) => row,
      rowOf: (token) => token,
      drawnAt: (place) => (sampled ? ids.indexOf(place) : place < it.rows ? place : -1),
    };
  };

  /** @param {Place} at */
  function pin(at) {
    const now = scene && pinned(scene.it);
    send(now && same(at, now) ? NOTHING : at);
  }

  /** @param {Place | null} at */
  function show(at) {
    hover = at ?? NOTHING;
    view.settle();
    view.schedule();
  }

  pointAt(view, PANELS, {
    ready: () => scene,
    under: (panel, x, y) => (scene ? placeUnder(planOf(scene), panel, x, y) : NOTHING),
    beyond: (panel, key) => scene && placeBeyond(planOf(scene), panel, key, selection(scene.it)),
    show,
    go: (at) => (scene && pinned(scene.it) ? send(at) : show(at)),
    take: pin,
    enter: () => pin(scene ? selection(scene.it) : NOTHING),
    free() {
      show(null);
      send(NOTHING);
    },
  });

  for (const name of Object.keys(LISTS)) on(part(name), "change", () => send({ [name]: select(name).value }));
  for (const step of STEPS) on(part(step), "change", () => send({ step }));
  on(part("keep"), "click", () => send({ pinned: settingsNow() }));
  on(part("forget"), "click", () => {
    send({ pinned: {} });
    part("keep").focus();
  });
  for (const name of ["side", "batch"]) on(part(name), "toggle", compare);
  for (const [name, kind] of Object.entries({ shuffle: "shuffled", swap: "swapped" }))
    on(part(name), "click", () => {
      mates = { kind, seed: (mates?.seed ?? 0) + 1 };
      compare();
    });
  for (const name of [...SETTINGS, "image_index", "step", "served", "pinned", ...SELECTION])
    model.on(`change:${name}`, view.schedule);
  model.on("change:_outputs", compare);
  return () => {
    serving.stop();
    clearTimeout(slow);
    view.end();
  };
}

export default { render };
