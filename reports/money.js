// Computes costs in use again when a reader changes the volume or the price of the device, by the formulas of
// harness/results/use_costs.py.
"use strict";

for (const box of document.querySelectorAll(".money")) {
  const texts = JSON.parse(box.dataset.texts);
  const rows = [...box.querySelectorAll("tr[data-label]")];
  const fields = Object.fromEntries([...box.querySelectorAll("input")].map((input) => [input.name, input]));
  const costs = new Map();
  const money = (value) => writeMoney(value, texts);

  const priceOf = (seconds, fixed, price) => fixed ?? (seconds === null || price === null ? null : (seconds * price) / 3600);

  const payback = (own, base) => {
    if (!base || [own.each, own.once, own.search, base.each, base.once].includes(null)) return null;
    const [extra, saving] = [own.once + own.search - base.once, base.each - own.each];
    if (saving <= 0) return texts.never;
    return extra <= 0 ? texts.at_once : texts.after.replace("{outputs}", groupDigits(String(Math.ceil(extra / saving))));
  };
  const interval = (each, row) => {
    const [low, high] = [readNumber(row, "shareLow"), readNumber(row, "shareHigh")];
    if (!readNumber(row, "share") || !high) return "";
    const cheapest = money((1000 * each) / high);
    return low ? `${cheapest}–${money((1000 * each) / low)}` : texts.or_more.replace("{low}", cheapest);
  };
  const write = (row, name, text) => {
    const cell = row.querySelector(`[data-cost="${name}"]`);
    if (cell && text !== null) cell.textContent = text;
  };

  const update = () => {
    const volume = Number(fields.volume.value);
    const price = fields.price.value === "" ? null : Number(fields.price.value);
    const isVolume = Number.isInteger(volume) && volume >= 1 && volume <= 1e12;
    const isPrice = price === null || (Number.isFinite(price) && price >= 0);
    fields.volume.toggleAttribute("aria-invalid", !isVolume);
    fields.price.toggleAttribute("aria-invalid", !isPrice);
    if (!isVolume || !isPrice) return;
    for (const row of rows) {
      const device = priceOf(readNumber(row, "seconds"), readNumber(row, "outputPrice"), price);
      const each = device === null ? null : device + (readNumber(row, "charged") ?? 0); // a cascade pays a host for what it passes on
      const search = row.dataset.searchSeconds === undefined ? 0 : priceOf(readNumber(row, "searchSeconds"), null, price);
      costs.set(row.dataset.label, { each, once: priceOf(readNumber(row, "trainingSeconds"), null, price), search });
    }
    for (const row of rows) {
      const own = costs.get(row.dataset.label);
      const share = readNumber(row, "share");
      write(row, "training", own.once === null ? null : money(own.once));
      const search = priceOf(readNumber(row, "searchSeconds"), null, price);
      write(row, "search", search === null ? null : money(search));
      write(row, "payback", payback(own, costs.get(row.dataset.baseline)));
      if (own.each === null) continue;
      write(row, "month", money(own.each * volume));
      write(row, "acceptable", share ? money((1000 * own.each) / share) : null);
      write(row, "acceptable-interval", interval(own.each, row));
    }
    repeat();
  };
  // The tile of the first screen repeats cells of the table.
  const repeat = () => {
    const tile = box.closest(".task").querySelector('[data-tile="money"]');
    if (!tile) return;
    const title = tile.querySelector("[data-volume]");
    title.textContent = title.textContent.replace(/^[\d,]+/, groupDigits(String(Number(fields.volume.value))));
    for (const place of tile.querySelectorAll("[data-of]")) {
      const row = rows.find((each) => each.dataset.label === place.dataset.of);
      place.textContent = row.querySelector(`[data-cost="${place.dataset.shows}"]`).textContent;
    }
  };
  for (const field of Object.values(fields)) field.addEventListener("input", update);
}
