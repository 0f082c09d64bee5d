// The networks: those chosen as chips in the order of their panels, a list to add from, and presets. The value is their names.
// Takes: menus.js: createMenu; make.js: make; subtracting.js: sidesOf, baseOf, sideTitle, differenceTitle, createSubtracting; Gradio: element, props, trigger, watch.

const root = element.querySelector(".nlviz-networks"), networks = Object.values(props.listed).flat(), MANY = 8;
let own = [];                                          // those that this visitor brought along

const chosen = () => props.value ?? [];
const known = name => [...own, ...networks].find(network => network.name === name);
const networkOf = name => known(name) ?? {title: differenceTitle(sidesOf(name), titleOfSide), name};
const titleOfSide = name => sideTitle(name, known(name) ?? known(baseOf(name)));
const isHere = name => Boolean(known(name)) || sidesOf(name).every(side => known(side) ?? known(baseOf(side)));       // or both sides of a difference

function choose(names) {
    props.value = names;
    draw();
    trigger("input");
}

function add(name) { if (chosen().length < props.most) choose([...chosen(), name]); }
function remove(name) { choose(chosen().filter(other => other !== name)); }

// ---------------------------------------------------------------------------------------------------- chips

const chips = make("ul", {class: "nlviz-chips", "aria-label": "Networks compared, in the order of their panels"});
const spoken = make("span", {class: "nlviz-spoken", "aria-live": "polite"});
const HELP = "Left and right arrows move it, Delete removes it.";

function titleOf({name, title, data}) {                // two of one title are told apart by their data
    const alike = chosen().some(other => other !== name && networkOf(other).title === title);
    return alike && data ? `${title} (${data})` : title;
}

function chipOf(name) {
    const network = networkOf(name), title = titleOf(network);
    const grip = make("button", {type: "button", class: "nlviz-grip", title: `${title}. Drag it to another place. ${HELP}`, "aria-label": `${title}. ${HELP}`}, title);
    return make("li", {class: "nlviz-chip", "data-name": name}, grip, crossOf(name, `Remove ${title}`));
}

function crossOf(name, help) {                         // for the pointer; by keyboard it is Delete
    return make("button", {type: "button", class: "nlviz-away", tabindex: -1, "aria-label": help, title: help, onclick: () => remove(name)}, "×");
}

function move(name, to) {
    const names = chosen().filter(other => other !== name), at = Math.max(0, Math.min(names.length, to));
    names.splice(at, 0, name);
    if (names.join() === chosen().join()) return;
    choose(names);
    spoken.textContent = `${titleOf(networkOf(name))}: place ${at + 1} of ${names.length}`;
}

const gripOf = name => [...chips.children].find(chip => chip.dataset.name === name)?.querySelector(".nlviz-grip");

chips.addEventListener("keydown", event => {
    const name = event.target.closest(".nlviz-chip")?.dataset.name, at = chosen().indexOf(name);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {ArrowLeft: () => move(name, at - 1), ArrowRight: () => move(name, at + 1), Delete: () => remove(name), Backspace: () => remove(name)};
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
    (gripOf(name) ?? gripOf(chosen()[Math.min(at, chosen().length - 1)]) ?? opener).focus();
});

let dragged = null;                                    // {chip, x, pointer, moved}: in hand, it takes the place of the chip under it

chips.addEventListener("pointerdown", event => {
    const chip = event.target.closest(".nlviz-grip")?.parentElement;
    if (chip && event.button === 0) dragged = {chip, x: event.clientX, y: event.clientY, moved: false};
});
window.addEventListener("pointermove", event => {
    if (!dragged) return;
    const {chip, x, y} = dragged;
    if (!dragged.moved && Math.hypot(event.clientX - x, event.clientY - y) < 5) return;
    dragged.moved = true;
    chip.classList.add("nlviz-dragged");
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".nlviz-chip");
    if (!over || over === chip || over.parentElement !== chips) return;
    const box = over.getBoundingClientRect(), after = event.clientX > box.left + box.width / 2;
    chips.insertBefore(chip, after ? over.nextSibling : over);
});
function drop(kept) {
    if (!dragged) return;
    const {chip, moved} = dragged;
    dragged = null;
    chip.classList.remove("nlviz-dragged");
    if (!moved) return;
    if (kept) move(chip.dataset.name, [...chips.children].indexOf(chip)); else drawChips();
}
window.addEventListener("pointerup", () => drop(true));
window.addEventListener("pointercancel", () => drop(false));

function drawChips() { chips.replaceChildren(...chosen().map(chipOf)); }

// ---------------------------------------------------------------------------------------------------- the list

const search = make("input", {type: "search", placeholder: "Search networks: criss, 101, gate …", "aria-label": "Search networks",
    autocomplete: "off", oninput: filter});
const none = make("span", {role: "status"}), count = make("span", {class: "nlviz-count"});
const done = make("button", {type: "button", class: "nlviz-button", "data-action": "add-done", onclick: () => { list.open(false); opener.focus(); }}, "Done");
const ownGroup = make("fieldset", {hidden: true}, make("legend", {}, "Your network"));
const groups = [ownGroup, ...Object.entries(props.listed).map(([heading, members]) =>
    make("fieldset", {}, make("legend", {}, heading), ...members.map(boxOf)))];
