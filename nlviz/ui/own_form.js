// What a checkpoint is, and what its weights cannot tell, as a form.
// Gives: createForm.
// Takes: make.js: make.

const MANY = 6;                                        // layers, before the others are folded away

const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function attentionOf({layer, block, maps}) {
    return make("li", {}, make("code", {}, layer), ` ${block.replaceAll("_", " ")}${maps > 1 ? `, ${maps} maps` : ""}`);
}

function listOf(items) {
    if (items.length <= MANY) return [make("ul", {}, ...items)];
    const more = make("details", {}, make("summary", {}, `${items.length - MANY} more`), make("ul", {}, ...items.slice(MANY)));
    return [make("ul", {}, ...items.slice(0, MANY)), more];
}

function described(told) {
    const rows = [["Attention", listOf(told.attention.map(attentionOf))], ["Gives", [told.says]]];
    if (told.clips) rows.push(["Takes", ["clips: choose a video in Compare"]]);
    if (told.notes.length) rows.push(["To know", [make("ul", {}, ...told.notes.map(note => make("li", {}, note)))]]);
    return make("dl", {class: "nlviz-told"}, ...rows.flatMap(([name, parts]) => [make("dt", {}, name), make("dd", {}, ...parts)]));
}

function questionOf({name, sentence, options, usual}) {
    const choices = options.map(([answer, words]) => make("label", {}, make("input", {type: "radio", name, value: answer}),
        make("span", {}, make("b", {}, answer.replaceAll("_", " ")), ` ${words}`, ...(answer === usual ? [" ", make("i", {}, "usual")] : []))));
    return make("fieldset", {"data-question": name}, make("legend", {}, sentence), ...choices);
}

// compare(answers) is called when all is answered.
function createForm({told, compare}) {
    const questions = told.questions.map(questionOf);
    const button = make("button", {type: "submit", class: "nlviz-button nlviz-first", "data-action": "own-compare"}, "Compare it");
    const usual = make("button", {type: "button", class: "nlviz-button", "data-action": "own-usual", onclick: takeUsual}, "Take the usual answers");
    const open = make("span", {class: "nlviz-open-questions", role: "status"});
    const asked = make("p", {class: "nlviz-asked"}, "The weights are the same whatever is chosen here, so it is asked: look into your configuration.");
    const form = make("form", {class: "nlviz-own-form", novalidate: true, onsubmit: submit, onchange: count},
        ...(questions.length ? [asked, make("div", {class: "nlviz-questions"}, ...questions)] : []),
        make("div", {class: "nlviz-own-line"}, button, questions.length ? usual : null, open));

    const chosen = question => question.querySelector("input:checked");
    const left = () => questions.filter(question => !chosen(question));

    function takeUsual() {
        told.questions.forEach((question, at) => { questions[at].querySelector(`input[value="${CSS.escape(question.usual)}"]`).checked = true; });
        count();
        button.focus();
    }

    function count() {
        const many = left().length;
        questions.forEach(question => { if (chosen(question)) question.classList.remove("nlviz-wanted"); });
        open.textContent = many ? `${counted(many, "question")} open` : "";
    }

    function submit(event) {
        event.preventDefault();
        const wanted = left();
        if (!wanted.length) { compare(Object.fromEntries(questions.map(question => [question.dataset.question, chosen(question).value]))); return; }
        wanted.forEach(question => question.classList.add("nlviz-wanted"));
        open.textContent = `Answer this first: ${wanted[0].querySelector("legend").textContent}`;
        wanted[0].querySelector("input").focus();
    }

    count();
    const held = `${counted(told.tensors, "tensor")}, ${counted(told.numbers, "number")}, ${told.precision}`;
    return make("section", {class: "nlviz-own-result", "aria-label": told.file}, make("h3", {tabindex: -1}, told.title),
        make("p", {class: "nlviz-held"}, make("b", {}, told.file), ` ${held}`), described(told), form);
}
