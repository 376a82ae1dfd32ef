// The arithmetic of one cell in each of the six steps, with its numbers, and the numbers of the whole routing.
// Joined behind router_explorer_words.js.

const four = x => (x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4));
const large = x => (x < 1e6 ? exact(x) : x < 1e9 ? `${(x / 1e6).toFixed(2)} M` : `${(x / 1e9).toFixed(2)} G`);
const ORDINALS = ["first", "second", "third", "fourth"];
const ordinal = choice => ORDINALS[choice] ?? `${choice + 1}th`;

/** A token of the group by its number in its image; another image's is told as such. */
function tokenName(it, token, ids) {
  const image = Math.floor(token / it.rows), own = it.images === 1 || image === it.image, t = token % it.rows;
  const number = ids.length ? ids[t] : t, text = it.words?.[own ? it.image : image];
  const word = text ? ` ${JSON.stringify(text[number])}` : "";
  return `${own ? "" : `image ${image}'s `}token ${number}${word}`;
}

/** The cell to explain: what is pointed at, and where that is a row or a column, its largest weight. */
function cellOf(it, map, { token, expert, slot }) {
  const { values, columns, short } = map, range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
  const best = (cells, value) => cells.reduce((a, b) => (value(b) > value(a) ? b : a));
  let from = 0, to = columns;
  if (expert >= 0) [from, to] = short ? [expert, expert + 1] : [expert * it.p, (expert + 1) * it.p];
  if (expert >= 0 && !short && slot >= 0 && slot < it.p) [from, to] = [expert * it.p + slot, expert * it.p + slot + 1];
  let t = token;
  if (t < 0) {
    const cells = r => values.subarray(r * columns + from, r * columns + to);
    const most = range(0, it.rows).map(r => largestOfRows(cells(r), to - from)[0]);
    t = best(range(0, it.rows), r => most[r]);
  }
  const column = best(range(from, to), c => values[t * columns + c]);
  const own = short ? { expert: column, slot: -1 } : { expert: Math.floor(column / it.p), slot: column % it.p };
  return { token: t, ...own, column, value: values[t * columns + column] };
}

/** Score of a cell: the logit that came, times scale, plus noise. */
function scoreSum(it, { token, expert, slot }) {
  if (it.router === "uniform") return "no score is read: every token counts alike";
  if (it.router === "identity") return "no score is read: a token's place alone decides";
  const inner = it.sparse ? 0 : slot, at = ((it.image * it.rows + token) * it.e + expert) * it.givenSlots + inner;
  const { scale, noise } = it.settings, std = it.sparse ? noise / it.e : noise;
  const drawn = it.drawn ? ` + ${it.sparse ? `${exact(noise)} / ${it.e}` : exact(noise)} x ${four(it.drawn[at])}` : "";
  const score = Math.fround(Math.fround(scale * it.given[at]) + (it.drawn ? Math.fround(std * it.drawn[at]) : 0));
  const formula = `score = scale x logit${it.drawn ? " + noise" : ""}`;
  return `${formula} = ${exact(scale)} x ${four(it.given[at])}${drawn} = ${four(score)}`;
}

/** exp(x - largest) over the sum of it: a softmax written out. */
function softmaxSum(name, scores, own, over) {
  const most = scores.reduce((a, x) => Math.max(a, x)), part = Math.exp(own - most);
  const whole = scores.reduce((a, x) => a + Math.exp(x - most), 0);
  const formula = `${name} = exp(${four(own)} - ${four(most)}) / sum over ${over}`;
  return `${formula} = ${four(part)} / ${four(whole)} = ${four(part / whole)}`;
}

function softSum(it, step, { token, expert, slot, column, value }, ids) {
  const { n, s, p, first, scores } = it, at = (first + token) * s + column, [to, from] = {
    uniform: [false, false], soft: [true, true], "uniform / soft": [false, true], "soft / uniform": [true, false],
  }[it.router], here = `slot ${slot} of expert ${expert}`;
  if (step === "score") return scoreSum(it, { token, expert, slot });
  if (step === "normalise") {
    const down = Array.from({ length: n }, (_, t) => scores[t * s + column]);
    const along = scores.subarray((first + token) * s, (first + token + 1) * s);
    const even = (name, count, what) => `${name} = 1 / ${many(count, what)} = ${four(1 / count)}`;
    const dispatch = to ? softmaxSum("dispatch", down, scores[at], many(n, "token")) : even("dispatch", n, "token");
    const combine = from ? softmaxSum("combine", along, scores[at], many(s, "slot")) : even("combine", s, "slot");
    return `${dispatch}; ${combine}`;
  }
  if (step === "select") return `all ${many(n, "token")} stay in ${here}, all ${many(s, "slot")} for this token`;
  if (step === "dispatch") {
    let top = 0;
    for (let t = 1; t < n; t++) if (it.dispatch[t * s + column] > it.dispatch[top * s + column]) top = t;
    const most = percent(it.dispatch[top * s + column]);
    return `${here} = sum over ${many(n, "token")} of dispatch x token: this token is ${percent(value)} of it, ` +
      `the most is ${tokenName(it, top, ids)} with ${most}`;
  }
  if (step === "compute") return computeSum(it, expert, `${many(p, "slot")}, each a mix`);
  return `answer = sum over ${many(s, "slot")} of combine x answer of the slot: this slot is ${percent(value)} of it`;
}

