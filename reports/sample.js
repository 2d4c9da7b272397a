// The page of a sample: a person marks identifiers that were missed, and downloads their counts. Follows page.js.

async function start() {
  const content = await unpack(document.getElementById("content").content.textContent);
  const answers = content.items.map(() => ({ read: false, missed: [] }));
  const main = document.getElementById("texts");
  const message = document.querySelector(".message");
  const progress = document.querySelector(".progress");
  let isSaved = true;

  function update() {
    const read = answers.filter((answer) => answer.read).length;
    const missed = answers.reduce((total, answer) => total + answer.missed.length, 0);
    progress.textContent = `${read} of ${answers.length} texts read, ${plural(missed, "missed identifier")} marked`;
    showBar(read, answers.length);
  }

  function show(item, number) {
    const answer = answers[number];
    const text = create("p", { class: "text", id: `text-${number}` });
    for (const [part, kind] of item.parts) {
      text.append(kind === null ? part : create("mark", { text: part, title: `Replaced: ${content.kinds[kind]}` }));
    }
    const input = create("input", { type: "text", maxlength: "500", autocomplete: "off" });
    const select = create("select", {}, ...Object.entries(content.kinds).map(([kind, name]) => create("option", { value: kind, text: capitalize(name) })));
    const add = create("button", { type: "button", text: "Mark as missed" });
    const box = create("input", { type: "checkbox" });
    const list = create("ul", { class: "marked" });

    function showMissed() {
      list.replaceChildren(
        ...answer.missed.map((each, place) => {
          const remove = create("button", { type: "button", class: "small", text: "Remove", "aria-label": `Remove ${each.text}` });
          remove.addEventListener("click", () => {
            answer.missed.splice(place, 1);
            showMissed();
            input.focus();
          });
          return create("li", {}, create("b", { text: `Missed ${content.kinds[each.kind]}:` }), create("span", { text: each.text }), remove);
        }),
      );
      isSaved = false;
      update();
    }

    document.addEventListener("selectionchange", () => {
      const selection = document.getSelection();
      if (selection.rangeCount && !selection.isCollapsed && text.contains(selection.anchorNode) && text.contains(selection.focusNode)) {
        input.value = selection.toString().trim().slice(0, 500);
      }
    });
    add.addEventListener("click", () => {
      const value = input.value.trim();
      if (!value || !text.textContent.includes(value)) {
        message.textContent = value ? "The text does not contain this. Select the missed identifier in the text." : "Select the missed identifier in the text.";
        return;
      }
      message.textContent = "";
      answer.missed.push({ kind: select.value, text: value });
      input.value = "";
      showMissed();
    });
    box.addEventListener("change", () => {
      answer.read = box.checked;
      isSaved = false;
      update();
    });
    const controls = create(
      "div",
      { class: "controls" },
      create("label", {}, "Missed identifier", input),
      create("label", {}, "Kind", select),
      add,
      create("label", { class: "read" }, box, "I have read this text"),
    );
    return create("section", { class: "one", "aria-labelledby": `title-${number}` }, create("h3", { id: `title-${number}`, text: `Row ${item.row}, ${item.place}` }), text, controls, list);
  }

  function save() {
    const replaced = {};
    const missed = {};
    let read = 0;
    answers.forEach((answer, number) => {
      if (!answer.read) return;
      read += 1;
      for (const [, kind] of content.items[number].parts) if (kind !== null) replaced[kind] = (replaced[kind] ?? 0) + 1;
      for (const each of answer.missed) missed[each.kind] = (missed[each.kind] ?? 0) + 1;
    });
    if (!read) {
      message.textContent = "No text is marked as read yet.";
      return;
    }
    const marks = { bench_sample: content.format, file_sha256: content.sha256, read, replaced, missed };
    saveFile(`${content.name.replace(/\.[a-z]+$/, "")}.marks.json`, marks);
    isSaved = true;
    const left = answers.length - read;
    message.textContent = left ? `Saved. ${left} text${left === 1 ? " is" : "s are"} not read yet and not counted.` : "Saved. The file holds counts and no text.";
  }

  document.getElementById("save").addEventListener("click", save);
  window.addEventListener("beforeunload", (event) => {
    if (!isSaved) event.preventDefault();
  });
  main.append(...content.items.map(show));
  update();
}

start();
