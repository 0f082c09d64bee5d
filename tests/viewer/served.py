"""A viewer with a server that the test plays: answers to what the viewer asks, and what it shows of them."""

import numpy as np

from tests.viewer.pages import drawn
from tests.viewer.scenes import PANELS, PICTURE, add, packed, place, scene

# A server that the test plays: every request is kept, and answered at once from `answers` unless the kind is held back.
SERVER = """([colourMaps, diverging]) => {
    window.answers = {depends: {}, snapshot: {}};
    const nothing = {numbers: [], sentence: "", picture: null, fresh: {}, note: ""};
    window.asked = {depends: [], snapshot: []};
    window.held = {depends: false, snapshot: false};
    window.exports = [];
    window.nameOf = {
        depends: ({panel, map, step, snapshots}) =>
            [panel, map, step, String(snapshots[panel.split("/")[0]] ?? "")].filter(Boolean).join(" "),
        snapshot: ({panel, epoch}) => `${panel} ${epoch}`,
    };
    const ask = kind => request => new Promise((resolve, reject) => {
        const name = nameOf[kind](request);
        asked[kind].push({name, request: structuredClone(request),
            resolve: () => resolve(answers[kind][name] ?? nothing), reject: text => reject(new Error(text))});
        if (!held[kind]) asked[kind].at(-1).resolve();
    });
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    window.viewer = createViewer(root, {colourMaps, diverging, onDepends: ask("depends"), onSnapshot: ask("snapshot"),
        onExport: async request => { exports.push(request); return {name: "figure.png", data: "", type: "image/png"}; }});
}"""
REASON = "rows are scaled by 1/N′, not a distribution"


def panel(name: str, *maps, **more) -> dict:
    """A panel of its own, with its terms where ``row_of`` finds them."""
    add(name, *maps)
    return PANELS.pop() | more


def numbers(cosine_input=0.2, cosine_output=0.1, cosine_att=0.3, jsd_att_nats=0.25, shuffled=(0.4, 0.5), reason="") -> list[dict]:
    shuffled = {"cosine_input": 0.45, "cosine_output": 0.48, "cosine_att": shuffled[0], "jsd_att_nats": shuffled[1]}
    measured = {"cosine_input": cosine_input, "cosine_output": cosine_output, "cosine_att": cosine_att,
                "jsd_att_nats": jsd_att_nats}
    return [{"name": name, "value": value, "shuffled": shuffled.get(name) if value is not None else None,
             "reason": "" if value is not None else reason} for name, value in measured.items()]


def attention(sentence="It depends.", picture=None, note="", **changes) -> dict:
    return {"numbers": numbers(**changes), "sentence": sentence, "picture": picture, "note": note}


def fresh(cosine_output=0.11, cosine_att=0.21, jsd_att_nats=0.31, note="") -> dict:
    return {"fresh": {"cosine_output": cosine_output, "cosine_att": cosine_att, "jsd_att_nats": jsd_att_nats}, "note": note}


def picture(values: np.ndarray, its_place: dict | None = None) -> dict:
    return {"grid": list(values.shape), "place": its_place or place(values.shape), "data": packed(values)}


def answer(page, kind="depends", **by_name) -> None:
    page.evaluate("([kind, more]) => Object.assign(answers[kind], more)", [kind, by_name])


def serve(page, panels: list[dict], **of_panel) -> None:
    """Answers of every map of these panels; ``of_panel``: changes of ``attention`` by title."""
    answers = {}
    for p in panels:
        for m in p["maps"]:
            name = " ".join(filter(None, [p["id"], m["name"]]))
            own = attention(**{"sentence": f"Of {name}."} | of_panel.get(p["title"], {}))
            answers |= {f"{name} attention": own, f"{name} fresh": fresh()}
    answer(page, **answers)


def show(page, panels: list[dict], picture="1", resolution=448) -> None:
    changes = {"key": {"picture": picture, "resolution": resolution, "networks": [p["id"] for p in panels]}}
    if picture != "1":
        changes["picture"] = scene()["picture"] | {"url": PICTURE.format(300 + ord(picture), 200)}
    page.evaluate("scene => viewer.show(scene)", scene(panels=panels, **changes))
    drawn(page)


def asked(page, kind="depends") -> list[str]:
    return page.evaluate("kind => asked[kind].map(one => one.name)", kind)


def wait_asked(page, *names: str, kind="depends") -> None:
    page.wait_for_function("([kind, names]) => asked[kind].map(one => one.name).join() === names.join()", arg=[kind, list(names)])


def settle(page) -> None:
    page.wait_for_function("!viewer.state().measuring")


def hold(page, kind="depends", held=True) -> None:
    page.evaluate("([kind, value]) => { held[kind] = value; }", [kind, held])


def give(page, at: int, kind="depends") -> None:
    page.evaluate("([kind, at]) => asked[kind][at].resolve()", [kind, at])


def refuse(page, at: int, text: str, kind="depends") -> None:
    page.evaluate("([kind, at, text]) => asked[kind][at].reject(text)", [kind, at, text])


def card(page, p: dict, name: str | None = None):
    """The row of a panel's map in the table of numbers; of its first map unless another one is named."""
    return page.locator(f".nlviz-row[data-panel='{p['id']}'][data-map='{p['maps'][0]['name'] if name is None else name}']")


def cell(page, p: dict, name: str, column: str):
    return card(page, p).locator(f"td[data-number={name}][data-column={column}]")


def thumb(page, p: dict, name: str | None = None):
    """The small picture of a panel's map."""
    of = p["maps"][0]["name"] if name is None else name
    return page.locator(f"button.nlviz-dependence[data-panel='{p['id']}'][data-map='{of}']")


def enlarge(page, p: dict, name: str | None = None):
    """The picture of a panel's map, enlarged."""
    thumb(page, p, name).click()
    return page.get_by_role("dialog", name="Where attention depends on the query")
