// The joint map: a drawing over the same boxes as the list, so that both say the same.
// Mirror view: the patient's left is on the left. Finger joints are marked on a hand that opens.
"use strict";
self.proMap = (() => {
const BODY = {shoulder: [60, 108], elbow: [82, 180], wrist: [109, 252], hip: [34, 240], knee: [42, 326], ankle: [46, 408]};
const HAND = {
  MCP1: [73, 300], MCP2: [100, 236], MCP3: [152, 222], MCP4: [204, 231], MCP5: [251, 256],
  IP1: [37, 246], PIP2: [84, 142], PIP3: [149, 118], PIP4: [214, 131], PIP5: [272, 182],
  DIP2: [76, 94], DIP3: [147, 68], DIP4: [218, 82], DIP5: [281, 134],
};
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
const NAILS = [[69, 58, -9], [146, 32, -2], [222, 48, 7], [287, 113, 13], [17, 203, -24]];
const SIDES = {L: "left", R: "right"};

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
  if (!names.every(joint => BODY[place(joint)] || HAND[place(joint)])) return;
  const list = item.el.querySelector(".list"), head = item.el.querySelector("h1"), help = item.el.querySelector(".small");
  const asked = head.innerHTML, helped = help.textContent;
  const drawing = make("div", {class: "map"}), steps = make("ol", {class: "steps", "aria-label": say("steps")});
  const said = make("p", {class: "card", role: "status"});
  const listButton = make("button", {type: "button", class: "b quiet", name: "list"});
  const other = make("p", {class: "row middle"}, listButton);
  const back = make("button", {type: "button", class: "b two", name: "hand-done"}, say("body"));
  const done = make("div", {class: "go"}, back, make("button", {type: "button", class: "b", name: "hand-done"}, say("hand-done")));
  item.el.prepend(steps);
  list.after(drawing, said, done, other);
  let open = "", listed = false, last = "";

  const siblings = () => shown().filter(one => one.kind === "joints" && one.key.split(".")[0] === item.key.split(".")[0]);
  const marksOf = joint => new Set(siblings()
    .filter(one => fields(one).some(input => input.value === joint && input.checked)).map(one => one.mark));
  const name = joint => boxes.get(joint).closest("label").textContent.trim();
  const inWords = joint => {
    const [a, b] = [...marksOf(joint)].map(mark => say("mark-" + mark));
    return b ? say("both", {a, b}) : a || say("mark-none");
  };
  const handName = side => say(SIDES[side] + "-hand");
  const inHand = side => names.filter(joint => joint[0] === side && HAND[place(joint)]);
  const spot = (joint, x, y, r) => `<g class="j" role="checkbox" tabindex="0" data-joint="${joint}" aria-checked="${boxes.get(joint).checked}" aria-label="${name(joint)}, ${inWords(joint)}"><circle class="hit" cx="${x}" cy="${y}" r="${r}"/>${glyph([x, y], marksOf(joint))}</g>`;

  function lens(side) {
    const sign = side === "L" ? -1 : 1, mine = inHand(side);
    if (!mine.length) return "";
    const label = say("hand-open", {hand: handName(side), n: mine.filter(joint => boxes.get(joint).checked).length});
    return `<g class="j" role="button" tabindex="0" data-hand="${side}" aria-label="${label}">` +
      `<path d="M${sign * 122} 300v19" stroke="var(--edge)" stroke-width="2" stroke-dasharray="2 4"/>` +
      `<circle class="lens" cx="${sign * 114}" cy="368" r="48"/>` +
      `<g transform="translate(${sign * 114} 371) scale(${sign * .21} .21) translate(-152 -214)">${hand}` +
      mine.map(joint => glyph(HAND[place(joint)], marksOf(joint), 2)).join("") + "</g>" +
      `<text x="${sign * 163}" y="438" text-anchor="${sign < 0 ? "start" : "end"}">${handName(side)}</text></g>`;
  }

  const body = () => `<svg viewBox="-164 0 328 452" role="group" aria-label="${say("map-help")}">${figure}` +
    `<text x="-162" y="20">${say("left")}</text><text x="162" y="20" text-anchor="end">${say("right")}</text>` +
    names.filter(joint => BODY[place(joint)]).map(joint => {
      const [x, y] = BODY[place(joint)];
      return spot(joint, joint[0] === "L" ? -x : x, y, 26);
    }).join("") + lens("L") + lens("R") + "</svg>";

  const opened = side => `<svg viewBox="0 0 312 404" role="group" aria-label="${handName(side)}">` +
    `<g transform="${side === "L" ? "matrix(-1 0 0 1 312 0)" : ""}">${hand}</g>` +
    inHand(side).map(joint => {
      const [x, y] = HAND[place(joint)];
      return spot(joint, side === "L" ? 312 - x : x, y, 23.5);
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
    head.innerHTML = open ? `${handName(open)}. ${asked}` : asked;
    help.textContent = open ? say("hand-help") : listed ? helped : `${helped} ${say("map-help")}`;
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
