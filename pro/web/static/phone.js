// The diary on the phone: screens turn without a request, answers leave in the background.
// The server decides again what shows and what is an answer; this page only asks and keeps.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
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

function write(item) {
  const answer = answers.get(item.key), value = answer?.code === "answered" ? answer.value : undefined;
  for (const input of fields(item)) {
    if (input.type === "radio") input.checked = value !== undefined && input.value === asText(item, value);
    else if (input.type === "checkbox") input.checked = Array.isArray(value) && value.includes(input.value);
    else input.value = value === undefined ? "" : item.kind === "decimal" ? local(value) : value;
  }
  if (none(item)) none(item).checked = Array.isArray(value) && !value.length;
  item.draw?.();
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
  for (const save of earlier) if (byKey.has(save.item)) answers.set(save.item, {code: save.code, value: save.value});
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

function keep(item, code, value) {
  const before = answers.get(item.key);
  if (before && before.code === code && JSON.stringify(before.value) === JSON.stringify(value)) return;
  answers.set(item.key, {code, value});
  const save = {client, seq: ++seq, item: item.key, code, at: new Date().toISOString(),
    offset: -new Date().getTimezoneOffset()};
  if (value !== undefined) save.value = value;
  const line = item.el.querySelector(".vas svg");
  if (line) save.length = Math.round(line.getBoundingClientRect().width * .915);
  queue.push(save);
  remember();
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
    reply = await post("/d/save", {assessment: state.assessment, saves: saves.map(({box, ...save}) => save)}, last);
  } catch { /* no network */ }
  busy = false;
  if (!reply || reply.status >= 500 || reply.status === 429) return retry();
  wait = 2000;
  if (reply.status === 409) return stop("sending.closed");
  if (!reply.ok) return stop("sending.gone");
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

let screen = "", fromReview = false, urgentBack = "";

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
    $("not-applicable").hidden = !item.na;
    item.turn?.();
    write(item);
    progress(item);
  }
  if (to === "review") review();
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

function complain(item, text) {
  const line = item.el.querySelector(".error");
  line.textContent = text;
  line.hidden = !text;
}

// --- Moving on

function take(item) {
  const value = read(item);
  if (value !== undefined) keep(item, "answered", value);
  else if (answers.get(item.key)?.code === "answered") { answers.delete(item.key); paint(); }
  complain(item, "");
  return answers.has(item.key);
}

function next() {
  const item = byKey.get(screen);
  try {
    if (!take(item)) throw say(item.kind === "joints" ? "problem.empty-joints" : "problem.empty");
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
  go(rest.length ? rest[0].key : "review");
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

// --- Reading again and sending

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
    case "date": return new Date(value + "T12:00").toLocaleDateString(document.documentElement.lang, {dateStyle: "long"});
    case "time": case "text": return value;
    default: return fields(item).filter(input => [value].flat().map(one => asText(item, one)).includes(input.value))
      .map(label).join(", ");
  }
}

function review() {
  fromReview = true;
  $("what").textContent = state.what;
  $("rows").replaceChildren(...shown().map(item => {
    const has = answers.has(item.key);
    const edit = make("button", {type: "button", class: "b quiet", "data-to": item.key},
      say(has ? "edit" : "answer"), make("span", {class: "out"}, " " + item.short));
    return make("div", {}, make("dt", {}, item.short),
      make("dd", has ? {} : {class: "error"}, has ? inWords(item) : say("none")), make("dd", {class: "b-side"}, edit));
  }));
}

function lacking(keys) {
  const note = $("missing");
  note.hidden = !keys.length;
  if (!keys.length) return false;
  note.replaceChildren(make("h2", {}, keys.length > 1 ? say("missing.other", {n: keys.length}) : say("missing.one", {n: 1})),
    ...keys.map(key => make("p", {}, make("a", {href: "#", "data-to": key},
      say("missing-each", {item: byKey.get(key)?.short ?? key})))));
  note.focus();
  note.scrollIntoView();
  return true;
}

async function submit(button) {
  if (lacking(shown().filter(item => !answers.has(item.key)).map(item => item.key)) || button.dataset.busy) return;
  button.dataset.busy = "1";
  const said = button.textContent;
  button.textContent = say("busy");
  try {
    for (let n = 0; n < 60 && busy; n++) await new Promise(done => setTimeout(done, 100));
    await send();
    if (queue.length || earlier.length) { if (!over) tell("sending.offline"); return; }
    if (screen !== "review") return;
    const reply = await post("/d/submit", {assessment: state.assessment, lang: document.documentElement.lang});
    if (reply.ok) return thank(await reply.text());
    const answer = reply.status === 422 ? await reply.json() : {};
    if (answer.missing) { for (const key of answer.missing) answers.delete(key); review(); lacking(answer.missing); }
    else tell(reply.status === 409 ? "sending.closed" : reply.status < 500 ? "sending.gone" : "sending.offline");
  } catch { tell("sending.offline"); }
  finally { delete button.dataset.busy; button.textContent = said; }
}

