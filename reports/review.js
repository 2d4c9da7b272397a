// A rater's page: one judgement at a time, kept in this browser as it is made, and saved as a file to send back.
// Texts are set as text, never as markup.

"use strict";

const ALL = "All are rated: save the file and send it back.";
const IDLE = 120; // seconds without a key or a move of the mouse after which reading is not counted

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// ---- What was answered, kept in this browser where it lets us

class Ratings {
  constructor(packet) {
    this.packet = packet;
    this.name = `bench-review/${packet.packet}/${packet.rater}`;
    this.ids = new Set(packet.items.map((item) => item.id));
    this.at = 0;
    this.of = {};
    this.kept = true;
    this.unsaved = false;
    this.recall();
  }

  recall() {
    try {
      const stored = localStorage.getItem(this.name);
      if (stored) this.adopt(JSON.parse(stored));
    } catch {
      this.kept = false;
    }
  }

  adopt(stored) {
    this.at = Math.min(Math.max(Math.trunc(Number(stored.at)) || 0, 0), this.packet.items.length - 1);
    const known = Object.entries(stored.of ?? {}).filter(([id]) => this.ids.has(id));
    this.of = Object.fromEntries(known.map(([id, own]) => [id, this.read(own)]));
  }

  // What was kept or saved, as far as it answers what this packet asks: files go through many hands.
  read(own) {
    const { questions, kinds } = this.packet;
    const text = (value) => (typeof value === "string" ? value : "");
    const given = questions.map(({ name, answers }) => [name, answers.find((answer) => answer === own?.answers?.[name])]);
    return {
      answers: Object.fromEntries(given.filter(([, answer]) => answer !== undefined)),
      kinds: kinds.filter((kind) => Array.isArray(own?.kinds) && own.kinds.includes(kind)),
      corrected: text(own?.corrected),
      comment: text(own?.comment),
      seconds: own?.seconds > 0 && Number.isFinite(own.seconds) ? own.seconds : 0,
      answered_at: typeof own?.answered_at === "string" ? own.answered_at : null,
    };
  }

  keep() {
    try {
      localStorage.setItem(this.name, JSON.stringify({ at: this.at, of: this.of }));
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }

  get(id) {
    return this.of[id] ?? this.read({});
  }

  change(id, change) {
    this.of[id] = { ...this.get(id), ...change, answered_at: new Date().toISOString() };
    this.unsaved = true;
    this.keep();
  }

  spend(id, seconds) {
    this.of[id] = { ...this.get(id), seconds: this.get(id).seconds + seconds };
  }

  whole(id) {
    return this.packet.questions.every((question) => this.get(id).answers[question.name] !== undefined);
  }

  started(id) {
    const own = this.get(id);
    return Object.keys(own.answers).length > 0 || own.kinds.length > 0 || own.corrected !== "" || own.comment !== "";
  }

  get done() {
    return this.packet.items.filter((item) => this.whole(item.id)).length;
  }

  file() {
    const ratings = this.packet.items
      .filter((item) => this.started(item.id))
      .map((item) => {
        const own = this.get(item.id);
        const corrected = own.corrected === "" ? null : own.corrected;
        return { item: item.id, ...own, corrected, seconds: Math.round(own.seconds * 10) / 10 };
      });
    const about = { bench_review: this.packet.format, packet: this.packet.packet, rater: this.packet.rater };
    return { ...about, saved_at: new Date().toISOString(), ratings };
  }

  // A file that was saved before: of two answers to the same judgement the later one stays.
  take(file) {
    if (file?.bench_review !== this.packet.format || file.packet !== this.packet.packet || file.rater !== this.packet.rater) {
      return "This file is of another packet or another rater.";
    }
    let taken = 0;
    for (const rating of Array.isArray(file.ratings) ? file.ratings : []) {
      if (!this.ids.has(rating?.item)) continue;
      const own = this.read(rating);
      if ((this.get(rating.item).answered_at ?? "") >= (own.answered_at ?? "")) continue;
      this.of[rating.item] = own;
      taken += 1;
    }
    this.keep();
    return `${taken} judgements were taken from the file.`;
  }
}

// ---- The page

class Page {
  constructor(place, packet) {
    this.place = place;
    this.packet = packet;
    this.ratings = new Ratings(packet);
    this.active = performance.now();
    this.tick = performance.now();
    this.foot = document.querySelector(".foot");
    for (const name of ["keydown", "pointermove", "pointerdown", "wheel", "input"]) {
      document.addEventListener(name, () => { this.active = performance.now(); }, { passive: true });
    }
    setInterval(() => this.count(), 1000);
    document.addEventListener("visibilitychange", () => this.count());
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("pagehide", () => { this.count(); this.ratings.keep(); });
    window.addEventListener("storage", (event) => {
      if (event.key === this.ratings.name && event.newValue) {
        this.ratings.adopt({ ...JSON.parse(event.newValue), at: this.ratings.at });
        this.show();
      }
    });
    window.addEventListener("beforeunload", (event) => {
      if (!this.ratings.kept && this.ratings.unsaved) event.preventDefault();
    });
    place.hidden = false;
    this.foot.hidden = false;
    this.show();
  }

