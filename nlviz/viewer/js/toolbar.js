// The toolbar: the display settings, which hold for all panels. The viewer keeps them; this shows and changes them.
// Gives: createToolbar.
// Takes: parts.js: element, div, selectOf.

// options: setting -> what can be chosen; onChange(setting, value)
function createToolbar({settings, options, onChange, exports}) {
  const boxes = Object.entries(SETTING_WORDS).map(([setting, words]) => selectBox(words, setting, options[setting], onChange));
  const segmentation = segmentationBox(onChange);
  const node = div("toolbar", opacitySlider(settings.opacity, onChange), ...boxes, segmentation, exports);

  function draw() {                                   // what was set from elsewhere
    for (const control of node.querySelectorAll("[data-setting]")) {
      const value = settings[control.dataset.setting];
      if (control.type === "checkbox") control.checked = value; else control.value = value;
    }
  }

  return {node, draw, offerSegmentation: offered => { segmentation.hidden = !offered; }};
}

const SETTING_WORDS = {colours: "Colours", scale: "Scale", view: "Draw", veil: "Veil", backdrop: "Photo", direction: "Direction", term: "Show"};

function selectBox(words, setting, options, onChange) {
  const select = selectOf({"data-setting": setting}, options, options[0], value => onChange(setting, value));
  return element("label", {class: "nlviz-control"}, words, select);
}

function opacitySlider(value, onChange) {
  return element("label", {class: "nlviz-control"}, "Opacity", element("input",
    {type: "range", min: 0, max: 1, step: 0.01, value, "data-setting": "opacity", oninput: event => onChange("opacity", Number(event.target.value))}));
}

function segmentationBox(onChange) {
  const box = element("input", {type: "checkbox", "data-setting": "segmentation", onchange: event => onChange("segmentation", event.target.checked)});
  return element("label", {class: "nlviz-control"}, box, "Show segmentation");
}