function thank(html) {
  over = true;
  tell("");
  const main = document.querySelector("main");
  main.innerHTML = html;
  history.replaceState({to: "thanks"}, "", state.address);
  scrollTo(0, 0);
  main.querySelector("h1").focus();
  document.title = main.querySelector("h1").textContent;
}

function alarm({advice, told}) {
  $("advice").textContent = advice;
  $("told").textContent = told;
  urgentBack = screen;
  go("urgent");
}

// --- The line from 0 to 100: no mark before the first touch

function line(item) {
  const input = fields(item)[0], plain = item.el.querySelector(".plain");
  plain.hidden = true;
  const svg = `<svg viewBox="0 0 328 72" aria-hidden="true"><path class="bar" d="M14 36h300M14 24v24M314 24v24"/><circle class="knob" cy="36" r="15"/></svg>`;
  const slider = make("div", {class: "vas card", role: "slider", tabindex: 0, "aria-labelledby": input.id + "-h",
    "aria-valuemin": 0, "aria-valuemax": 100});
  slider.innerHTML = svg;
  slider.append(make("div", {class: "row between"}, make("span", {}, item.ends[0]), make("span", {}, item.ends[1])));
  const step = (name, sign, text) => make("button", {type: "button", class: "b two", name}, make("b", {"aria-hidden": true}, sign), " " + text);
  plain.after(slider, make("div", {class: "halves"}, step("less", "–", say("less")), step("more", "+", say("more"))));
  const knob = slider.querySelector(".knob"), drawing = slider.firstElementChild;
  item.draw = () => {
    const value = input.value;
    knob.style.display = value === "" ? "none" : "";
    if (value !== "") knob.setAttribute("cx", 14 + value * 3);
    slider.setAttribute("aria-valuenow", value || 0);
    slider.setAttribute("aria-valuetext", value === "" ? say("vas-empty") : say("vas-set", {n: value}));
  };
  const set = value => { input.value = Math.max(0, Math.min(100, Math.round(value))); item.draw(); touched(item); };
  const move = (by, start) => set(input.value === "" ? start : Number(input.value) + by);
  const at = event => {
    const {left, width} = drawing.getBoundingClientRect();
    set(((event.clientX - left) / width * 328 - 14) / 3);
  };
  slider.addEventListener("click", at);
  slider.addEventListener("pointermove", event => { if (event.buttons && event.pointerType === "mouse") at(event); });
  slider.addEventListener("keydown", event => {
    const by = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10}[event.key];
    if (by) move(by, by > 0 ? 0 : 100);
    else if (event.key === "Home" || event.key === "End") set(event.key === "Home" ? 0 : 100);
    else return;
    event.preventDefault();
  });
  item.step = name => name === "more" ? move(1, 0) : move(-1, 100);
}

// --- The joint map: a drawing over the same boxes as the list

const BODY = {shoulder: [60, 108], elbow: [80, 180], wrist: [110, 254], hip: [36, 238], knee: [43, 326], ankle: [46, 408]};
const HAND = {MCP1: [73, 300], MCP2: [100, 236], MCP3: [152, 222], MCP4: [204, 231], MCP5: [251, 256], IP1: [37, 246],
  PIP2: [84, 142], PIP3: [149, 118], PIP4: [214, 131], PIP5: [272, 182], DIP2: [76, 94], DIP3: [147, 68], DIP4: [218, 82], DIP5: [281, 136]};
const FIGURE = [["M0 60V96", 24], ["M64 112 82 180 109 254 121 284", 27], ["M-64 112-82 180-109 254-121 284", 27],
  ["M26 236 42 326 46 408 54 428", 38], ["M-26 236-42 326-46 408-54 428", 38], ["M-52 108Q0 92 52 108L42 182Q42 206 46 240L0 248-46 240Q-42 206-42 182Z", 24]];
const FINGERS = [["M118 330 73 300 37 246 18 207", 31], ["M100 246 84 142 71 64", 30], ["M152 240 149 118 146 38", 31],
  ["M204 246 214 131 222 54", 30], ["M251 262 272 182 287 119", 26], ["M105 246 152 226 204 236 246 262Q248 306 222 350V402H150V384Q116 356 100 300Z", 20]];
