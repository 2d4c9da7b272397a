// Sorts the tables of the page, and shows its examples. Texts are set as text, never as markup.
"use strict";

const PAGE = 10;
const LONGEST_DIFF = 600; // words; a comparison takes time proportional to the product of both lengths
const TEXTS = JSON.parse(document.getElementById("explorer-texts").content.textContent); // every text that this script writes

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// ---- Tables: a button in each heading sorts by its column: by number where cells have one, else by text

function sortable(table) {
  const body = table.tBodies[0];
  const heads = table.tHead ? [...table.tHead.rows[0].cells] : [];
  if (!body || body.rows.length < 3 || table.matches(".matrix, .fixed")) return;
  const order = groups(body);
  heads.forEach((head, column) => {
    if (!head.textContent.trim() || head.querySelector(".hidden")) return;
    const button = make("button", { type: "button", class: "sort" }, ...head.childNodes);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const state = head.getAttribute("aria-sort");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (state === "descending") return body.append(...order.flat()); // the third click restores the original order
      const direction = state === "ascending" ? -1 : 1;
      head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      const sorted = [...order].sort((a, b) => compared(a[0].cells[column], b[0].cells[column], direction));
      body.append(...sorted.flat());
    });
  });
}

// Rows that belong together: the row of a problem stays below the row of its strategy.
function groups(body) {
  const found = [];
  for (const row of body.rows) {
    if (row.classList.contains("problem") && found.length) found.at(-1).push(row);
    else found.push([row]);
  }
  return found;
}

function compared(a, b, direction) {
  const [x, y] = [a, b].map((cell) => (cell?.dataset.sort === undefined ? NaN : Number(cell.dataset.sort)));
  if (Number.isNaN(x) && Number.isNaN(y)) return direction * words(a).localeCompare(words(b), undefined, { numeric: true });
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1; // cells without a number come last, in both directions
  return direction * (x - y);
}

const words = (cell) => cell?.textContent.trim() ?? "";

// ---- Examples

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

const NOTHING = { t: "", a: null, s: null, m: "", k: false, u: [] };
const outputOf = (row, k) => row.o[k] ?? NOTHING; // examples can be read even where no strategy has an output

// The kinds of unsupported content that examples can be filtered by. Words alone are too many to be a filter.
const KINDS = ["number", "name", "negation", "person"];
const hasKind = (output, kind) => output.u.some(([, , kinds]) => kinds.includes(kind));

const FILTERS = {
  all: () => true,
  wrong: (row, k, data) => outputOf(row, k).s !== null && outputOf(row, k).s < data.medians[k],
  critical: (row, k) => outputOf(row, k).k,
  regression: (row, k, data) => outputOf(row, k).s !== null && (outputOf(row, data.base).s ?? -Infinity) > outputOf(row, k).s,
  unsupported: (row, k) => outputOf(row, k).u.length > 0,
  ...Object.fromEntries(KINDS.map((kind) => [kind, (row, k) => hasKind(outputOf(row, k), kind)])),
  disagree: (row) => spread(row) > 0 || new Set(row.o.map((output) => answerOf(output))).size > 1,
};

const ORDERS = {
  unsorted: null,
  worst: (a, b, k) => (outputOf(a, k).s ?? Infinity) - (outputOf(b, k).s ?? Infinity),
  best: (a, b, k) => (outputOf(b, k).s ?? -Infinity) - (outputOf(a, k).s ?? -Infinity),
  spread: (a, b) => spread(b) - spread(a),
};

const answerOf = (output) => (output.a ?? output.t).trim();

function spread(row) {
  const scores = row.o.map((output) => output.s).filter((score) => score !== null);
  return scores.length > 1 ? Math.max(...scores) - Math.min(...scores) : 0;
}

function median(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const wrongOrRight = sorted.every((value) => value === 0 || value === 1);
  return wrongOrRight ? 1 : sorted[Math.floor(sorted.length / 2)];
}

class Explorer {
  constructor(place, data) {
    this.place = place;
    this.data = { ...data, medians: data.labels.map((_, k) => median(data.rows.map((row) => row.o[k].s))) };
    this.texts = data.rows.map((row) =>
      [row.i, ...row.in.map(([, text]) => text), ...row.r, ...row.o.map((output) => output.t)].join("\n").toLowerCase(),
    );
    this.page = 0;
    this.build();
    this.update();
  }

