// Follows runs in progress: asks for their state every few seconds, and shows texts as text.

"use strict";

const INTERVAL = 3000; // milliseconds
const section = document.getElementById("live");
const NAMESPACE = "http://www.w3.org/2000/svg";
let shown = null; // the names of the runs on display

function create(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function drawCurve(losses) {
  if (losses.length < 2) return "";
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const points = losses.map((loss, k) => `${(k * 120) / (losses.length - 1)},${2 + (24 * (high - loss)) / (high - low || 1)}`);
  const svg = document.createElementNS(NAMESPACE, "svg");
  for (const [name, value] of Object.entries({ width: 120, height: 28, viewBox: "0 0 120 28", "aria-hidden": "true" })) svg.setAttribute(name, value);
  const line = document.createElementNS(NAMESPACE, "polyline");
  for (const [name, value] of Object.entries({ points: points.join(" "), fill: "none", stroke: "currentColor" })) line.setAttribute(name, value);
  svg.append(line);
  return svg;
}

function show({ runs, columns, empty }) {
  const names = JSON.stringify(runs.map((run) => run.name));
  if (shown !== null && shown !== names) location.reload(); // one has ended or begun: the list of runs has changed, too
  shown = names;
  const parts = runs.flatMap((run) => [
    create("h3", {}, run.name),
    create("p", { class: "sub" }, run.summary),
    create("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": run.name }, create("table", {},
      create("thead", {}, create("tr", {}, ...columns.map((name) => create("th", { scope: "col" }, name)))),
      create("tbody", {}, ...run.rows.map((row) => create("tr", {},
        ...row.texts.map((text, k) => create(k ? "td" : "th", k ? {} : { scope: "row" }, text)),
        create("td", {}, drawCurve(row.losses))))))),
  ]);
  section.replaceChildren(...(parts.length ? parts : [create("p", {}, empty)]));
}

async function poll() {
  try {
    const answer = await fetch("progress.json", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    show(await answer.json());
  } catch {
    section.replaceChildren(create("p", { role: "alert" }, section.dataset.stopped));
  }
  setTimeout(poll, INTERVAL);
}

poll();
