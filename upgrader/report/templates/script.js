"use strict";
// Filter and sort the large table. Without this script the page says the same, in one fixed order. Only the first rows
// of what is wanted are laid out, for laying out thousands takes seconds; a button shows the others.
(() => {
  const table = document.querySelector("table[data-said]");
  if (!table) return;
  const FIRST = 300;
  const body = table.tBodies[0], rows = Array.from(body.rows);
  const text = document.getElementById("filter-text"), outcome = document.getElementById("filter-outcome");
  const shown = document.getElementById("shown"), others = document.getElementById("others");
  const words = new Map(), collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const wordsOf = row => {
    if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
    return words.get(row);
  };
  let limit = FIRST;
  const filter = () => {
    const wanted = text.value.trim().toLowerCase(), only = outcome.value;
    let count = 0;
    for (const row of rows) {
      const keep = (!only || row.dataset.outcome === only) && (!wanted || wordsOf(row).includes(wanted));
      count += keep;
      row.hidden = !keep;
      row.classList.toggle("late", keep && count > limit);
    }
    shown.textContent = table.dataset.said.replace("{count}", count).replace("{all}", rows.length);
    others.hidden = count <= limit;
  };
  let waiting = 0;
  const again = () => { limit = FIRST; filter(); };
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(again, 120); });
  outcome.addEventListener("change", again);
  others.addEventListener("click", () => { limit = Infinity; filter(); shown.focus(); });
  table.querySelectorAll("th[data-sort]").forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th[data-sort]").forEach(other => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const number = head.dataset.sort === "number", sign = down ? -1 : 1;
      const keys = new Map(rows.map(row => [row, row.cells[column].dataset.value ?? row.cells[column].textContent]));
      const compare = number ? (a, b) => a - b : collator.compare;
      rows.sort((a, b) => sign * compare(keys.get(a), keys.get(b)));
      filter();
      body.append(...rows);
    });
  });
  document.getElementById("controls").hidden = false;
  filter();
})();
