// Settings: how all panels are shown. What can be chosen of each, the first being the usual one, and those that are the style sheet's.
// Gives: optionsOf, usualOf, showSettings.
// Takes: terms.js: TERMS, CENTRED; similarities.js: SIMILARITIES; scales.js: TIMES, SHARED, OWN, RISING, EVEN; looks.js: ATTENDS,
//   ATTENDED; tokens.js: POINTER.

const ARROWS = [0, 5, 10, 20, 50];                    // of a clip: to how many of the strongest keys

// Without a diverging palette no differences are drawn; without somebody to ask, no similarities.
function optionsOf({palettes, diverging, onSimilarity}) {
  const terms = TERMS.filter(term => diverging || term !== CENTRED);
  return {colours: palettes.names, scale: [TIMES, SHARED, OWN], view: ["cells", "smooth"], veil: [RISING, EVEN], backdrop: ["grey", "colour"],
          direction: [ATTENDS, ATTENDED], arrows: ARROWS, term: [...terms, ...(diverging && onSimilarity ? SIMILARITIES : [])]};
}

const usualOf = options => ({opacity: 0.8, ...Object.fromEntries(Object.entries(options).map(([name, [usual]]) => [name, usual])), segmentation: false,
                                token: POINTER, arrows: 20, follow: true});

function showSettings(root, settings) {
  root.style.setProperty("--nlviz-opacity", settings.opacity);
  root.classList.toggle("nlviz-segmented", settings.segmentation);
  root.classList.toggle("nlviz-coloured", settings.backdrop === "colour");
}
