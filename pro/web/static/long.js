// A long sitting in parts, one questionnaire each: where one is, what is done, a rough time left, and places to rest.
"use strict";
self.proLong = ({$, make, items, answers, shown, say, state}) => {
const {parts} = state, form = $("asked");
const partOf = key => parts.find(part => key.startsWith(part.id + "."));
const named = test => (test.any || test.all)?.flatMap(named) || [test.item];
let back, at;

// What shows of each part, and what is still to come: what shows without an answer, and what that may yet bring.
// Whatever branch opens, less is to come than before.
function count() {
  const now = new Set(shown()), open = new Set();
  for (const part of parts) {
    part.own = items.filter(item => partOf(item.key) === part);
    part.shown = part.own.filter(item => now.has(item));
    part.left = part.own.filter(({key, show}) => {
      const still = part.shown.some(item => item.key === key) ? !answers.has(key) : named(show).some(one => open.has(one));
      if (still) open.add(key);
      return still;
    }).length;
  }
}

const number = part => say("part", {n: parts.indexOf(part) + 1, of: parts.length});
const minutes = () => Math.max(1, Math.ceil(parts.reduce((sum, part) => sum + part.minutes * part.left / part.own.length, 0)));
const bar = now => '<svg class="segments" aria-hidden="true">' + parts.map(part => {
  const {x, width, own, left} = part, done = width * (own.length - left) / own.length;
  const piece = (name, wide) => `<rect class="${name}" x="${x}%" y="4" width="${wide}%" height="8" rx="4"/>`;
  return piece(part === now ? "ahead ahead-now" : "ahead", width) + (done ? piece("behind", done) : "");
}).join("") + "</svg>";

const title = make("p", {class: "in-part", id: "part"});
form.prepend(title);
$("beads").after($("where"));

function said(el, part) {
  el.replaceChildren(make("b", {}, part.title), make("span", {class: "small"}, number(part) + " · ", make("b", {}, part.recall)));
}

const rests = parts.filter(part => part.rest).map(part => {
  const place = make("div", {}), to = items.find(item => partOf(item.key) === part).key;
  const back = $("back").cloneNode(true), on = make("button", {type: "button", class: "b", name: "on", "data-to": to}, say("next"));
  back.removeAttribute("id");
  const el = make("section", {id: "part-" + part.id, class: "stack", hidden: ""},
    make("p", {class: "small soft"}, number(part)), place, make("h1", {tabindex: -1}, part.title),
    make("p", {}, say("recall") + "\u00a0: ", make("b", {}, part.recall)), make("p", {}, part.rest + "."),
    make("p", {class: "soft"}, state.pause),
    make("div", {class: "go"}, back, on));
  el.draw = () => place.innerHTML = bar(part);
  form.after(el);
  return el;
});

count();
const open = parts.reduce((sum, part) => sum + part.left, 0);
if (answers.size && open) {
  const of = shown().length;
  back = make("p", {class: "welcome", id: "welcome"}, say("back", {n: shown().filter(item => answers.has(item.key)).length, of}));
  form.prepend(back);
}

return {
  turn(to) {
    count();
    for (const el of rests) if (!(el.hidden = el.id !== to)) el.draw();
    if (back && at && at !== to) back = back.remove();
    const item = items.find(one => one.key === to);
    if (!item) return;
    const part = partOf(to), before = at && partOf(at);
    at = to;
    said(title, part);
    $("beads").innerHTML = bar(part);
    $("where").textContent = say("where", {n: part.shown.indexOf(item) + 1, of: part.shown.length}) + " · " +
      say(minutes() < 2 ? "left.one" : "left.other", {n: minutes()});
    item.el.querySelector("h1").setAttribute("aria-describedby",
      (back ? "welcome " : "") + (before === part ? "" : "part ") + "where");
  },
  // The calm page that stands between two parts, where there is one.
  rest(from, to) {
    const part = partOf(to);
    return part && part.rest && part !== partOf(from) && "part-" + part.id;
  },
};
};
