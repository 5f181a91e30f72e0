// The line from 0 to 100: no mark before the first touch; the first Plus starts at the left end, the first Minus at the right.
"use strict";
self.proLine = (item, {make, fields, say, touched}) => {
  const input = fields(item)[0], plain = item.el.querySelector(".plain");
  const slider = make("div", {class: "vas card", role: "slider", tabindex: 0, "aria-labelledby": input.id + "-h",
    "aria-describedby": input.id + "-plain",
    "aria-valuemin": 0, "aria-valuemax": 100});
  slider.innerHTML = '<svg viewBox="0 0 328 72" aria-hidden="true"><path class="bar" d="M14 36h300M14 24v24M314 24v24"/><circle class="knob" cy="36" r="15"/></svg>';
  slider.append(make("div", {class: "row between"}, ...item.ends.map(end => make("span", {}, end))));
  const step = (name, sign) => make("button", {type: "button", class: "b two", name},
    make("b", {"aria-hidden": true}, sign), " " + say(name));
  plain.hidden = true;
  plain.after(slider, make("div", {class: "halves"}, step("less", "–"), step("more", "+")));
  const drawing = slider.firstElementChild, knob = drawing.lastElementChild;
  item.draw = () => {
    const empty = input.value === "";
    knob.setAttribute("visibility", empty ? "hidden" : "visible");
    knob.setAttribute("cx", 14 + input.value * 3);
    slider.setAttribute("aria-valuenow", input.value || 0);
    slider.setAttribute("aria-valuetext", empty ? say("vas-empty") : say("vas-set", {n: input.value}));
  };
  const set = value => {
    input.value = Math.max(0, Math.min(100, Math.round(value)));
    touched(item);
  };
  const move = (by, start) => set(input.value === "" ? start : Number(input.value) + by);
  const at = event => {
    const {left, width} = drawing.getBoundingClientRect();
    set(((event.clientX - left) / width * 328 - 14) / 3);
  };
  slider.addEventListener("click", at);
  slider.addEventListener("keydown", event => {
    const by = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10}[event.key];
    if (by) move(by, by > 0 ? 0 : 100);
    else if (event.key === "Home" || event.key === "End") set(event.key === "Home" ? 0 : 100);
    else return;
    event.preventDefault();
  });
  item.step = name => name === "more" ? move(1, 0) : move(-1, 100);
};
