// The table of a card: distances as measured, with the keys shuffled, and with fresh weights. What is not defined says why.
// Gives: numbersTable.
// Takes: words.js: number, percent; parts.js: element, span.

const NUMBERS = [["cosine_input", "cosine distance, input"], ["cosine_output", "cosine distance, output"],
                 ["cosine_att", "cosine distance, attention"], ["jsd_att_nats", "Jensen–Shannon, attention"]];
const NUMBER_COLUMNS = [["value", "measured"], ["shuffled", "shuffled"], ["fresh", "fresh weights"]];

function numbersTable() {
  const cells = NUMBERS.map(([name]) => NUMBER_COLUMNS.map(([column]) => element("td", {"data-number": name, "data-column": column})));
  const heads = NUMBER_COLUMNS.map(([, words]) => element("th", {scope: "col"}, words));
  const rows = NUMBERS.map(([, words], at) => element("tr", {}, element("th", {scope: "row"}, words), ...cells[at]));
  const head = element("thead", {}, element("tr", {}, element("td"), ...heads));
  const node = element("table", {class: "nlviz-numbers"}, head, element("tbody", {}, ...rows));

  function fill(record) {                             // returns the reasons for what is n/a, each once
    const reasons = new Set();
    NUMBERS.forEach(([name], row) => NUMBER_COLUMNS.forEach(([column], at) => {
      const {parts, reason = ""} = numberCell(record, name, column), cell = cells[row][at], text = parts.join(" ");
      if (reason) reasons.add(reason);
      cell.title = reason;
      cell.classList.toggle("nlviz-quiet", parts[0] === "…" || parts[0] === "–");
      if (cell.textContent !== text) cell.replaceChildren(...parts.flatMap((part, nth) => [nth ? " " : "", span("together", part)]));
    }));
    return [...reasons];
  }

  return {node, fill};
}

function numberCell({attention, fresh, error}, name, column) {           // {parts: texts that do not break, reason}
  const one = attention?.numbers.find(other => other.name === name);
  if (column === "fresh" && name === "cosine_input") return {parts: ["–"]};
  if (!attention || (column === "fresh" && !fresh)) return {parts: [error ? "–" : "…"]};
  const value = column === "fresh" ? fresh.fresh?.[name] : one?.[column];
  if (Number.isFinite(value)) return {parts: numberParts(name, value)};
  return {parts: ["n/a"], reason: one?.reason || (column === "fresh" ? fresh.note : "")};
}

function numberParts(name, value) {
  const text = value !== 0 && Math.abs(value) < 5e-5 ? "<0.0001" : number(value);
  return name === "jsd_att_nats" ? [text, "nats,", value ? percent(value / Math.LN2) : "0 %", "of ln 2"] : [text];
}