  // Beside the buttons, where whoever has pressed one looks.
  say(text) {
    this.foot.querySelector(".said").textContent = text;
  }

  get item() {
    return this.packet.items[this.ratings.at];
  }

  // Seconds in which the page could be seen and somebody was there.
  count() {
    const now = performance.now();
    const passed = (now - this.tick) / 1000;
    this.tick = now;
    if (document.visibilityState === "visible" && now - this.active < IDLE * 1000 && passed < 5) this.ratings.spend(this.item.id, passed);
  }

  go(to) {
    this.count();
    this.ratings.at = Math.min(Math.max(to, 0), this.packet.items.length - 1);
    this.ratings.keep();
    this.say(this.ratings.done === this.packet.items.length ? ALL : "");
    this.show();
    this.place.querySelector("h2").focus();
    window.scrollTo(0, 0);
  }

  // The next one that is not answered, from here around.
  goOpen() {
    const items = this.packet.items;
    for (let step = 1; step <= items.length; step += 1) {
      const place = (this.ratings.at + step) % items.length;
      if (!this.ratings.whole(items[place].id)) return this.go(place);
    }
    return this.go(items.length - 1);
  }

  show() {
    const { item, packet, ratings } = this;
    const own = ratings.get(item.id);
    const pair = item.outputs.length === 2;
    const texts = item.inputs.map(([name, number]) => [name, packet.texts[number]]);
    const outputs = item.outputs.map((number, k) => [pair ? "AB"[k] : "Output", packet.texts[number]]);
    const parts = [
      make("h2", { tabindex: "-1", text: `Judgement ${ratings.at + 1} of ${packet.items.length}` }),
      make("p", { class: "how", text: packet.instructions }),
      ...this.notices(),
      make("section", { class: "one", "aria-label": "What was asked" }, ...texts.flatMap(([name, text]) => this.text(name, text))),
      item.reference === null ? null : make("section", { class: "one", "aria-label": "Reference" }, ...this.text("Reference", packet.texts[item.reference])),
      make("div", { class: pair ? "two" : "one" }, ...outputs.map(([name, text]) =>
        make("section", { class: "output", "aria-label": pair ? `Output ${name}` : "Output" }, ...this.text(name, text)))),
      ...packet.questions.map((question, k) => this.question(question, k, own)),
      this.kinds(own),
      this.more(own, outputs),
      make("p", { class: "keys", text: "Keys: 1, 2, 3, … answer; n or Enter next; p previous; u next open one." }),
      this.saved(),
    ];
    this.place.replaceChildren(...parts.filter((part) => part !== null));
    this.foot.querySelector("nav").replaceChildren(...this.buttons());
    this.progress();
  }

  notices() {
    if (this.ratings.kept) return [];
    return [make("p", { class: "notice", text: "This browser does not keep your answers. Save the file before you close the page." })];
  }

  text(name, text) {
    const shown = text === "" ? make("p", { class: "text empty", text: "(nothing)" }) : make("div", { class: "text", text, tabindex: "0", role: "group", "aria-label": name });
    return [make("h3", { text: name }), shown];
  }

  question(question, number, own) {
    const answers = question.answers.map((answer, k) => {
      const field = make("input", { type: "radio", name: `question-${number}`, value: answer });
      field.checked = own.answers[question.name] === answer;
      field.addEventListener("change", () => this.answer(question.name, answer));
      return make("label", {}, field, make("span", { text: answer }), k < 9 ? make("kbd", { text: String(k + 1), "aria-hidden": "true" }) : null);
    });
    return make("fieldset", {}, make("legend", { text: question.text }), make("div", { class: "answers" }, ...answers));
  }

  kinds(own) {
    if (!this.packet.kinds.length) return null;
    const boxes = this.packet.kinds.map((kind) => {
      const box = make("input", { type: "checkbox", value: kind });
      box.checked = own.kinds.includes(kind);
      box.addEventListener("change", () => {
        const now = new Set(this.ratings.get(this.item.id).kinds);
        if (box.checked) now.add(kind); else now.delete(kind);
        this.ratings.change(this.item.id, { kinds: this.packet.kinds.filter((name) => now.has(name)) });
        this.progress();
      });
      return make("label", {}, box, make("span", { text: kind }));
    });
    return make("fieldset", { class: "kinds" }, make("legend", { text: this.packet.kinds_question }), make("div", { class: "answers" }, ...boxes));
  }

