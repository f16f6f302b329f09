// Search and filters of the leaderboard's rows. A row that is filtered out fades in the plot too.
const shown = (offer) => !offer.row.hidden;
(() => {
  const board = document.getElementById("leaderboard-table");
  const search = document.getElementById("filter-text");
  if (!board || !search) return;
  const [kind, ships, within] = ["kind", "ships", "budget"].map((name) => document.getElementById(`filter-${name}`));
  const count = document.getElementById("filter-count");
  const rows = [...board.tBodies[0].rows];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const offerOf = new Map(offers.map((offer) => [offer.row, offer]));

  function matches(row) {
    const offer = offerOf.get(row);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return words.every((word) => texts.get(row).includes(word))
      && (!kind?.value || offer?.kind === kind.value)
      && (!ships?.checked || Boolean(offer?.ships_as))
      && (!within.checked || Boolean(offer && fits(offer)));
  }
  const filter = () => {
    rows.forEach((row) => { row.hidden = !matches(row); });
    const left = rows.filter((row) => !row.hidden).length;
    count.textContent = left === rows.length ? `${rows.length} rows` : `${left} of ${rows.length} rows`;
  };
  listeners.push(filter);
  search.addEventListener("input", changed);
  [kind, ships, within].forEach((input) => input?.addEventListener("change", () => { changed(); say(`${count.textContent} shown.`); }));
})();
