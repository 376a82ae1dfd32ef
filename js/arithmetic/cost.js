// What one layer costs, by the rules of softmoe_edu.cost: tests hold each number here against it.
// A MAC is one multiplication with its addition.

import { exact } from "../shared/explorer.js";

const costPart = (name, parameters = 0, active = 0, macs = 0, activations = 0) => ({
  name,
  parameters,
  active,
  macs,
  activations,
});

function mlpCost(tokens, dim, hidden) {
  const parameters = 2 * dim * hidden + dim + hidden;
  return [costPart("dense MLP", parameters, parameters, 2 * tokens * dim * hidden, 2 * tokens * (dim + hidden))];
}

/** Parts of an MoE layer for one example; empty slots are computed like full ones. */
function moeCost({ router, num_experts: e, slots_per_expert: p, top_k, tokens: n, dim: d, hidden_dim: f }) {
  const sparse = router !== "soft";
  const s = e * p;
  const learned = sparse ? e : e * p;
  const own = d * learned + (sparse ? 0 : 1); // a soft router learns a scale
  const one = 2 * d * f + d + f;
  const weights = n * e * p;
  // In experts choice a token reaches as many experts as choose it: slots over tokens in the mean.
  const mean = router === "experts choice" && s < n * e;
  const reached = { "tokens choice": top_k, "experts choice": Math.min(s / n, e) }[router] ?? e;
  return [
    costPart("routing logits", own, own, n * d * learned, n * (d + learned)),
    sparse ? costPart("dispatch", 0, 0, 0, 2 * s * d) : costPart("dispatch", 0, 0, weights * d, weights + (n + s) * d),
    { ...costPart("experts", e * one, reached * one, 2 * s * d * f, 2 * s * (d + f)), mean },
    sparse
      ? costPart("combine", 0, 0, 0, s * d + n * d)
      : costPart("combine", 0, 0, weights * d, weights + (n + s) * d),
  ];
}

const layerCost = (sizes) =>
  sizes.router === "dense" ? mlpCost(sizes.tokens, sizes.dim, sizes.hidden_dim) : moeCost(sizes);

/** Operations and bytes per second of all devices together, as if they shared the work evenly and sent nothing. */
const deviceOf = ({ devices, tflops, gbps }) => ({
  operations: devices * (1e12 * tflops),
  bytes: devices * (1e9 * gbps),
});

const bytesOf = (part, { batch, width }) => width * (part.parameters + batch * part.activations);

/** Roofline time of a part: the longer of computing and moving. */
function secondsOf(part, sizes) {
  const device = deviceOf(sizes);
  const computing = (sizes.batch * (2 * part.macs)) / device.operations;
  const moving = bytesOf(part, sizes) / device.bytes;
  return { seconds: Math.max(computing, moving), bound: computing > moving ? "computing" : "moving" };
}

/** All parts with bytes and time of a batch, and their total, whose parts run one after the other. */
export function measure(sizes) {
  const parts = layerCost(sizes).map((part) => ({ ...part, bytes: bytesOf(part, sizes), ...secondsOf(part, sizes) }));
  const total = { name: "total", mean: parts.some((part) => part.mean) };
  for (const field of ["parameters", "active", "macs", "activations", "bytes", "seconds"])
    total[field] = parts.reduce((sum, part) => sum + part[field], 0);
  return { parts, total };
}

/** How a number is written: in full, or with four digits and a unit of thousands where `fits` says no. */
export function written(x, fits = () => true) {
  const full = exact(x);
  const [size, unit] =
    [
      [1e12, "T"],
      [1e9, "G"],
      [1e6, "M"],
    ].find(([least]) => x >= least) ?? [];
  return !size || fits(full) ? full : `${exact(Number((x / size).toPrecision(4)))}\u00a0${unit}`;
}

/** A mean has no more digits than it can mean: whole, three where it is small. */
export const rounded = (x) => (x >= 100 ? Math.round(x) : Number(x.toPrecision(3)));