const computeSum = (it, expert, what, slots = it.p) => {
  const group = it.images > 1 ? ` for the ${it.images} images of the group` : "";
  return `expert ${expert} computes ${what}: 2 x ${slots} x ${it.dim} x ${it.hiddenDim} = ` +
    `${large(2 * slots * it.dim * it.hiddenDim)} MACs${group}`;
};

function sparseSum(it, step, { token, expert }, served, ids) {
  const { e, p, n, first, router } = it, own = first + token, { slot, arrival } = placeOf(it, own, expert);
  const gates = it.gates?.subarray(own * e, (own + 1) * e), { top_k, capacity_factor: factor } = it.settings;
  if (step === "score") return scoreSum(it, { token, expert });
  if (router === "identity") {
    if (step === "normalise") return "there is no score to normalise";
    if (step === "select") return `expert = ${own} mod ${e} = ${own % e}`;
    if (step === "dispatch") return `slot = floor(${own} / ${e}) = ${Math.floor(own / e)} of expert ${own % e}`;
  }
  if (step === "normalise") {
    const scores = it.scores.subarray(own * e, (own + 1) * e);
    return softmaxSum("gate", scores, scores[expert], many(e, "expert"));
  }
  if (step === "compute") {
    const filled = it.loads.expert[expert], spare = p - filled;
    if (it.dropless) return computeSum(it, expert, `its ${many(filled, "token")} and no empty slot`, filled);
    return computeSum(it, expert, `${filled} full and ${many(spare, "empty slot")}`);
  }
  if (step === "combine") return combineSum(it, own);
  if (router === "experts choice") {
    const column = Array.from({ length: n }, (_, t) => it.gates[t * e + expert]);
    const rank = column.filter((x, t) => x > column[own] || (x === column[own] && t < own)).length + 1;
    const room = `capacity = round(${n} tokens x ${exact(factor)} / ${e} experts) = ${p}`;
    const held = slot < 0 ? `expert ${expert} did not take this token` : `it is in slot ${slot} of expert ${expert}`;
    if (step === "dispatch") return `${room}; ${held}`;
    const order = `gate ${four(gates[expert])} is number ${rank} of ${n} in the column of expert ${expert}`;
    return `${order}, which takes ${p}: ${rank <= p ? "taken" : "not taken"}`;
  }
  if (step === "select") return choiceSum(it, own, expert, gates);
  const room = it.dropless
    ? `no capacity: slots as many as the busiest expert needs = ${p}`
    : `capacity = ceil(${n} tokens x ${top_k} x ${exact(factor)} / ${e} experts) = ${p}`;
  if (!arrival) return `${room}; this token does not ask expert ${expert}`;
  const yet = served < 0 || it.arrivals[0].indexOf(arrival) < served;
  return `${room}; ${yet ? arrivalSum(it, arrival) : `this token has not asked expert ${expert} yet`}`;
}

/** Whether a token chooses an expert, and the gate that the choice has. */
function choiceSum(it, own, expert, gates) {
  const { top_k, gating } = it.settings, best = topInOrder(gates, 0, it.e, 1, Math.min(it.e, top_k + 1));
  const choices = Array.from(it.chosen.expert.subarray(own * top_k, (own + 1) * top_k)), rank = choices.indexOf(expert);
  const listed = Array.from(best, j => `expert ${j} ${four(gates[j])}`).join(", ");
  const start = `gates, best first: ${listed}; top_k = ${top_k}`;
  if (rank < 0) return `${start}: expert ${expert} is not chosen`;
  const how = { gshard: "divided by the sum of the chosen", top_k_then_softmax: "by softmax over the chosen" }[gating];
  const gate = how ? `, its gate ${how} is ${four(it.chosen.gate[own * top_k + rank])}` : "";
  return `${start}: expert ${expert} is the ${ordinal(rank)} choice${gate}`;
}

