/* Says that the session is about to end; what was typed is kept by the server when it has. */
(() => {
  const note = document.querySelector("[data-leaving]");
  if (!note) return;
  setTimeout(() => { note.hidden = false; }, 25 * 60 * 1000);
})();
