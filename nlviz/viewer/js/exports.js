// Exports: what is on screen as a file, which the server makes: one menu with every choice.
// Gives: createExports.
// Takes: base64.js: bytesOf; parts.js: element, div, span, setText, selectOf, button; menus.js: createMenu.

const OF_STACKS = ["layers x heads", "distance against layer"];         // layouts of networks with layers and heads
const OF_CLIPS = ["filmstrip"], MOVING = ["GIF", "MP4"];                 // moving: the query goes through the frames
const EXPORT_CHOICES = {
  layout: ["Layout", ["queries by networks", "one query", "dependence", "channels", "distances", ...OF_STACKS, ...OF_CLIPS]],
  format: ["Format", ["PNG", "SVG", "PDF", ...MOVING]],
  width: ["Size", ["one column", "two columns", "slide"]],
};
const EXPORT_KINDS = [["figure", "Figure", "one file, as chosen above"],
                      ["zip", "Everything (zip)", "PNG, SVG and PDF, the rows, the numbers and the recipe"],
                      ["html", "Offline page (HTML)", "to hover and pin without a server"]];
const MOVING_NOTE = "The query goes through all frames at its place, or from pin to pin in the order of their frames.";
const DOTS = {least: 50, most: 1200, usual: 300};     // per inch

// now() is {request, pins, query, indexHere}: what every request says of the screen (null while nothing is shown), and what is pinned.
function createExports({now, onExport, setBusy, complain, withdraw}) {
  const choice = {layout: EXPORT_CHOICES.layout[1][0], format: "PNG", width: "two columns"};
  const dpi = element("input", {type: "number", min: DOTS.least, max: DOTS.most, step: 1, value: DOTS.usual, "data-export": "dpi", oninput: draw});
  const wholeMaps = element("input", {type: "checkbox", "data-export": "whole_maps"});
  const note = div("export-note nlviz-quiet"), boxes = Object.entries(EXPORT_CHOICES).map(([name, [words, options]]) =>
    exportRow(words, selectOf({"data-export": name}, options, choice[name], value => { choice[name] = value; draw(); })));
  const kinds = EXPORT_KINDS.map(([what, words]) => button(words, `export-${what}`, () => run(what, choice.format)));
  const rows = kinds.flatMap((node, at) => [node, span("quiet", EXPORT_KINDS[at][2])]);
  const panel = element("div", {class: "nlviz-menu-panel nlviz-export-panel", role: "dialog", "aria-label": "Export", hidden: true}, ...boxes,
    exportRow("Dots per inch", dpi), note,
    element("label", {class: "nlviz-control nlviz-whole-maps"}, wholeMaps, "Whole maps in the zip, not only the rows of these queries"),
    div("export-kinds", ...rows));
  const opener = button("Export", "export-open", null, "Every layout, format and size; everything as a zip; a page to pass on");
  const node = div("menu nlviz-exports", opener, panel);
  createMenu({node, opener, panel: () => panel, onOpen: () => { draw(); panel.querySelector("select").focus(); }}).open(false);
  draw();

  function draw() {                                   // what the choices are of, as pins come and go
    const {hasStack, isClip} = now();
    offer("layout", OF_STACKS, hasStack);
    offer("layout", OF_CLIPS, isClip);
    offer("format", MOVING, isClip);
    dpi.disabled = choice.format !== "PNG";
    setText(note, (MOVING.includes(choice.format) ? MOVING_NOTE : noteOf(choice.layout, now())) + (now().isWhatIf ? " Figures show the networks’ own maps and predictions, whatever is chosen at What if." : ""));
  }

  // -- exporting
  async function run(what, format) {
    const {request} = now();
    if (!request) return;
    const dots = dotsIn(dpi.value), focused = document.activeElement;
    if (!dots && (what === "zip" || (what === "figure" && format === "PNG"))) {
      complain(`Dots per inch go from ${DOTS.least} to ${DOTS.most}, in whole numbers.`, true);
      return;
    }
    disable(true);
    setBusy(busyText(what, format));
    try {
      const layout = what === "figure" && MOVING.includes(format) ? OF_CLIPS[0] : choice.layout;
      save(await onExport({...request, ...choice, layout, format: format.toLowerCase(), queries: queriesOf(layout, now()), dpi: dots ?? DOTS.usual,
                           whole_maps: wholeMaps.checked, what}));
      withdraw();
    } catch (error) { complain(`Export failed: ${error?.message || error}`, true); } finally { setBusy(null); disable(false); }
    if (node.contains(focused) && document.activeElement === document.body) focused.focus();      // a disabled button loses it
  }

  function offer(name, some, offered) {               // one that is not goes back to the usual one
    const box = panel.querySelector(`[data-export=${name}]`);
    for (const option of [...box.options].filter(({value}) => some.includes(value))) option.hidden = option.disabled = !offered;
    if (!offered && some.includes(choice[name])) box.value = choice[name] = EXPORT_CHOICES[name][1][0];
  }

  function disable(running) { for (const one of kinds) one.disabled = running; }

  return {node, draw};
}

const exportRow = (words, control) => element("label", {class: "nlviz-export-row"}, words, control);

function dotsIn(text) {
  const dots = Number(text);
  return Number.isInteger(dots) && dots >= DOTS.least && dots <= DOTS.most ? dots : null;
}

function busyText(what, format) {
  return {zip: "Gathering figures, rows and numbers", html: "Writing the offline page"}[what] || `Drawing the ${format}`;
}

// Of one query the pin that is shown; after a walk to the button nothing is under the pointer that was meant.
function queriesOf(layout, {pins, query, indexHere, isClip}) {
  const shown = !["one query", OF_STACKS[0]].includes(layout) ? pins : pins.slice(Math.max(0, indexHere)).slice(0, 1);
  return (shown.length ? shown : [query]).map(({x, y, frame}) => isClip ? [x, y, frame] : [x, y]);
}

function noteOf(layout, {pins, indexHere}) {
  if (layout === "dependence") return "Where attention depends on the query, for each network.";
  if (layout === "layers x heads") return "Every head of each network with layers and heads, for one query.";
  if (layout === "distance against layer") return "How far each head looks, layer by layer.";
  if (layout === "filmstrip" && pins.length < 2) return "The frames, and arrows to the query’s strongest keys in them; a strip for each network.";
  if (layout === "channels") return "Matrices and bars of the maps that are of channels.";
  if (layout === "distances" && pins.length < 2) return "Pin two queries or more to compare them.";
  if (!pins.length) return "The query last pointed at; click a picture to pin others.";
  if (layout === "one query") return `Pinned query ${Math.max(0, indexHere) + 1}.`;
  return pins.length > 1 ? `The ${pins.length} pinned queries.` : "The pinned query.";
}

function save({name, data, type}) {
  const url = URL.createObjectURL(new Blob([bytesOf(data)], {type}));
  element("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
