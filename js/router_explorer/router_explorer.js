// RouterExplorer in the browser: scores came once, everything else is computed here at each change.

import { floats, octets } from "../shared/bytes.js";
import { bindKnobs, stopsOf } from "../shared/knobs.js";
import { fillList } from "../shared/markup.js";
import { outlineWindow, paintMagnifier, placeWithin, sizeOf, windowOf } from "../shared/magnifier.js";
import { mount } from "../shared/mount.js";
import { exact, many } from "../shared/numbers.js";
import { RAMP_CSS, fit, surface } from "../shared/painting.js";
import { PANELS, placeBeyond, placeUnder } from "../shared/plan.js";
import { pointAt } from "../shared/pointing.js";
import { NOTHING, SELECTION, pinnedIn, same, there, within } from "../shared/selection.js";
import { ON_ROOT, SHADINGS, middleOf } from "../shared/shading.js";
import { besideRouter, differenceOf, fillFigures, fillGallery, fillMates, missingTold } from "./compare.js";
import { KNOBS, LISTS, PAGE } from "./page.js";
import { grounds, layout, markLast, overlays, showsBars, showsExperts } from "./panels.js";
import { slotPictures } from "./patches.js";
import { placeAt } from "./places.js";
import { slotBeyond, slotUnder } from "./racks.js";
import { bindServing } from "./serving.js";
import { centreOf, isMagnified, isRoot, sheetOf } from "./small.js";
import {
  SETTINGS,
  STEPS,
  batchOf,
  exampleOf,
  explore,
  fatesKnown,
  fatesOf,
  keeper,
  listensTo,
  mapOf,
  otherMates,
  servingOf,
} from "./state.js";
import { four, furtherTold, lineOf, nounOf, sumsTold } from "./sums.js";
import { cardOf, loadTold, marksTold } from "./words.js";

/** @import { Limits } from "../shared/knobs.js" */
/** @import { Link } from "../shared/links.js" */
/** @import { Ink, Model } from "../shared/mount.js" */
/** @import { Panel, Plan } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Outputs } from "./compare.js" */
/** @import { List } from "./page.js" */
/** @import { Known, Scene } from "./panels.js" */
/** @import { Explained } from "./places.js" */
/** @import { Side } from "./small.js" */
/** @import { Explored, Refused, Settings, Sizes, Step } from "./state.js" */

/** @typedef {Settings & Place & Looked & Given} Traits */

