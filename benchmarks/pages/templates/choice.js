// Cards and budget: the rules of `ferbench best`, on the offers of the leaderboard's rows.
const offers = [...document.querySelectorAll("#leaderboard-table tbody tr[data-offer]")].map((row) => ({
  row, ...JSON.parse(row.dataset.offer),
}));
const byLabel = new Map(offers.map((offer) => [offer.label, offer]));
const budget = { ms: null, mb: null, accuracy: null };
const listeners = [];
const changed = () => listeners.forEach((listener) => listener());

const keeps = (value, limit) => limit === null || (value !== null && value <= limit);
const fits = (offer) => keeps(offer.ms, budget.ms) && keeps(offer.mb, budget.mb)
  && (budget.accuracy === null || offer.public >= budget.accuracy);

// The first of some offers by several keys; a missing cost comes last.
function firstBy(list, ...keys) {
  const value = (offer, key) => { const found = key(offer); return found === null ? Infinity : found; };
  const compare = (a, b) => {
    for (const key of keys) {
      const x = value(a, key), y = value(b, key);
      if (x !== y) return x < y ? -1 : 1;
    }
    return 0;
  };
  return [...list].sort(compare)[0] ?? null;
}
const mostAccurate = (list) => firstBy(list, (o) => -o.public, (o) => o.median, (o) => o.label);
const cheapest = (list, cost) => firstBy(list.filter((o) => o.ranked[cost] && o[cost] !== null), (o) => o[cost], (o) => -o.public, (o) => o.label);
const picks = { best: null, within: null, least: null };

function choose() {
  const candidates = offers.filter((offer) => offer.candidate);
  const within = candidates.filter(fits);
  picks.best = mostAccurate(candidates);
  picks.within = mostAccurate(within);
  // A limit of the accuracy that the reader sets takes the place of the one that the card starts with.
  const { floor } = document.querySelector('[data-card="least"]')?.dataset ?? {};
  const near = within.filter((offer) => budget.accuracy !== null || floor === undefined || offer.public > Number(floor));
  picks.least = cheapest(near, document.getElementById("least-of")?.value ?? "ms");
}

function budgetText() {
  const parts = [];
  if (budget.ms !== null) parts.push(`at most ${budget.ms} ms for an image`);
  if (budget.mb !== null) parts.push(`at most ${budget.mb} MB`);
  if (budget.accuracy !== null) parts.push(`at least ${budget.accuracy} on PublicTest`);
  const text = parts.join(", ");
  return text ? text[0].toUpperCase() + text.slice(1) : "No limit is set";
}

function bestCommand(start) {
  const options = [["--max-latency-ms", budget.ms], ["--max-size-mb", budget.mb], ["--min-accuracy", budget.accuracy]];
  return start + options.filter(([, value]) => value !== null).map(([name, value]) => ` ${name} ${value}`).join("");
}

// A recipe's name that can break into a new line after a plus sign.
function writeName(element, label) {
  element.textContent = "";
  label.split("+").forEach((part, place) => {
    if (place) element.append("+", document.createElement("wbr"));
    element.append(part);
  });
}

function fillCard(key, offer, kinds, test) {
  const card = document.querySelector(`[data-card="${key}"]`);
  if (!card) return;
  const slot = (name) => card.querySelector(`[data-slot="${name}"]`);
  card.querySelector(".card-body").hidden = offer === null;
  slot("none").hidden = offer !== null;
  const { near } = card.dataset;
  const floor = near !== undefined && budget.accuracy === null ? `, ${near} points or less below the most accurate on PublicTest` : "";
  if (key !== "best") slot("why").textContent = budgetText() + floor;
  if (offer === null) return;
  card.style.setProperty("--kind", kinds[offer.kind]?.color ?? "var(--soft)");
  writeName(slot("label"), offer.label);
  slot("ships").hidden = !offer.ships_as;
  slot("ships").textContent = offer.ships_text;
  const { text } = offer;
  const shown = {
    accuracy: text.accuracy || text.public, interval: text.interval, latency: text.latency,
    on: text.accuracy ? `on ${test}` : `on PublicTest, ${test} not opened`,
    ms: text.ms || "not measured", mb: text.mb || "not measured", fit: text.fit || "not known", command: offer.command,
  };
  Object.entries(shown).forEach(([name, value]) => { slot(name).textContent = value; });
}

(() => {
  const section = document.getElementById("choice");
  if (!section) return;
  const kinds = JSON.parse(document.getElementById("scatter").dataset.kinds);
  const { test } = document.getElementById("scatter").dataset;
  const sliders = [...section.querySelectorAll("input[data-limit]")];
  const least = document.getElementById("least-of");
  const command = document.getElementById("best-command");

  const read = () => sliders.forEach((slider) => {
    const stops = slider.dataset.stops.split(" ").map(Number);
    const first = "anyFirst" in slider.dataset ? 1 : 0;
    const limit = stops[Number(slider.value) - first] ?? null;
    budget[slider.dataset.limit] = limit;
    const sign = slider.dataset.limit === "accuracy" ? "≥" : "≤";
    const text = limit === null ? "any" : `${sign} ${limit} ${slider.dataset.unit}`.trim();
    slider.nextElementSibling.textContent = text;
    slider.setAttribute("aria-valuetext", text.replace("≤", "at most").replace("≥", "at least"));
  });
  const mark = (name, places) => offers.forEach((offer) => offer.row.classList.toggle(name, places.includes(offer)));
  listeners.push(() => {
    choose();
    const title = `${least.value === "ms" ? "Fastest" : "Smallest"} within the budget`;
    document.querySelector('[data-card="least"] .card-title').textContent = title;
    Object.entries(picks).forEach(([key, offer]) => fillCard(key, offer, kinds, test));
    offers.forEach((offer) => {
      offer.row.classList.toggle("over", !fits(offer));
      ["ms", "mb"].forEach((cost) => offer.row.querySelector(`[data-cost="${cost}"]`)
        ?.classList.toggle("exceeds", !keeps(offer[cost], budget[cost])));
    });
    mark("picked", Object.values(picks));
    command.textContent = bestCommand(command.dataset.start);
  });
  const move = () => { read(); changed(); };
  sliders.forEach((slider) => {
    slider.addEventListener("input", move);
    slider.addEventListener("change", () => say(picks.within
      ? `Most accurate within the budget: ${picks.within.label}.` : "No recognizer is within this budget."));
  });
  least.addEventListener("change", move);
  document.documentElement.classList.add("scripted");
  read();

  section.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Without the permission, the text is selected for the reader's own keys.
      getSelection().selectAllChildren(code);
      if (!document.execCommand("copy")) return say("Press Ctrl+C to copy the command.");
    }
    button.textContent = "Copied";
    say("Command copied.");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }));
})();
