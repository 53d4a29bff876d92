"use strict";
// Filter and sort the large table. Without this script the page says the same, in one fixed order.
(() => {
  const table = document.querySelector("table[data-noun]");
  if (!table) return;
  const body = table.tBodies[0], rows = Array.from(body.rows);
  const text = document.getElementById("filter-text"), outcome = document.getElementById("filter-outcome");
  const shown = document.getElementById("shown");
  const words = new Map(rows.map(row => [row, row.textContent.toLowerCase()]));
  document.getElementById("controls").hidden = false;
  const filter = () => {
    const wanted = text.value.trim().toLowerCase(), only = outcome.value;
    let count = 0;
    for (const row of rows) {
      const keep = (!only || row.dataset.outcome === only) && (!wanted || words.get(row).includes(wanted));
      row.hidden = !keep;
      count += keep;
    }
    shown.textContent = `${count} of ${rows.length} ${table.dataset.noun} shown`;
  };
  let waiting = 0;
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  outcome.addEventListener("change", filter);
  table.querySelectorAll("th[data-sort]").forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th[data-sort]").forEach(other => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const number = head.dataset.sort === "number", sign = down ? -1 : 1;
      rows.sort((a, b) => sign * (number ? value(a) - value(b) : value(a).localeCompare(value(b))));
      body.append(...rows);
    });
  });
  filter();
})();
