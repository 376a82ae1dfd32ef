// A widget's tools in its last corner: undo, redo, and a menu of what can be saved.

import { bindCopies, copy, filesOf } from "./exporting.js";
import { bindLink } from "./links.js";
import { KEYS } from "./markup.js";
import { bindUndo } from "./undo.js";

/** @import { Choice, Exports } from "./exporting.js" */
/** @import { Link } from "./links.js" */
/** @import { View } from "./mount.js" */

const PAGE = `<span data-part="news" aria-live="polite"></span>
  <button type="button" data-part="undo" title="Undo (Ctrl+Z)" ${KEYS} disabled>Undo</button>
  <button type="button" data-part="redo" title="Redo (Ctrl+Shift+Z)" ${KEYS} disabled>Redo</button>
  <span class="widget-tools-menu"><button type="button" data-part="save" aria-haspopup="menu" aria-expanded="false"
    ${KEYS}>Save <span aria-hidden="true">▾</span></button>
  <div role="menu" aria-label="Save" data-part="save-menu" hidden></div></span>`;

/**
 * Add the tools to a view. An element of the page with the class "widget-tools" is where they go; else they come last.
 *
 * @param {View<any>} view
 * @param {{ exports: Exports, link?: Link }} given
 * @returns {() => void} To be called after each drawing.
 */
export function addTools(view, { exports, link }) {
  const { root, model, on, part, button } = view;
  const tools = root.querySelector(".widget-tools") ?? document.createElement("div");
  tools.className = "widget-tools";
  tools.innerHTML = PAGE;
  if (!tools.parentElement) root.append(tools);

  const tell = (/** @type {string} */ sentence) => (part("news").textContent = sentence);
  const { undo, redo } = bindUndo(view, tell, (history) => {
    button("undo").disabled = !history.undoable;
    button("redo").disabled = !history.redoable;
    tell("");
  });
  // A button that can do nothing more would drop the focus onto the page.
  const keepFocus = (/** @type {string} */ pressed, /** @type {string} */ other) => {
    if (button(pressed).disabled) button(button(other).disabled ? "save" : other).focus();
  };
  on(part("undo"), "click", () => (undo(), keepFocus("undo", "redo")));
  on(part("redo"), "click", () => (redo(), keepFocus("redo", "undo")));

  const names = () => Object.keys(link?.((name) => model.get(name)) ?? {});
  const state = () => Object.fromEntries(names().map((name) => [name, model.get(name)]));
  const choices = filesOf(view, exports, state);
  if (link && model.ownsPage) {
    const address = bindLink(view, link, exports.moving ?? (() => false));
    choices.push({ label: "Copy link", take: () => copy(address()) });
  }
  bindMenu(view, choices, tell);
  return bindCopies(view);
}

/**
 * @param {View<any>} view
 * @param {Choice[]} choices
 * @param {(sentence: string) => void} tell
 */
function bindMenu({ root, on, part, button }, choices, tell) {
  const menu = part("save-menu");
  const opener = button("save");
  const entries = choices.map(({ label }) => {
    const entry = document.createElement("button");
    Object.assign(entry, { type: "button", role: "menuitem", tabIndex: -1, textContent: label });
    entry.dataset.lmSuppressShortcuts = "true";
    return entry;
  });
  menu.append(...entries);

  const open = (/** @type {number} */ at) => {
    menu.hidden = false;
    opener.ariaExpanded = "true";
    const room = opener.getBoundingClientRect().top - root.getBoundingClientRect().top;
    menu.toggleAttribute("data-below", room < menu.offsetHeight);
    entries.at(at)?.focus();
  };
  const close = (/** @type {boolean} */ back) => {
    if (menu.hidden) return;
    menu.hidden = true;
    opener.ariaExpanded = "false";
    if (back) opener.focus();
  };

  on(opener, "click", () => (menu.hidden ? open(0) : close(true)));
  on(opener, "keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    event.stopPropagation();
    open(event.key === "ArrowDown" ? 0 : -1);
  });
  on(menu, "keydown", (/** @type {KeyboardEvent} */ event) => {
    const at = entries.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    if (event.key in steps) entries.at(steps[event.key] % entries.length)?.focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") return close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  entries.forEach((entry, i) =>
    on(entry, "click", async () => {
      close(true);
      try {
        tell(String(await choices[i].take()));
      } catch (error) {
        tell(`This could not be saved: ${error instanceof Error ? error.message : error}`);
      }
    }),
  );
  on(document, "pointerdown", ({ target }) => {
    if (!(target instanceof Node) || !(menu.parentElement ?? menu).contains(target)) close(false);
  });
  on(menu, "focusout", (/** @type {FocusEvent} */ event) => {
    if (event.relatedTarget instanceof Node && !(menu.parentElement ?? menu).contains(event.relatedTarget))
      close(false);
  });
}
