// One tab for each lane, on pages that are too narrow for all of them.

import { titleOf } from "./words.js";

/** @import { View } from "../shared/mount.js" */

/**
 * Make the tabs; return what brings them in step with the lane that is shown.
 *
 * @param {View<any>} view
 * @param {string[]} lanes
 */
export function bindTabs({ part, model, on, send, catchUp }, lanes) {
  const list = part("tabs");
  const tabs = lanes.map((lane) => {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", textContent: titleOf(lane) });
    tab.setAttribute("role", "tab");
    tab.setAttribute("data-lm-suppress-shortcuts", "true");
    on(tab, "click", () => send({ lane }));
    return tab;
  });
  list.append(...tabs);

  on(list, "keydown", (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (lanes.indexOf(model.get("lane")) + by + lanes.length) % lanes.length;
    send({ lane: lanes[next] });
    catchUp();
    tabs[next].focus();
  });

  return (/** @type {boolean} */ wanted) => {
    list.hidden = !wanted || lanes.length < 2;
    tabs.forEach((tab, i) => {
      const chosen = lanes[i] === model.get("lane");
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    });
  };
}
