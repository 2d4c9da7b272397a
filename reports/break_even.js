// Computes from which volume on an own model costs less than a hosted one, when a reader changes the assumptions, by the formulas of
// harness/results/break_even.py.
"use strict";

for (const box of document.querySelectorAll(".replacement")) {
  const texts = JSON.parse(box.dataset.texts);
  const fields = Object.fromEntries([...box.querySelectorAll("input")].map((input) => [input.name, input]));
  const volume = Number(box.dataset.volume);
  const money = (value) => writeMoney(value, texts);

  const step = (value) => (value > 0 ? 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1) : 1);
  const up = (value) => groupDigits(String(Math.ceil(value / step(value) - 1e-9) * step(value)));
  const down = (value) => groupDigits(String(Math.floor(value / step(value) + 1e-9) * step(value)));
  const fill = (text, values) => Object.entries(values).reduce((all, [name, value]) => all.replace(`{${name}}`, value), text);

  const read = () => {
    const given = {};
    for (const [name, field] of Object.entries(fields)) {
      const value = field.value === "" ? null : Number(field.value);
      const positive = name === "months" || name === "utilisation";
      const valid = value === null ? !positive : Number.isFinite(value) && value >= 0 && (!positive || value > 0) && (name !== "utilisation" || value <= 1);
      field.toggleAttribute("aria-invalid", !valid);
      if (!valid) return null;
      given[name] = value;
    }
    return given;
  };
  const review = (share, given) => (share === null ? 0 : ((1 - share) * (given.minutes ?? 0) * (given.reviewer ?? 0)) / 60);
  const amounts = (row, given) => {
    const [seconds, training] = [readNumber(row, "seconds"), readNumber(row, "trainingSeconds")];
    if ([seconds, training, given.price, given.hosted].includes(null)) return null;
    const each = (seconds * given.price) / 3600 / given.utilisation;
    const once = ((training + (readNumber(row, "searchSeconds") ?? 0)) * given.price) / 3600 / given.months;
    return { once, least: (given.hours ?? 0) * given.price, each, hosted: given.hosted / 1000, charged: readNumber(row, "charged") ?? 0 };
  };
  // The smallest volume from which the own model costs less; null where it never does.
  const solve = (cost, ownReview, hostedReview) => {
    const gain = cost.hosted - cost.charged + hostedReview - ownReview;
    const pieces = [[cost.once + cost.least, gain], [cost.once, gain - cost.each]];
    if (pieces.some(([fixed, saving]) => saving <= 0 && (fixed > 0 || saving < 0))) return null;
    return Math.max(...pieces.map(([fixed, saving]) => (saving > 0 ? Math.ceil(fixed / saving - 1e-9) : 0)));
  };
  // The cost with each part at one end of its interval; without an interval, as it is.
  const atEnd = (cost, row, own, hosted) => ({
    ...cost,
    each: cost.each * (readNumber(row, `each${own}`) ?? 1),
    charged: cost.charged * (readNumber(row, `charged${own}`) ?? 1),
    hosted: cost.hosted * (readNumber(row, `hosted${hosted}`) ?? 1),
  });
  const hasRange = (row, cost, reviewed) =>
    [[cost.each, "each"], [cost.charged, "charged"], [cost.hosted, "hosted"]].some(
      ([amount, name]) => amount > 0 && (readNumber(row, `${name}Low`) ?? 1) < (readNumber(row, `${name}High`) ?? 1),
    ) || (reviewed && ["share", "hostedShare"].some((name) => readNumber(row, `${name}Low`) !== null && readNumber(row, `${name}High`) !== null));
  const range = (row, cost, given, reviewed) => {
    if (!hasRange(row, cost, reviewed)) return "";
    const shareAt = (name, end) => {
      const known = readNumber(row, `${name}Low`) !== null && readNumber(row, `${name}High`) !== null;
      return reviewed ? review(readNumber(row, known ? `${name}${end}` : name), given) : 0;
    };
    // The best for the own model has high shares of acceptable outputs of its own, and low ones of the hosted model.
    const best = solve(atEnd(cost, row, "Low", "High"), shareAt("share", "High"), shareAt("hostedShare", "Low"));
    const worst = solve(atEnd(cost, row, "High", "Low"), shareAt("share", "Low"), shareAt("hostedShare", "High"));
    if (best === null) return "";
    const low = down(best);
    return worst === null ? fill(texts.open_range, { low }) : fill(texts.range, { low, high: up(worst) });
  };
  const draw = (label, monthly) => {
    const line = [...box.querySelectorAll("path[data-line]")].find((each) => each.dataset.line === label);
    if (!line) return null;
    const [x0, x1, left, right, y0, y1, floor, top] = line.dataset.scale.split(" ").map(Number);
    const place = (at) => {
      const cost = monthly(10 ** at);
      const share = cost > 0 ? (Math.log10(cost) - y0) / (y1 - y0) : 0;
      return [left + ((at - x0) / (x1 - x0)) * (right - left), floor + Math.min(1, Math.max(0, share)) * (top - floor)];
    };
    const points = Array.from({ length: 49 }, (_, i) => place(x0 + ((x1 - x0) * i) / 48));
    line.setAttribute("d", `M${points.map(([a, b]) => `${a.toFixed(2)} ${b.toFixed(2)}`).join("L")}`);
    return { place, inside: (at) => at >= x0 && at <= x1 };
  };
  const mark = (label, found, drawn) => {
    const point = [...box.querySelectorAll("circle[data-point]")].find((each) => each.dataset.point === label);
    if (!point || !drawn) return;
    const visible = found > 0 && drawn.inside(Math.log10(found));
    point.setAttribute("visibility", visible ? "visible" : "hidden");
    if (!visible) return;
    const [x, y] = drawn.place(Math.log10(found));
    point.setAttribute("cx", x.toFixed(2));
    point.setAttribute("cy", y.toFixed(2));
  };

  const update = () => {
    const given = read();
    if (given === null) return;
    box.querySelector(".under").hidden = true; // it states the declared assumptions
    for (const row of box.querySelectorAll("tr[data-label]")) {
      const cost = amounts(row, given);
      const write = (name, text) => (row.querySelector(`[data-cost="${name}"]`).textContent = text);
      const [mine, theirs] = [readNumber(row, "share"), readNumber(row, "hostedShare")];
      const reviewed = (given.minutes ?? 0) * (given.reviewer ?? 0) > 0 && mine !== null && theirs !== null;
      const [ownReview, hostedReview] = reviewed ? [review(mine, given), review(theirs, given)] : [0, 0];
      write("hosted", given.hosted === null ? texts.nothing : money(volume * (given.hosted / 1000 + hostedReview)));
      if (cost === null) {
        write("volume", texts.unknown);
        write("range", "");
        write("own", texts.nothing);
        continue;
      }
      const own = (outputs) => cost.once + Math.max(cost.least, outputs * cost.each) + outputs * (cost.charged + ownReview);
      const found = solve(cost, ownReview, hostedReview);
      write("own", money(own(volume)));
      write("volume", found === null ? texts.never : found <= 0 ? texts.always : fill(texts.from, { volume: up(found) }));
      write("range", found > 0 ? range(row, cost, given, reviewed) : "");
      draw(box.dataset.hosted, (outputs) => outputs * (cost.hosted + hostedReview));
      mark(row.dataset.label, found, draw(row.dataset.label, own));
    }
  };
  for (const field of Object.values(fields)) field.addEventListener("input", update);
}
