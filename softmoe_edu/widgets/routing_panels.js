// The panels of a RoutingLens as drawings of a scene: its numbers `it`, `view`, `boxes`, `ink` and the picture.
// Each has a ground, painted when the scene changes, and a layer above it that follows the pointer.

const LEFT = 46, RIGHT = 52, TOP = 20, SUMS = 34, LOAD = 58, ROW = 46;

/** Where things lie, in CSS pixels, for panels of these widths. */
function layout({ it, picture }, tokensWidth, mapWidth) {
  const w = tokensWidth, columns = it.grid[1] ?? Math.min(it.n, Math.max(8, Math.ceil(Math.sqrt(it.n))));
  const rows = it.grid[0] ?? Math.ceil(it.n / columns);
  const h = picture ? (w * picture.height) / picture.width : rows * Math.min(w / columns, 34);
  const wide = mapWidth - LEFT - RIGHT, high = Math.min(Math.max(it.n * 14, 112), 392);
  return {
    tokens: { w, h, columns, rows, dx: w / columns, dy: h / rows },
    map: { x: LEFT, y: TOP, w: wide, h: high, dx: wide / it.s, dy: high / it.n, de: wide / it.experts },
    sizes: { tokens: [w, h], map: [mapWidth, TOP + high + SUMS], experts: [mapWidth, LOAD + ROW] },
  };
}

const corner = ({ columns, dx, dy }, token) => [(token % columns) * dx, Math.floor(token / columns) * dy, dx, dy];

const grounds = {
  tokens(ctx, { it, boxes, ink, picture }) {
    const { w, h, dx, dy } = boxes.tokens;
    if (picture) paintPicture(ctx, { x: 0, y: 0, w, h }, picture);
    it.fate.forEach((fate, t) => {
      const [x, y] = corner(boxes.tokens, t);
      Object.assign(ctx, { lineWidth: 1, strokeStyle: picture ? "rgba(128, 128, 128, .6)" : ink.bar });
      ctx.strokeRect(x + 0.5, y + 0.5, dx - 1, dy - 1);
      if (fate) hatch(ctx, x, y, dx, dy);
      const middle = [x + dx / 2, y + dy / 2], label = !picture ? t : dx > 46 ? FATES[fate] : "";
      if (fate) writeOver(ctx, label, ...middle);
      else if (!picture && dx >= 18) write(ctx, t, ...middle, ink.text);
    });
  },

  map(ctx, { it, view, boxes, ink }) {
    const { x, y, w, h, dy, de } = boxes.map, everyRow = everyNth(dy, 13), everyExpert = everyNth(de, 20);
    paintWeights(ctx, boxes.map, it.weights[view], it.n, it.s, it[`${view}_most`]);
    write(ctx, "expert", x - 6, y / 2 - 1, ink.text, "right");
    for (let e = 0; e < it.experts; e++) {
      ctx.fillStyle = expertColour(e);
      ctx.fillRect(x + e * de + (de > 3), y - 4, Math.max(de - 2 * (de > 3), 0.5), 3);
      if (e % everyExpert === 0) write(ctx, e, x + (e + 0.5) * de, y / 2 - 1, ink.text);
      ctx.fillStyle = "#fff";
      if (e && de > 3) ctx.fillRect(x + e * de - 0.5, y, 1, h);
    }
    for (let t = 0; t < it.n; t++) {
      const top = y + t * dy;
      if (it.fate[t]) hatch(ctx, x, top, w, dy);
      if (it.fate[t] && dy >= 12) writeOver(ctx, FATES[it.fate[t]], x + 28, top + dy / 2);
      if (t % everyRow === 0) write(ctx, t, x - 6, top + dy / 2, ink.text, "right");
    }
    sums(ctx, it.rows[view], it.columns[view], it.p, boxes.map, ink);
  },

  experts(ctx, { it, boxes, ink }) {
    const { x, w } = boxes.map, most = Math.max(it.hard ? it.p : 1e-9, ...it.groupLoad), high = LOAD - 18;
    write(ctx, "load", x - 6, LOAD - high / 2, ink.text, "right");
    write(ctx, "token", x - 6, LOAD + ROW - 14, ink.text, "right");
    ctx.globalAlpha = 0.4;
    if (it.images_per_group > 1) bars(ctx, boxes.map, it.groupLoad, most, LOAD, high);
    ctx.globalAlpha = 1;
    bars(ctx, boxes.map, it.load, most, LOAD, high, ink.text);
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    for (const y of [LOAD + 0.5, LOAD + ROW - 0.5]) ctx.strokeRect(x, y, w, 0);
    if (!it.hard) return;
    const line = LOAD - (high * it.p) / most;
    ctx.setLineDash([4, 3]);
    ctx.strokeRect(x, line, w, 0);
    ctx.setLineDash([]);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  },
};

