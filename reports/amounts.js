// Numbers of rows and amounts of money, for the scripts that compute costs again: written as harness/reporting/wording/numbers.py writes them.
"use strict";

const readNumber = (row, name) => (row.dataset[name] === undefined ? null : Number(row.dataset[name]));
const groupDigits = (text) => text.replace(/^\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ","));
const writeMoney = (value, texts) => {
  if (value > 0 && value < 0.0001) return `< ${texts.prefix}0.0001${texts.suffix}`;
  const decimals = value === 0 || value >= 1000 ? 0 : value < 0.1 ? 4 : 2;
  return `${texts.prefix}${groupDigits(value.toFixed(decimals))}${texts.suffix}`;
};
