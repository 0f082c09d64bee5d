// The table of the numbers: a row for each map, distances as measured, with the keys shuffled, and with fresh weights, and below
// it what they say. A column's head sorts by it.
// Gives: createNumbersTable.
// Takes: words.js: number, percent; parts.js: element, div, span, setText, button.

const NUMBERS = [["cosine_input", "cosine, input", ["value", "shuffled"]],
                 ["cosine_output", "cosine, output", ["value", "shuffled", "fresh"]],
                 ["cosine_att", "cosine, attention", ["value", "shuffled", "fresh"]],
                 ["jsd_att_nats", "JSD, attention", ["value", "shuffled", "fresh"]]];
const NUMBER_COLUMNS = {value: ["map", "of the map"], shuffled: ["shuffled", "of the same numbers shuffled"], fresh: ["fresh", "with fresh weights"]};
const COLUMNS = NUMBERS.flatMap(([name, words, columns]) => columns.map(column => ({name, column, words: `${words}, ${NUMBER_COLUMNS[column][1]}`})));
const SHARE = "of shuffled";
const SHARE_HELP = "how far apart rows are, as a share of what shuffled rows are: Jensen–Shannon where there is one, else cosine distance";

// rows: [{name, title, note, record, onAgain, onEnlarge}]; sorted by {by, falling}: a column, or null for the panels' order
function createNumbersTable() {
  let sorted = {by: null, falling: true}, rows = [];
  const heads = new Map(), table = element("table", {class: "nlviz-numbers"});
  const node = element("div", {class: "nlviz-scroll", tabindex: 0, role: "region", "aria-label": "Numbers"}, table);
  table.append(headOf(heads, by => { sorted = nextSort(sorted, by); draw(); }));

  function fill(wanted) {
    const before = new Map(rows.map(row => [row.name, row]));
    rows = wanted.map(one => before.get(one.name) || tableRow(one.name));
    rows.forEach((row, at) => row.fill(wanted[at]));
    draw();
  }

  function draw() {
    const {by, falling} = sorted, order = by === null ? rows : rows.slice().sort((a, b) => compare(a.valueOf(by), b.valueOf(by), falling));
    for (const [name, head] of heads) head.setAttribute("aria-sort", name !== by ? "none" : falling ? "descending" : "ascending");
    const bodies = order.map(row => row.node), there = [...table.tBodies];
    if (bodies.length !== there.length || bodies.some((body, at) => body !== there[at])) {
      for (const body of there) body.remove();
      table.append(...bodies);
    }
  }

  return {node, fill};
}

const keyOf = ({name, column}) => `${name} ${column}`;

// The first click puts the largest number first (of names the first), the second the smallest, the third brings back the panels' order.
function nextSort({by, falling}, wanted) {
  const first = wanted !== "title";
  if (by !== wanted) return {by: wanted, falling: first};
  return falling === first ? {by, falling: !first} : {by: null, falling: true};
}

function compare(a, b, falling) {                     // what is not there comes last
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? a.localeCompare(b) : a - b;
  return falling ? -order : order;
}

// ---------------------------------------------------------------------------------------------------- head

function headOf(heads, onSort) {
  const sortable = (name, words, help, attributes) => {
    const label = element("button", {type: "button", class: "nlviz-sort", "data-sort": name, "aria-label": help, title: help, onclick: () => onSort(name)}, words);
    heads.set(name, element("th", {scope: "col", "aria-sort": "none", ...attributes}, label));
    return heads.get(name);
  };
  const groups = NUMBERS.map(([, words, columns]) => element("th", {scope: "colgroup", colspan: columns.length}, words));
  const columns = COLUMNS.map(one => sortable(keyOf(one), NUMBER_COLUMNS[one.column][0], one.words, {"data-column": one.column}));
  return element("thead", {},
    element("tr", {}, sortable("title", "Network and map", "Network and map", {rowspan: 2}), ...groups, sortable("share", SHARE, SHARE_HELP, {rowspan: 2})),
    element("tr", {}, ...columns));
}

// ---------------------------------------------------------------------------------------------------- a row

function tableRow(name) {
  const title = element("th", {scope: "row"}), cells = COLUMNS.map(({name: of, column}) => element("td", {"data-number": of, "data-column": column}));
  const part = span("share-part"), share = span("share-number"), bar = element("td", {"data-number": "share", title: SHARE_HELP}, span("share", part), share);
  const sentence = span("sentence"), epoch = span("quiet"), reasons = span("reasons nlviz-quiet"), words = element("span", {role: "alert"});
  const trouble = div("trouble", words, button("Try again", "measure-again", () => latest.onAgain()));
  const said = element("td", {colspan: COLUMNS.length + 2}, sentence, " ", reasons, " ", epoch, trouble);
  const node = element("tbody", {class: "nlviz-row"}, element("tr", {}, title, ...cells, bar), element("tr", {class: "nlviz-said"}, said));
  let latest = null;

  function fill(row) {
    const {record: {attention, error}} = latest = row, reason = new Set(cells.map((cell, at) => fillCell(cell, row.record, COLUMNS[at])).filter(Boolean));
    Object.assign(node.dataset, {panel: row.panel, map: row.map});
    setText(title, row.title);
    const found = shareOf(row.record);
    part.style.width = `${100 * Math.min(1, found ?? 0)}%`;
    setText(share, found === null ? attention ? "n/a" : error ? "–" : "…" : percent(found));
    bar.classList.toggle("nlviz-quiet", found === null);
    setText(sentence, attention ? attention.sentence : error ? "" : "Waiting for the numbers …");
    sentence.classList.toggle("nlviz-quiet", !attention);
    setText(epoch, row.epoch);
    setText(reasons, [...reason].filter(text => !attention?.sentence.includes(text)).map(text => `n/a: ${text}`).join("; "));
    trouble.hidden = !error;
    setText(words, error);
  }

  const valueOf = by => by === "title" ? latest.title : by === "share" ? shareOf(latest.record) : valueIn(latest.record, ...by.split(" "));

  return {name, node, fill, valueOf};
}

function fillCell(cell, record, {name, column}) {     // what it says, and why not
  const value = valueIn(record, name, column), {attention, fresh, error} = record, one = attention?.numbers.find(other => other.name === name);
  const here = column === "fresh" ? fresh : attention, reason = here && value === null ? one?.reason || fresh?.note || "" : "";
  setText(cell, value !== null ? numberText(value) : here ? "n/a" : error ? "–" : "…");
  cell.classList.toggle("nlviz-quiet", value === null);
  cell.title = value === null ? reason : name === "jsd_att_nats" ? `${numberText(value)} nats, ${value ? percent(value / Math.LN2) : "0 %"} of ln 2` : "";
  return reason;
}

function valueIn({attention, fresh}, name, column) {
  const value = column === "fresh" ? fresh?.fresh?.[name] : attention?.numbers.find(other => other.name === name)?.[column];
  return Number.isFinite(value) ? value : null;
}

function shareOf(record) {
  const of = ["jsd_att_nats", "cosine_att"].find(name => valueIn(record, name, "value") !== null), shuffled = of ? valueIn(record, of, "shuffled") : null;
  return shuffled ? valueIn(record, of, "value") / shuffled : null;
}

const numberText = value => value !== 0 && Math.abs(value) < 5e-5 ? "<0.0001" : number(value);
