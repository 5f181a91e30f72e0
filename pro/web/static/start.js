// A browser that can do all that phone.js needs gets the whole questionnaire at once, into this page;
// any other gets an item a page from the same form.
"use strict";
if ("replaceChildren" in Element.prototype && "keepalive" in Request.prototype) {
  const form = document.querySelector("form");
  form.js.value = "1";
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const button = event.submitter, main = document.querySelector("main"), body = new FormData(form);
    body.set("js", "piece");
    body.set("start", button.value);
    const sent = await fetch(form.action, {method: "POST", body}).catch(() => null);
    if (sent && sent.ok && !sent.redirected) {
      main.innerHTML = await sent.text();
      const script = document.createElement("script");
      script.textContent = document.getElementById("run").textContent;
      document.body.append(script);
    } else {
      form.insertAdjacentHTML("beforeend", `<input type="hidden" name="start" value="${button.value}">`);
      form.submit();
    }
  });
}
