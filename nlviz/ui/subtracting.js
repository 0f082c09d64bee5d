// Subtracting: two networks, or one after two epochs of its training, as one that is called "A minus B".
// Gives: sidesOf, baseOf, sideTitle, differenceTitle, createSubtracting.
// Takes: make.js: make.

const MINUS = " minus ";
const sidesOf = name => name.split(MINUS);              // of a difference, or the one network
const baseOf = name => name.replace(/@\d+$/, "");      // a snapshot's network

function sideTitle(name, network) {                    // network: that of the name, or of the snapshot
    if (!network) return name;
    return network.name === name ? network.title : `${network.title}, ${network.unit} ${name.slice(network.name.length + 1)}`;
}

// Titles of both sides, or names, where titles don't tell them apart; of the same network earlier in its training "its epoch 0".
function differenceTitle(sides, titleOf) {
    const titles = sides.map(titleOf), [first, second] = titles[0] === titles[1] ? sides : titles;
    return sides.length === 1 ? titles[0] : `${first} − ${second.startsWith(`${first}, `) ? `its ${second.slice(first.length + 2)}` : second}`;
}

// now() is {chosen, networks}: names, and all that the page offers; add(name).
function createSubtracting({now, titleOf, add, most}) {
    const sideBox = words => make("select", {"aria-label": words, onchange: draw});
    const boxes = [sideBox("Maps of"), sideBox("Less those of")];
    const button = make("button", {type: "button", class: "nlviz-button", "data-action": "add-difference", onclick: () => add(nameOf())}, "Add");
    const why = make("span", {class: "nlviz-count", role: "status"});
    const node = make("fieldset", {class: "nlviz-difference"}, make("legend", {}, "Difference of two: red where the first gives a key more weight, blue where the second does"),
        boxes[0], make("span", {"aria-hidden": "true"}, "−"), boxes[1], button, why);
    const nameOf = () => boxes.map(box => box.value).join(MINUS);

    function offer() {                                 // those compared first, each with its training
        const {chosen, networks} = now(), find = name => networks.find(network => network.name === name), before = boxes.map(box => box.value);
        const names = [...new Set([...chosen.filter(find), ...networks.map(({name}) => name)])].filter(name => !name.includes(MINUS)), snapshots = name => (find(name).epochs ?? []).map(epoch => `${name}@${epoch}`);
        const options = names.flatMap(name => [name, ...snapshots(name)]), one = names[0], usual = [one, snapshots(one)[0] ?? names[1] ?? one];
        boxes.forEach((box, at) => {
            box.replaceChildren(...options.map(name => make("option", {value: name}, labelOf(name, find(baseOf(name))))));
            box.value = options.includes(before[at]) ? before[at] : usual[at];
        });
        draw();
    }

    const labelOf = (name, network) => network?.data ? `${titleOf(name)} (${network.data})` : titleOf(name);

    function draw() {
        const {chosen} = now(), same = boxes[0].value === boxes[1].value, there = chosen.includes(nameOf()), full = chosen.length >= most;
        button.disabled = same || there || full;
        why.textContent = same ? "choose two" : there ? "is there" : full ? "remove a network first" : "";
    }

    return {node, offer, draw};
}
