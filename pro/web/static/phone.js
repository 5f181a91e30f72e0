// The diary on the phone: screens turn without a request, answers leave in the background.
// The server decides again what shows and what is an answer; this page only asks and keeps.
"use strict";
{
const begin = () => {
const $ = id => document.getElementById(id);
const form = $("asked"), state = JSON.parse($("state").textContent), words = JSON.parse($("words").textContent);
const items = [...form.querySelectorAll("section[data-kind]")].map(el => ({
  el, key: el.id, kind: el.dataset.kind, short: el.dataset.short, ...JSON.parse(el.dataset.meta || "{}")}));
const byKey = new Map(items.map(item => [item.key, item]));
const answers = new Map(Object.entries(state.answers).map(([key, [code, value]]) => [key, {code, value}]));
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const inputs = item => [...item.el.querySelectorAll("[name]")];
const fields = item => inputs(item).filter(input => input.name === item.key);
const make = (tag, attributes = {}, ...children) => {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...children);
  return el;
};

// --- Which questions show

function meets(test, seen) {
  if (test.any) return test.any.some(one => meets(one, seen));
  if (test.all) return test.all.every(one => meets(one, seen));
  const value = seen.get(test.item);
  if (value === undefined) return false;
  switch (test.op) {
    case "is": return value === test.value;
    case "at_least": return Number(value) >= Number(test.value);
    case "at_most": return Number(value) <= Number(test.value);
    case "includes": return Array.isArray(value) && value.includes(test.value);
    default: return Array.isArray(value) ? value.length > 0 : Boolean(value);
  }
}

function shown() {
  const seen = new Map();
  return items.filter(item => {
    if (item.show && !meets(item.show, seen)) return false;
    const answer = answers.get(item.key);
    if (answer?.code === "answered") seen.set(item.key, answer.value);
    return true;
  });
}

// --- Reading and writing the fields of a question

// The answer in the fields, undefined where there is none yet. Throws the words of a problem.
function read(item) {
  const found = fields(item);
  if (item.kind === "several" || item.kind === "joints") {
    const chosen = found.filter(input => input.checked).map(input => input.value);
    if (chosen.length) return chosen;
    return none(item)?.checked ? [] : undefined;
  }
  if (found[0].type === "radio") {
    const value = found.find(input => input.checked)?.value;
    if (value === undefined) return undefined;
    return item.kind === "rating" ? Number(value) : item.kind === "yes-no" ? value === "yes" : value;
  }
  const text = found[0].value.trim();
  if (!text) return undefined;
  return item.kind === "integer" || item.kind === "decimal" || item.kind === "vas" ? number(item, text) : text;
}

const none = item => item.el.querySelector(`[name="${item.key}.none"]`);
const local = text => words.comma ? String(text).replace(".", ",") : String(text);

function number(item, text) {
  const plain = text.replace(",", ".");
  if (!/^-?\d{1,9}(\.\d{1,9})?$/.test(plain)) throw say("problem.number", {example: item.example});
  const [, after = ""] = plain.split(".");
  if (after && !item.decimals) throw say("problem.whole");
  if (after.length > (item.decimals || 0)) throw item.tooLong;
  if (item.low !== undefined && Number(plain) < item.low) throw say("problem.low", {limit: local(item.low)});
  if (item.high !== undefined && Number(plain) > item.high) throw say("problem.high", {limit: local(item.high)});
  return item.kind === "decimal" ? plain : Number(plain);
}

function write(item, quiet) {
  const answer = answers.get(item.key), value = answer?.code === "answered" ? answer.value : undefined;
  for (const input of fields(item)) {
    if (input.type === "radio") input.checked = value !== undefined && input.value === asText(item, value);
    else if (input.type === "checkbox") input.checked = Array.isArray(value) && value.includes(input.value);
    else input.value = value === undefined ? "" : item.kind === "decimal" ? local(value) : value;
  }
  if (none(item)) none(item).checked = Array.isArray(value) && !value.length;
  if (!quiet) item.draw?.();
}

const asText = (item, value) => item.kind === "yes-no" ? (value ? "yes" : "no") : String(value);

// --- What was touched, until the hospital has it

const box = `pro:${state.assessment}:`;
const client = [...crypto.getRandomValues(new Uint8Array(9))].map(n => n.toString(36)).join("");
let queue = [], seq = 0, timer = 0, wait = 2000, busy = false, over = false;
const earlier = [];

const remember = () => {
  try {
    queue.length ? localStorage.setItem(box + client, JSON.stringify(queue)) : localStorage.removeItem(box + client);
  } catch { /* without storage the answers stay in this page */ }
};

function recall() {
  try {
    for (const name of Object.keys(localStorage).filter(name => name.startsWith(box)))
      earlier.push(...JSON.parse(localStorage.getItem(name)).map(save => ({...save, box: name})));
  } catch { return; }
  earlier.sort((a, b) => a.at < b.at ? -1 : 1);
  for (const save of earlier) if (byKey.has(save.item)) put(save);
}

function forget(save) {
  queue = queue.filter(one => one !== save);
  if (!save.box) return;
  earlier.splice(earlier.indexOf(save), 1);
  const left = earlier.filter(one => one.box === save.box).map(({box, ...one}) => one);
  try {
    left.length ? localStorage.setItem(save.box, JSON.stringify(left)) : localStorage.removeItem(save.box);
  } catch { /* nothing was kept there */ }
}

// An answer taken back is said to the hospital too, else it would come back.
const put = ({item, code, value}) => code === "cleared" ? answers.delete(item) : answers.set(item, {code, value});

function keep(item, code, value) {
  const before = answers.get(item.key);
  if (before && before.code === code && JSON.stringify(before.value) === JSON.stringify(value)) return;
  const save = {client, seq: ++seq, item: item.key, code, value, lang: document.documentElement.lang, words: item.words, at: new Date().toISOString(),
    offset: -new Date().getTimezoneOffset()};
  put(save);
  const line = item.el.querySelector(".vas svg");
  if (line) save.length = Math.round(line.getBoundingClientRect().width * .915);
  queue.push(save);
  remember();
  fetchLater();
  paint();
  if (!timer) timer = setTimeout(send, 1500);
}

async function send(last = false) {
  clearTimeout(timer);
  timer = 0;
  const saves = [...earlier, ...queue];
  if (!saves.length || over || (busy && !last)) return;
  busy = true;
  let reply;
  try {
    reply = await post("/d/save", {assessment: state.assessment, now: new Date(), saves: saves.map(({box, ...save}) => save)}, last);
  } catch { /* no network */ }
  busy = false;
  if (!reply || reply.status >= 500 || reply.status === 429) return retry();
  wait = 2000;
  if (reply.status === 409) return stop("sending.closed");
  if (!reply.ok) return await later?.renew() ? send() : stop("sending.gone");
  tell("");
  settle(await reply.json(), saves);
}

const post = (to, body, keepalive = false) => fetch(to, {method: "POST", keepalive, credentials: "same-origin",
  headers: {"Content-Type": "application/json", "X-Pro-Token": state.token}, body: JSON.stringify(body)});

function retry() {
  if (wait > 2000) tell("sending.waiting");
  timer = setTimeout(send, wait);
  wait = Math.min(wait * 2, 30000);
}

function stop(key) {
  over = true;
  tell(key);
  paint();
}

function settle(reply, saves) {
  const same = ([client, seq]) => saves.find(save => save.client === client && save.seq === seq);
  for (const pair of reply.acknowledged) { const save = same(pair); if (save) forget(save); }
  for (const {client, seq, item, why} of reply.refused) {
    const save = same([client, seq]);
    if (save) forget(save);
    if (byKey.has(item)) { answers.delete(item); complain(byKey.get(item), why || say("sending.refused")); }
  }
  remember();
  paint();
  if (reply.emergency) alarm(reply.emergency);
  if (queue.length || earlier.length) timer ||= setTimeout(send, 1500);
}

function tell(key) {
  $("news").hidden = !key;
  if (key && $("news").textContent !== say(key)) $("news").textContent = say(key);
}

const waiting = key => [...earlier, ...queue].some(save => save.item === key);

// --- Screens

let long, screen = "", fromReview = false, urgentBack = "", urgentSeen;

function go(to, how = "push") {
  if (how === "push") history.pushState({to, depth: (history.state?.depth || 0) + 1}, "");
  if (how === "replace") history.replaceState({to, depth: history.state?.depth || 0}, "", state.address);
  turn(to);
}

function turn(to) {
  screen = to;
  const item = byKey.get(to);
  form.hidden = !item;
  for (const one of items) one.el.hidden = one !== item;
  $("review").hidden = to !== "review";
  $("urgent").hidden = to !== "urgent";
  $("leave").hidden = true;
  $("go").hidden = $("skip").hidden = $("mark").hidden = false;
  if (item) {
    $("back").hidden = !history.state?.depth && !state.start && item === shown()[0];
    $("not-applicable").hidden = !item.na;
    item.turn?.();
    item.el.querySelector(".error")?.remove();
    write(item);
  }
  long ? long.turn(to) : item && progress(item);
  if (to === "review") {
    fromReview = true;
    later ? later.review() : fetchLater();
  }
  paint();
  scrollTo(0, 0);
  const head = (item ? item.el : $(to)).querySelector("h1");
  head.focus({preventScroll: true});
  document.title = head.textContent;
}

function progress(item) {
  const now = shown(), at = now.indexOf(item);
  $("where").textContent = say("where", {n: at + 1, of: now.length}) + " · " + state.what;
  if (now.length > 10) {
    $("beads").replaceChildren(make("progress", {max: now.length, value: at + 1}));
  } else {
    const list = make("ol", {class: "beads"});
    now.forEach((_, n) => list.append(make("li", n === at ? {class: "now"} : n < at ? {class: "done"} : {})));
    $("beads").replaceChildren(list);
  }
}

function paint() {
  const mark = $("mark"), answer = answers.get(screen);
  if (!byKey.has(screen)) return;
  const kind = !answer ? "" : waiting(screen) ? "phone" : "house";
  const text = !answer ? say(byKey.get(screen).kind === "vas" ? "vas-empty" : "none-yet")
    : (answer.code === "answered" ? "" : say(answer.code) + " · ") + say(kind === "phone" ? "on-phone" : "received");
  if (mark.dataset.kind === kind && mark.textContent.trim() === text) return;
  mark.dataset.kind = kind;
  mark.className = kind ? "mark" : "soft";
  mark.replaceChildren(...(kind ? [$("i-" + kind).content.cloneNode(true), " "] : []), text);
}

// A mended problem keeps its place until the screen turns, so that nothing moves under a finger.
function complain(item, text) {
  const old = item.el.querySelector(".error");
  if (!text) { if (old) old.style.visibility = "hidden"; return; }
  old?.remove();
  const line = make("p", {class: "error", role: "alert"}), head = item.el.querySelector("legend") || item.el.querySelector("h1");
  (item.el.querySelector(".soft") || head).after(line);
  line.textContent = text;
}

// --- Moving on

function take(item) {
  const value = read(item);
  if (value !== undefined) keep(item, "answered", value);
  else if (answers.get(item.key)?.code === "answered") keep(item, "cleared");
  complain(item, "");
  return answers.has(item.key);
}

function next() {
  const item = byKey.get(screen);
  try {
    if (!take(item)) throw say("problem.empty" + (item.kind === "joints" ? "-joints" : /^int|dec/.test(item.kind) ? "-number" : ""));
  } catch (problem) {
    if (typeof problem !== "string") throw problem;
    complain(item, problem);
    const first = item.el.querySelector(".vas") || inputs(item)[0];
    first.focus();
    return item.el.querySelector(".error").scrollIntoView({block: "center"});
  }
  onward(item);
}

function onward(item) {
  const now = shown();
  const rest = fromReview ? now.filter(one => !answers.has(one.key)) : now.slice(now.indexOf(item) + 1);
  if (!rest.length) fromReview = false;
  const to = rest.length ? rest[0].key : "review";
  go(long?.rest(item.key, to) || to);
  send();
}

function back() {
  const now = shown(), at = screen === "review" ? now.length : now.findIndex(item => item.key === screen);
  if (history.state?.depth) return history.back();
  if (at > 0) go(now[at - 1].key, "replace");
  else location.assign(state.start || state.address);
}

function leave(open) {
  $("leave").hidden = !open;
  $("go").hidden = $("skip").hidden = $("mark").hidden = open;
  (open ? $("leave").querySelector("h2") : $("skip").firstElementChild).focus();
}

function pass(code) {
  const item = byKey.get(screen);
  keep(item, code);
  write(item);
  complain(item, "");
  onward(item);
}

// --- An emergency is shown at once

function alarm({advice, told, seen}, how) {
  $("advice").textContent = advice;
  $("told").textContent = told;
  if (screen !== "urgent") urgentBack = screen;
  urgentSeen = seen;
  go("urgent", how);
}

// --- What is needed later comes after the first answer: the drawing of the joints, reading again, sending

let later, asked = false;

function fetchLater() {
  if (asked) return;
  asked = true;
  const script = make("script", {src: state.later});
  script.onload = () => {
    later = self.proLater({$, make, items, byKey, answers, shown, fields, none, touched, words, write, local, asText, state,
      post, send, tell, isWaiting: () => queue.length + earlier.length > 0, isBusy: () => busy, isOver: () => over,
      finish: () => { over = true; }, isHere: () => screen === "review"});
    // The screen as it stands, its fields untouched: a number that is being typed is no answer yet.
    const item = byKey.get(screen);
    item?.turn?.();
    item?.draw?.();
    if (screen === "review") later.review();
  };
  script.onerror = () => {
    asked = false;
    script.remove();
    if (screen === "review") tell("sending.waiting");
  };
  document.head.append(make("link", {rel: "stylesheet", href: state.laterStyle}), script);
}

// --- Touches

function touched(item, input) {
  if (input?.type === "checkbox" && input.checked) {
    const alone = item.kind === "joints" ? [none(item).value] : item.alone || [];
    const lonely = item.kind === "joints" ? input === none(item) : alone.includes(input.value);
    for (const one of inputs(item)) {
      const oneLonely = item.kind === "joints" ? one === none(item) : alone.includes(one.value);
      if (one !== input && (lonely || oneLonely)) one.checked = false;
    }
  }
  try { take(item); } catch (problem) { if (typeof problem !== "string") throw problem; complain(item, problem); }
  item.draw?.();
}

form.addEventListener("change", event => {
  const item = byKey.get(event.target.closest("section")?.id);
  if (item) touched(item, event.target);
});
form.addEventListener("submit", event => {
  event.preventDefault();
  if ($("leave").hidden) next();
});
document.querySelector("main").addEventListener("click", event => {
  const target = event.target.closest("button[name],[data-to]"), item = byKey.get(screen);
  if (!target) return;
  if (target.dataset.to) { event.preventDefault(); $("missing").hidden = true; return go(target.dataset.to); }
  switch (target.name) {
    case "back": case "review-back": return back();
    case "skip": return leave(true);
    case "skip-no": return leave(false);
    case "skip-yes": return pass("skipped");
    case "not-applicable": return pass("not-applicable");
    case "less": case "more": return item.step(target.name);
    case "list": return item.list();
    case "hand-done": return history.back();
    case "send": return later?.submit(target);
    case "go-on":
      document.cookie = `pro-read=${urgentSeen};path=/d;samesite=lax`;
      return go(urgentBack || "review", "replace");
  }
});
addEventListener("popstate", event => {
  const {to, hand} = event.state || {};
  if (over || !to || !$(to)) return;
  turn(to);
  if (hand) byKey.get(to).hand(hand);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  const item = byKey.get(screen);
  try { if (item) take(item); } catch { /* not an answer yet */ }
  send(true);
});
addEventListener("online", () => { send(); if (screen === "review") fetchLater(); });

// --- Begin where it was left

for (const item of items) if (item.kind === "vas") self.proLine(item, {make, fields, say, touched});
recall();
long = self.proLong?.({$, make, items, answers, shown, say, state});
$("call-site").href = "tel:" + state.telephone;
$("call-help").href = "tel:" + state.emergency;
$("call-help").lastChild.textContent = " " + say("call", {number: state.emergency});
if ($("switch")) {
  $("switch").href = state.other;
  $("switch").addEventListener("click", () => send(true));
}
const first = shown().find(item => !answers.has(item.key)), kept = history.state?.to;
history.replaceState({to: first ? first.key : "review", depth: 0}, "", state.address);
turn(byKey.has(kept) || kept === "review" ? kept : first ? first.key : "review");
if (state.urgent) alarm(state.urgent, "replace");
if (answers.size) fetchLater();
if (earlier.length) send();
};
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
}
