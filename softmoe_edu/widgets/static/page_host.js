// js/page_host/page_host.js
function equal(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b || ArrayBuffer.isView(a)) return false;
  const keys = Object.keys(a);
  return Array.isArray(a) === Array.isArray(b) && keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}
var SavedModel = class {
  /** @type {Traits} */
  #values;
  /** @type {Map<string, Listener[]>} */
  #listeners = /* @__PURE__ */ new Map();
  /** Its address may say what is shown. */
  ownsPage = true;
  /** @param {Traits} values */
  constructor(values) {
    this.#values = values;
  }
  /** @param {string} name */
  get(name) {
    return this.#values[name];
  }
  /**
   * Set one trait, or several from an object; all have their new values before the first listener is told.
   *
   * @param {string | Traits} name
   * @param {unknown} [value]
   */
  set(name, value) {
    const given = typeof name === "object" ? name : { [name]: value };
    const changed = Object.keys(given).filter((key) => !equal(this.#values[key], given[key]));
    for (const key of changed) this.#values[key] = given[key];
    for (const key of changed) this.#tell(`change:${key}`, this, given[key]);
    if (changed.length) this.#tell("change", this);
  }
  /**
   * @param {string} names
   * @param {Listener} listener
   */
  on(names, listener) {
    for (const name of names.split(/\s+/)) this.#listeners.set(name, [...this.#listeners.get(name) ?? [], listener]);
  }
  /**
   * Forget a listener; without one all listeners of these names, without names those of all names.
   *
   * @param {string} [names]
   * @param {Listener} [listener]
   */
  off(names, listener) {
    for (const name of names ? names.split(/\s+/) : [...this.#listeners.keys()]) {
      const others = (this.#listeners.get(name) ?? []).filter((one) => listener && one !== listener);
      this.#listeners.set(name, others);
    }
  }
  /**
   * @param {string} name
   * @param {...unknown} facts
   */
  #tell(name, ...facts) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...facts);
  }
  save_changes() {
  }
  send() {
    throw new Error("A saved page has no kernel to send a message to.");
  }
};
function decode(text) {
  const letters = atob(text);
  const all = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) all[i] = letters.charCodeAt(i);
  return new DataView(all.buffer);
}
function unpack({ state, buffers }) {
  for (const { path, data } of buffers) {
    const last = path[path.length - 1];
    const holder = path.slice(0, -1).reduce((inner, key) => inner[key], state);
    holder[last] = decode(data);
  }
  return state;
}
async function load(source) {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    const made = (await import(url)).default;
    return typeof made === "function" ? await made() : made;
  } finally {
    URL.revokeObjectURL(url);
  }
}
async function show(el) {
  const saved = JSON.parse(elementOf("saved-widget").textContent ?? "");
  const model = new SavedModel(unpack(saved));
  const { signal } = new AbortController();
  const invoke = async () => model.send();
  const given = { model, signal, experimental: { invoke } };
  const widget = await load(saved.module);
  await widget.initialize?.(given);
  await widget.render({ ...given, el });
}
function elementOf(id) {
  return (
    /** @type {HTMLElement} */
    document.getElementById(id)
  );
}
var place = elementOf("widget");
show(place).catch((error) => {
  console.error(error);
  place.setAttribute("role", "alert");
  place.textContent = `This widget could not start: ${error.message} Try a newer browser.`;
});
