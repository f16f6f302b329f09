"use strict";
(() => {
  const status = document.getElementById("announce");
  const say = (text) => { if (status) status.textContent = text; };

  function sortBy(table, place, rising) {
    const body = table.tBodies[0];
    const value = (row) => row.cells[place].dataset.sort;
    const number = table.tHead.rows[0].cells[place].dataset.kind === "number";
    const compare = (a, b) => {
      const x = value(a), y = value(b);
      // Rows without a value stay at the end in both directions.
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = number ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true });
      return rising ? order : -order;
    };
    [...body.rows].sort(compare).forEach((row) => body.append(row));
  }

  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const rising = now ? now === "descending" : head.dataset.first === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        sortBy(table, place, rising);
        say(`Sorted by ${button.dataset.name}, ${rising ? "lowest" : "highest"} first.`);
      });
    });
  });

  const board = document.getElementById("leaderboard-table");
  const views = [...document.querySelectorAll("[data-show-view]")];
  const show = (view) => {
    board.dataset.view = view;
    views.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.showView === view)));
  };
  if (board && views.length) {
    document.documentElement.classList.add("scripted");
    views.forEach((button) => button.addEventListener("click", () => show(button.dataset.showView)));
    show("scores");
  }

  const choice = document.getElementById("confusion-choice");
  if (choice) {
    const panels = [...document.querySelectorAll("[data-confusion]")];
    const pick = () => panels.forEach((panel) => { panel.hidden = panel.dataset.confusion !== choice.value; });
    choice.addEventListener("change", pick);
    pick();
  }
})();
