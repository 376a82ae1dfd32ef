// What one layer costs, by the rules of softmoe_edu.cost: tests compare each number here with it.
// A MAC is one multiplication with its addition.

import { exact } from "../shared/numbers.js";

/**
 * @typedef {object} LayerSizes
 * @property {string} router
 * @property {number} num_experts
 * @property {number} slots_per_expert
 * @property {number} top_k
 * @property {number} tokens
 * @property {number} dim
 * @property {number} hidden_dim
 * @property {number} batch
 * @property {number} width
 * @property {number} devices
 * @property {number} tflops
 * @property {number} gbps
 */

/**
 * What a part costs for one example; `mean` says that tokens differ in what they pass.
 *
 * @typedef {{ name: string, parameters: number, active: number, macs: number, activations: number, mean?: boolean }} Part
 */

/** @typedef {"parameters" | "active" | "macs" | "activations" | "bytes" | "seconds"} Quantity */

/** @typedef {Record<Quantity, number> & { name: string, mean?: boolean, bound?: string }} Measured */

/**
 * @param {string} name
 * @param {number} [parameters]
 * @param {number} [active]
 * @param {number} [macs]
 * @param {number} [activations]
 * @returns {Part}
 */
const costPart = (name, parameters = 0, active = 0, macs = 0, activations = 0) => ({
  name,
  parameters,
  active,
  macs,
  activations,
});

/**
 * @param {number} tokens
 * @param {number} dim
 * @param {number} hidden
 */
function mlpCost(tokens, dim, hidden) {
  const parameters = 2 * dim * hidden + dim + hidden;
  return [costPart("dense MLP", parameters, parameters, 2 * tokens * dim * hidden, 2 * tokens * (dim + hidden))];
}

/**
 * Parts of an MoE layer for one example; empty slots are computed like full ones.
 *
 * @param {LayerSizes} sizes
 * @returns {Part[]}
 */
function moeCost({ router, num_experts: e, slots_per_expert: p, top_k, tokens: n, dim: d, hidden_dim: f }) {
  const sparse = router !== "soft";
  const s = e * p;
  const learned = sparse ? e : e * p;
  const own = d * learned + (sparse ? 0 : 1); // a soft router learns a scale
  const one = 2 * d * f + d + f;
  const weights = n * e * p;
  // In experts choice a token reaches as many experts as choose it: slots over tokens in the mean.
  const mean = router === "experts choice" && s < n * e;
  const reached = router === "tokens choice" ? top_k : router === "experts choice" ? Math.min(s / n, e) : e;
  return [
    costPart("routing logits", own, own, n * d * learned, n * (d + learned)),
    sparse ? costPart("dispatch", 0, 0, 0, 2 * s * d) : costPart("dispatch", 0, 0, weights * d, weights + (n + s) * d),
    { ...costPart("experts", e * one, reached * one, 2 * s * d * f, 2 * s * (d + f)), mean },
    sparse
      ? costPart("combine", 0, 0, 0, s * d + n * d)
      : costPart("combine", 0, 0, weights * d, weights + (n + s) * d),
  ];
}

/** @param {LayerSizes} sizes */
const layerCost = (sizes) =>
  sizes.router === "dense" ? mlpCost(sizes.tokens, sizes.dim, sizes.hidden_dim) : moeCost(sizes);

/**
 * Operations and bytes per second of all devices together, as if they shared the work evenly and sent nothing.
 *
 * @param {LayerSizes} sizes
 */
const deviceOf = ({ devices, tflops, gbps }) => ({
  operations: devices * (1e12 * tflops),
  bytes: devices * (1e9 * gbps),
});

/**
 * @param {Part} part
 * @param {LayerSizes} sizes
 */
const bytesOf = (part, { batch, width }) => width * (part.parameters + batch * part.activations);

/**
 * Roofline time of a part: the longer of computing and moving.
 *
 * @param {Part} part
 * @param {LayerSizes} sizes
 */
function secondsOf(part, sizes) {
  const device = deviceOf(sizes);
  const computing = (sizes.batch * (2 * part.macs)) / device.operations;
  const moving = bytesOf(part, sizes) / device.bytes;
  return { seconds: Math.max(computing, moving), bound: computing > moving ? "computing" : "moving" };
}

/**
 * All parts with bytes and time of a batch, and their total, whose parts run one after the other.
 *
 * @param {LayerSizes} sizes
 * @returns {{ parts: Measured[], total: Measured }}
 */
export function measure(sizes) {
  const parts = layerCost(sizes).map((part) => ({ ...part, bytes: bytesOf(part, sizes), ...secondsOf(part, sizes) }));
  const sumOf = (/** @type {Quantity} */ field) => parts.reduce((sum, part) => sum + part[field], 0);
  const total = {
    name: "total",
    mean: parts.some((part) => part.mean),
    parameters: sumOf("parameters"),
    active: sumOf("active"),
    macs: sumOf("macs"),
    activations: sumOf("activations"),
    bytes: sumOf("bytes"),
    seconds: sumOf("seconds"),
  };
  return { parts, total };
}

const UNITS = [
  { size: 1e12, name: "T" },
  { size: 1e9, name: "G" },
  { size: 1e6, name: "M" },
];

/**
 * How a number is written: in full, or with four digits and a unit of thousands where `fits` says no.
 *
 * @param {number} x
 * @param {(text: string) => boolean} [fits]
 */
export function written(x, fits = () => true) {
  const full = exact(x);
  const unit = UNITS.find(({ size }) => x >= size);
  return !unit || fits(full) ? full : `${exact(Number((x / unit.size).toPrecision(4)))}\u00a0${unit.name}`;
}

/**
 * A mean has no more digits than it can mean: whole, three where it is small.
 *
 * @param {number} x
 */
export const rounded = (x) => (x >= 100 ? Math.round(x) : Number(x.toPrecision(3)));
