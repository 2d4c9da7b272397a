// Rows to label, one at a time: a label of the task, or a text. Follows page.js and item_page.js.

const UNANSWERABLE = "unanswerable";
const MANY_LABELS = 12; // more are easier to search than to look through

class RowLabels extends SavedAnswers {
  constructor(content) {
    super(`bench-label/${content.page}`, content.items);
    this.labels = content.labels;
    this.load();
  }

  // The parts of a stored answer that fit this page: a file may have been changed on its way.
  parse(answer) {
    const value = answer?.label;
    const isKnown = typeof value === "string" && (this.labels.length === 0 || this.labels.includes(value));
    return {
      label: isKnown ? value : "",
      unanswerable: answer?.unanswerable === true,
      answered_at: typeof answer?.answered_at === "string" ? answer.answered_at : null,
    };
  }

  // Rows are numbered; the keys of stored answers are texts.
  has(id) {
    return super.has(Number(id));
  }

  isAnswered(id) {
    const answer = this.get(id);
    return answer.unanswerable || answer.label.trim() !== "";
  }

  toFile(page) {
    const answers = this.items
      .filter((item) => this.isAnswered(item.id))
      .map(({ id }) => {
        const { label, unanswerable, answered_at } = this.get(id);
        return unanswerable ? { row: id, unanswerable, answered_at } : { row: id, label, answered_at };
      });
    return { bench_labels: 1, page, saved_at: new Date().toISOString(), answers };
  }

  // Adds the answers of a downloaded file; of two answers to a row, the later one counts. Returns a message.
  addFile(file, page) {
    if (file?.bench_labels !== 1 || file.page !== page) return "This file belongs to another page.";
    let loaded = 0;
    for (const entry of Array.isArray(file.answers) ? file.answers : []) {
      if (!this.ids.has(entry?.row)) continue;
      const answer = this.parse(entry);
      if ((this.get(entry.row).answered_at ?? "") >= (answer.answered_at ?? "")) continue;
      this.byItem[entry.row] = answer;
      loaded += 1;
    }
    this.save();
    return `Loaded ${plural(loaded, "answer")} from the file.`;
  }
}

class LabelPage extends ItemPage {
  constructor(main, content) {
    super(main, new RowLabels(content), content.words);
    this.content = content;
    this.render();
  }

  render() {
    const { item, content, answers } = this;
    const parts = [
      create("h2", { tabindex: "-1", text: `Row ${answers.position + 1} of ${this.items.length}` }),
      content.instructions ? create("p", { class: "instructions", text: content.instructions }) : null,
      this.renderNotice(),
      create("section", { class: "one", "aria-label": "Input" }, ...item.inputs.flatMap(([name, text]) => this.renderText(capitalize(name), text))),
      ...(content.labels.length ? this.renderLabels() : this.renderAnswer()),
      create("p", { class: "hint", text: content.labels.length ? content.words.keys : content.words.text_keys }),
      this.renderResume((file) => answers.addFile(file, content.page)),
    ];
    this.main.replaceChildren(...parts.filter((part) => part !== null));
    this.foot.querySelector("nav").replaceChildren(...this.renderButtons());
    this.renderProgress();
  }

  renderLabels() {
    const { item, content, answers } = this;
    const { label, unanswerable } = answers.get(item.id);
    const choices = content.labels.map((value, k) => [value, content.shown_labels[k]]);
    const buttons = this.renderChoice("label", choices, unanswerable ? null : label, (value) => this.answer({ label: value, unanswerable: false }));
    const neither = this.renderChoice("label", [[UNANSWERABLE, content.words.unanswerable, "0"]], unanswerable ? UNANSWERABLE : null,
      () => this.answer({ label: "", unanswerable: true }));
    const field = create("fieldset", {}, create("legend", { text: content.words.choose }),
      create("div", { class: "answers" }, ...buttons), create("div", { class: "answers neither" }, ...neither));
    return [this.renderSuggestions(null), choices.length > MANY_LABELS ? this.renderSearch(buttons) : null, field];
  }

