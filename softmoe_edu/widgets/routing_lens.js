// RoutingLens in the browser. Weights came once; pointing never asks the kernel. Only what is pinned is sent back.

const PLACE = ["router", "layer", "image_index", "view"];
const SELECTION = ["token", "expert", "slot"];
const NOTHING = { token: -1, expert: -1, slot: -1 };
const PANELS = ["tokens", "map", "experts"];

const KEYS = 'tabindex="0" data-lm-suppress-shortcuts="true"';
const panel = (name, role, label) => `<div class="routing-lens-panel" data-panel="${name}"><canvas></canvas>
  <canvas data-part="${name}" ${KEYS} role="${role}" aria-label="${label}"></canvas></div>`;
const PAGE = `
<div class="routing-lens-controls">
  <label>Router <select data-part="router" data-lm-suppress-shortcuts="true"></select></label>
  <label>Layer <select data-part="layer" data-lm-suppress-shortcuts="true"></select></label>
  <label><span data-part="kind"></span> <input type="range" min="0" step="1" data-part="image_index"
    data-lm-suppress-shortcuts="true"><span data-part="image"></span></label>
  <fieldset><legend>Map</legend>${["dispatch", "combine"].map(view => `<label><input type="radio" value="${view}"
    data-part="${view}" data-lm-suppress-shortcuts="true">${view}</label>`).join("")}</fieldset>
</div>
<div class="routing-lens-panels">
  <div class="routing-lens-tokens"><div class="routing-lens-title" data-part="tokens-title"></div>
    ${panel("tokens", "application", "Tokens: arrow keys move, Enter pins, Escape frees")}
    <div class="routing-lens-ramp"><span>0</span><i></i><span data-part="most"></span></div>
    <p data-part="caption"></p></div>
  <div class="routing-lens-map"><div class="routing-lens-title" data-part="map-title"></div>
    ${panel("map", "application", "Weights of tokens by slots: arrow keys move, Enter pins, Escape frees")}
    ${panel("experts", "application", "Load of the experts: arrow keys move, Enter pins, Escape frees")}
    <p data-part="load-note"></p></div>
</div>
<p class="routing-lens-status"><span role="status" aria-live="polite"></span> <span data-part="pin"></span></p>`;

