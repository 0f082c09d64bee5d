// A checkpoint of one's own: it is sent, read, described and asked about, and its network joins the comparison.
// Takes: make.js: make; own_form.js: createForm; Gradio: element, props, trigger, watch.

const root = element.querySelector(".nlviz-yours"), SUFFIXES = props.endings, MB = 2 ** 20;
const here = {networks: []};                           // what the server said last: ticket, networks, told
const shown = new Set();                               // answers: gradio brings the last of a request twice
let sending = null, reading = null;                    // the request that sends a file; the name of the file that is read

const megabytes = bytes => `${Math.max(1, Math.round(bytes / MB)).toLocaleString("en")}`;
const endings = `${SUFFIXES.slice(0, -1).join(", ")} or ${SUFFIXES.at(-1)}`;

// ---------------------------------------------------------------------------------------------------- the file

const input = make("input", {type: "file", accept: SUFFIXES.join(), tabindex: -1, "aria-label": "A checkpoint", onchange: take});
const choose = make("button", {type: "button", class: "nlviz-button nlviz-first", "data-action": "own-choose", onclick: () => input.click()}, "Choose a file");
const drop = make("div", {class: "nlviz-drop"}, make("p", {class: "nlviz-drop-here"}, "Drop a checkpoint here"), choose,
    make("p", {}, `${endings}, up to ${props.most.toLocaleString("en")} MB`), input);

function take() {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (!SUFFIXES.some(suffix => file.name.toLowerCase().endsWith(suffix))) say(`${file.name}: a checkpoint's name ends in ${endings}.`, true);
    else if (file.size > props.most * MB) say(`${file.name} has ${megabytes(file.size)} MB; this page takes checkpoints of up to ${props.most} MB. Save the network's state_dict alone, or in half precision.`, true);
    else if (!file.size) say(`${file.name} is empty. Choose another file.`, true);
    else send(file);
}

function send(file) {
    stop();
    say("");
    const request = sending = new XMLHttpRequest(), base = window.gradio_config?.root ?? location.origin;
    const ended = words => { if (sending === request) { sending = null; draw(words, Boolean(words)); } };
    request.upload.onprogress = ({loaded, total}) => progress(`Sending ${file.name}: ${megabytes(loaded)} of ${megabytes(total)} MB`, loaded / total);
    request.onerror = () => ended(`${file.name} could not be sent: the server does not answer. Try again.`);
    request.onload = () => {
        if (sending !== request) return;
        const answer = parsed(request.responseText);
        if (request.status !== 200) { ended(`${file.name}: ${answer.detail ?? "the server did not take it. Try again."}`); return; }
        sending = null;
        reading = file.name;
        progress(`Reading ${file.name}`, null);
        ask({step: "read", number: answer.number});
    };
    request.open("POST", `${base}${props.address}?${new URLSearchParams({ticket: here.ticket ?? "", name: file.name})}`);
    progress(`Sending ${file.name}`, 0);
    request.send(file);
}

function parsed(text) { try { return JSON.parse(text); } catch { return {}; } }

function ask(what) {
    props.value = {number: "", name: "", answers: {}, ...what};
    trigger("input");
}

function stop() {
    sending?.abort();
    if (reading) ask({step: "stop"});
    sending = reading = null;
}

// ---------------------------------------------------------------------------------------------------- what is done

const doing = make("span", {class: "nlviz-doing", role: "status"}), bar = make("progress", {max: 1, "aria-label": "How much is done"});
const cancel = make("button", {type: "button", class: "nlviz-button", "data-action": "own-stop", onclick: () => { stop(); draw("It was stopped."); choose.focus(); }}, "Stop");
const work = make("div", {class: "nlviz-own-work", hidden: true}, make("div", {class: "nlviz-own-line"}, doing, cancel), bar);
const message = make("p", {class: "nlviz-own-said", role: "status", hidden: true});

function progress(words, share) {
    work.hidden = false;
    drop.hidden = true;
    if (words) doing.textContent = words;
    if (share === null) bar.removeAttribute("value"); else bar.value = share;
}

