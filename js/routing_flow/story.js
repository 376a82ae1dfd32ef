// The story of a token as text: a list that is always in the page, for those who read rather than watch.

import { CHAPTERS } from "./timeline.js";
import { CHAPTER_WORDS, countsInWords, sentence, titleOf } from "./words.js";

/** @import { Lane } from "./flow.js" */

/**
 * @param {HTMLElement} list
 * @param {Lane[]} lanes
 * @param {number} token
 */
export function fillStory(list, lanes, token) {
  const chapters = CHAPTERS.map(({ name }) => {
    const lines = lanes.map((lane) => element("li", sentence(lane, name, token)));
    return element("li", element("strong", CHAPTER_WORDS[name]), element("ul", ...lines));
  });
  const ends = lanes
    .filter(({ note }) => !note)
    .map((lane) => element("li", `${titleOf(lane.name)}: ${countsInWords(lane)}.`));
  list.replaceChildren(...chapters, element("li", element("strong", "In the end"), element("ul", ...ends)));
}

/**
 * @param {string} name
 * @param {(string | HTMLElement)[]} content
 */
function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}
