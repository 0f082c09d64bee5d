// A photo dropped or pasted anywhere on the page goes where the photo box takes its uploads; a video, an exported SVG or PDF and a
// recipe go into a box of their own. An exported PNG is told from a photo by the server. A checkpoint goes to the tab Your network.
const isVideo = file => file.type.startsWith("video/") || /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|ogv|wmv|flv|3gp|ts|mts)$/i.test(file.name);
const isCheckpoint = file => /\.(pth|pt|bin|safetensors|ckpt|pyth|tar|pkl|pickle|onnx|h5|npz)$/i.test(file.name);
function give(files) {
    const checkpoint = [...(files || [])].find(isCheckpoint);
    if (checkpoint) {
        [...document.querySelectorAll("[role=tab]")].find(tab => tab.textContent.trim() === "Your network")?.click();
        hand(checkpoint, "#own");
        return true;
    }
    const figure = [...(files || [])].find(file => isVideo(file) || /\.(svg|pdf|json)$/i.test(file.name));
    const photo = figure || [...(files || [])].find(file => file.type.startsWith("image/") || !file.type);
    if (!photo) return false;
    hand(photo, figure ? "#figure" : "#photo");
    return true;
}
async function hand(file, box) {                  // a box that is busy with the file before has no input yet
    const input = () => document.querySelector(`${box} input[type=file]`);
    for (let tries = 0; !input() && tries < 600; tries++) await new Promise(done => setTimeout(done, 100));
    if (!input()) return;
    const carried = new DataTransfer();
    carried.items.add(file);
    input().files = carried.files;
    input().dispatchEvent(new Event("change", {bubbles: true}));
}
window.addEventListener("dragover", event => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
window.addEventListener("drop", event => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();                      // else the browser would leave the page to open the file
    event.stopPropagation();
    if (!give(event.dataTransfer.files)) {
        const names = [...event.dataTransfer.files].map(file => file.name).join(", ");
        document.querySelector(".nlviz-root")?.parentElement.viewer?.setMessage(`${names}: neither a picture, a video nor a checkpoint. Drop one of these.`, true);
    }
}, true);
window.addEventListener("paste", event => { if (give(event.clipboardData?.files)) event.preventDefault(); });
document.addEventListener("click", event => {   // with a photo in the box gradio's own upload button does nothing
    const input = document.querySelector("#photo input[type=file]");
    if (input && event.target.closest("#photo button[aria-label='Upload file']")) input.click();
});

// The photo on screen stands on a button, which opens the box that takes another one.
const photoButton = () => document.querySelector("#photo-open"), photoMenu = () => document.querySelector("#photo-menu");
function openPhoto(shown) {
    if (!photoButton()) return;
    photoMenu().classList.toggle("nlviz-open", shown);
    photoButton().setAttribute("aria-expanded", shown);
}
const isOpen = () => photoButton()?.getAttribute("aria-expanded") === "true";
document.addEventListener("click", event => { if (event.target.closest("#photo-open")) openPhoto(!isOpen()); });
document.addEventListener("click", event => {             // one's own video: the box for photos takes none
    if (!event.target.closest("#video-open")) return;
    const input = document.createElement("input");
    input.type = "file";
    input.accept = "video/*,image/gif,image/webp,image/apng,image/avif";
    input.onchange = () => { if (input.files[0]) hand(input.files[0], "#figure"); };
    input.click();
});
document.addEventListener("pointerdown", event => { if (isOpen() && !event.target.closest("#photos")) openPhoto(false); });
document.addEventListener("keydown", event => {
    if (event.key !== "Escape" || !isOpen()) return;
    openPhoto(false);
    photoButton().focus();
});
document.addEventListener("nlviz-photo", ({detail}) => {
    for (const one of document.querySelectorAll("#examples button:has(img)")) {           // gradio's own have no name
        const file = one.querySelector("img").src.split("/").pop(), [, clip] = file.match(/^clip_(\d)/) || [];
        one.title = one.ariaLabel = clip ? `Example clip ${clip}` : `Example: ${file}`;
    }
    document.querySelector("#photo-open span").textContent = detail.clip ? "Clip" : "Photo";
    const image = photoButton()?.querySelector("img");
    if (!image) return;
    if (image.src && image.src !== detail.url) openPhoto(false);                         // the one that was asked for is here
    image.src = detail.url;
    photoButton().setAttribute("aria-label", `${detail.clip ? "Clip" : "Photo"}: ${detail.name}. Replace it, or choose the input resolution`);
});

// The page's address carries the view: nlviz/recipes/link.py reads what is written here. Back and forward bring views back.
const USUAL = {colours: "viridis", scale: "times uniform", view: "cells", opacity: 0.8, veil: "rising", backdrop: "grey",
    direction: "attends to", term: "full", token: "", arrows: 20};
const VERSION = 2;
function linkOf({key, pins, settings, parts, snapshots}) {
    const named = name => name in snapshots ? `${name}@${snapshots[name]}` : name, round = value => Number(value.toPrecision(5));
    const queryOf = ({x, y, frame}) => [round(x), round(y), ...(key.clip ? [frame] : [])].join(",");
    const link = new URLSearchParams({photo: key.name, sha256: key.picture, networks: key.networks.map(named).join(","),
        resolution: key.resolution, queries: pins.map(queryOf).join(";"), version: VERSION});
    if (key.clip) link.set("clip", `${key.clip.start},${key.clip.count},${key.clip.stride}`);
    for (const [name, usual] of Object.entries(USUAL)) if (name in settings && settings[name] !== usual) link.set(name, settings[name]);
    const shown = Object.entries(parts).map(([panel, part]) => `${panel.replace(/(.*)\//, (_, name) => `${named(name)}/`)}=${part}`);
    if (shown.length) link.set("parts", shown.join(";"));
    return `#${link}`;
}
document.addEventListener("nlviz-change", ({detail}) => {
    if (!detail.key) return;
    const link = linkOf(detail);
    if (link === location.hash) return;
    history[location.hash ? "pushState" : "replaceState"](null, "", link);
});
window.addEventListener("popstate", () => document.querySelector("#follow")?.click());     // also when somebody edits the address
