// The joint map: a drawing over the same boxes as the list, so that both say the same.
// Mirror view: the patient's left is on the left. Finger joints are marked on a hand that opens, those of the foot
// on a foot, jaw and collarbones on the shoulders.
"use strict";
self.proMap = (() => {
const BODY = {shoulder: [60, 108], elbow: [82, 180], wrist: [109, 252], hip: [34, 240], knee: [42, 326], ankle: [46, 408]};
const HAND = {
  MCP1: [73, 300], MCP2: [100, 236], MCP3: [152, 222], MCP4: [204, 231], MCP5: [251, 256],
  IP1: [37, 246], PIP2: [84, 142], PIP3: [149, 118], PIP4: [214, 131], PIP5: [272, 182],
  DIP2: [76, 94], DIP3: [147, 68], DIP4: [218, 82], DIP5: [281, 134],
};
const FOOT = {
  tarsus: [162, 282], MTP1: [80, 168], MTP2: [132, 144], MTP3: [181, 150], MTP4: [228, 172], MTP5: [264, 212],
  toe1: [70, 78], toe2: [124, 58], toe3: [174, 70], toe4: [220, 94], toe5: [260, 134],
};
const TOP = {TMJ: [212, 128], SC: [184, 250], AC: [256, 240]};
// Limbs and fingers are thick lines with round ends: [path, width]; a path that closes is filled too.
const FIGURE = [
  ["M0 60V96", 22], ["M62 112 82 180 109 252 121 282", 27], ["M-62 112-82 180-109 252-121 282", 27],
  ["M27 232 42 326 46 408 53 430", 37], ["M-27 232-42 326-46 408-53 430", 37],
  ["M-50 110Q0 92 50 110L40 178Q38 200 33 236L0 240-33 236Q-38 200-40 178Z", 26],
];
const FINGERS = [
  ["M118 330 73 300 37 246 18 207", 31], ["M100 246 84 142 71 64", 30], ["M152 240 149 118 146 38", 31],
  ["M204 246 214 131 222 54", 30], ["M251 262 272 182 287 119", 26],
  ["M105 246 152 226 204 236 246 262Q248 306 222 350V402H150V384Q116 356 100 300Z", 20],
];
const TOES = [
  ["M92 230 80 168 70 74", 42], ["M132 210 132 144 123 54", 33], ["M178 210 181 150 173 66", 32],
  ["M216 220 228 172 219 92", 30], ["M244 250 264 212 260 132", 29],
  ["M72 168 132 150 190 156 262 214Q262 268 238 322Q222 384 164 388Q104 384 98 320Q92 250 72 168Z", 20],
];
const CHEST = [["M156 170V236", 70], ["M40 262Q156 214 272 262", 62], ["M20 380Q24 262 60 262L156 250 252 262Q288 262 292 380Z", 30]];
const NAILS = [[69, 58, -9], [146, 32, -2], [222, 48, 7], [287, 113, 13], [17, 203, -24]];
const say = (key, values = {}) => self.proLater.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const place = joint => joint.slice(2);

const outline = parts => ["rim", "skin"].map(layer => parts.map(([d, width]) =>
  `<path class="${layer}${d.endsWith("Z") ? " full" : ""}" d="${d}" stroke-width="${width + (layer === "rim" ? 4 : 0)}"/>`)
  .join("")).join("");
const figure = outline(FIGURE)
  .replace('<path class="skin', '<ellipse class="rim full" cy="38" rx="25" ry="31" stroke-width="4"/><path class="skin') +
  '<ellipse class="skin full" cy="38" rx="25" ry="31"/>';
const hand = outline(FINGERS) + NAILS.map(([x, y, turn]) =>
  `<rect class="nail" x="${x - 8}" y="${y - 9}" width="16" height="19" rx="7" transform="rotate(${turn} ${x} ${y})"/>`).join("");
const foot = outline(TOES);
const chest = outline(CHEST) + '<ellipse class="rim full" cx="156" cy="96" rx="66" ry="86" stroke-width="4"/><ellipse class="skin full" cx="156" cy="96" rx="66" ry="86"/>';
// What opens: the joints it holds, its drawing, and its round place beside the body: x, y, radius, where its words stand.
const LENSES = {
  T: {joints: TOP, drawn: chest, words: "top", x: 118, y: 66, r: 42, by: 124},
  L: {joints: HAND, drawn: hand, words: "left-hand", x: -114, y: 368, r: 48, by: 438},
  R: {joints: HAND, drawn: hand, words: "right-hand", x: 114, y: 368, r: 48, by: 438},
  LF: {joints: FOOT, drawn: foot, words: "left-foot", x: -62, y: 500, r: 48, by: 564},
  RF: {joints: FOOT, drawn: foot, words: "right-foot", x: 62, y: 500, r: 48, by: 564},
};
const holds = (lens, joint) => LENSES[lens].joints[place(joint)] && (lens === "T" || lens[0] === joint[0]);
const isLeft = joint => joint[0] === "L";

// Pointed is tender, round is swollen: the shape says it before the colour does.
function glyph([x, y], marks, size = 1) {
  const diamond = r => { r *= size; return `<path class="tender" d="M${x} ${y - r}l${r} ${r}-${r} ${r}-${r}-${r}z"/>`; };
  const ring = (r, name) => `<circle class="${name}" cx="${x}" cy="${y}" r="${r * size}" stroke-width="${5 * size}"/>`;
  if (marks.has("tender")) return marks.has("swollen") ? ring(18, "swollen") + diamond(10) : diamond(15);
  if (marks.has("swollen")) return ring(13, "swollen");
  if (marks.has("other")) return ring(12, "tender");
  return size > 1 ? "" : `<circle class="dot" cx="${x}" cy="${y}" r="10.5"/>`;
}

return (item, {$, make, fields, none, touched, shown, write}) => {
  const boxes = new Map(fields(item).map(input => [input.value, input])), names = [...boxes.keys()];
  const inLens = lens => names.filter(joint => holds(lens, joint));
  const lenses = Object.keys(LENSES).filter(lens => inLens(lens).length);
  if (!names.every(joint => BODY[place(joint)] || lenses.some(lens => holds(lens, joint)))) return;
  const list = item.el.querySelector(".list"), head = item.el.querySelector("h1");
  const help = item.el.querySelector(".soft") || make("p", {class: "soft small"});
  if (!help.parentNode) item.el.querySelector("legend").after(help);
  const asked = head.innerHTML, helped = help.textContent;
  const drawing = make("div", {class: "map"}), steps = make("ol", {class: "steps", "aria-label": say("steps")});
  const said = make("p", {class: "card", role: "status"});
  const listButton = make("button", {type: "button", class: "b quiet", name: "list"});
  const other = make("p", {class: "row middle"}, listButton);
  const back = make("button", {type: "button", class: "b two", name: "hand-done"}, say("body"));
  const finish = make("button", {type: "button", class: "b", name: "hand-done"}), done = make("div", {class: "go"}, back, finish);
  item.el.prepend(steps);
  list.after(drawing, said, done, other);
  let open = "", listed = false, last = "";

  // Tender and swollen are two passes over one drawing; any other count has a drawing of its own.
  const siblings = () => item.mark === "other" ? [item] : shown().filter(one =>
    one.kind === "joints" && one.mark !== "other" && one.key.split(".")[0] === item.key.split(".")[0]);
  const marksOf = joint => new Set(siblings()
    .filter(one => fields(one).some(input => input.value === joint && input.checked)).map(one => one.mark));
  const name = joint => boxes.get(joint).closest("label").textContent.trim();
  const inWords = joint => {
    const [a, b] = [...marksOf(joint)].map(mark => say("mark-" + mark));
    return b ? say("both", {a, b}) : a || say("mark-none");
  };
  const titleOf = lens => say(LENSES[lens].words);
  const kindOf = lens => LENSES[lens].words.replace(/.*-/, "");
  const spot = (joint, x, y, r) => `<g class="j" role="checkbox" tabindex="0" data-joint="${joint}" aria-checked="${boxes.get(joint).checked}" aria-label="${name(joint)}, ${inWords(joint)}"><circle class="hit" cx="${x}" cy="${y}" r="${r}"/>${glyph([x, y], marksOf(joint))}</g>`;

  function round(lens) {
    const {joints, drawn, x, y, r, by} = LENSES[lens], mine = inLens(lens), sign = lens[0] === "L" ? -1 : 1;
    const label = say("hand-open", {hand: titleOf(lens), n: mine.filter(joint => boxes.get(joint).checked).length});
    const at = joint => lens === "T" && isLeft(joint) ? [312 - joints[place(joint)][0], joints[place(joint)][1]] : joints[place(joint)];
    const lines = titleOf(lens).split(/, /).length > 1 ? titleOf(lens).split(/(?<=,) /) : [titleOf(lens)];
    return `<g class="j" role="button" tabindex="0" data-hand="${lens}" aria-label="${label}">` +
      (joints === HAND ? `<path d="M${sign * 122} 300v19" stroke="var(--edge)" stroke-width="2" stroke-dasharray="2 4"/>` : "") +
      `<circle class="lens" cx="${x}" cy="${y}" r="${r}"/>` +
      `<g transform="translate(${x} ${y + 3}) scale(${sign * r / 228} ${r / 228}) translate(-152 -214)">${drawn}` +
      mine.map(joint => glyph(at(joint), marksOf(joint), 2)).join("") + "</g>" +
      lines.map((line, n) => `<text x="${sign * 163}" y="${by + 16 * n}" text-anchor="${sign < 0 ? "start" : "end"}">${line}</text>`).join("") + "</g>";
  }

  const how = say(lenses.length > 2 ? "map-help-more" : "map-help");
  const tall = lenses.includes("LF") || lenses.includes("RF") ? 574 : 452;
  const body = () => `<svg viewBox="-164 0 328 ${tall}" role="group" aria-label="${how}">${figure}` +
    `<text x="-162" y="20">${say("left")}</text><text x="162" y="20" text-anchor="end">${say("right")}</text>` +
    names.filter(joint => BODY[place(joint)]).map(joint => {
      const [x, y] = BODY[place(joint)];
      return spot(joint, isLeft(joint) ? -x : x, y, 26);
    }).join("") + lenses.map(round).join("") + "</svg>";

  const opened = lens => `<svg viewBox="0 0 312 404" role="group" aria-label="${titleOf(lens)}">` +
    `<g transform="${lens[0] === "L" ? "matrix(-1 0 0 1 312 0)" : ""}">${LENSES[lens].drawn}</g>` +
    inLens(lens).map(joint => {
      const [x, y] = LENSES[lens].joints[place(joint)];
      return spot(joint, isLeft(joint) ? 312 - x : x, y, 23.5);
    }).join("") + "</svg>";

  function passes() {
    const all = siblings();
    steps.hidden = all.length !== 2;
    steps.replaceChildren(...all.map(one => make("li", one === item ? {class: "now", "aria-current": "step"} : {},
      say("mark-" + one.mark) + " ", make("b", {}, String(fields(one).filter(input => input.checked).length)))));
    all.forEach((one, n) => steps.children[n].insertAdjacentHTML("afterbegin",
      `<svg class="i" viewBox="-16 -16 32 32" aria-hidden="true">${glyph([0, 0], new Set([one.mark]))}</svg>`));
  }

  item.draw = () => {
    const {joint, hand: side} = drawing.contains(document.activeElement) ? document.activeElement.dataset : {};
    drawing.innerHTML = listed ? "" : open ? opened(open) : body();
    drawing.querySelector(joint ? `[data-joint="${joint}"]` : side ? `[data-hand="${side}"]` : "none")?.focus();
    list.hidden = !listed;
    drawing.hidden = listed;
    done.hidden = !open;
    none(item).closest("label").hidden = other.hidden = $("go").hidden = $("skip").hidden = Boolean(open);
    listButton.textContent = say(listed ? "drawing" : "list");
    said.hidden = listed || !last;
    said.textContent = last && `${name(last)}\u00a0: ${inWords(last)}`;
    if (open) finish.textContent = say(kindOf(open) + "-done");
    head.innerHTML = open ? `${titleOf(open)}. ${asked}` : asked;
    help.textContent = open ? say(kindOf(open) + "-help") : listed ? helped : `${helped} ${how}`;
    passes();
  };
  item.turn = () => { open = last = ""; siblings().forEach(one => one !== item && write(one, true)); };
  item.hand = side => { open = side; last = ""; item.draw(); scrollTo(0, 0); head.focus({preventScroll: true}); };
  item.list = () => { listed = !listed; item.draw(); head.scrollIntoView(); };

  function pressed(event) {
    const target = event.target.closest(".j");
    if (!target) return;
    if (event.type === "keydown") {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
    }
    const {joint, hand: side} = target.dataset;
    if (side) {
      history.pushState({to: item.key, hand: side, depth: (history.state?.depth || 0) + 1}, "");
      return item.hand(side);
    }
    const input = boxes.get(joint);
    input.checked = !input.checked;
    last = joint;
    touched(item, input);
  }
  drawing.addEventListener("click", pressed);
  drawing.addEventListener("keydown", pressed);
};
})();
