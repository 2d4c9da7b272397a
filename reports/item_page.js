// A page that shows one item at a time, after page.js: answers saved in the browser, navigation, progress and keys.

// Answers by item, saved in this browser if it allows that. A page's own class parses what was stored and decides what is answered.
class SavedAnswers {
  constructor(storageKey, items) {
    this.storageKey = storageKey;
    this.items = items;
    this.ids = new Set(items.map((item) => item.id));
    this.position = 0; // of the item on display
    this.byItem = {};
    this.isSaved = true; // in this browser
    this.isDownloaded = true;
  }

  load() {
    try {
      const stored = localStorage.getItem(this.storageKey);
      if (stored) this.restore(JSON.parse(stored));
    } catch {
      this.isSaved = false;
    }
  }

  restore(stored) {
    this.position = this.clamp(Math.trunc(Number(stored.position)) || 0);
    const known = Object.entries(stored.answers ?? {}).filter(([id]) => this.has(id));
    this.byItem = Object.fromEntries(known.map(([id, answer]) => [id, this.parse(answer)]));
  }

  has(id) {
    return this.ids.has(id);
  }

  clamp(position) {
    return Math.min(Math.max(position, 0), this.items.length - 1);
  }

  save() {
    try {
      localStorage.setItem(this.storageKey, JSON.stringify({ position: this.position, answers: this.byItem }));
      this.isSaved = true;
    } catch {
      this.isSaved = false;
    }
  }

  get(id) {
    return this.byItem[id] ?? this.parse({});
  }

  update(id, change) {
    this.byItem[id] = { ...this.get(id), ...change, answered_at: new Date().toISOString() };
    this.isDownloaded = false;
    this.save();
  }

  get answeredCount() {
    return this.items.filter((item) => this.isAnswered(item.id)).length;
  }

  get isComplete() {
    return this.answeredCount === this.items.length;
  }
}

// A page's own class has render() and download(), and may have leave(), which runs before another item is shown.
class ItemPage {
  // words: done ("rated"), complete (the message after the last answer), download (the button), unsaved (where the browser saves nothing).
  constructor(main, answers, words) {
    this.main = main;
    this.answers = answers;
    this.words = words;
    this.foot = document.querySelector(".foot");
    document.addEventListener("keydown", (event) => this.handleKey(event));
    window.addEventListener("storage", (event) => {
      if (event.key === answers.storageKey && event.newValue) {
        answers.restore({ ...JSON.parse(event.newValue), position: answers.position });
        this.render();
      }
    });
    window.addEventListener("beforeunload", (event) => {
      if (!answers.isSaved && !answers.isDownloaded) event.preventDefault();
    });
    main.hidden = false;
    this.foot.hidden = false;
  }

  // Messages appear beside the buttons, where the person is looking.
  showMessage(text) {
    this.foot.querySelector(".message").textContent = text;
  }

  get items() {
    return this.answers.items;
  }

  get item() {
    return this.items[this.answers.position];
  }

  leave() {}

  goTo(position) {
    this.leave();
    this.answers.position = this.answers.clamp(position);
    this.answers.save();
    this.showMessage(this.answers.isComplete ? this.words.complete : "");
    this.render();
    this.main.querySelector("h2").focus();
    window.scrollTo(0, 0);
  }

  goToNextUnanswered() {
    const { items } = this;
    for (let step = 1; step <= items.length; step += 1) {
      const position = (this.answers.position + step) % items.length;
      if (!this.answers.isAnswered(items[position].id)) return this.goTo(position);
    }
    return this.goTo(items.length - 1);
  }

  // `segments` are the parts of the text, those that differ from another text marked.
  renderText(name, text, segments = [[text, false]]) {
    const parts = segments.flatMap(([part, isDifferent]) => {
      const pieces = breakLongWords(part);
      return isDifferent ? [create("mark", {}, ...pieces)] : pieces;
    });
    const content = text === ""
      ? create("p", { class: "text empty", text: "(empty)" })
      : create("div", { class: "text", tabindex: "0", role: "group", "aria-label": name }, ...parts);
    return [create("h3", { text: name }), content];
  }

  renderNotice() {
    if (this.answers.isSaved) return null;
    return create("p", { class: "notice", text: this.words.unsaved });
  }

  // One answer of several, as buttons; the first nine have a key.
  renderChoice(name, choices, chosen, choose) {
    return choices.map(([value, text, key], k) => {
      const field = create("input", { type: "radio", name, value });
      field.checked = chosen === value;
      field.addEventListener("change", () => choose(value));
      const shown = key ?? (k < 9 ? String(k + 1) : null);
      return create("label", {}, field, create("span", { text }), shown === null ? null : create("kbd", { text: shown, "aria-hidden": "true" }));
    });
  }

  renderButtons() {
    const { position } = this.answers;
    const button = (text, act, attributes = {}) => {
      const element = create("button", { type: "button", text, ...attributes });
      element.addEventListener("click", act);
      return element;
    };
    return [
      button("Previous", () => this.goTo(position - 1), { disabled: position === 0 }),
      button("Next", () => this.goTo(position + 1), { class: "next", disabled: position === this.items.length - 1 }),
      button("Next unanswered", () => this.goToNextUnanswered(), { class: "unanswered" }),
      button(this.words.download, () => this.download(), { class: "download" }),
    ];
  }

  // For people who change the browser or the computer.
  renderResume(load) {
    const input = create("input", { type: "file", accept: ".json,application/json" });
    input.addEventListener("change", async () => {
      let message = "This file cannot be read. Choose a file that was downloaded from this page.";
      try {
        message = load(JSON.parse(await input.files[0].text()));
      } catch {
        // The file is not JSON.
      }
      this.render();
      this.showMessage(message);
    });
    return create("p", { class: "hint" }, create("label", { class: "file" }, input, create("span", { text: "Resume from a file" })));
  }

  renderProgress() {
    const total = this.items.length;
    const { answeredCount, isSaved, isComplete, position } = this.answers;
    showBar(answeredCount, total);
    const primary = isComplete ? "download" : position === total - 1 ? "unanswered" : "next";
    for (const name of ["next", "unanswered", "download"]) this.foot.querySelector(`.${name}`)?.classList.toggle("main", name === primary);
    const saved = isSaved ? " Your answers are saved in this browser." : "";
    document.querySelector(".progress").textContent = `${answeredCount} of ${total} ${this.words.done}.${saved}`;
  }

  handleKey(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, input[type=search]")) return;
    if (event.key === "Enter" && event.target.closest("button, input[type=file]")) return;
    const { position } = this.answers;
    const actions = { n: () => this.goTo(position + 1), p: () => this.goTo(position - 1), u: () => this.goToNextUnanswered() };
    actions.Enter = actions.n;
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    } else if (/^[0-9]$/.test(event.key)) {
      this.pressNumber(Number(event.key));
    }
  }
}

// Starts a page with its content; `notice` is shown if the browser or the file does not allow that.
function openPage(main, start, notice) {
  unpack(document.getElementById("content").content.textContent).then(start, () => {
    main.before(create("p", { class: "notice", role: "alert", text: notice }));
  });
}