const listOf = make("div", {}, ...groups);
document.addEventListener("nlviz-own", event => {                        // of the tab Your network: what there is, and what to add
    const {networks: there, add: name} = event.detail, chosenBefore = chosen();
    own = there;
    ownGroup.replaceChildren(ownGroup.firstChild, ...own.map(boxOf));
    ownGroup.hidden = !own.length;
    const left = chosenBefore.filter(isHere);
    const added = name && !left.includes(name) ? [name, ...left] : left;  // beside the photo: it was just asked for
    if (added.length > props.most) event.preventDefault();
    else if (added.join("\n") !== chosenBefore.join("\n")) choose(added);
    else draw();
});
document.addEventListener("nlviz-photo", ({detail}) => {                 // of a clip those that take clips come first
    const forClips = groups.filter(group => props.clips.includes(group.firstChild.textContent));
    listOf.replaceChildren(...(detail.clip ? [...forClips, ...groups.filter(group => !forClips.includes(group))] : groups));
    items.forEach((item, at) => { item.hidden = props.presets[at].clips && !detail.clip; });
});
const subtracting = createSubtracting({titleOf: titleOfSide, add: name => { add(name); list.open(false); opener.focus(); }, most: props.most, now: () => ({chosen: chosen(), networks: [...own, ...networks]})});
const few = networks.length > MANY ? "" : " nlviz-few";
const panel = make("div", {class: `nlviz-menu-panel nlviz-add-panel${few}`, role: "dialog", "aria-label": "Add networks", hidden: true},
    make("div", {class: "nlviz-search"}, networks.length > MANY ? search : null, none, count, done), make("div", {class: "nlviz-groups"}, listOf, subtracting.node));
const opener = make("button", {type: "button", class: "nlviz-button", "data-action": "add-open"}, "+ add");
const adder = make("div", {class: "nlviz-menu"}, opener, panel), list = createMenu({node: adder, opener, panel: () => panel, onOpen: opened});

function boxOf({name, title, score}) {
    const box = make("input", {type: "checkbox", name, onchange: () => box.checked ? add(name) : remove(name)});
    return make("label", {}, box, make("span", {}, title), score ? make("span", {class: "nlviz-score"}, score) : null);
}

function opened() {
    search.value = "";
    filter();
    subtracting.offer();
    (networks.length > MANY ? search : panel.querySelector("input")).focus();
}

function filter() {                                    // hides networks whose heading, title and name lack a word of it
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of groups) {
        const before = found;
        for (const label of group.querySelectorAll("label")) {
            const text = `${group.firstChild.textContent} ${label.textContent} ${label.firstChild.name}`.toLowerCase();
            label.hidden = !words.every(word => text.includes(word));
            found += !label.hidden;
        }
        group.hidden = found === before;
    }
    none.textContent = found ? "" : "No network matches.";
}

function drawList() {
    const names = new Set(chosen()), full = names.size >= props.most;
    for (const box of panel.querySelectorAll("input[name]")) { box.checked = names.has(box.name); box.disabled = full && !box.checked; }
    subtracting.draw();
    count.textContent = full ? `${names.size} of ${props.most}: remove one to add another` : `${names.size} of ${props.most}`;
}

// ---------------------------------------------------------------------------------------------------- presets

const presetsOpener = make("button", {type: "button", class: "nlviz-button", "data-action": "presets-open"}, "presets");
const items = props.presets.map(({title, names, caption, clips}) => make("button", {type: "button", class: "nlviz-preset", hidden: Boolean(clips),
    onclick: () => { menu.open(false); choose([...names]); presetsOpener.focus(); }}, make("b", {}, title), make("span", {}, caption)));
const presetsPanel = make("div", {class: "nlviz-menu-panel nlviz-presets-panel", role: "dialog", "aria-label": "Presets", hidden: true}, ...items);
const presets = make("div", {class: "nlviz-menu", hidden: !items.length}, presetsOpener, presetsPanel);
const menu = createMenu({node: presets, opener: presetsOpener, panel: () => presetsPanel, onOpen: () => shownItems()[0]?.focus()});
const shownItems = () => items.filter(item => !item.hidden);
presetsPanel.addEventListener("keydown", event => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key], shown = shownItems(), at = shown.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    shown[(at + step + shown.length) % shown.length].focus();
});
const caption = make("p", {class: "nlviz-preset-caption"});

function drawPreset() {
    const shown = props.presets.find(({names}) => names.join() === chosen().join());
    caption.textContent = shown?.caption ?? "";
    items.forEach((item, at) => item.setAttribute("aria-current", props.presets[at] === shown));
}

function draw() { drawChips(); drawList(); drawPreset(); }

root.replaceChildren(make("div", {class: "nlviz-chosen"}, chips, adder, presets), caption, spoken);
list.open(false);
menu.open(false);
watch("value", draw);
draw();
