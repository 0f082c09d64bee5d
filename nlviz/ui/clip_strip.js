// The strip under the photo's line on which the frames of a clip are chosen: thumbnails of the whole video, with a window over those
// that the clip spans. The value is {overview, chosen}, of which the visitor changes chosen: {start, count, stride}; null of a photo.
// Takes: make.js: make; Gradio: element, props, trigger, watch.

const strip = element.querySelector(".nlviz-clip-strip"), COUNTS = [4, 8, 12, 16, 24, 32], PAUSE = 350;
let overview = null, chosen = null, waiting = 0;       // waiting: the timer of a choice that the server isn't told yet

const span = ({count, stride}) => (count - 1) * stride + 1;
const between = (value, low, high) => Math.max(low, Math.min(high, value));
const last = () => overview.count - 1;

function fitted({start, count, stride}) {              // what there is of it
    const most = Math.max(1, Math.floor(last() / (props.least - 1))), step = between(stride, 1, most);
    const fewer = between(count, props.least, Math.min(props.most, Math.floor(last() / step) + 1));
    return {start: between(start, 0, last() - (fewer - 1) * step), count: fewer, stride: step};
}

function choose(change, now = false) {                 // the server is told once the visitor pauses
    chosen = fitted({...chosen, ...change});
    draw();
    clearTimeout(waiting);
    waiting = setTimeout(tell, now ? 0 : PAUSE);
}

function tell() {
    waiting = 0;
    props.value = {chosen};
    trigger("input");
}

// ---------------------------------------------------------------------------------------------------- parts

const film = make("div", {class: "nlviz-film-thumbs", "aria-hidden": "true"});
const frame = make("div", {class: "nlviz-film-window", "aria-hidden": "true"});
const track = make("div", {class: "nlviz-film-track", role: "slider", tabindex: 0, "aria-label": "Where the clip starts in the video"}, film, frame);
const count = numberBox("frames", "How many frames the clip has"), stride = numberBox("every nth", "Every so many-th frame of the video");
const words = make("span", {class: "nlviz-film-words"});
strip.append(make("div", {class: "nlviz-film-line"}, track, make("div", {class: "nlviz-film-controls"}, count.node, stride.node, words)));

function numberBox(label, help) {
    const select = make("select", {"aria-label": help, title: help});
    return {select, node: make("label", {class: "nlviz-control"}, label, select)};
}

function fill(select, values, now) {
    const all = [...new Set([...values, now])].sort((a, b) => a - b);
    if (select.dataset.values !== all.join()) select.replaceChildren(...all.map(value => make("option", {value}, String(value))));
    select.dataset.values = all.join();
    select.value = String(now);
}

function steps() {                                     // 1, 2, 3, 5, 8, 12, ... as far as the video goes
    const most = Math.max(1, Math.floor(last() / (props.least - 1))), found = [];
    for (let step = 1; step <= most && found.length < 14; step = Math.max(step + 1, Math.round(step * 1.5))) found.push(step);
    return found;
}

const time = number => overview.fps ? `${(number / overview.fps).toFixed(1)} s` : "";

function draw() {
    strip.hidden = !overview;
    if (!overview) return;
    const {start} = chosen, end = start + span(chosen) - 1, whole = overview.count;
    frame.style.left = `${100 * start / whole}%`;
    frame.style.width = `${Math.max(1.5, 100 * span(chosen) / whole)}%`;
    fill(count.select, COUNTS.filter(value => value <= Math.min(props.most, whole)), chosen.count);
    fill(stride.select, steps(), chosen.stride);
    const when = overview.fps ? `, ${time(start).replace(" s", "")} to ${time(end)}` : "";
    words.textContent = `frames ${start + 1} to ${end + 1} of ${overview.exact ? "" : "about "}${whole.toLocaleString("en")}${when}`;
    for (const [name, value] of [["valuemin", 1], ["valuemax", whole], ["valuenow", start + 1], ["valuetext", words.textContent]]) track.setAttribute(`aria-${name}`, value);
}

// ---------------------------------------------------------------------------------------------------- pointer and keys

let held = null;                                       // where in the window the pointer took hold of it, in frames
const at = event => { const {left, width} = track.getBoundingClientRect(); return (event.clientX - left) / width * overview.count; };
track.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    const here = at(event), inside = here >= chosen.start && here <= chosen.start + span(chosen);
    held = inside ? here - chosen.start : span(chosen) / 2;
    track.setPointerCapture(event.pointerId);
    choose({start: Math.round(here - held)});
});
track.addEventListener("pointermove", event => { if (held !== null) choose({start: Math.round(at(event) - held)}); });
const letGo = () => { held = null; };
track.addEventListener("pointerup", letGo);
track.addEventListener("pointercancel", letGo);
track.addEventListener("keydown", event => {
    const step = chosen.stride, page = span(chosen), {start} = chosen;
    const to = {ArrowLeft: start - step, ArrowRight: start + step, PageUp: start - page, PageDown: start + page, Home: 0, End: last()}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose({start: to});
});
count.select.addEventListener("change", () => {        // as many as are asked for, nearer to each other where the video is short
    const wanted = Number(count.select.value);
    choose({count: wanted, stride: Math.min(chosen.stride, Math.max(1, Math.floor(last() / (wanted - 1))))}, true);
});
stride.select.addEventListener("change", () => choose({stride: Number(stride.select.value)}, true));

function update() {                                    // what the server says; what the visitor sends has no overview
    const value = props.value;
    if (value && !value.overview) return;
    if (waiting && JSON.stringify(value?.overview) === JSON.stringify(overview)) return;  // the answer to a choice before this one
    clearTimeout(waiting);                             // of the video before
    waiting = 0;
    overview = value?.overview ?? null;
    if (overview) {
        chosen = value.chosen;
        film.replaceChildren(...overview.thumbnails.map(src => make("img", {src, alt: "", draggable: "false"})));
    }
    draw();
}
watch("value", update);
update();