/**
 * What is looked at.
 *
 * @typedef {object} Looked
 * @property {number} image_index
 * @property {Step} step
 * @property {number} served
 * @property {string} shading
 * @property {Partial<Settings>} pinned
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
 * @property {string[]} _focus
 * @property {Partial<Settings>} _asked
 * @property {Outputs | {}} _outputs
 */

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const exports = { csv: rowsNow, named: ["router", "step", "image_index"] };
  const options = { name: "explorer router-explorer", prefix: "explorer", page: PAGE, draw, exports, link };
  const view = mount({ model, el }, options);
  const { part, canvas, ground, input, select, button, root, send, on } = view;
  const sizes = model.get("_sizes");
  const ids = model.get("_ids");
  const grid = model.get("_grid");
  const labels = model.get("_labels");
  const texts = model.get("_words");
  const pictures = model.get("_pictures");
  const limits = model.get("_limits");
  const focus = model.get("_focus");
  const inFocus = (/** @type {string} */ name) => !focus.length || focus.includes(name);
  const batch = batchOf(floats(model.get("_logits")), sizes);
  const follow = bindKnobs(view, stopsOf(KNOBS, limits), fitChoices);
  const radios = `router-explorer-${crypto.getRandomValues(new Uint32Array(1))}`;
  const keepNow = keeper(2);
  const keepPinned = keeper(1);
  const atlasOf = slotPictures(pictureOf, grid, ids);
  /** @type {Scene | null} */
  let scene = null;
  let painted = "";
  let marked = "";
  let lookOfTokens = "";
  /** @type {Place} */
  let hover = NOTHING;
  // Until the reader pins or frees something, an example is explained where nothing is pointed at.
  let shows = true;
  /** @type {{ ink: Ink, tokensWidth: number, mapWidth: number, wide: boolean } | null} */
  let paper = null;
  let controlled = "";
  let slow = 0;
  /** @type {{ kind: string, seed: number } | null} */
  let mates = null;
  let compared = "";
  /** @type {Panel | "magnifier" | null} */
  let pointed = null;
  /** @type {Side} The map of two that the magnifier shows: where the pointer was last. */
  let half = "map";

  /** What holds a control with its label. @param {string} name */
  const holder = (name) => /** @type {HTMLElement} */ (part(name).parentElement);

  const status = /** @type {HTMLElement} */ (root.querySelector("[role=status]"));
  const ramp = /** @type {HTMLElement} */ (root.querySelector(".router-explorer-ramp i"));
  ramp.style.background = RAMP_CSS;
  if (focus.length) {
    root.classList.add("router-explorer-focused");
    for (const name of focus) if (part("more").contains(part(name))) part("more").before(holder(name));
  }
  for (const step of STEPS) input(step).name = radios;
  for (const shading of SHADINGS) input(shading).name = `${radios}-shading`;
  if (texts.length) {
    holder("image_index").children[0].textContent = input("image_index").ariaLabel = "Text";
    input("image_index-number").ariaLabel = "Text, typed";
  }
  if (ids.length) {
    part("sampled").hidden = false;
    part("sampled").textContent =
      `${exact(sizes.tokens)} tokens of an image are more than can be drawn: ` +
      `${exact(sizes.n)} of each, evenly spaced, are routed and drawn; capacities, loads and MACs are of these.`;
  }
  const serving = bindServing(
    view,
    status,
    () => scene && servingOf(scene.it, model.get("served")),
    /** @type {(served: number) => Record<string, number>} */
    (served) => {
      const last = scene && scene.it.images > 1 && scene.it.arrivals?.[0][served - 1];
      return scene && last ? { image_index: Math.floor(last.token / scene.it.rows) } : {};
    },
  );

  /** @type {Link} */
  function traitsOf(get) {
    const all = model.get("_limits");
    const upTo = (/** @type {string} */ name, /** @type {number} */ most) =>
      /** @type {Limits} */ ([all[name][0], Math.min(all[name][1], most), true, false]);
    return {
      ...LISTS,
      step: STEPS,
      num_experts: all.num_experts,
      ...all,
      top_k: upTo("top_k", get("num_experts")),
      expert: upTo("expert", get("num_experts") - 1),
      slot: upTo("slot", get("expert") < 0 ? -1 : Infinity),
    };
  }

  /** @type {Link} */
  function link(get) {
    return { ...traitsOf(get), shading: [...SHADINGS], pinned: { beside: settingsOf } };
  }

  /** @type {Link} */
  function settingsOf(get) {
    const all = traitsOf(get);
    return Object.fromEntries(SETTINGS.map((name) => [name, all[name]]));
  }

  function rowsNow() {
    const head = ["token", "expert", "slot", model.get("step")];
    if (!scene) return [head];
    const { it, map } = scene;
    const own = map.short ? 1 : it.p;
    const rows = Array.from(map.values, (value, at) => {
      const [row, column] = [Math.floor(at / map.columns), at % map.columns];
      return [ids[row] ?? row, Math.floor(column / own), map.short ? null : column % own, value];
    });
    return [head, ...rows];
  }

  const settingsNow = () =>
    /** @type {Settings} */ (Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)])));
  /** @type {(keep: ReturnType<typeof keeper>, settings: Settings, image: number) => Explored | Refused} */
  const routed = (keep, settings, image) =>
    keep(JSON.stringify([settings, image]), () => {
      const it = explore(batch, settings, image);
      return it.error === undefined && texts.length ? { ...it, words: texts } : it;
    });
  /** @type {(at: Place, it: Explored) => Place} */
  const known = (at, { rows, e, p }) => within(at, { hasToken: (t) => t < rows, experts: e, slots: p });
  /** @type {(it: Explored) => Place | null} */
  const pinned = (it) => {
    const at = known(pinnedIn(model), it);
    return there(at) ? at : null;
  };
  /** @type {(it: Explored) => Place | null} */
  const example = (it) => {
    const waits = model.get("step") === "dispatch" && it.arrivals && model.get("served") >= 0;
    return shows && !waits && !there(known(hover, it)) ? { ...NOTHING, token: exampleOf(it) } : null;
  };
  /** @type {(it: Explored) => Place} */
  const selection = (it) => pinned(it) ?? example(it) ?? known(hover, it);

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
    const step = model.get("step");
    follow();
    const key = JSON.stringify([settings, step, model.get("shading")]);
    if (key === controlled) return;
    controlled = key;
    const listens = listensTo(settings.router);
    for (const name of /** @type {List[]} */ (Object.keys(LISTS))) {
      fillList(select(name), LISTS[name], settings[name]);
      holder(name).hidden = listens[name] === false || !inFocus(name);
    }
    for (const [name, [least, most]] of Object.entries(limits))
      if (KNOBS[name]) holder(name).hidden = listens[name] === false || least === most || !inFocus(name);
    for (const each of STEPS) input(each).checked = each === step;
    for (const each of SHADINGS) input(each).checked = each === model.get("shading");
    const [words, equation, code] = cardOf(settings, step);
    part("words").textContent = words;
    if (part("equation").dataset.of !== equation) {
      part("equation").innerHTML = `<math display="block">${equation}</math>`;
      part("equation").dataset.of = equation;
    }
    part("code").textContent = code;
    part("further").textContent = furtherTold(settings.num_experts, sizes.e);
    part("further").hidden = settings.num_experts <= sizes.e;
  }

  /** Read the page once after it changed: asking it in each frame would lay it out each time. */
  function readPage() {
    const wide = root.clientWidth > 700;
    const controls = /** @type {HTMLDetailsElement} */ (part("controls"));
    if (wide || paper?.wide !== false) controls.open = wide;
    // Where its words are scrolled, keys must reach them.
    if (wide) part("told").removeAttribute("tabindex");
    else part("told").tabIndex = 0;
    // A view that is not laid out yet, or no longer, has no width; the observer calls again when it has one.
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part(name).clientWidth);
    return { ink: view.ink(), tokensWidth, mapWidth, wide };
  }

  /** @param {boolean} [stale] */
  function draw(stale) {
    const settings = settingsNow();
    const image = model.get("image_index");
    const step = model.get("step");
    const kept = model.get("pinned");
    const it = routed(keepNow, settings, image);
    const served = step === "dispatch" ? model.get("served") : -1;
    showControls(settings);
    const failed = it.error !== undefined;
    if (failed !== part("drawn").hidden)
      for (const name of ["seen", "drawn", "numbers", "side", "batch"]) part(name).hidden = failed;
    if (it.error !== undefined) {
      scene = null;
      paper = null;
      painted = marked = lookOfTokens = part("pin").textContent = "";
      part("serving").hidden = part("magnified").hidden = button("free").hidden = true;
      return view.say(`These settings cannot be routed: ${it.error}.`);
    }
    serving.show(step === "dispatch" && it.arrivals ? servingOf(it, served) : null);
    if (stale || !paper) paper = readPage();
    const { tokensWidth, mapWidth } = paper;
    if (tokensWidth < 50 || mapWidth < 150) {
      paper = null;
      return;
    }
    const key = JSON.stringify([settings, image, step, served, kept, model.get("shading"), paper, surface()]);
    const now = key === painted && scene ? scene : paint(lookAt(it, step, served), kept, tokensWidth, mapWidth);
    scene = now;
    painted = key;
    // A page that was laid out anew, as by longer words below the map, changes no drawing.
    const at = selection(it);
    const held = pinned(it);
    const mine = key + JSON.stringify([at, held, shows, half]);
    if (mine === marked && !view.note) return;
    marked = view.note ? "" : mine;
    mark(now);
    view.say(lineOf(it, step, now.map, at, { served, ids, grid }));
    const shown = !held && example(it);
    write("pin", held ? "Pinned." : shown ? "An example: point at anything else." : "");
    button("free").hidden = !held && !shown;
    button("free").textContent = held ? "Unpin" : "Hide the example";
  }

  /** @param {Scene} now */
  function mark(now) {
    const { it, step, map, served } = now;
    const at = selection(it);
    const explained = there(at) ? placeAt(it, step, map, at, served) : null;
    for (const name of PANELS) {
      if (name === "experts" && !showsExperts(it, step)) continue;
      const ctx = fit(canvas(name), ...now.boxes.sizes[name]);
      if (name === "map") magnify(now, at, explained);
      if (explained) overlays[name](ctx, now, at, explained);
      else markLast(ctx, name, now);
      const box = half === "twin" && now.boxes.twin ? now.boxes.twin : now.boxes.map;
      if (name === "map" && now.window) outlineWindow(ctx, box, now.window, now.ink);
    }
  }

  /** @type {(now: Scene, at: Place, explained: Explained | null) => void} */
  function magnify(now, at, explained) {
    if (!isMagnified(now)) {
      now.window = null;
      return;
    }
    const sheet = sheetOf(now, half);
    const [width, height] = sizeOf(sheet);
    // What is pointed at in the magnifier stays where it is.
    const before = pointed === "magnifier" ? now.window : null;
    now.window = windowOf(sheet, centreOf(now, sheet, at, explained), before);
    paintMagnifier(fit(ground("magnifier"), width, height), sheet, now.window, at);
    canvas("magnifier").style.height = `${height}px`;
    write("magnified-title", now.twin ? `Magnifier: ${half === "twin" ? "combine" : "dispatch"}` : "Magnifier");
  }

  /** @type {(it: Explored, step: Step, served: number) => Known} */
  const lookAt = (it, step, served) => ({
    it,
    step,
    served,
    ink: paper?.ink ?? view.ink(),
    grid,
    ids,
    picture: pictureOf(it.image),
    map: mapOf(it, step, served),
    twin: !it.sparse && step === "normalise" ? mapOf(it, "combine", -1) : null,
    root: false,
    serving: servingOf(it, served),
    fates: fatesOf(it, step, served),
    atlas: step === "dispatch" || step === "compute" ? atlasOf(it) : null,
  });

  /** @type {(image: number) => Known["picture"]} */
  function pictureOf(image) {
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }

  /** @type {(known: Known, kept: Partial<Settings>, tokensWidth: number, mapWidth: number) => Scene} */
  function paint(looked, kept, tokensWidth, mapWidth) {
    const { it, step } = looked;
    // The map and what the experts receive shall fit the window; so shall the words, where they stand above the map.
    const mostHigh = paper?.wide ? 364 : Math.min(0.45 * window.innerHeight, 364);
    const boxes = layout(looked, tokensWidth, mapWidth, mostHigh);
    const curved = isRoot(looked, model.get("shading"), boxes.map);
    const reach = paper?.wide ? tokensWidth : mapWidth;
    const now = { ...looked, boxes, root: curved, reach, window: scene?.step === step ? scene.window : null };
    part("magnified").hidden = !isMagnified(now);
    // Beside the map where there is room, else below it.
    const column = paper?.wide ? part("seen").parentElement : part("drawn");
    if (part("magnified").parentElement !== column) column?.append(part("magnified"));
    const bare = !showsExperts(it, step);
    for (const element of [part("experts").parentElement, part("load-note")])
      if (element && element.hidden !== bare) element.hidden = bare;
    const marks = tokensLook(now);
    for (const name of PANELS) {
      if ((bare && name === "experts") || (name === "tokens" && marks === lookOfTokens)) continue;
      grounds[name](fit(ground(name), ...now.boxes.sizes[name]), now);
    }
    lookOfTokens = marks;
    describe(now);
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

  /**
   * What the tokens' ground depends on: some steps mark them alike.
   *
   * @param {Scene} now
   */
  function tokensLook({ it, step, served, fates }) {
    const marks = step === "normalise" ? "score" : step === "compute" ? "dispatch" : step;
    const lost = fates.reduce((all, lose, t) => (lose ? `${all} ${t}` : all), "");
    return JSON.stringify([it.settings, it.image, marks, served, lost, paper, surface()]);
  }

  /** @param {Scene} now */
  function describe({ it, step, map, twin, fates, boxes, root: curved }) {
    const lost = fates.reduce((a, x) => a + x, 0);
    const across = map.short ? many(it.e, "expert") : `${many(it.e, "expert")} x ${many(it.p, "slot")}`;
    const tokensBy = `${many(it.rows, "token")} (rows) by ${across} (columns)`;
    /** @type {Record<Step, string>} */
    const titles = {
      score: `score: ${tokensBy}`,
      normalise: it.sparse ? `gates: ${tokensBy}` : `dispatch (left) and combine (right): ${tokensBy}`,
      select: it.sparse ? `selected, bright among all gates: ${tokensBy}` : `dispatch: ${tokensBy}`,
      dispatch: `dispatch: ${tokensBy}`,
      compute: `what the experts compute: ${many(it.p, "slot")} (rows) of ${many(it.e, "expert")} (columns)`,
      combine: `combine: ${tokensBy}`,
    };
    const label = labels.length ? `: ${labels[it.image]}` : "";
    write("tokens-title", `${"data" in pictures ? "Image" : `Tokens of ${nounOf(it)}`} ${it.image}${label}`);
    write("map-title", titles[step]);
    part("ramp").hidden = step === "compute" || (step === "select" && it.sparse) || showsBars(it, step, boxes.map);
    write("least", four(map.least));
    const most = Math.max(map.most, twin?.most ?? -Infinity);
    write("most", four(most));
    write("middle", curved ? four(middleOf({ least: map.least, most })) : "");
    write("shading", curved ? ON_ROOT : "");
    part("shading").hidden = !curved;
    const later =
      it.router === "identity"
        ? "No token is dropped: each has a slot."
        : `No token has been dropped yet: that happens in step ${it.router === "experts choice" ? 3 : 4}.`;
    const faint = `${lost} of ${many(it.rows, "token")} weigh 0 in every slot, rounded to float32 (hatched).`;
    const gone = `${lost} of ${many(it.rows, "token")} dropped${lost ? " (hatched)" : ""}.`;
    write("caption", (!fatesKnown(it, step) ? later : !it.sparse && lost ? faint : gone) + marksTold(it, step));
    write("sums-note", sumsTold(it, step));
    part("sums-note").hidden = !part("sums-note").textContent;
    const { upTo, total } = servingOf(it, step === "dispatch" ? model.get("served") : -1);
    write("now", upTo < total ? "when all are served" : "now");
    write("load-note", loadTold(it, step));
  }

  /** @type {(name: string, words: string) => void} */
  function write(name, words) {
    if (part(name).textContent !== words) part(name).textContent = words;
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
      write("missing", missingTold(outputs, settings, model.ownsPage ?? false));
      part("missing").hidden = !part("missing").textContent;
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
    const wanted = "of" in outputs && !model.ownsPage && !besideRouter(outputs.of, settings);
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

  /** @type {(now: Scene, panel: Panel | "magnifier", x: number, y: number) => Place} */
  function placeIn(now, panel, x, y) {
    const { racks, twin, map } = now.boxes;
    pointed = panel;
    if (panel === "magnifier") return now.window ? placeWithin(sheetOf(now, half), now.window, x, y) : NOTHING;
    if (panel === "map") half = twin && x >= twin.x ? "twin" : "map";
    if (racks && panel === (now.step === "compute" ? "map" : "experts")) return slotUnder(racks, x, y);
    return placeUnder(planOf(now), panel, twin && panel === "map" && x >= twin.x ? x - twin.x + map.x : x, y);
  }

  /** @type {(now: Scene, panel: Panel | "magnifier", key: string) => Place | null} */
  function placeAfter(now, panel, key) {
    pointed = panel;
    const at = pinned(now.it) ?? known(hover, now.it);
    if (now.boxes.racks && now.step === "compute" && panel === "map") return slotBeyond(now.boxes.racks, key, at);
    return placeBeyond(planOf(now), panel === "magnifier" ? "map" : panel, key, at);
  }

  /** @param {Place} at */
  function pin(at) {
    const now = scene && pinned(scene.it);
    shows = false;
    send(now && same(at, now) ? NOTHING : at);
  }

  function free() {
    shows = false;
    show(null);
    send(NOTHING);
  }

  /** @param {Place | null} at */
  function show(at) {
    hover = at ?? NOTHING;
    view.settle();
    view.schedule();
  }

  pointAt(view, /** @type {const} */ ([...PANELS, "magnifier"]), {
    ready: () => scene,
    under: (panel, x, y) => (scene ? placeIn(scene, panel, x, y) : NOTHING),
    beyond: (panel, key) => scene && placeAfter(scene, panel, key),
    show,
    go: (at) => (scene && pinned(scene.it) ? send(at) : show(at)),
    take: pin,
    enter: () => pin(scene ? selection(scene.it) : NOTHING),
    free,
  });
  button("formula").ariaExpanded = "false";
  on(part("formula"), "click", () => {
    button("formula").ariaExpanded = String(part("card").toggleAttribute("data-open"));
  });
  on(part("free"), "click", () => {
    free();
    canvas("map").focus();
  });

  for (const name of Object.keys(LISTS)) on(part(name), "change", () => send({ [name]: select(name).value }));
  for (const step of STEPS) on(part(step), "change", () => send({ step }));
  for (const shading of SHADINGS) on(part(shading), "change", () => send({ shading }));
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
  for (const name of [...SETTINGS, "image_index", "step", "served", "shading", "pinned", ...SELECTION])
    model.on(`change:${name}`, view.schedule);
  model.on("change:_outputs", compare);
  return () => {
    serving.stop();
    clearTimeout(slow);
    view.end();
  };
}

export default { render };
