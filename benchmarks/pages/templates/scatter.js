// Accuracy against a cost on a logarithmic axis, drawn at the width of its place.
(() => {
  const place = document.getElementById("scatter");
  if (!place) return;
  const kinds = JSON.parse(place.dataset.kinds), { test } = place.dataset;
  const canvas = place.querySelector(".canvas"), buttons = [...document.querySelectorAll("[data-axis]")];
  const AXES = {
    ms: { title: "latency of one image, p90 (ms)", unit: "ms" },
    mb: { title: "size of the bundle (MB)", unit: "MB" },
    fit: { title: "whole fit (s), with extraction, teachers and members", unit: "s" },
  };
  const pen = document.createElement("canvas").getContext("2d");
  const FONT = 'px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  let axis = "ms", lit = null, drawn = 0;

  const svg = (tag, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
  };
  const plain = (value) => (value >= 1e4 ? value.toLocaleString("en") : String(Number(value.toPrecision(6))));

  const MARKERS = {
    o: (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`,
    s: (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
    "^": (r) => `M0,${-1.2 * r}L${1.15 * r},${r}H${-1.15 * r}z`,
    D: (r) => `M0,${-1.35 * r}L${1.35 * r},0L0,${1.35 * r}L${-1.35 * r},0z`,
    v: (r) => `M0,${1.2 * r}L${1.15 * r},${-r}H${-1.15 * r}z`,
    P: (r) => `M${-r},${-r / 3}h${r * 2 / 3}v${-r * 2 / 3}h${r * 2 / 3}v${r * 2 / 3}h${r * 2 / 3}v${r * 2 / 3}h${-r * 2 / 3}v${r * 2 / 3}h${-r * 2 / 3}v${-r * 2 / 3}h${-r * 2 / 3}z`,
    X: (r) => `M${-r},${-r}L${r},${r}M${-r},${r}L${r},${-r}`,
  };
  const glyph = (kind, r) => (MARKERS[kinds[kind]?.marker] ?? MARKERS.o)(r);
  const color = (kind) => kinds[kind]?.color ?? "var(--soft)";

  // The points of an axis. Constant recognizers would stretch it, so they are only named at its foot.
  const pointsOf = () => offers.filter((o) => o[axis] > 0 && o.accuracy !== null && !o.constant);

  function scales(points, width, height) {
    const box = { left: 50, right: width - 14, top: 12, bottom: height - 46 };
    const costs = points.map((o) => o[axis]);
    const x0 = Math.log10(Math.min(...costs)) - 0.06, x1 = Math.log10(Math.max(...costs)) + 0.1;
    const low = Math.min(...points.map((o) => o.low ?? o.accuracy)), high = Math.max(...points.map((o) => o.high ?? o.accuracy));
    const y0 = low - 0.03, y1 = Math.min(1, high + 0.03);
    return {
      box, y0, y1,
      x: (cost) => box.left + (Math.log10(cost) - x0) / (x1 - x0) * (box.right - box.left),
      y: (value) => box.bottom - (value - y0) / (y1 - y0) * (box.bottom - box.top),
      from: 10 ** x0, to: 10 ** x1,
    };
  }

  function drawAxes(scale) {
    const { box } = scale, group = svg("g", { class: "axes" });
    const labels = [];
    // The powers of ten get their labels first; 2 and 5 get theirs where there is room.
    [1, 2, 5].forEach((step) => {
      for (let power = Math.floor(Math.log10(scale.from)); power <= Math.log10(scale.to); power += 1) {
        const value = step * 10 ** power;
        if (value < scale.from || value > scale.to) continue;
        const x = scale.x(value), half = 3.3 * plain(value).length + 2;
        group.append(svg("line", { x1: x, x2: x, y1: box.top, y2: box.bottom, class: step === 1 ? "grid" : "grid minor" }));
        if (labels.some((label) => Math.abs(label.x - x) < label.half + half)) continue;
        labels.push({ x, half });
        group.append(svg("text", { x, y: box.bottom + 17, "text-anchor": "middle", class: "tick" }, plain(value)));
      }
    });
    const jump = (scale.y1 - scale.y0) > 0.25 ? 0.1 : 0.05;
    for (let value = Math.ceil(scale.y0 / jump) * jump; value < scale.y1; value += jump) {
      const y = scale.y(value);
      group.append(svg("line", { x1: box.left, x2: box.right, y1: y, y2: y, class: "grid" }));
      group.append(svg("text", { x: box.left - 8, y: y + 4, "text-anchor": "end" }, value.toFixed(jump < 0.1 ? 2 : 1)));
    }
    const middle = (box.left + box.right) / 2;
    group.append(svg("text", { x: middle, y: box.bottom + 38, "text-anchor": "middle" }, AXES[axis].title));
    const turned = { x: 0, y: 0, "text-anchor": "middle", transform: `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)` };
    group.append(svg("text", turned, `accuracy on ${test}`));
    const constant = offers.find((o) => o.constant && o.accuracy !== null);
    if (constant) {
      const inside = constant.accuracy > scale.y0, y = inside ? scale.y(constant.accuracy) : box.bottom;
      if (inside) group.append(svg("line", { x1: box.left, x2: box.right, y1: y, y2: y, class: "constant" }));
      const text = `${constant.label} ${constant.text.accuracy}${inside ? "" : " ↓"}`;
      group.append(svg("text", { x: box.right - 4, y: y - 6, "text-anchor": "end" }, text));
    }
    return group;
  }

  function drawBudget(scale) {
    const group = svg("g", { class: "limit" }), limit = axis === "fit" ? null : budget[axis];
    if (limit === null || limit >= scale.to) return group;
    const { box } = scale, x = Math.max(box.left, scale.x(limit));
    group.append(svg("rect", { x, y: box.top, width: box.right - x, height: box.bottom - box.top }));
    group.append(svg("line", { x1: x, x2: x, y1: box.top, y2: box.bottom }));
    return group;
  }

  function frontOf(points) {
    const front = [];
    points.filter((o) => o.ranked[axis]).sort((a, b) => a[axis] - b[axis] || b.accuracy - a.accuracy).forEach((o) => {
      if (!front.length || o.accuracy > front.at(-1).accuracy) front.push(o);
    });
    return front;
  }

  function drawFront(front, scale) {
    const corners = front.map((o) => [scale.x(o[axis]), scale.y(o.accuracy)]);
    const path = corners.map(([x, y], at) => (at ? `H${x}V${y}` : `M${x},${y}`)).join("");
    return svg("path", { class: "front", d: path || "M0,0" });
  }

  // Names beside their points: the first place that covers no point and no other name; without one, no name.
  function placeNames(named, points, front, scale) {
    const { box } = scale, taken = points.map((o) => {
      const x = scale.x(o[axis]), y = scale.y(o.accuracy), around = Object.values(picks).includes(o) ? 13 : 7;
      return [x - around, y - around, x + around, y + around];
    });
    const group = svg("g", { class: "names" });
    front.slice(1).forEach((o, at) => {
      const [x0, y0, x1, y1] = [scale.x(front[at][axis]), scale.y(front[at].accuracy), scale.x(o[axis]), scale.y(o.accuracy)];
      taken.push([x0, y0 - 2, x1, y0 + 2], [x1 - 2, y1, x1 + 2, y0]);
    });
    named.forEach((o) => {
      const picked = Object.values(picks).includes(o), near = picked ? 15 : 10;
      pen.font = `${picked ? "650 " : ""}12${FONT}`;
      const width = pen.measureText(o.label).width + 6, height = 14, x = scale.x(o[axis]), y = scale.y(o.accuracy);
      for (const distance of [near, 20, 28, 40, 56, 76]) {
        const spot = [0, -35, 35, 180, 215, 145, -90, 90].map((angle) => {
          const dx = Math.cos(angle * Math.PI / 180), dy = Math.sin(angle * Math.PI / 180);
          const cx = x + dx * (distance + width / 2), cy = y + dy * (distance + height / 2);
          return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
        }).find((b) => b[0] > box.left + 2 && b[2] < box.right && b[1] > box.top && b[3] < box.bottom - 16
          && taken.every((t) => b[2] < t[0] || b[0] > t[2] || b[3] < t[1] || b[1] > t[3]));
        if (!spot) continue;
        taken.push(spot);
        if (distance > 24) {
          const end = [Math.min(Math.max(x, spot[0]), spot[2]), Math.min(Math.max(y, spot[1]), spot[3])];
          group.append(svg("line", { x1: x, y1: y, x2: end[0], y2: end[1] }));
        }
        group.append(svg("text", { x: spot[0] + 3, y: spot[3] - 3, class: picked ? "pick" : "" }, o.label));
        break;
      }
    });
    return group;
  }

  function drawPoints(points, front, scale) {
    const group = svg("g", { class: "points" });
    points.forEach((o) => {
      const x = scale.x(o[axis]), picked = Object.values(picks).includes(o);
      const out = !fits(o) || !shown(o);
      const one = svg("g", { class: `point${out ? " out" : ""}${picked ? " picked" : ""}`, style: `--kind:${color(o.kind)}` });
      if (o.low !== null) one.append(svg("line", { x1: x, x2: x, y1: scale.y(o.low), y2: scale.y(o.high) }));
      const at = `translate(${x} ${scale.y(o.accuracy)})`;
      if (picked) one.append(svg("circle", { cx: x, cy: scale.y(o.accuracy), r: 11, class: "halo" }));
      one.append(svg("path", { d: glyph(o.kind, 5), transform: at, class: front.includes(o) ? "full" : "" }));
      o.mark = one;
      group.append(one);
    });
    return group;
  }

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");

  function light(o, spot) {
    if (lit) { lit.row.classList.remove("lit"); lit.mark?.classList.remove("lit"); }
    lit = o;
    tip.hidden = !o || !spot;
    if (!o) return;
    o.row.classList.add("lit");
    o.mark?.classList.add("lit");
    if (!spot) return;
    const costs = [[o.text.ms], [o.text.mb], [o.text.fit && `fit ${o.text.fit}`]].flat().filter(Boolean).join(" · ");
    tip.replaceChildren(...[["strong", o.label], ["span", `${o.text.accuracy}  (${o.text.interval})`], ["span", costs], ["span", o.kind]]
      .map(([tag, text]) => Object.assign(document.createElement(tag), { textContent: text })));
    const right = spot[0] + 14 + tip.offsetWidth > canvas.clientWidth;
    tip.style.left = `${Math.max(0, right ? spot[0] - 14 - tip.offsetWidth : spot[0] + 14)}px`;
    tip.style.top = `${Math.max(0, spot[1] - tip.offsetHeight / 2)}px`;
  }

  // One button over each point: one stop of the Tab key, then the arrow keys.
  function drawButtons(points, scale) {
    const group = document.createElement("div");
    group.className = "spots";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Recognizers by cost; the arrow keys go from one to the next");
    const sorted = [...points].sort((a, b) => a[axis] - b[axis]);
    const spots = sorted.map((o) => {
      const button = document.createElement("button"), spot = [scale.x(o[axis]), scale.y(o.accuracy)];
      button.type = "button";
      button.tabIndex = -1;
      button.dataset.recognizer = o.label;
      button.setAttribute("aria-label", `${o.label}: accuracy ${o.text.accuracy}, ${o.text.ms || "latency not measured"}, ${o.text.mb || "size not measured"}`);
      button.style.left = `${spot[0]}px`;
      button.style.top = `${spot[1]}px`;
      ["pointerenter", "focus"].forEach((event) => button.addEventListener(event, () => light(o, spot)));
      ["pointerleave", "blur"].forEach((event) => button.addEventListener(event, () => light(null)));
      button.addEventListener("click", () => { if (shown(o)) toRow(o); });
      return button;
    });
    if (spots.length) spots[0].tabIndex = 0;
    group.addEventListener("keydown", (event) => {
      const at = spots.indexOf(document.activeElement);
      const next = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: spots.length - 1 }[event.key];
      if (at < 0 || next === undefined || !spots[next]) return;
      event.preventDefault();
      spots[at].tabIndex = -1;
      spots[next].tabIndex = 0;
      spots[next].focus();
    });
    group.append(...spots);
    return group;
  }

  function toRow(o) {
    o.row.scrollIntoView({ block: "center" });
    o.row.classList.add("found");
    setTimeout(() => o.row.classList.remove("found"), 2500);
  }

  function draw() {
    const width = Math.floor(canvas.clientWidth), height = Math.round(Math.min(Math.max(width * 0.52, 320), 520));
    const points = pointsOf();
    drawn = canvas.clientWidth;
    if (!width || !points.length) return;
    const focused = document.activeElement?.dataset?.recognizer;
    const scale = scales(points, width, height), active = points.filter((o) => fits(o) && shown(o)), front = frontOf(active);
    const named = [...new Set([...Object.values(picks).filter((o) => o && points.includes(o)), ...front.slice().reverse()])];
    const label = `Accuracy on ${test} against ${AXES[axis].title}, ${points.length} recognizers, ${active.length} within the budget. `
      + `On the Pareto front: ${front.map((o) => o.label).join(", ") || "none"}.`;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      drawBudget(scale), drawAxes(scale), drawFront(front, scale), drawPoints(points, front, scale), placeNames(named, points, front, scale));
    tip.hidden = true;
    canvas.replaceChildren(picture, drawButtons(points, scale), tip);
    if (focused) [...canvas.querySelectorAll("button")].find((button) => button.dataset.recognizer === focused)?.focus();
  }

  const legend = place.querySelector(".legend");
  Object.keys(kinds).filter((kind) => offers.some((o) => o.kind === kind && !o.constant)).forEach((kind) => {
    const item = document.createElement("li");
    item.style.setProperty("--kind", color(kind));
    item.append(svg("svg", { viewBox: "-9 -9 18 18", width: 16, height: 16, "aria-hidden": "true" }, svg("path", { d: glyph(kind, 5), class: "full" })), kind);
    legend.append(item);
  });

  buttons.forEach((button) => {
    button.hidden = !offers.some((o) => o[button.dataset.axis] > 0 && o.accuracy !== null && !o.constant);
    button.addEventListener("click", () => {
      axis = button.dataset.axis;
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      draw();
    });
  });
  const first = buttons.find((button) => !button.hidden);
  if (first) { axis = first.dataset.axis; buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === first))); }
  offers.forEach((o) => {
    o.row.addEventListener("pointerenter", () => light(o));
    o.row.addEventListener("pointerleave", () => light(null));
  });
  place.hidden = false;
  listeners.push(draw);
  new ResizeObserver(() => { if (canvas.clientWidth !== drawn) draw(); }).observe(canvas);
})();
