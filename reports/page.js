// What the pages that people fill in share. Texts are set as text, never as markup. Each page's own script follows this one.

"use strict";

const LONGEST_PIECE = 500;
const LONG_WORD = /\S{501,}/g;

function create(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function capitalize(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

// The text in pieces, with a place for a line break after each LONGEST_PIECE characters of a word. Without these, Chromium lays out a word
// of 100,000 letters in half a minute in fonts with kerning.
function breakLongWords(text) {
  const pieces = [];
  let start = 0;
  for (const { 0: word, index } of text.matchAll(LONG_WORD)) {
    for (let end = index + LONGEST_PIECE; end < index + word.length; end += LONGEST_PIECE) {
      pieces.push(text.slice(start, end), document.createElement("wbr"));
      start = end;
    }
  }
  return [...pieces, text.slice(start)];
}

function showBar(done, total) {
  const bar = document.querySelector(".bar");
  bar.setAttribute("aria-valuemax", String(total));
  bar.setAttribute("aria-valuenow", String(done));
  bar.firstElementChild.style.width = `${(100 * done) / Math.max(1, total)}%`;
}

function saveFile(name, value) {
  const blob = new Blob([JSON.stringify(value, null, 1)], { type: "application/json" });
  const link = create("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