  build() {
    const controls = make("div", { class: "controls" });
    const add = (name, field) => {
      field.id = `${this.place.dataset.examples}-${controls.childElementCount}`;
      controls.append(make("div", { class: "field" }, make("label", { for: field.id, text: name }), field));
      field.addEventListener("input", () => this.restart());
      return field;
    };
    const choice = (name, values) => add(name, make("select", {}, ...values.map((value) => make("option", { text: value }))));
    const named = (name, keys) => add(name, make("select", {}, ...keys.map((key) => make("option", { value: key, text: TEXTS[key] }))));
    this.search = add(TEXTS.search, make("input", { type: "search", placeholder: TEXTS.search_hint }));
    this.strategy = choice(TEXTS.strategy, this.data.labels);
    const classes = [...new Set(this.data.rows.map((row) => row.c).filter((label) => label !== null))].sort();
    this.label = classes.length > 1 ? choice(TEXTS.class, [TEXTS.all_classes, ...classes]) : null;
    const outputs = this.data.rows.flatMap((row) => row.o);
    const absent = KINDS.filter((kind) => !outputs.some((output) => hasKind(output, kind)));
    if (!outputs.some((output) => output.u.length)) absent.push("unsupported");
    if (!outputs.some((output) => output.k)) absent.push("critical");
    if (this.data.base === null || !outputs.some((output) => output.s !== null)) absent.push("regression");
    this.shown = named(TEXTS.show, Object.keys(FILTERS).filter((key) => !absent.includes(key)));
    this.order = named(TEXTS.order, Object.keys(ORDERS));
    this.most = add(TEXTS.most, make("input", { type: "number", step: "any", class: "narrow" }));
    if (this.data.rows.every((row) => row.o.every((output) => output.s === null))) this.most.parentElement.hidden = true;
    if (!this.data.labels.length) for (const field of [this.strategy, this.shown, this.order]) field.parentElement.hidden = true;
    this.compared = add(TEXTS.compare, make("select", {}));
    this.compared.parentElement.hidden = this.data.labels.length < 3;
    this.listRivals();
    this.strategy.addEventListener("input", () => this.listRivals());
    this.differences = add(TEXTS.differences, make("input", { type: "checkbox" }));
    this.differences.parentElement.classList.add("check");
    this.differences.parentElement.hidden = !this.data.labels.length;
    this.count = make("p", { class: "count", role: "status" });
    this.clear = make("button", { type: "button", class: "clear", text: TEXTS.clear });
    this.clear.addEventListener("click", () => this.reset());
    this.list = make("div", { class: "samples" });
    this.list.addEventListener("keydown", (event) => this.step(event));
    this.back = make("button", { type: "button", text: TEXTS.previous });
    this.next = make("button", { type: "button", text: TEXTS.next });
    this.back.addEventListener("click", () => this.turn(-1));
    this.next.addEventListener("click", () => this.turn(1));
    this.place.append(controls, make("div", { class: "hints" }, this.differences.parentElement, make("p", { class: "under", text: TEXTS.keys })), this.count, this.clear, this.list, make("div", { class: "pages" }, this.back, this.next));
  }

  // Every strategy below one another, or the chosen one beside another.
  listRivals() {
    const chosen = this.strategy.selectedIndex;
    const rivals = this.data.labels.map((_, k) => k).filter((k) => k !== chosen);
    const option = (value, text) => make("option", { value, text });
    const versus = (k) => TEXTS.versus.replace("{a}", () => this.data.labels[chosen]).replace("{b}", () => this.data.labels[k]);
    this.compared.replaceChildren(option("", TEXTS.every), ...rivals.map((k) => option(k, versus(k))));
  }

