/* Shows curves from their newest day, and says that the session is about to end; what was typed is kept by the server when it has. */
(() => {
  // On a narrow screen a curve begins at its newest day.
  for (const box of document.querySelectorAll(".scroll:has(> .curve)")) box.scrollLeft = box.scrollWidth;
  const note = document.querySelector("[data-leaving]");
  if (!note) return;
  setTimeout(() => { note.hidden = false; }, 25 * 60 * 1000);
})();