function render({ model, el }) {
  const root = document.createElement("div"), stop = new AbortController(), { signal } = stop;
  root.className = "routing-lens";
  root.innerHTML = PAGE;
  root.querySelector(".routing-lens-ramp i").style.background = RAMP_CSS;
  el.append(root);
  const part = name => root.querySelector(`[data-part="${name}"]`);
  const status = root.querySelector("[role=status]");
  const pictures = model.get("_pictures"), entries = model.get("_entries"), labels = model.get("_labels");
  const hasPicture = "data" in pictures, pixels = hasPicture && new Uint8Array(bytes(pictures.data));
  const radios = `routing-lens-${crypto.getRandomValues(new Uint32Array(1))}`;
  let scene = null, hover = NOTHING, frame = 0, stale = true;

  const send = values => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const known = ({ token, expert, slot }) => {
    const { n, experts, p } = scene.it, whose = expert < experts ? expert : -1;
    return { token: token < n ? token : -1, expert: whose, slot: whose >= 0 && slot < p ? slot : -1 };
  };
  const pinned = () => {
    const at = known(Object.fromEntries(SELECTION.map(name => [name, model.get(name)])));
    return at.token < 0 && at.expert < 0 ? null : at;
  };
  const selection = () => pinned() ?? known(hover);
  const schedule = everything => {
    stale ||= everything;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (stale) refresh();
      if (scene) follow();
    });
  };

  function choose() {
    const routers = [...new Set(entries.map(e => e.router))];
    const router = routers.includes(model.get("router")) ? model.get("router") : routers[0];
    const layers = entries.filter(e => e.router === router), entry = layers.find(e => e.layer === model.get("layer"));
    const options = { router: routers, layer: layers.map(e => e.layer) };
    for (const [name, names] of Object.entries(options)) {
      const select = part(name);
      select.replaceChildren(...names.map(text => new Option(text, text)));
      select.value = name === "router" ? router : (entry ?? layers[0]).layer;
      select.parentElement.hidden = names.length < 2 && names[0] === "";
    }
    return entry ?? layers[0];
  }

  function refresh() {
    const entry = choose(), image = model.get("image_index"), view = model.get("view");
    const kind = hasPicture ? "Image" : "Group";
    scene = null;
    Object.assign(part("image_index"), { max: model.get("_count") - 1, value: image });
    part("image").textContent = labels.length ? `${image}: ${labels[image]}` : image;
    part("image_index").setAttribute("aria-valuetext", part("image").textContent);
    part("kind").textContent = kind;
    for (const name of ["dispatch", "combine"]) Object.assign(part(name), { name: radios, checked: name === view });
    root.querySelector(".routing-lens-panels").hidden = Boolean(entry.note);
    if (entry.note) {
      status.textContent = entry.note;
      part("pin").textContent = "";
    }
    // A view that is not laid out yet, or no longer, has no width; the observer calls again when it has one.
    const [tokensWidth, mapWidth] = ["tokens", "map"].map(name => part(name).clientWidth);
    if (entry.note || tokensWidth < 50 || mapWidth < 150) return;
    stale = false;
    const it = look(entry, image), style = getComputedStyle(root);
    part("tokens-title").textContent = plural(it.n, "token");
    const slots = `${plural(it.experts, "expert")} x ${plural(it.p, "slot")}`;
    part("map-title").textContent = `${view}: ${plural(it.n, "token")} (rows) by ${slots} (columns)`;
    part("most").textContent = four(it[`${view}_most`]);
    part("caption").textContent = `${kind} ${image}: ${caption(it, view)}`;
    part("load-note").textContent = loadNote(it);
    const [text, bar] = ["text", "bar"].map(name => style.getPropertyValue(`--routing-lens-${name}`).trim());
    const size = pictures.width * pictures.height * pictures.channels;
    const picture = hasPicture && { ...pictures, bytes: pixels.subarray(image * size, (image + 1) * size) };
    scene = { it, view, ink: { text, bar }, picture };
    scene.boxes = layout(scene, tokensWidth, mapWidth);
    for (const name of PANELS) grounds[name](fit(part(name).previousElementSibling, ...scene.boxes.sizes[name]), scene);
  }

  function follow() {
    const at = selection();
    for (const name of PANELS) overlays[name](fit(part(name), ...scene.boxes.sizes[name]), scene, at);
    status.textContent = sentence(scene.it, at, scene.view);
    part("pin").textContent = pinned() ? "Pinned: Escape frees it." : "";
  }

  /** What lies under the pointer of one panel. */
  function hit(name, event) {
    const { it, boxes: { map, tokens } } = scene, frame = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - frame.left, y = event.clientY - frame.top;
    const within = (value, most) => (value >= 0 && value < most ? Math.floor(value) : -1);
    if (name === "tokens") {
      const column = within(x / tokens.dx, tokens.columns), token = Math.floor(y / tokens.dy) * tokens.columns + column;
      return { ...NOTHING, token: column < 0 ? -1 : within(token, it.n) };
    }
    const expert = within((x - map.x) / map.de, it.experts);
    if (name === "experts" || y < map.y) return { ...NOTHING, expert };
    const slot = expert < 0 ? -1 : within((x - map.x) / map.dx, it.s) % it.p;
    return { token: within((y - map.y) / map.dy, it.n), expert: slot < 0 ? -1 : expert, slot };
  }

  const same = (a, b) => SELECTION.every(name => a[name] === b[name]);
  const pin = at => send(pinned() && same(at, pinned()) ? NOTHING : at);

  /** The selection that a key leads to from here, or null for a key that moves nothing. */
  function step(name, key) {
    const across = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0, down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
    const far = { Home: -Infinity, End: Infinity }[key] ?? 0;
    const move = (from, by, count) => Math.min(Math.max(from < 0 && !far ? 0 : from + by, 0), count - 1);
    if (!across && !down && !far) return null;
    const { it, boxes } = scene, at = selection();
    const by = across + down * boxes.tokens.columns + far;
    if (name === "tokens") return { ...NOTHING, token: move(at.token, by, it.n) };
    if (name === "experts") return { ...NOTHING, expert: move(at.expert, across + far, it.experts) };
    const column = at.slot < 0 ? -1 : at.expert * it.p + at.slot, next = move(column, across + far, it.s);
    return { token: move(at.token, down, it.n), expert: Math.floor(next / it.p), slot: next % it.p };
  }

  for (const name of PANELS) {
    const canvas = part(name), on = (type, handler) => canvas.addEventListener(type, handler, { signal });
    const show = at => {
      hover = at;
      schedule(false);
    };
    on("pointermove", event => scene && show(hit(name, event)));
    on("pointerleave", () => show(NOTHING));
    on("blur", () => show(NOTHING));
    on("click", event => scene && pin(hit(name, event)));
    on("keydown", event => {
      if (!scene || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const next = step(name, event.key);
      if (next && pinned()) send(next);
      else if (next) show(next);
      else if (event.key === "Enter" || event.key === " ") pin(selection());
      else if (event.key === "Escape") show(NOTHING), send(NOTHING);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
  part("router").addEventListener("change", event => {
    const router = event.target.value, layers = entries.filter(e => e.router === router).map(e => e.layer);
    send({ router, layer: layers.includes(model.get("layer")) ? model.get("layer") : layers[0] });
  }, { signal });
  part("layer").addEventListener("change", event => send({ layer: event.target.value }), { signal });
  part("image_index").addEventListener("input", event => send({ image_index: Number(event.target.value) }), { signal });
  for (const view of ["dispatch", "combine"]) part(view).addEventListener("change", () => send({ view }), { signal });

  for (const name of PLACE) model.on(`change:${name}`, () => schedule(true));
  for (const name of SELECTION) model.on(`change:${name}`, () => schedule(false));
  const resized = new ResizeObserver(() => schedule(true)), themed = new MutationObserver(() => schedule(true));
  for (const name of ["tokens", "map"]) resized.observe(part(name).parentElement);
  themed.observe(document.body, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => schedule(true), { signal });
  schedule(true);
  return () => {
    stop.abort();
    resized.disconnect();
    themed.disconnect();
    cancelAnimationFrame(frame);
  };
}

export default { render };