const NAILS = "M68 52h7M142 26h9M219 42h8M286 108h6M12 204l8-4";

const outline = parts => ["rim", "skin"].map(layer => parts.map(([d, width]) =>
  `<path class="${layer}${d.endsWith("Z") ? " full" : ""}" d="${d}" stroke-width="${width + (layer === "rim" ? 4 : 0)}"/>`).join("")).join("");
const hand = () => outline(FINGERS);
const figure = () => `<ellipse class="rim full" cy="38" rx="26" ry="32" stroke-width="3"/>` + outline(FIGURE) + `<ellipse class="skin full" cy="38" rx="26" ry="32"/>`;

function glyph([x, y], marks, size = 1) {
  const diamond = r => `<path class="tender" d="M${x} ${y - r * size}l${r * size} ${r * size}-${r * size} ${r * size}-${r * size}-${r * size}z"/>`;
  const ring = r => `<circle class="swollen" cx="${x}" cy="${y}" r="${r * size}"/>`;
  if (marks.has("tender") && marks.has("swollen")) return ring(17) + diamond(10);
  if (marks.has("tender")) return diamond(15);
  if (marks.has("swollen")) return ring(13);
  if (marks.has("other")) return `<circle class="tender" cx="${x}" cy="${y}" r="${12 * size}"/>`;
  return size > 1 ? "" : `<circle class="dot" cx="${x}" cy="${y}" r="10.5"/>`;
}

