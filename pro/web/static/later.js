// What comes after the first answer: reading again, sending, thanks; and the joint map where joints are asked.
"use strict";
self.proLater = tools => {
const {$, make, items, byKey, answers, shown, fields, local, asText, state, post, send, tell} = tools;
const words = self.proLater.words;
for (const key of ["sending.offline", "sending.back"]) tools.words[key] = words[key];
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

function inWords(item) {
  const {code, value} = answers.get(item.key);
  if (code !== "answered") return say(code);
  const label = input => input.closest("label").textContent.trim();
  switch (item.kind) {
    case "rating": return say("of", {n: value, of: item.high ?? 10});
    case "vas": return say("mark");
    case "joints": {
      const names = fields(item).filter(input => value.includes(input.value)).map(label);
      return names.length ? say("count", {n: names.length, list: names.join(", ")}) : say("no-joint");
    }
    case "integer": case "decimal": return [local(value), item.unit].filter(Boolean).join("\u00a0");
    case "date":
      return new Date(value + "T12:00").toLocaleDateString(document.documentElement.lang, {dateStyle: "long"});
    case "time": case "text": return value;
    default: {
      const chosen = [value].flat().map(one => asText(item, one));
      return fields(item).filter(input => chosen.includes(input.value)).map(label).join(", ");
    }
  }
}

function row(item) {
  const has = answers.has(item.key);
  const edit = make("button", {type: "button", class: "b quiet", "data-to": item.key},
    say(has ? "edit" : "answer"), make("span", {class: "out"}, " " + item.short));
  return make("div", {}, make("dt", {}, item.short),
    make("dd", has ? {} : {class: "error"}, has ? inWords(item) : say("none")), make("dd", {class: "b-side"}, edit));
}

function review() {
  $("what").textContent = state.what;
  state.parts ? reviewParts() : $("rows").replaceChildren(...shown().map(row));
  remind();
}

// Answers leave by themselves, sending does not: who touched Send without a network reads so until it is sent.
let unsent = false;
function offline() {
  unsent = true;
  tell("sending.offline");
}

function remind(back = false) {
  if (!unsent || tools.isOver() || !tools.isHere()) return;
  const news = $("news");
  if (news.hidden || back && !tools.isWaiting()) tell("sending.back");
  else if (news.textContent === tools.words["sending.waiting"]) tell("sending.offline");
}
new MutationObserver(() => remind()).observe($("news"), {attributes: true, childList: true});
addEventListener("online", () => remind(true));

// A long sitting: a part is open where something is missing, which then comes first, or where it was left open.
// Who comes back from a question finds its row again.
let edited = "";
function reviewParts() {
  const now = shown(), were = $("rows");
  const rows = were.matches("dl") ? make("div", {id: "rows", class: "groups"}) : were;
  const open = new Set([...rows.querySelectorAll("[open]")].map(one => one.dataset.part));
  rows.replaceChildren(...state.parts.map(part => {
    const own = now.filter(item => item.key.startsWith(part.id + ".")), lacking = own.filter(item => !answers.has(item.key));
    const out = own.filter(item => answers.get(item.key)?.code === "skipped").length;
    const count = say("count-part", {n: own.length - lacking.length, of: own.length}) +
      (out ? ", " + say(out < 2 ? "skipped-part.one" : "skipped-part.other", {n: out}) : "");
    const group = make("details", {"data-part": part.id},
      make("summary", {}, make("span", {}, part.title), make("span", {class: "small num"}, count)),
      make("dl", {class: "review"}, ...[...lacking, ...own.filter(item => answers.has(item.key))].map(row)));
    group.open = lacking.length || open.has(part.id);
    return group;
  }));
  if (rows !== were) {
    were.replaceWith(rows);
    rows.addEventListener("click", event => { edited = event.target.closest("[data-to]")?.dataset.to || edited; });
  }
  const back = edited;
  edited = "";
  if (back) setTimeout(() => {
    const button = rows.querySelector(`[data-to="${back}"]`);
    button?.focus();
    button?.scrollIntoView({block: "center"});
  });
}

// Says what is missing or was changed, with the way there; false where nothing is.
function lacks(keys, why = "missing") {
  const note = $("missing"), short = key => byKey.get(key)?.short ?? key;
  note.hidden = !keys.length;
  if (!keys.length) return false;
  note.replaceChildren(make("h2", {}, say(why + (keys.length > 1 ? ".other" : ".one"), {n: keys.length, item: short(keys[0])})),
    ...keys.map(key => make("p", {}, make("a", {href: "#", "data-to": key},
      say(why + "-each", {item: short(key), answer: answers.has(key) ? inWords(byKey.get(key)) : say("none")})))));
  if (why === "changed") note.append(make("p", {}, say("changed-then")));
  note.focus();
  note.scrollIntoView();
  return true;
}

// What another window or phone changed since it was read here: as it stands now, to be read again.
function accept(changed) {
  const touched = items.filter(item => item.key in changed);
  for (const item of touched) {
    const answer = changed[item.key];
    answer ? answers.set(item.key, {code: answer[0], value: answer[1]}) : answers.delete(item.key);
    tools.write(item, true);
  }
  review();
  lacks(touched.map(item => item.key), "changed");
}

async function submit(button) {
  if (button.dataset.busy || lacks(shown().map(item => item.key).filter(key => !answers.has(key)))) return;
  const said = button.textContent;
  unsent = false;
  button.dataset.busy = "1";
  button.textContent = say("busy");
  try {
    await deliver();
  } catch {
    offline();
  }
  delete button.dataset.busy;
  button.textContent = said;
}

// The link opened once more on this phone has a new session: its token stands on the page of the same questions.
async function renew() {
  const page = await fetch(state.address).then(reply => reply.text(), () => "");
  const [, found] = page.match(/id="state">(.+?)<\/script>/s) || [];
  const token = found && JSON.parse(found).token, fresh = token && token !== state.token;
  if (fresh) state.token = token;
  return fresh;
}

// First whatever the hospital does not have yet, then the submission.
async function deliver() {
  for (let n = 0; n < 100 && tools.isBusy(); n++) await new Promise(done => setTimeout(done, 100));
  await send();
  if (tools.isWaiting()) return tools.isOver() || offline();
  if (!tools.isHere()) return;
  await handIn();
}

async function handIn() {
  const reviewed = Object.fromEntries([...answers].map(([key, {code, value}]) => [key, [code, value]]));
  const reply = await post("/d/submit", {assessment: state.assessment, lang: document.documentElement.lang, reviewed});
  if (reply.ok) return thank(await reply.text());
  const {missing, changed} = [409, 422].includes(reply.status) ? await reply.json() : {};
  if (changed) accept(changed);
  else if (missing) {
    for (const key of missing) answers.delete(key);
    review();
    lacks(missing);
  } else if (reply.status === 401 && await renew()) await handIn();
  else if (reply.status >= 500) offline();
  else tell(reply.status === 409 ? "sending.closed" : "sending.gone");
}

function thank(html) {
  tools.finish();
  tell("");
  const main = document.querySelector("main");
  main.innerHTML = html;
  const head = main.querySelector("h1");
  history.replaceState({to: "thanks"}, "", state.address);
  scrollTo(0, 0);
  head.focus();
  document.title = head.textContent;
}

for (const item of items) if (item.kind === "joints") self.proMap(item, tools);
return {review, submit, renew};
};