  // Shows the labels that contain what is typed; Enter chooses the first of them.
  renderSearch(buttons) {
    const search = create("input", { type: "search", id: "search", autocomplete: "off" });
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      for (const button of buttons) button.hidden = !button.querySelector("span").textContent.toLowerCase().includes(wanted);
    });
    search.addEventListener("keydown", (event) => {
      const first = buttons.find((button) => !button.hidden);
      if (event.key !== "Enter" || search.value.trim() === "" || !first) return;
      event.preventDefault();
      first.querySelector("input").click();
      first.querySelector("input").focus();
    });
    return create("p", { class: "search" }, create("label", { for: "search", text: this.content.words.search }), search);
  }

  renderAnswer() {
    const { item, content, answers } = this;
    const { label, unanswerable } = answers.get(item.id);
    const text = create("textarea", { id: "answer", rows: "6" });
    const box = create("input", { type: "checkbox" });
    text.value = label;
    text.disabled = unanswerable;
    box.checked = unanswerable;
    text.addEventListener("input", () => this.answer({ label: text.value }));
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.goTo(answers.position + 1);
      this.main.querySelector("textarea").focus();
    });
    box.addEventListener("change", () => {
      text.disabled = box.checked;
      this.answer({ unanswerable: box.checked });
    });
    const field = create("div", { class: "more" }, create("label", { for: "answer", text: content.words.write }), text);
    const neither = create("label", {}, box, create("span", { text: content.words.unanswerable }), create("kbd", { text: "0", "aria-hidden": "true" }));
    return [this.renderSuggestions(text), field, create("div", { class: "answers neither" }, neither)];
  }

  // Answers of models; each can be taken over into the text field.
  renderSuggestions(target) {
    const { suggestions } = this.item;
    if (!suggestions.length) return null;
    const parts = suggestions.flatMap((shown, k) => {
      const name = `Suggestion ${k + 1}`;
      if (target === null) return this.renderText(name, shown);
      const button = create("button", { type: "button", class: "small", text: `Start from suggestion ${k + 1}` });
      button.addEventListener("click", () => {
        if (target.disabled || (target.value.trim() && !window.confirm("Replace the text you have written?"))) return;
        target.value = shown;
        this.answer({ label: shown });
        target.focus();
      });
      return [...this.renderText(name, shown), button];
    });
    return create("section", { class: "one", "aria-label": "Suggestions" }, ...parts);
  }

  answer(change) {
    const wasComplete = this.answers.isComplete;
    this.answers.update(this.item.id, change);
    this.showMessage("");
    this.renderProgress();
    if (this.answers.isComplete && !wasComplete) this.showMessage(this.words.complete);
  }

  // 1 to 9 choose a label, 0 marks the row as one that cannot be answered.
  pressNumber(number) {
    const neither = this.main.querySelector(".neither input");
    const field = number === 0 ? neither : this.main.querySelectorAll(".answers:not(.neither) input")[number - 1];
    if (field) field.click();
  }

  download() {
    const { answeredCount, isComplete } = this.answers;
    if (!answeredCount) {
      this.showMessage("No row is answered yet.");
      return;
    }
    saveFile(this.content.file, this.answers.toFile(this.content.page));
    this.answers.isDownloaded = true;
    const left = this.items.length - answeredCount;
    const rest = isComplete ? "" : ` ${left} of ${plural(this.items.length, "row")} ${left === 1 ? "is" : "are"} not answered yet.`;
    this.showMessage(`Saved ${this.content.file} with ${plural(answeredCount, "answer")}.${rest}`);
  }
}

const main = document.getElementById("item");
openPage(main, (content) => new LabelPage(main, content),
  "This browser is too old for this page, or the file is damaged. Use a current browser, or ask for the rows as a spreadsheet.");
