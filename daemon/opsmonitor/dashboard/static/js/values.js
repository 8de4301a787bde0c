// The values that a check reads, in words; opsmonitor/dashboard/values.py says the same.

import { DASH } from "./words.js";

const MOST_DECIMALS = 3;
const HUGE = 1e15;

/** Return the values of a check's latest run, by their names. */
export function valuesText(exports) {
  return (exports ?? []).map((each) => `${each.name} ${valueText(each)}`).join(" · ");
}

/** Return a value as people write it. */
export function valueText({ value, unit, precision }) {
  if (value === null || value === undefined) return DASH;
  const text = typeof value === "number" ? number(value, precision) : String(value);
  return unit ? `${text} ${unit}` : text;
}

/** Return a number with so many decimals, or with those that it has. */
function number(value, precision) {
  if (Math.abs(value) >= HUGE) return value.toExponential(6).replace("e+", "e");
  let text = value.toFixed(precision ?? MOST_DECIMALS);
  if (precision === null || precision === undefined) text = text.replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}