function say(words, wrong = false) {
    message.textContent = words;
    message.hidden = !words;
    message.classList.toggle("nlviz-error", wrong);
}

// ---------------------------------------------------------------------------------------------------- what there is

const result = make("div"), mine = make("section", {class: "nlviz-mine", "aria-label": "Your networks", hidden: true});
const KEPT = [["Weights alone are read.", "Nothing in the file is run or unpickled: its tensors are taken out in a process of their own, with limits of time and memory."],
    ["Yours alone.", "Other visitors reach neither your file nor its name. It is deleted when you close this page."],
    ["What weights cannot tell is asked.", "You say it with radio buttons, and recipes keep your answer."]];
const facts = make("ul", {class: "nlviz-facts"}, ...KEPT.map(([head, words]) => make("li", {}, make("b", {}, head), ` ${words}`)));
const known = make("div", {class: "nlviz-kinds"}, make("h3", {}, "Which checkpoints are known"),
    make("ul", {}, ...props.kinds.map(kind => make("li", {}, kind))),
    make("p", {}, "They are recognised by the names of their weights, whatever wraps them. Of others, give nlviz the network itself: ",
        make("code", {}, "nlviz.launch(models={…})"), "."));
const hint = make("p", {class: "nlviz-own-hint"}, "A published network as its training left it: nlviz rebuilds it, and its attention stands beside the others.");

function rowOf({name, title, data, kind}) {
    const there = make("span", {}, make("b", {}, title), ` ${[kind, data].filter(Boolean).join(", ")}`);
    const button = (action, words, step) => make("button", {type: "button", class: "nlviz-button", "data-action": action, "aria-label": `${words} ${title}`, onclick: step}, words);
    const buttons = make("div", {class: "nlviz-own-line"}, button("own-again", "Compare", () => compare(name)), button("own-remove", "Remove", () => ask({step: "remove", name})));
    return make("li", {"data-name": name}, there, buttons);
}

function compare(name) {                               // the chooser adds it, as if it had been ticked in its list
    const asked = new CustomEvent("nlviz-own", {detail: {networks: here.networks, add: name}, cancelable: true});
    if (!document.dispatchEvent(asked)) { say("As many networks are compared as this page compares at once. Remove one there first.", true); return; }
    [...document.querySelectorAll("[role=tab]")].find(tab => tab.textContent.trim() === "Compare")?.click();
    window.scrollTo(0, 0);
}

function draw(words = "", wrong = false) {
    const busy = Boolean(sending || reading);
    work.hidden = !busy;
    drop.hidden = busy;
    drop.classList.toggle("nlviz-small", Boolean(here.told));
    known.hidden = facts.hidden = hint.hidden = Boolean(here.told) || here.networks.length > 0;
    say(words, wrong);
    mine.hidden = !here.networks.length;
    mine.replaceChildren(make("h3", {}, "Yours, in this visit"), make("ul", {}, ...here.networks.map(rowOf)));
}

function show(told) {
    const number = told.number;
    result.replaceChildren(createForm({told, compare: answers => ask({step: "compare", number, answers})}));
    result.querySelector("h3").focus({preventScroll: true});
}

function update() {
    const news = props.value;
    if (!news || !["ticket", "step", "networks", "told", "message"].some(name => name in news) || shown.has(news.answer)) return;
    if (news.answer) shown.add(news.answer);
    if (news.ticket) here.ticket = news.ticket;
    if (news.step) { if (reading) progress(`${news.step}: ${reading}`, news.share || null); return; }
    if ("step" in news && !sending) reading = null;
    if (news.networks) here.networks = news.networks;
    if (news.told) { here.told = news.told; show(news.told); }
    draw(news.message, Boolean(news.error));
    if (news.networks) document.dispatchEvent(new CustomEvent("nlviz-own", {detail: {networks: here.networks}}));
    if (news.compare) compare(news.compare);           // the last, since it leads elsewhere
}

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) root.addEventListener(kind, () => drop.classList.toggle("nlviz-over", kind === "dragenter" || kind === "dragover"));
root.replaceChildren(hint, drop, work, message, result, mine, facts, known);
watch("value", update);
draw();
update();
