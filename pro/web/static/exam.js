/* Makes the grid quicker, never other than it is: arrow keys go from joint to joint, a mark takes "none" and "not done"
   away and they take the marks away, and the number of joints marked stands under each list. */
"use strict";
(() => {
  for (const list of document.querySelectorAll("fieldset.joints")) {
    const boxes = [...list.querySelectorAll(".joint-grid input")], ends = [...list.querySelectorAll(".ends input")];
    const said = list.querySelector("[data-count]");
    const count = () => {
      const marked = boxes.filter(box => box.checked);
      const of28 = marked.filter(box => box.closest(".in28"));
      said.hidden = false;
      said.textContent = said.dataset.words.replace("{n}", marked.length).replace("{m}", of28.length);
    };
    list.addEventListener("change", event => {
      if (event.target.checked) {
        const mark = boxes.includes(event.target);
        for (const other of mark ? ends : [...boxes, ...ends]) if (other !== event.target) other.checked = false;
      }
      count();
    });
    const rows = [...list.querySelectorAll(".jr:not(.head)")].map(row => [...row.querySelectorAll("input")]);
    list.addEventListener("keydown", event => {
      const y = rows.findIndex(row => row.includes(event.target));
      const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
      if (y < 0 || !step) return;
      event.preventDefault();
      const row = rows[y + step[0]], x = rows[y].indexOf(event.target);
      if (!row) return;
      const at = step[0] ? Math.round((x + .5) / rows[y].length * row.length - .5) : x + step[1];
      row[Math.max(0, Math.min(row.length - 1, at))].focus();
    });
    count();
  }
  for (const figure of document.querySelectorAll(".figure")) {
    const field = figure.querySelector(".field"), skip = figure.querySelector(".ends input");
    if (!skip) continue;
    field.addEventListener("input", () => { if (field.value) skip.checked = false; });
    skip.addEventListener("change", () => { if (skip.checked) field.value = ""; });
  }
})();
