// A rater's page: one item at a time. Ratings are saved in this browser as they are made, and downloaded as a file to send back.
// Follows page.js and item_page.js.

const WORDS = {
  done: "rated",
  complete: "All items are rated. Download your ratings and send the file back.",
  download: "Download my ratings",
  unsaved: "This browser does not save your answers. Download your ratings before you close the page.",
};
const IDLE_SECONDS = 120; // without a key press or mouse movement, time is no longer counted

// ---- Differences of two texts

const MOST_PAIRS = 4e6; // of words that are compared; longer texts are shown without marks
const LEAST_SHARED = 0.2; // of the words of the shorter text; texts that share fewer would be marked all over

// Both texts in segments [text, whether the other text lacks it], by a longest common subsequence of words; null where marks would not help.
function markDifferences(first, second) {
  const [a, b] = [first, second].map((text) => text.match(/\s+|\S+/g) ?? []);
  const [x, y] = [a, b].map((tokens) => tokens.filter((token) => /\S/.test(token)));
  if (first === second || !x.length || !y.length || x.length * y.length > MOST_PAIRS) return null;
  const width = y.length + 1;
  const lengths = new Uint16Array((x.length + 1) * width); // of the longest common subsequence from word i and word j on
  for (let i = x.length - 1; i >= 0; i -= 1) {
    for (let j = y.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = x[i] === y[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  if (lengths[0] < LEAST_SHARED * Math.min(x.length, y.length)) return null;
  const shared = [new Set(), new Set()];
  for (let i = 0, j = 0; i < x.length && j < y.length;) {
    if (x[i] === y[j]) {
      shared[0].add(i++);
      shared[1].add(j++);
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return [joinSegments(a, shared[0]), joinSegments(b, shared[1])];
}

// White space between two marked words is marked, too.
function joinSegments(tokens, shared) {
  const segments = [];
  let word = -1;
  for (const token of tokens) {
    const isSpace = !/\S/.test(token);
    if (!isSpace) word += 1;
    const last = segments[segments.length - 1];
    const isDifferent = isSpace ? Boolean(last?.[1]) && !shared.has(word + 1) : !shared.has(word);
    if (last && last[1] === isDifferent) last[0] += token;
    else segments.push([token, isDifferent]);
  }
  return segments;
}

// ---- Ratings

class Ratings extends SavedAnswers {
  constructor(packet) {
    super(`bench-review/${packet.packet}/${packet.rater}`, packet.items);
    this.packet = packet;
    this.load();
  }

  // The parts of a stored rating that answer this packet's questions: a file may have been changed on its way.
  parse(rating) {
    const { questions, kinds } = this.packet;
    const text = (value) => (typeof value === "string" ? value : "");
    const answers = questions.map(({ name, answers }) => [name, answers.find((answer) => answer === rating?.answers?.[name])]);
    const chosen = Object.fromEntries(answers.filter(([, answer]) => answer !== undefined));
    return {
      answers: chosen,
      kinds: kinds.filter((kind) => !this.hasNoError(chosen) && Array.isArray(rating?.kinds) && rating.kinds.includes(kind)),
      corrected: text(rating?.corrected),
      comment: text(rating?.comment),
      seconds: rating?.seconds > 0 && Number.isFinite(rating.seconds) ? rating.seconds : 0,
      answered_at: typeof rating?.answered_at === "string" ? rating.answered_at : null,
    };
  }

  // Whether the answers state that there is no error, so that no kind of error can be marked.
  hasNoError(answers) {
    const { no_error } = this.packet;
    return no_error !== null && answers[no_error[0]] === no_error[1];
  }

  get hasBegun() {
    return this.position > 0 || this.packet.items.some((item) => this.isStarted(item.id));
  }

  addSeconds(id, seconds) {
    this.byItem[id] = { ...this.get(id), seconds: this.get(id).seconds + seconds };
  }

  isAnswered(id) {
    return this.packet.questions.every((question) => this.get(id).answers[question.name] !== undefined);
  }

  isStarted(id) {
    const rating = this.get(id);
    return Object.keys(rating.answers).length > 0 || rating.kinds.length > 0 || rating.corrected !== "" || rating.comment !== "";
  }

  toFile() {
    const ratings = this.packet.items
      .filter((item) => this.isStarted(item.id))
      .map((item) => {
        const rating = this.get(item.id);
        const corrected = rating.corrected === "" ? null : rating.corrected;
        return { item: item.id, ...rating, corrected, seconds: Math.round(rating.seconds * 10) / 10 };
      });
    const { format, packet, rater } = this.packet;
    return { bench_review: format, packet, rater, saved_at: new Date().toISOString(), ratings };
  }

  // Adds the ratings of a downloaded file; of two ratings of an item, the later one counts. Returns a message.
  addFile(file) {
    const { format, packet, rater } = this.packet;
    if (file?.bench_review !== format || file.packet !== packet || file.rater !== rater) {
      return "This file belongs to another packet or another rater.";
    }
    let loaded = 0;
    for (const entry of Array.isArray(file.ratings) ? file.ratings : []) {
      if (!this.ids.has(entry?.item)) continue;
      const rating = this.parse(entry);
      if ((this.get(entry.item).answered_at ?? "") >= (rating.answered_at ?? "")) continue;
      this.byItem[entry.item] = rating;
      loaded += 1;
    }
    this.save();
    return `Loaded ${plural(loaded, "rating")} from the file.`;
  }
}

// ---- The page

class RaterPage extends ItemPage {
  constructor(main, packet) {
    super(main, new Ratings(packet), WORDS);
    this.packet = packet;
    this.isStartScreen = !this.answers.hasBegun;
    this.lastActive = performance.now();
    this.lastTick = performance.now();
    for (const name of ["keydown", "pointermove", "pointerdown", "wheel", "input"]) {
      document.addEventListener(name, () => { this.lastActive = performance.now(); }, { passive: true });
    }
    setInterval(() => this.leave(), 1000);
    document.addEventListener("visibilitychange", () => this.leave());
    window.addEventListener("pagehide", () => { this.leave(); this.answers.save(); });
    this.render();
  }

  // Counts the seconds in which the page is visible and in use.
  leave() {
    const now = performance.now();
    const passed = (now - this.lastTick) / 1000;
    this.lastTick = now;
    const isIdle = now - this.lastActive >= IDLE_SECONDS * 1000;
    if (!this.isStartScreen && document.visibilityState === "visible" && !isIdle && passed < 5) this.answers.addSeconds(this.item.id, passed);
  }

  start() {
    this.leave();
    this.isStartScreen = false;
    this.goTo(this.answers.position);
  }

  // Purpose, time and privacy, before the first item.
  renderStart() {
    const { packet } = this;
    const outputs = packet.items[0].outputs.length === 2 ? "two outputs to compare" : "one output to judge";
    const parts = [
      ["What you do", `You rate ${plural(packet.items.length, "item")}. Each shows an input and ${outputs}. Computer programs wrote the ` +
        "outputs; which program wrote which is hidden, to keep the ratings fair. Your ratings help to decide which program is used, and " +
        "whether it is safe." + (packet.adjudicates ? " Earlier raters disagreed about each of these items: your answer settles it." : "")],
      ["How to judge", [packet.instructions, packet.meaning].filter(Boolean).join("\n")],
      ["Time", `About ${plural(packet.minutes, "minute")} in all. Stop whenever you like: open this page again in the same browser to resume.`],
      ["Privacy", "This page works offline and sends nothing. Your answers stay in this browser until you download them and send the file " +
        "back. The file holds your answers, your texts and how long each item took. The texts on this page may be confidential: do not " +
        "pass it on, and delete it when you have sent the file."],
    ];
    this.main.replaceChildren(
      create("h2", { tabindex: "-1", text: "Before you start" }),
      create("div", { class: "start" }, ...parts.flatMap(([title, text]) => [create("h3", { text: title }), create("p", { text })])),
      ...[this.renderNotice()].filter((part) => part !== null),
      this.renderResume((file) => this.loadFile(file)),
    );
    const button = create("button", { type: "button", class: "main", text: "Start" });
    button.addEventListener("click", () => this.start());
    this.foot.querySelector("nav").replaceChildren(button);
    this.renderProgress();
  }

  render() {
    if (this.isStartScreen) {
      this.renderStart();
      return;
    }
    const { item, packet, answers } = this;
    const rating = answers.get(item.id);
    const noun = packet.output_noun;
    const title = capitalize(noun);
    const isPair = item.outputs.length === 2;
    const inputs = item.inputs.map(([name, number]) => [capitalize(name), packet.texts[number]]);
    const outputs = item.outputs.map((number, k) => ({
      title: isPair ? `${title} ${"AB"[k]}` : title,
      button: isPair ? `Start from ${"AB"[k]}` : `Start from this ${noun}`,
      text: packet.texts[number],
    }));
    const marked = isPair ? markDifferences(outputs[0].text, outputs[1].text) : null;
    const parts = [
      create("h2", { tabindex: "-1", text: `Item ${answers.position + 1} of ${packet.items.length}` }),
      create("p", { class: "instructions", text: packet.instructions }),
      create("p", { class: "ask", text: packet.questions.map((question) => question.text).join(" ") }),
      this.renderNotice(),
      create("section", { class: "one", "aria-label": "Input" }, ...inputs.flatMap(([name, text]) => this.renderText(name, text))),
      item.reference === null
        ? null
        : create("section", { class: "one", "aria-label": "Reference" }, ...this.renderText("Reference", packet.texts[item.reference])),
      marked === null ? null : this.renderSwitch(),
      create("div", { class: isPair ? "two" : "one" }, ...outputs.map((output, k) =>
        create("section", { class: "output", "aria-label": output.title }, ...this.renderText(output.title, output.text, marked?.[k])))),
      this.renderEarlierAnswers(item.earlier_answers),
      ...packet.questions.map((question, k) => this.renderQuestion(question, k, rating)),
      this.renderKinds(rating),
      this.renderTextFields(rating, outputs),
      create("p", { class: "hint", text: "Keyboard: 1, 2, 3, … choose an answer · n or Enter: next · p: previous · u: next unanswered" }),
      this.renderResume((file) => this.loadFile(file)),
    ];
    this.main.replaceChildren(...parts.filter((part) => part !== null));
    this.foot.querySelector("nav").replaceChildren(...this.renderButtons());
    this.renderProgress();
  }

  // What raters answered before, where this person settles their disagreement.
  renderEarlierAnswers(numbers) {
    if (!numbers.length) return null;
    const answers = numbers.map((number) => create("li", { text: this.packet.texts[number] }));
    return create("section", { class: "earlier", "aria-label": "What the raters said" }, create("h3", { text: "What the raters said" }),
      create("ul", {}, ...answers));
  }

  renderSwitch() {
    const box = create("input", { type: "checkbox" });
    box.checked = !this.main.classList.contains("unmarked");
    box.addEventListener("change", () => this.main.classList.toggle("unmarked", !box.checked));
    return create("p", { class: "hint switch" }, create("label", {}, box, create("span", { text: "Highlight words that only one text has" })));
  }

  renderQuestion(question, number, rating) {
    const answers = this.renderChoice(`question-${number}`, question.answers.map((answer) => [answer, answer]), rating.answers[question.name],
      (answer) => this.answer(question.name, answer));
    const isSeverity = question.name === this.packet.no_error?.[0];
    const meaning = isSeverity ? create("p", { class: "meaning", id: "meaning", text: this.packet.meaning }) : null;
    const attributes = isSeverity ? { "aria-describedby": "meaning" } : {};
    return create("fieldset", attributes, create("legend", { text: question.text }), meaning, create("div", { class: "answers" }, ...answers));
  }

  renderKinds(rating) {
    const { kinds, kinds_question } = this.packet;
    if (!kinds.length) return null;
    const boxes = kinds.map((kind) => {
      const box = create("input", { type: "checkbox", value: kind });
      box.checked = rating.kinds.includes(kind);
      box.disabled = this.answers.hasNoError(rating.answers);
      box.addEventListener("change", () => {
        const marked = new Set(this.answers.get(this.item.id).kinds);
        if (box.checked) marked.add(kind); else marked.delete(kind);
        this.answers.update(this.item.id, { kinds: kinds.filter((name) => marked.has(name)) });
        this.renderProgress();
      });
      return create("label", {}, box, create("span", { text: kind }));
    });
    return create("fieldset", { class: "kinds" }, create("legend", { text: kinds_question }), create("div", { class: "answers" }, ...boxes));
  }

  renderTextFields(rating, outputs) {
    const corrected = create("textarea", { id: "corrected", rows: "4" });
    corrected.value = rating.corrected;
    corrected.addEventListener("input", () => this.answers.update(this.item.id, { corrected: corrected.value }));
    const buttons = outputs.map(({ button: label, text }) => {
      const button = create("button", { type: "button", class: "small", text: label });
      button.addEventListener("click", () => {
        const isEdited = corrected.value.trim() && !outputs.some((output) => output.text === corrected.value);
        if (isEdited && !window.confirm("Replace the text you have written?")) return;
        corrected.value = text;
        this.answers.update(this.item.id, { corrected: text });
        corrected.focus();
      });
      return button;
    });
    const comment = create("textarea", { id: "comment", rows: "2" });
    comment.value = rating.comment;
    comment.addEventListener("input", () => this.answers.update(this.item.id, { comment: comment.value }));
    return create("div", { class: "more" },
      create("label", { for: "corrected", text: "Corrected version (optional)" }), corrected, create("div", {}, ...buttons),
      create("label", { for: "comment", text: "Comment (optional)" }), comment);
  }

  loadFile(file) {
    const message = this.answers.addFile(file);
    if (this.answers.hasBegun) this.isStartScreen = false;
    return message;
  }

  answer(name, answer) {
    this.leave();
    const wasComplete = this.answers.isComplete;
    const { answers, kinds } = this.answers.get(this.item.id);
    const chosen = { ...answers, [name]: answer };
    const hasNoError = this.answers.hasNoError(chosen);
    this.answers.update(this.item.id, { answers: chosen, kinds: hasNoError ? [] : kinds });
    for (const box of this.main.querySelectorAll(".kinds input")) {
      box.disabled = hasNoError;
      box.checked = box.checked && !hasNoError;
    }
    this.showMessage(hasNoError && kinds.length ? "The kinds of errors were cleared: you chose that there is no error." : "");
    this.renderProgress();
    if (this.answers.isComplete && !wasComplete) this.showMessage(WORDS.complete);
  }

  handleKey(event) {
    if (!this.isStartScreen) {
      super.handleKey(event);
      return;
    }
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, input[type=file]")) return;
    if (event.key === "Enter" || event.key === "n") {
      event.preventDefault();
      this.start();
    }
  }

  // A number answers the focused question if it has no answer yet, else the first question without one, else the focused one, else the last.
  pressNumber(number) {
    if (number === 0) return;
    const fields = [...this.main.querySelectorAll("fieldset:not(.kinds)")];
    const isUnanswered = (field) => !field.querySelector(":checked");
    const focused = fields.find((field) => field.contains(document.activeElement));
    const target = focused && isUnanswered(focused) ? focused : fields.find(isUnanswered) ?? focused ?? fields[fields.length - 1];
    const radio = target.querySelectorAll("input")[number - 1];
    if (radio) radio.click();
  }

  download() {
    this.leave();
    const { items, packet, rater } = this.packet;
    const name = `ratings-${packet}-${rater}.json`;
    saveFile(name, this.answers.toFile());
    this.answers.isDownloaded = true;
    const { answeredCount, isComplete } = this.answers;
    const next = isComplete ? "Send the file back." : `${items.length - answeredCount} of ${plural(items.length, "item")} are not answered yet.`;
    this.showMessage([`Downloaded ${name} with ${plural(answeredCount, "rating")}.`, next, ...this.describeIncomplete()].join(" "));
  }

  // Items with a mark or a text but without an answer.
  describeIncomplete() {
    const { items } = this.packet;
    const incomplete = items.filter((item) => this.answers.isStarted(item.id) && !this.answers.isAnswered(item.id));
    if (!incomplete.length) return [];
    const first = items.indexOf(incomplete[0]) + 1;
    if (incomplete.length === 1) return [`Item ${first} has a mark or a text but no answer, so it will not count.`];
    return [`${incomplete.length} items have a mark or a text but no answer, so they will not count. The first is item ${first}.`];
  }
}

const main = document.getElementById("item");
openPage(main, (packet) => new RaterPage(main, packet),
  "This browser is too old for this page, or the file is damaged. Use a current browser, or ask for the packet as a spreadsheet.");