function joints(item) {
  const boxes = new Map(fields(item).map(input => [input.value, input]));
  const spot = joint => BODY[joint.slice(2)] || HAND[joint.slice(2)];
  const list = item.el.querySelector(".list"), head = item.el.querySelector("h1"), help = item.el.querySelector(".small");
  if (![...boxes.keys()].every(spot)) return;
  const asked = head.textContent, helped = help.textContent;
  const drawing = make("div", {class: "map"}), steps = make("ol", {class: "steps"});
  const other = make("p", {class: "row middle"}, make("button", {type: "button", class: "b quiet", name: "list"}));
  const said = make("p", {class: "card", role: "status"});
  list.after(drawing, said, other);
  let open = "", listed = false, last = "";
  const sides = {L: "left", R: "right"};
  const siblings = () => shown().filter(one => one.kind === "joints" && one.el.dataset.short && one.key.split(".")[0] === item.key.split(".")[0]);
  const marksOf = joint => new Set(siblings().filter(one => fields(one).some(input => input.value === joint && input.checked)).map(one => one.mark));
  const name = joint => boxes.get(joint).closest("label").textContent.trim();
  const state = joint => {
    const marks = [...marksOf(joint)].map(mark => say("mark-" + mark));
    return marks.length > 1 ? say("both", {a: marks[0], b: marks[1]}) : marks[0] || say("mark-none");
  };
  const spotOf = (joint, x, y, r) => `<g class="j" role="checkbox" tabindex="0" data-joint="${joint}" aria-checked="${boxes.get(joint).checked}" aria-label="${name(joint)}, ${state(joint)}"><circle class="hit" cx="${x}" cy="${y}" r="${r}"/>${glyph([x, y], marksOf(joint))}</g>`;
  const inHand = side => [...boxes.keys()].filter(joint => joint[0] === side && HAND[joint.slice(2)]);
  const lens = side => {
    const sign = side === "L" ? -1 : 1, mine = inHand(side);
    if (!mine.length) return "";
    const marked = mine.filter(joint => boxes.get(joint).checked).length;
    return `<g class="j" role="button" tabindex="0" data-hand="${side}" aria-label="${say("hand-open", {hand: say(sides[side] + "-hand"), n: marked})}"><path d="M${sign * 121} 298v20" stroke="var(--edge)" stroke-width="2" stroke-dasharray="2 4"/><circle class="lens" cx="${sign * 114}" cy="368" r="48"/><g transform="translate(${sign * 114} 370) scale(${sign * .215} .215) translate(-152 -212)">${hand()}${mine.map(joint => glyph(HAND[joint.slice(2)], marksOf(joint), 1.9)).join("")}</g><text x="${sign * 163}" y="437" text-anchor="${sign < 0 ? "start" : "end"}">${say(sides[side] + "-hand")}</text></g>`;
  };
  const body = () => `<svg viewBox="-164 0 328 452" role="group" aria-label="${say("map-help")}">${figure()}<text x="-162" y="20">${say("left")}</text><text x="162" y="20" text-anchor="end">${say("right")}</text>` +
    [...boxes.keys()].filter(joint => BODY[joint.slice(2)]).map(joint => {
      const [x, y] = BODY[joint.slice(2)];
      return spotOf(joint, joint[0] === "L" ? -x : x, y, 26);
    }).join("") + lens("L") + lens("R") + "</svg>";
  const opened = side => `<svg viewBox="0 0 312 404" role="group" aria-label="${say(sides[side] + "-hand")}">${side === "L" ? `<g transform="matrix(-1 0 0 1 312 0)">` : "<g>"}${hand()}<path class="nail" d="${NAILS}"/></g>` +
    inHand(side).map(joint => {
      const [x, y] = HAND[joint.slice(2)];
      return spotOf(joint, side === "L" ? 312 - x : x, y, 23.5);
    }).join("") + "</svg>";
  item.draw = () => {
    const focused = document.activeElement?.dataset;
    const again = drawing.contains(document.activeElement) && (focused.joint ? `[data-joint="${focused.joint}"]` : `[data-hand="${focused.hand}"]`);
    drawing.innerHTML = listed ? "" : open ? opened(open) : body();
    if (again) drawing.querySelector(again)?.focus();
    list.hidden = !listed;
    drawing.hidden = listed;
    none(item).closest("label").hidden = Boolean(open);
    other.hidden = Boolean(open);
    other.firstElementChild.textContent = say(listed ? "drawing" : "list");
    said.hidden = !last || listed;
    said.textContent = last && `${name(last)} : ${state(last)}`.replace(" :", words.comma ? "\u202f:" : ":");
    $("hand").hidden = !open;
    $("go").hidden = $("skip").hidden = Boolean(open);
    head.textContent = open ? `${say(sides[open] + "-hand")}. ${asked}` : asked;
    help.textContent = open ? say("hand-help") : listed ? helped : `${helped} ${say("map-help")}`;
    const all = siblings();
    steps.hidden = all.length !== 2;
    steps.replaceChildren(...all.map(one => make("li", one === item ? {class: "now", "aria-current": "step"} : {},
      $("i-" + one.mark).content.cloneNode(true), say("mark-" + one.mark) + " ", make("b", {}, String(fields(one).filter(input => input.checked).length)))));
  };
  item.el.prepend(steps);
  item.turn = () => { open = last = ""; };
  item.hand = side => { open = side; last = ""; item.draw(); scrollTo(0, 0); head.focus({preventScroll: true}); };
  item.list = () => { listed = !listed; item.draw(); };
  item.press = joint => {
    const input = boxes.get(joint);
    input.checked = !input.checked;
    last = joint;
    touched(item, input);
  };
  const pressed = event => {
    const target = event.target.closest(".j");
    if (!target) return;
    if (event.type === "keydown") { if (event.key !== " " && event.key !== "Enter") return; event.preventDefault(); }
    if (target.dataset.joint) return item.press(target.dataset.joint);
    history.pushState({to: item.key, hand: target.dataset.hand, depth: (history.state?.depth || 0) + 1}, "");
    item.hand(target.dataset.hand);
  };
  drawing.addEventListener("click", pressed);
  drawing.addEventListener("keydown", pressed);
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
    case "body": case "hand-done": return history.back();
    case "send": return submit(target);
    case "go-on": return go(urgentBack || "review", "replace");
  }
});
addEventListener("popstate", event => {
  const to = event.state?.to || "";
  if (!over && byKey.has(to) && event.state.hand) { turn(to); byKey.get(to).hand(event.state.hand); }
  else if (!over && (byKey.has(to) || to === "review" || to === "urgent")) turn(to);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  const item = byKey.get(screen);
  try { if (item) take(item); } catch { /* not an answer yet */ }
  send(true);
});
addEventListener("online", () => send());

// --- Begin where it was left

for (const item of items) { if (item.kind === "vas") line(item); if (item.kind === "joints") joints(item); }
recall();
for (const item of items) if (item.kind === "joints") for (const input of fields(item))
  input.checked = answers.get(item.key)?.code === "answered" && answers.get(item.key).value.includes(input.value);
$("call-site").href = "tel:" + state.telephone;
$("call-help").href = "tel:" + state.emergency;
$("call-help").lastChild.textContent = " " + say("call", {number: state.emergency});
if ($("switch")) $("switch").addEventListener("click", () => send(true));
const first = shown().find(item => !answers.has(item.key)), kept = history.state?.to;
history.replaceState({to: first ? first.key : "review", depth: 0}, "", state.address);
turn(byKey.has(kept) || kept === "review" ? kept : first ? first.key : "review");
if (earlier.length) send();
});
