// Drop rates: what a binomial expects, and what seeded samples of a router do.
// Tests compare these functions with softmoe_edu.capacity, softmoe_edu.metrics and the tokens choice router.

/** @typedef {{ tokens: number, num_experts: number, top_k: number, skew: number, seed: number }} State */

/**
 * One sample of a router: the experts that tokens choose, best first, and the position of each choice in its queue.
 *
 * @typedef {{ choices: Int32Array, place: Int32Array, queue: Int32Array, best: Int32Array }} Sample
 */

/** @typedef {{ choices: Float64Array, tokens: Float64Array }} Rates Lost at each capacity from 0 to tokens. */

/** @typedef {{ low: number, mean: number, high: number }} Spread */

/**
 * Slots of an expert, as capacity_for rounds them.
 *
 * @param {Pick<State, "tokens" | "top_k" | "num_experts">} state
 * @param {number} factor
 */
export const capacityOf = ({ tokens, top_k, num_experts }, factor) =>
  Math.ceil((tokens * top_k * factor) / num_experts);

/**
 * How likely each expert is a token's first choice: in proportion to 1 / (e + 1)^skew.
 *
 * @param {number} experts
 * @param {number} skew
 */
export function sharesOf(experts, skew) {
  const sizes = Array.from({ length: experts }, (_, e) => (e + 1) ** -skew);
  const whole = sizes.reduce((a, b) => a + b);
  return sizes.map((size) => size / whole);
}

/**
 * For N ~ Binomial(n, share): the mean of min(N, c) for each c from 0 to n.
 *
 * @param {number} n
 * @param {number} share
 */
function meanAnswered(n, share) {
  if (share >= 1) return Float64Array.from({ length: n + 1 }, (_, c) => c);
  // Chances as multiples of the likeliest count's: what underflows is too small to count.
  const chance = new Float64Array(n + 1);
  const odds = share / (1 - share);
  const top = Math.min(n, Math.floor((n + 1) * share));
  chance[top] = 1;
  for (let c = top; c < n; c++) chance[c + 1] = (chance[c] * odds * (n - c)) / (c + 1);
  for (let c = top; c > 0; c--) chance[c - 1] = (chance[c] * c) / (odds * (n - c + 1));
  const atLeast = new Float64Array(n + 2);
  const mean = new Float64Array(n + 1);
  for (let c = n; c >= 0; c--) atLeast[c] = atLeast[c + 1] + chance[c];
  for (let c = 1; c <= n; c++) mean[c] = mean[c - 1] + atLeast[c] / atLeast[0];
  return mean;
}

/**
 * Expected share of choices that find no slot, as a function of the capacity; shares[e]: how likely e is chosen.
 *
 * @param {number} tokens
 * @param {number[]} shares
 * @returns {(capacity: number) => number}
 */
export function expectedDrop(tokens, shares) {
  const answered = new Float64Array(tokens + 1);
  const each = new Map();
  for (const share of shares) each.set(share, (each.get(share) ?? 0) + 1);
  for (const [share, experts] of each) meanAnswered(tokens, share).forEach((x, c) => (answered[c] += experts * x));
  const choices = tokens * shares.reduce((a, b) => a + b, 0);
  return (capacity) => Math.max(0, 1 - answered[Math.min(capacity, tokens)] / choices);
}

/**
 * Uniform numbers in [0, 1) from a seed: a counter through a hash of 32 bits (after SplitMix, Steele et al. 2014).
 *
 * @param {number} seed
 */
function randomOf(seed) {
  let count = Math.imul(seed + 1, 0x85ebca6b) >>> 0;
  return () => {
    count = (count + 0x9e3779b9) >>> 0;
    let x = count;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  };
}

/**
 * One sample: each token's choices, best first, and the position of each in its expert's queue.
 *
 * @param {State} state
 * @param {number} sample
 * @returns {Sample}
 */
export function sampleOf({ tokens, num_experts, top_k, skew, seed }, sample) {
  const random = randomOf(seed * 1009 + sample);
  const choices = new Int32Array(tokens * top_k);
  const place = new Int32Array(tokens * top_k);
  const queue = new Int32Array(num_experts);
  /** @type {number[]} */
  const below = [];
  sharesOf(num_experts, skew).reduce((sum, share) => (below.push(sum + share), sum + share), 0);
  const draw = () => {
    const x = random() * below[below.length - 1];
    let low = 0;
    let high = num_experts - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (below[middle] > x) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  for (let t = 0; t < tokens; t++)
    for (let k = 0; k < top_k; k++) {
      /** @param {number} expert */
      const chosen = (expert) => {
        for (let i = t * top_k; i < t * top_k + k; i++) if (choices[i] === expert) return true;
        return false;
      };
      let expert = draw();
      while (chosen(expert)) expert = draw();
      choices[t * top_k + k] = expert;
    }
  // All first choices by position, then all second ones, as the tokens choice router serves them.
  for (let k = 0; k < top_k; k++)
    for (let t = 0; t < tokens; t++) place[t * top_k + k] = queue[choices[t * top_k + k]]++;
  return { choices, place, queue, best: bestPlaces(place, tokens, top_k) };
}

/**
 * The foremost position of each token in any queue: it is dropped by every capacity up to that.
 *
 * @param {Int32Array} place
 * @param {number} tokens
 * @param {number} top_k
 */
function bestPlaces(place, tokens, top_k) {
  const best = new Int32Array(tokens).fill(tokens);
  for (let i = 0; i < place.length; i++) {
    const token = Math.floor(i / top_k);
    if (place[i] < best[token]) best[token] = place[i];
  }
  return best;
}

/**
 * Shares of choices without a slot and of tokens dropped, for each capacity from 0 to tokens.
 *
 * @param {Pick<Sample, "place" | "best">} sample
 * @param {number} tokens
 * @returns {Rates}
 */
export function ratesOf({ place, best }, tokens) {
  /** @param {Int32Array} places */
  const share = (places) => {
    const over = new Float64Array(tokens + 2);
    for (const at of places) over[at + 1] += 1;
    // over[c] becomes the number of positions below c.
    for (let c = 1; c <= tokens; c++) over[c] += over[c - 1];
    return over.map((below) => 1 - below / places.length);
  };
  return { choices: share(place), tokens: share(best) };
}

/** @param {number[]} values */
export const meanOf = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * The smallest of some shares, their mean and the largest.
 *
 * @param {number[]} values
 * @returns {Spread}
 */
export const spread = (values) => ({ low: Math.min(...values), mean: meanOf(values), high: Math.max(...values) });