const overlays = {
  /** What the selected slots see of the image: a square on each token, its area in proportion to the weight. */
  tokens(ctx, { it, view, boxes }, at) {
    const { w, dx, dy } = boxes.tokens;
    if (at.expert >= 0) {
      const each = weightOfEach(it, view, ...span(it, at)), most = Math.max(...each);
      const seen = [...each.keys()].filter(t => each[t] > 0);
      Object.assign(ctx, { fillStyle: expertColour(at.expert), lineWidth: 1 });
      for (const t of seen) {
        const [x, y] = corner(boxes.tokens, t), side = 0.86 * Math.sqrt(each[t] / most);
        const square = [x + (dx * (1 - side)) / 2, y + (dy * (1 - side)) / 2, dx * side, dy * side];
        ctx.globalAlpha = 0.8;
        ctx.fillRect(...square);
        ctx.globalAlpha = 1;
        for (const [grow, colour] of [[0, "#fff"], [0.75, "#000"]]) {
          ctx.strokeStyle = colour;
          ctx.strokeRect(square[0] - grow, square[1] - grow, square[2] + 2 * grow, square[3] + 2 * grow);
        }
      }
      for (const t of seen.sort((a, b) => each[b] - each[a]).slice(0, 3)) {
        const [x, y] = corner(boxes.tokens, t);
        writeOver(ctx, short(each[t]), Math.min(Math.max(x + dx / 2, 13), w - 13), y + dy / 2);
      }
    }
    if (at.token >= 0) ring(ctx, ...corner(boxes.tokens, at.token));
  },

  map(ctx, { it, boxes: { map } }, at) {
    const [from, to] = span(it, at), x = map.x + from * map.dx, y = map.y + at.token * map.dy, w = (to - from) * map.dx;
    if (at.token >= 0) ring(ctx, map.x, y, map.w, map.dy);
    if (at.expert >= 0) ring(ctx, x, map.y, w, map.h);
    if (at.token < 0 || at.expert < 0) return;
    ctx.clearRect(x - 3, y - 3, w + 6, map.dy + 6);
    ring(ctx, x, y, w, map.dy);
  },

  experts(ctx, { it, view, boxes: { map }, ink }, at) {
    if (at.token >= 0) {
      const row = Array.from({ length: it.experts }, (_, e) => weightOf(it, view, at.token, e * it.p, (e + 1) * it.p));
      bars(ctx, map, row, Math.max(1e-9, ...row), LOAD + ROW - 1, ROW - 20, ink.text);
    }
    if (at.expert >= 0) ring(ctx, map.x + at.expert * map.de + 2, 2, map.de - 4, LOAD - 2);
  },
};

/** Sums of the rows on the right and of the columns below, each with a line at 1. */
function sums(ctx, rows, columns, p, { x, y, w, h, dx, dy }, ink) {
  const widest = Math.max(1, ...rows), tallest = Math.max(1, ...columns), long = RIGHT - 10, high = SUMS - 10;
  const right = x + w + 6, floor = y + h + 7 + high, one = floor - high / tallest, numbers = dy >= 12;
  write(ctx, "sum", right, y / 2 - 1, ink.text, "left");
  write(ctx, "sum", x - 6, floor - high / 2, ink.text, "right");
  write(ctx, "1", right, one, ink.text, "left");
  rows.forEach((value, t) => {
    ctx.fillStyle = ink.bar;
    if (numbers) write(ctx, four(value), right, y + (t + 0.5) * dy, ink.text, "left");
    else ctx.fillRect(right, y + t * dy, (long * value) / widest, Math.max(dy - 0.5, 0.5));
  });
  columns.forEach((value, c) => {
    ctx.fillStyle = expertColour(Math.floor(c / p));
    ctx.fillRect(x + c * dx, floor, Math.max(dx - (dx > 3), 1), (-high * value) / tallest);
  });
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  if (!numbers) ctx.strokeRect(right + long / widest, y, 0, h);
  ctx.strokeRect(x, one, w, 0);
}

/** One bar for each expert under its columns, with numbers where there is room and a colour for them. */
function bars(ctx, { x, de }, values, most, floor, high, text) {
  const gap = de > 8 ? 2 : 0;
  values.forEach((value, e) => {
    const top = floor - (high * value) / most;
    ctx.fillStyle = expertColour(e);
    ctx.fillRect(x + e * de + gap, top, Math.max(de - 2 * gap, 0.5), floor - top);
    if (text && de >= 26) write(ctx, short(value), x + (e + 0.5) * de, top - 7, text);
  });
}
