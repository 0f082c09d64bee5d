// The viewer as a Gradio component: its value and the server's answers in, what the user changes out as an event.
// Takes: viewer.js: createViewer; Gradio: element, props, server, watch.

async function answered(request) {
    const answer = await request;
    if (answer.error) throw new Error(answer.error);
    return answer;
}
const tell = (what, detail) => element.dispatchEvent(new CustomEvent(what, {detail, bubbles: true}));
const changed = detail => tell("nlviz-change", detail);
const viewer = createViewer(element.querySelector(".nlviz-root"), {
    colourMaps: props.colour_maps,
    diverging: props.diverging,
    onExport: request => answered(server.export_figure(request)),
    onDepends: request => answered(server.depends_on_query(request)),
    onSnapshot: request => answered(server.show_snapshot(request)),
    onSimilarity: request => answered(server.show_similarity(request)),
    onDependsLayer: request => answered(server.depends_on_layer(request)),
    onWhatIf: request => answered(server.what_if(request)),
    onEffect: request => answered(server.what_if(request)),
    onEffectsLayer: request => answered(server.effects_of_layer(request)),
    onLayer: request => answered(server.show_layer(request)),
    onChange: changed,
});
element.viewer = viewer;
const shown = new Set();                               // answers: gradio brings the last of a request twice
function update() {
    const news = props.value;
    if (!news || shown.has(news.answer)) return;
    if (news.answer) shown.add(news.answer);
    viewer.setBusy(news.busy || null);
    if (news.scene) viewer.show(news.scene);
    if (news.restore) viewer.restore(news.restore);
    if (news.scene) { tell("nlviz-photo", news.scene.picture); changed(viewer.state()); }
    if (!news.busy) viewer.setMessage(news.message || "", Boolean(news.error));
}
watch("value", update);
update();
