// The toolbar: the display settings, which hold for all panels. The viewer keeps them; this shows and changes them. What is
// changed while looking stands in the row, the rest behind "Display".
// Gives: createToolbar.
// Takes: parts.js: element, div, selectOf, button; menus.js: createMenu; tokens.js: createTokens.

// A setting: its name, its words, how it is chosen.
const IN_THE_ROW = [["scale", "Scale", selectBox], ["term", "Show", selectBox], ["direction", "Direction", selectBox]];
const BEHIND_DISPLAY = [["colours", "Colours", selectBox], ["view", "Draw", selectBox], ["veil", "Veil", selectBox],
                        ["backdrop", "Photo", selectBox], ["opacity", "Opacity", slider],
                        ["arrows", "Arrows", countBox], ["follow", "Follow pins", tickBox],
                        ["segmentation", "Show segmentation", tickBox]];

// options: setting -> what can be chosen; onChange(setting, value); whatIf and exports are nodes, or null
function createToolbar({settings, options, onChange, whatIf, exports}) {
  const controlOf = ([setting, words, make]) => make({setting, words, value: settings[setting], options: options[setting], onChange});
  const display = displayMenu(BEHIND_DISPLAY.map(controlOf)), tokens = createTokens({onChange: token => onChange("token", token)});
  const node = div("toolbar", ...IN_THE_ROW.map(controlOf), whatIf, tokens.node, display, exports);
  const controlsOf = names => names.map(name => node.querySelector(`[data-setting=${name}]`).parentElement);
  const offer = names => offered => { for (const control of controlsOf(names)) control.hidden = !offered; };

  function draw() {                                   // what was set from elsewhere
    for (const control of node.querySelectorAll("[data-setting]")) {
      const value = settings[control.dataset.setting];
      if (control.type === "checkbox") control.checked = value; else control.value = value;
    }
    tokens.draw(settings.token);
  }

  return {node, draw, offerTokens: tokens.offer, offerSegmentation: offer(["segmentation"]), offerFilm: offer(["arrows", "follow"])};
}

function displayMenu(controls) {
  const opener = button("Display", "display-open", null, "Colours, opacity and how cells are drawn");
  const panel = element("div", {class: "nlviz-menu-panel nlviz-display-panel", role: "dialog", "aria-label": "Display", hidden: true}, ...controls);
  const node = div("menu nlviz-display", opener, panel);
  createMenu({node, opener, panel: () => panel, onOpen: () => panel.querySelector("select, input").focus()}).open(false);
  return node;
}

// ---------------------------------------------------------------------------------------------------- controls

function selectBox({setting, words, value, options, onChange}) {
  return element("label", {class: "nlviz-control"}, words, selectOf({"data-setting": setting}, options, value, chosen => onChange(setting, chosen)));
}

function countBox({setting, words, value, options, onChange}) {            // of the strongest keys
  const select = element("select", {"data-setting": setting, onchange: event => onChange(setting, Number(event.target.value))},
    ...options.map(count => element("option", {value: count, selected: count === value}, count ? `${count} strongest keys` : "none")));
  return element("label", {class: "nlviz-control"}, words, select);
}

function slider({setting, words, value, onChange}) {
  return element("label", {class: "nlviz-control"}, words, element("input",
    {type: "range", min: 0, max: 1, step: 0.01, value, "data-setting": setting, oninput: event => onChange(setting, Number(event.target.value))}));
}

function tickBox({setting, words, value, onChange}) {
  const box = element("input", {type: "checkbox", checked: value, "data-setting": setting, onchange: event => onChange(setting, event.target.checked)});
  return element("label", {class: "nlviz-control"}, box, words);
}
