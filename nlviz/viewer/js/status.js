// Status: the sentence above the panels, which tells of the query and what each panel says of it; screen readers hear all of it.
// Gives: createStatus.
// Takes: words.js: statusLead, statusEntries; parts.js: element, div, span, setText.

function createStatus() {
  const node = div("status"), announcer = createAnnouncer();

  function draw({looks, hovered, reference, settings, query}) {          // the label of each panel, then what is said of it
    const entries = statusEntries(looks, hovered, reference), lead = statusLead(settings, reference, query);
    const words = entries.map(([label, text], at) => [label, text + (at < entries.length - 1 ? "; " : "")]);
    const text = lead + words.flat().join("");
    if (node.textContent === text) return;
    node.replaceChildren(lead, ...words.map(([label, rest]) => span("entry", span("strong", label), rest)));
    node.title = text;                                // the line itself shows what there is room for
    announcer.say(text);
  }

  return {node, spoken: announcer.node, draw};
}

function createAnnouncer() {                          // screen readers hear at most two lines a second
  const node = element("div", {class: "nlviz-spoken", "aria-live": "polite"});
  let timer = 0, latest = "";

  function say(text) {
    latest = text;
    timer ||= setTimeout(() => { timer = 0; setText(node, latest); }, 500);
  }

  return {node, say};
}
