// Tokens: named tokens as queries. A chip for each, a list where there are many; pressed, its row is shown instead of the pointer's.
// Gives: POINTER, tokensIn, createTokens.
// Takes: parts.js: element, span, selectOf, button.

const POINTER = "", MOST_CHIPS = 4;                   // POINTER: the setting of "whatever the pointer is over"

function tokensIn(panels) {                           // every named token that some map of these panels has, each once
  const names = panels.flatMap(({maps}) => maps.flatMap(({query_tokens: asks = [], key_tokens: asked = []}) => [...asks, ...asked]));
  return [...new Set(names)];
}

// onChange(token)
function createTokens({onChange}) {
  const node = element("div", {class: "nlviz-tokens nlviz-control", role: "group", "aria-label": "Query", hidden: true});
  let offered = [], chosen = POINTER;

  function offer(names) {
    if (String(names) === String(offered)) return;
    offered = names;
    node.hidden = !names.length;
    node.replaceChildren(span("tokens-words", "Query"), ...(names.length > MOST_CHIPS ? [listOf(names)] : names.map(chipOf)));
    draw(chosen);
  }

  function chipOf(name) {
    const chip = button(name, "token", () => onChange(chosen === name ? POINTER : name), `The row of the ${name} in every panel; again, or Escape: the pointer's`);
    chip.dataset.token = name;
    chip.classList.add("nlviz-token");
    return chip;
  }

  const listOf = names => selectOf({"data-choice": "token", "aria-label": "Query"}, ["the pointer", ...names], chosen || "the pointer",
    value => onChange(value === "the pointer" ? POINTER : value));

  function draw(token) {
    chosen = token;
    for (const chip of node.querySelectorAll("[data-token]")) chip.setAttribute("aria-pressed", chip.dataset.token === token);
    const list = node.querySelector("select");
    if (list) list.value = token || "the pointer";
  }

  return {node, offer, draw};
}