/** What became of one choice. */
function arrivalSum(it, { choice, expert, place }) {
  const asks = `expert ${expert} is its ${ordinal(choice)} choice`;
  if (place < it.p) return `${asks}, ${place} of ${many(it.p, "slot")} taken before: it gets slot ${place}`;
  const next = choice + 1 < it.topK ? "its next choice comes later" : "there is no further choice";
  return `${asks}, ${it.p === 1 ? "its one slot is" : `all ${it.p} slots are`} taken: it is TURNED AWAY; ${next}`;
}

function combineSum(it, own) {
  const parts = [];
  it.token.forEach((t, at) => t === own && parts.push([Math.floor(at / it.p), it.gate[at]]));
  if (!parts.length) return "no expert took this token: its answer is exactly 0, and only the residual carries it on";
  const whole = parts.reduce((a, [, gate]) => a + gate, 0);
  const listed = parts.map(([j, gate]) => `${four(gate)} x answer of expert ${j}`);
  const shown = listed.length > 4 ? [...listed.slice(0, 4), "…"] : listed;
  return `answer = ${shown.join(" + ")}; its gates sum to ${four(whole)}`;
}

/** An expert as a whole: its tokens, its slots and its share of the load. */
function expertLine(it, step, expert, served, ids) {
  const { e, p, s, n } = it, load = it.loads.expert[expert], whole = it.loads.expert.reduce((a, x) => a + x, 0);
  const of = it.images > 1 ? `the batch's ${n} tokens` : many(n, "token");
  const share = `${percent(whole ? load / whole : 0)} of all that experts receive (even: ${percent(1 / e)})`;
  const work = step === "compute" ? `; ${computeSum(it, expert, "them", it.dropless ? load : p)}` : "";
  if (!it.sparse) {
    const own = byExpert(it).dispatch, weights = Array.from({ length: it.rows }, (_, t) => own[t * e + expert]);
    const most = weights.indexOf(weights.reduce((a, x) => Math.max(a, x)));
    return `expert ${expert}: its ${many(p, "slot")} of ${s} mix ${of}, ${four(load)} tokens' worth, ${share}; ` +
      `of this image most of ${tokenName(it, it.first + most, ids)}: ${four(weights[most])}${work}.`;
  }
  const { taken, turned, upTo, total } = servingOf(it, step === "dispatch" ? served : -1);
  const inTime = at => step !== "dispatch" || at < taken[expert];
  const held = Array.from(it.token.subarray(expert * p, (expert + 1) * p)).filter((t, at) => t >= 0 && inTime(at));
  const names = held.length ? ` (${some(held.map(t => tokenName(it, t, ids)))})` : "";
  const away = turned[expert] ? `, turned ${turned[expert]} away` : "", so = upTo < total ? " so far" : "";
  return `expert ${expert}: took ${held.length} of ${of} into ${many(p, "slot")}${so}${names}${away}` +
    `${so ? "" : `; ${share}`}${work}.`;
}

/** The status line: the pointed cell's arithmetic, or what the last choice served came to, or what to do. */
function lineOf(it, step, map, at, { served, ids, grid }) {
  if (at.token < 0 && at.expert < 0) {
    const { last, upTo, total: all } = servingOf(it, served);
    const which = last && `Choice ${upTo} of ${all}: ${tokenName(it, last.token, ids)}`;
    if (step === "dispatch" && last) return `${which}; ${arrivalSum(it, last)}.`;
    return "Point at the map, the image or an expert to see the arithmetic of this step; click to pin.";
  }
  if (at.token < 0 && at.slot < 0) return expertLine(it, step, at.expert, served, ids);
  const cell = cellOf(it, map, at), t = ids.length ? ids[cell.token] : cell.token;
  const place = grid.length ? ` (row ${Math.floor(t / grid[1])}, column ${t % grid[1]})` : "";
  const where = `${tokenName(it, it.first + cell.token, ids)}${place}, expert ${cell.expert}` +
    (cell.slot < 0 ? "" : `, slot ${cell.slot}`);
  return `${where}: ${it.sparse ? sparseSum(it, step, cell, served, ids) : softSum(it, step, cell, ids)}.`;
}

/** The numbers of a routing: [name, value, text] in the order of the table; shares first, then what has a ratio. */
function figuresOf(it) {
  const own = it.loads.dropped.subarray(it.first, it.first + it.rows).reduce((a, x) => a + x, 0);
  const all = it.loads.droppedFraction, rest = it.images > 1 ? [["Dropped in the whole batch", all, percent(all)]] : [];
  return [
    ["Dropped tokens of this image", own / it.rows, `${own} of ${it.rows} (${percent(own / it.rows)})`],
    ...rest,
    ["Load: busiest expert over the mean", it.loads.mostOverMean, it.loads.mostOverMean.toFixed(2)],
    ["MACs of the experts, per image", it.macs.experts, large(it.macs.experts)],
    ["MACs of the routing, per image", it.macs.routing, large(it.macs.routing)],
  ];
}
