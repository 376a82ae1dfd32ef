// Buttons for what is pinned in a panel, where there are no keys: to the token before, to the next one, and unpin.

import { button } from "./markup.js";

/** @import { View } from "./mount.js" */

/** The line that says what is selected, and the buttons that a pin brings. */
export const PIN_STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span class="explorer-actions" data-part="pin" hidden>${button("previous", "Previous token")}
  ${button("next", "Next token")} ${button("free", "Unpin")}</span></p>`;

/**
 * @param {View<any>} view
 * @param {() => void} free
 * @param {(by: number) => void} step Pins the token so many further on.
 */
export function bindPin({ on, part }, free, step) {
  on(part("previous"), "click", () => step(-1));
  on(part("next"), "click", () => step(1));
  on(part("free"), "click", free);
}

/**
 * @param {View<any>} view
 * @param {boolean} pinned
 */
export function showPin({ part, root }, pinned) {
  const line = part("pin");
  if (line.hidden === !pinned) return;
  // Who unpins by the button goes on in the panel, and not at the top of the page.
  if (!pinned && line.contains(document.activeElement))
    /** @type {HTMLElement | null} */ (root.querySelector("canvas[tabindex]"))?.focus();
  line.hidden = !pinned;
}