  more(own, outputs) {
    const corrected = make("textarea", { id: "corrected", rows: "4" });
    corrected.value = own.corrected;
    corrected.addEventListener("input", () => this.ratings.change(this.item.id, { corrected: corrected.value }));
    const starts = outputs.map(([name, text]) => {
      const button = make("button", { type: "button", class: "small", text: name === "Output" ? "Start from the output" : `Start from ${name}` });
      button.addEventListener("click", () => {
        const typed = corrected.value.trim() && !outputs.some(([, output]) => output === corrected.value);
        if (typed && !window.confirm("Replace the text that you have written?")) return;
        corrected.value = text;
        this.ratings.change(this.item.id, { corrected: text });
        corrected.focus();
      });
      return button;
    });
    const comment = make("textarea", { id: "comment", rows: "2" });
    comment.value = own.comment;
    comment.addEventListener("input", () => this.ratings.change(this.item.id, { comment: comment.value }));
    return make("div", { class: "more" },
      make("label", { for: "corrected", text: "If you would change it: the text as it should be (optional)" }), corrected, make("div", {}, ...starts),
      make("label", { for: "comment", text: "Comment (optional)" }), comment);
  }

  buttons() {
    const button = (text, act, more = {}) => {
      const made = make("button", { type: "button", text, ...more });
      made.addEventListener("click", act);
      return made;
    };
    return [
      button("Previous", () => this.go(this.ratings.at - 1), { disabled: this.ratings.at === 0 }),
      button("Next", () => this.go(this.ratings.at + 1), { disabled: this.ratings.at === this.packet.items.length - 1 }),
      button("Next open", () => this.goOpen()),
      button("Save the file to send back", () => this.save(), { class: "main" }),
    ];
  }

  // For whoever changes the browser or the machine.
  saved() {
    const load = make("input", { type: "file", accept: ".json,application/json" });
    load.addEventListener("change", async () => {
      let said = "This file cannot be read.";
      try {
        said = this.ratings.take(JSON.parse(await load.files[0].text()));
      } catch {
        // what is no JSON is none of ours
      }
      this.show();
      this.say(said);
    });
    return make("p", { class: "keys" }, make("label", { class: "file" }, load, make("span", { text: "Go on from a saved file" })));
  }

  answer(name, answer) {
    this.count();
    const own = this.ratings.get(this.item.id);
    const change = { answers: { ...own.answers, [name]: answer } };
    const before = this.ratings.done;
    this.ratings.change(this.item.id, change);
    this.progress();
    if (this.ratings.done > before && this.ratings.done === this.packet.items.length) this.say(ALL);
  }

  progress() {
    const total = this.packet.items.length;
    const { done } = this.ratings;
    const bar = document.querySelector(".bar");
    bar.setAttribute("aria-valuemax", String(total));
    bar.setAttribute("aria-valuenow", String(done));
    bar.firstElementChild.style.width = `${(100 * done) / total}%`;
    const kept = this.ratings.kept ? " Your answers are kept in this browser." : "";
    document.querySelector(".done").textContent = `${done} of ${total} rated.${kept}`;
  }

  key(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea")) return;
    if (event.key === "Enter" && event.target.closest("button, input[type=file]")) return;
    const acts = { n: () => this.go(this.ratings.at + 1), p: () => this.go(this.ratings.at - 1), u: () => this.goOpen() };
    acts.Enter = acts.n;
    if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    } else if (/^[1-9]$/.test(event.key)) {
      this.choose(Number(event.key) - 1);
    }
  }

  // A number answers the question that has the focus and no answer yet, else the first without one, else the one with the focus, else the last.
  choose(k) {
    const fields = [...this.place.querySelectorAll("fieldset:not(.kinds)")];
    const focused = fields.find((field) => field.contains(document.activeElement));
    const open = fields.find((field) => !field.querySelector(":checked"));
    const here = focused && !focused.querySelector(":checked") ? focused : null;
    const radio = (here ?? open ?? focused ?? fields[fields.length - 1]).querySelectorAll("input")[k];
    if (radio) radio.click();
  }

  save() {
    this.count();
    const { packet, rater } = this.packet;
    const blob = new Blob([JSON.stringify(this.ratings.file(), null, 1)], { type: "application/json" });
    const link = make("a", { href: URL.createObjectURL(blob), download: `ratings-${packet}-${rater}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    this.ratings.unsaved = false;
    const half = this.packet.items.filter((item) => this.ratings.started(item.id) && !this.ratings.whole(item.id));
    const first = half.length ? this.packet.items.indexOf(half[0]) + 1 : 0;
    const open = half.length ? ` ${half.length} have a mark or a text but no answer yet and will not count: the first is judgement ${first}.` : "";
    const { done } = this.ratings;
    const left = this.packet.items.length - done;
    const rest = left ? ` ${left} of ${this.packet.items.length} are still open.` : " Send it back.";
    this.say(`Saved as ratings-${packet}-${rater}.json: ${done} ${done === 1 ? "judgement" : "judgements"}.${rest}${open}`);
  }
}

const place = document.getElementById("place");
unpacked(document.getElementById("content").content.textContent).then((packet) => new Page(place, packet), () => {
  const text = "This browser is too old for this page, or the file is damaged. Ask for the packet as a spreadsheet instead.";
  place.before(make("p", { class: "notice", role: "alert", text }));
});
