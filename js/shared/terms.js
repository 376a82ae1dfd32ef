// Words that explain themselves: a term is a button with a dotted line, which opens its sentence of the glossary.

import { GLOSSARY } from "./glossary.js";
import { KEYS } from "./keys.js";
import { onward, stepsOf } from "./pointing.js";

/** @import { Listen } from "./mount.js" */

const GAP = 6; // pixels between a term and its sentence, and between that and the edge of the window

/**
 * A word that explains itself, as markup; `words` is what stands there, where that is not the term.
 *
 * @param {string} name A term of the glossary.
 * @param {string} [words]
 */
export function term(name, words = name) {
  if (!(name in GLOSSARY)) throw new RangeError(`${name} is not in the glossary: add it to softmoe_edu/glossary.py`);
  return `<button type="button" class="explorer-term" data-term="${name}" aria-expanded="false" tabindex="-1"
    ${KEYS}>${words}</button>`;
}

/**
 * Open terms in a widget when they are pressed. All of them are one stop of the Tab key; arrow keys go on from it.
 *
 * @param {HTMLElement} root
 * @param {Listen} on
 * @param {AbortSignal} signal
 * @returns {() => void} Has Tab find a term that can be seen, after others folded up.
 */
export function explainTerms(root, on, signal) {
  const sentence = document.createElement("div");
  const words = document.createElement("p");
  const keys = document.createElement("p");
  /** @type {HTMLElement | null} */
  let opened = null;
  let openedAt = 0;
  sentence.className = "explorer-meaning";
  sentence.popover = "auto";
  sentence.dataset.part = "meaning";
  words.ariaLive = "polite";
  keys.className = "explorer-keys";
  keys.innerHTML = `<span class="explorer-typed">Arrow keys: other terms. Esc: close.</span>
    <span class="explorer-touched">Tap anywhere to close.</span>`;
  sentence.append(words, keys);
  root.append(sentence);

  const buttons = () => /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-term]")]);
  const seen = () => buttons().filter((each) => each.checkVisibility());

  /** @param {HTMLElement | undefined} next The one term that Tab reaches. */
  function oneStop(next) {
    for (const each of buttons()) each.tabIndex = each === next ? 0 : -1;
  }

  /** @param {HTMLElement} button */
  function open(button) {
    const name = button.dataset.term ?? "";
    const title = document.createElement("b");
    title.textContent = name;
    opened?.setAttribute("aria-expanded", "false");
    opened = button;
    button.setAttribute("aria-expanded", "true");
    sentence.showPopover();
    words.replaceChildren(title, ` ${GLOSSARY[name]}`);
    const at = button.getBoundingClientRect();
    openedAt = at.top;
    place(at);
  }

  /**
   * Below the term, or above it where there is no room below.
   *
   * @param {DOMRect} at
   */
  function place({ left, top, bottom }) {
    const { offsetWidth: w, offsetHeight: h } = sentence;
    const below = bottom + GAP + h <= window.innerHeight || top < h + GAP;
    sentence.style.left = `${Math.max(GAP, Math.min(left, document.documentElement.clientWidth - w - GAP))}px`;
    sentence.style.top = `${below ? bottom + GAP : top - GAP - h}px`;
  }

  // "toggle" would come later than the next key.
  on(sentence, "beforetoggle", (/** @type {ToggleEvent} */ { newState }) => {
    if (newState === "open") return;
    opened?.setAttribute("aria-expanded", "false");
    opened = null;
  });
  // A light dismissal closes the sentence before its term is clicked, which would open it again.
  let wasOpened = false;
  on(root, "pointerdown", ({ target }) => (wasOpened = opened !== null && opened === termAt(target)));
  on(root, "click", (/** @type {MouseEvent} */ event) => {
    const button = termAt(event.target);
    const again = event.detail ? wasOpened : button === opened;
    if (!button) return;
    event.preventDefault(); // a label around it would move its slider or open its list
    oneStop(button);
    if (again) sentence.hidePopover();
    else open(button);
  });
  on(root, "focusin", ({ target }) => {
    const button = termAt(target);
    if (button) oneStop(button);
  });
  on(root, "keydown", (/** @type {KeyboardEvent} */ event) => {
    const button = termAt(event.target);
    const steps = button && stepsOf(event.key);
    if (!button || !steps || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = seen();
    const next = all[onward(all.indexOf(button), steps.across + steps.down + steps.far, all.length)];
    event.preventDefault();
    event.stopPropagation();
    const reads = opened !== null;
    next.focus();
    if (reads) open(next);
  });
  // It stands where its term was when it opened; what scrolled before that may be told only now.
  const scrolled = () => {
    const top = opened?.getBoundingClientRect().top ?? openedAt;
    if (Math.abs(top - openedAt) > 1) sentence.hidePopover();
  };
  document.addEventListener("scroll", scrolled, { capture: true, passive: true, signal });

  return () => {
    const all = seen();
    if (!all.some((each) => each.tabIndex === 0)) oneStop(all[0]);
  };
}

/** @param {EventTarget | null} target */
const termAt = (target) =>
  /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (target).closest("[data-term]"));
