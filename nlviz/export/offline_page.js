// A viewer that asks nobody: what the server would answer lies in the page.
// Takes: viewer.js: createViewer.
const data = JSON.parse(document.getElementById("nlviz-data").textContent), root = document.querySelector(".nlviz-root");

function onDepends({panel, map, step}) {
  const answer = data.depends[panel]?.[map]?.[step] ?? {error: "not measured in this file"};
  if (answer.error) throw new Error(answer.error);
  return answer;
}

function onEffect({network}) {
  const {error, ...answer} = data.effects[network];
  if (error) throw new Error(error);
  return answer;
}

function onSimilarity({panel, term}) { return data.similarities[panel][term]; }

const viewer = root.parentElement.viewer = createViewer(root, {colourMaps: data.colourMaps, diverging: data.diverging, onDepends, onSimilarity, onEffect});
viewer.show(data.scene);
viewer.restore(data.view);