  // j and k open the next and the previous example.
  step(event) {
    const way = { j: 1, k: -1 }[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    const cards = [...this.list.children];
    const next = cards[cards.findIndex((card) => card.contains(event.target)) + way];
    if (!next) return;
    for (const card of cards) card.open = card === next;
    next.firstElementChild.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  // Show the example that a link names, regardless of the filters.
  reveal(id) {
    const place = this.data.rows.findIndex((row) => row.i === id);
    if (place < 0) return;
    this.reset();
    this.order.selectedIndex = 0;
    this.page = Math.floor(place / PAGE);
    this.update();
    const card = this.list.children[place % PAGE];
    card.open = true;
    card.scrollIntoView();
    card.firstElementChild.focus();
  }

  // Show the outputs of one strategy that a filter leaves, as a link names them.
  show(filter, place) {
    this.reset();
    this.strategy.selectedIndex = place in this.data.labels ? place : 0;
    this.listRivals();
    this.shown.value = filter;
    if (!this.shown.value) this.shown.selectedIndex = 0; // no example on this page has it
    this.restart();
    this.place.scrollIntoView();
    (this.list.querySelector("summary") ?? this.shown).focus({ preventScroll: true });
  }

  restart() {
    this.page = 0;
    this.update();
  }

  reset() {
    this.search.value = "";
    this.most.value = "";
    for (const field of [this.label, this.shown]) if (field) field.selectedIndex = 0;
    this.restart();
    this.search.focus();
  }

  turn(step) {
    this.page += step;
    this.update();
    this.count.scrollIntoView({ block: "nearest" });
  }

  matching() {
    const k = this.strategy.selectedIndex;
    const text = this.search.value.trim().toLowerCase();
    const most = this.most.value === "" ? null : Number(this.most.value);
    const wanted = this.label && this.label.selectedIndex > 0 ? this.label.value : null;
    const rows = this.data.rows.filter(
      (row, i) =>
        (!text || this.texts[i].includes(text)) &&
        (wanted === null || row.c === wanted) &&
        (most === null || (outputOf(row, k).s !== null && outputOf(row, k).s <= most)) &&
        FILTERS[this.shown.value](row, k, this.data),
    );
    const order = ORDERS[this.order.value];
    return order ? rows.sort((a, b) => order(a, b, k)) : rows;
  }

  update() {
    const rows = this.matching();
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const from = this.page * PAGE;
    const some = rows.slice(from, from + PAGE);
    const counts = { from: from + 1, to: from + some.length, matching: rows.length, all: this.data.rows.length };
    this.count.textContent = filled(rows.length ? TEXTS.count : TEXTS.none, counts);
    this.clear.hidden = rows.length > 0;
    this.back.disabled = this.page === 0;
    this.next.disabled = this.page === pages - 1;
    this.list.replaceChildren(...some.map((row) => this.card(row)));
  }

  card(row) {
    const k = this.strategy.selectedIndex;
    const mark = markOf(row, outputOf(row, k)) ?? "";
    const flags = flagsOf(outputOf(row, k));
    const card = make("details", {}, make("summary", {}, make("span", { class: "id", text: row.i }), mark, ...flags, make("bdi", { text: row.t })));
    card.addEventListener("toggle", () => { if (card.open && card.childElementCount === 1) card.append(this.body(row)); });
    return card;
  }

  body(row) {
    const left = make("div", {});
    for (const [name, text] of row.in) left.append(make("h3", { text: name }), passage([text], "", `${name}, ${row.i}`));
    const right = make("div", {}, make("h3", { text: row.r.length > 1 ? TEXTS.references : TEXTS.reference }));
    if (row.r.length === 0 || (row.r.length === 1 && !row.r[0])) right.append(make("p", { class: "text reference none", text: TEXTS.no_answer }));
    for (const [place, text] of row.r.entries()) if (text) right.append(passage([text], "reference", `${TEXTS.reference} ${place + 1}, ${row.i}`));
    const link = make("a", { href: `#${this.place.dataset.task}-example-${encodeURIComponent(row.i)}`, text: TEXTS.link });
    left.append(make("p", { class: "permalink" }, link));
    if (this.compared.value !== "") {
      const two = [this.strategy.selectedIndex, Number(this.compared.value)];
      const sides = two.map((k) => make("div", {}, ...this.output(row, k)));
      return make("div", {}, make("div", { class: "pair" }, left, right), make("div", { class: "pair" }, ...sides));
    }
    row.o.forEach((_, k) => right.append(...this.output(row, k)));
    return make("div", { class: "pair" }, left, right);
  }

  // What one strategy wrote, its score, and what is wrong in it.
  output(row, k) {
    const output = outputOf(row, k);
    const head = make("h3", { text: this.data.labels[k] });
    head.append(markOf(row, output) ?? "", ...flagsOf(output));
    const parts = [head, passage(this.pieces(output, row), "", `${TEXTS.output}, ${this.data.labels[k]}, ${row.i}`)];
    if (output.a !== null) parts.push(make("p", { class: "taken", dir: "auto" }, make("span", { text: TEXTS.answer }), output.a));
    for (const [, reason] of output.u) parts.push(make("p", { class: "reason", text: TEXTS.reason + reason }));
    return parts;
  }

  // The output in pieces: sentences that the input does not support, and words that are not in the reference, are marked.
  pieces(output, row) {
    if (!output.t) return [TEXTS.empty];
    let rest = output.t;
    const found = [];
    for (const [sentence] of output.u) {
      const at = rest.indexOf(sentence);
      if (at < 0) continue;
      found.push([rest.slice(0, at), false], [sentence, true]);
      rest = rest.slice(at + sentence.length);
    }
    found.push([rest, false]);
    const extra = this.differences.checked && row.r.length ? notIn(output.t, row.r[0]) : null;
    return found.flatMap(([text, claimed]) => {
      const inner = extra ? extra.take(text) : [text];
      return claimed ? [make("mark", { class: "claimed", title: TEXTS.unsupported_mark }, ...inner)] : inner;
    });
  }
}

// The words of a text that are not in its longest common subsequence with the reference; `take` returns its pieces in order.
function notIn(text, reference) {
  const tokens = (value) => value.match(/\s+|[^\s]+/g) ?? [];
  const [a, b] = [tokens(text), tokens(reference).filter((word) => word.trim())];
  const mine = a.filter((word) => word.trim());
  if (mine.length > LONGEST_DIFF || b.length > LONGEST_DIFF) return null;
  const plain = (word) => word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
  const table = Array.from({ length: mine.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = mine.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i][j] = plain(mine[i]) === plain(b[j]) ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const kept = new Array(mine.length).fill(false);
  for (let i = 0, j = 0; i < mine.length && j < b.length; ) {
    if (plain(mine[i]) === plain(b[j])) { kept[i] = true; i++; j++; }
    else if (table[i + 1][j] >= table[i][j + 1]) i++;
    else j++;
  }
  let at = 0; // words taken so far
  return {
    take(part) {
      return tokens(part).map((word) => {
        if (!word.trim()) return word;
        return kept[at++] ? word : make("span", { class: "differs", text: word });
      });
    },
  };
}

// The score of an output; labels are right or wrong, which has a colour.
function markOf(row, output) {
  if (!output.m) return null;
  const kind = row.c === null || output.s === null ? "" : output.s ? " right" : " wrong";
  return make("span", { class: `score${kind}`, text: output.m });
}

// What a reader should see before opening an output: a critical error, and numbers and names that the input does not have.
function flagsOf(output) {
  const flags = output.k ? [make("span", { class: "flag", text: TEXTS.critical_flag })] : [];
  const tags = output.u.flatMap(([, , , pieces]) => pieces).slice(0, 2);
  return [...flags, ...tags.map((text) => make("span", { class: "flag soft", text: TEXTS.tag + text }))];
}

// "{from}–{to} of {all}" with its numbers.
const filled = (text, counts) => text.replace(/\{(\w+)\}/g, (_, name) => counts[name].toLocaleString("en"));

function passage(pieces, kind, name) {
  const long = pieces.reduce((sum, piece) => sum + (piece.textContent ?? piece).length, 0) > 1200;
  const attributes = { class: `text ${kind}${long ? " long" : ""}`, dir: "auto" };
  if (long) Object.assign(attributes, { role: "region", tabindex: "0", "aria-label": name });
  return make("p", attributes, ...pieces);
}

const explorers = new Map(); // by task

// ---- The bar, and parts of the page that are folded

const actions = document.querySelector(".actions");
actions.hidden = false;
actions.querySelector("[data-print]").addEventListener("click", () => window.print());
actions.querySelector("[data-copy]").addEventListener("click", async (event) => {
  const text = document.getElementById(event.target.dataset.copy).content.textContent;
  const field = make("textarea", {}); // where the clipboard is not open to pages, a selection is
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  actions.querySelector("[role=status]").textContent = TEXTS.copied;
  event.target.textContent = TEXTS.copied;
});

// The text of an address; one that cannot be decoded is taken as it is.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unfoldAround(target) {
  for (let part = target; part; part = part.parentElement) if (part.localName === "details") part.open = true;
}

// A link to something that is folded away opens what it is in. Links to examples name one of them, or a filter and the place of a strategy.
function follow() {
  const target = document.getElementById(decoded(location.hash.slice(1)));
  unfoldAround(target);
  target?.scrollIntoView();
  const [, task, example, filter, place] = location.hash.match(/^#(task-\d+)-(?:example-(.+)|show-([a-z]+)-(\d+))$/) ?? [];
  if (!task) return;
  unfoldAround(document.getElementById(task));
  if (example) explorers.get(task)?.reveal(decoded(example));
  else explorers.get(task)?.show(filter, Number(place) - 1);
}
window.addEventListener("hashchange", follow);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || link.hash !== location.hash) return;
  event.preventDefault(); // a link that is followed again changes no address
  follow();
});
follow();

document.querySelectorAll("main table").forEach(sortable);
for (const place of document.querySelectorAll("[data-examples]")) {
  const packed = document.getElementById(place.dataset.examples);
  unpacked(packed.content.textContent).then((data) => {
    explorers.set(place.dataset.task, new Explorer(place, data));
    if (new RegExp(`^#${place.dataset.task}-(example|show)-`).test(location.hash)) follow();
  });
}
