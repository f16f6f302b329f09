"use strict";
const say = (text) => { document.getElementById("announce").textContent = text; };

(() => {
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
    show(views[0].dataset.showView);
  }

  document.querySelectorAll("details.folded").forEach((part) => part.addEventListener("toggle", () => {
    const waiting = part.querySelector(":scope > noscript");
    if (!waiting) return;
    const content = document.createElement("template");
    content.innerHTML = waiting.textContent;
    waiting.replaceWith(content.content);
  }));

  // Plots and tables in closed parts can be the target of a link.
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    target?.querySelectorAll?.(":scope > details").forEach((part) => { part.open = true; });
  };
  addEventListener("hashchange", unfold);
  unfold();

  // One matrix at a time: the others are counts in the list of recognizers.
  const choice = document.getElementById("confusion-choice");
  if (choice) {
    const table = document.querySelector("#confusion-table table");
    const whole = new Intl.NumberFormat("en");
    choice.addEventListener("change", () => {
      const option = choice.selectedOptions[0];
      table.caption.querySelector("span").textContent = option.textContent;
      option.dataset.counts.split(" ").forEach((line, place) => {
        const counts = line.split(",").map(Number), sum = counts.reduce((a, b) => a + b, 0);
        [...table.tBodies[0].rows[place].querySelectorAll("td")].forEach((cell, column) => {
          const share = counts[column] / Math.max(sum, 1);
          cell.style.setProperty("--v", share.toFixed(2));
          cell.children[0].textContent = sum ? share.toFixed(2) : "";
          cell.children[1].textContent = whole.format(counts[column]);
        });
      });
      say(`Confusion matrix of ${option.textContent}.`);
    });
  }
})();
