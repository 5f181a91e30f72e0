/* Shows curves and calendars from their newest day, and says that the session is about to end; what was typed is kept by the server when it has. */
(() => {
  // On a narrow screen a curve opens with its newest recorded day in sight: at its beginning where that does, else as near its end as that allows.
  for (const box of document.querySelectorAll(".scroll:has(> .curve)")) {
    const newest = [...box.querySelectorAll("g.f-main circle")].pop();
    const at = newest ? newest.getBoundingClientRect().left - box.getBoundingClientRect().left : box.scrollWidth;
    box.scrollLeft = at < box.clientWidth * .8 ? 0 : at - box.clientWidth / 3;
  }
  // The calendar shows today and the percentages, which end at 959 of its units; the header shows the tab of this page.
  for (const box of document.querySelectorAll(".scroll:has(> .strip)")) box.scrollLeft = box.scrollWidth * 959 / box.firstElementChild.viewBox.baseVal.width - box.clientWidth;
  const tab = document.querySelector(".top .tabs [aria-current]");
  if (tab) tab.parentNode.scrollLeft = tab.offsetLeft - tab.parentNode.offsetLeft - (tab.parentNode.clientWidth - tab.offsetWidth) / 2;
  const note = document.querySelector("[data-leaving]");
  if (!note) return;
  setTimeout(() => { note.hidden = false; }, 25 * 60 * 1000);
})();
