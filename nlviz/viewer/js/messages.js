// Messages: what the page says of itself, a line above the panels, and a label while it is busy.
// Gives: createMessages.
// Takes: parts.js: element, div, setText, button.

function createMessages() {
  const busy = element("div", {class: "nlviz-busy", role: "status", hidden: true});
  const words = element("span"), message = div("message", words, button("Dismiss", "dismiss", () => setMessage("")));
  let complaint = "";
  message.hidden = true;

  function setBusy(text) {
    setText(busy, text || "");
    busy.hidden = !text;
  }

  function setMessage(text, isError = false) {
    message.setAttribute("role", isError ? "alert" : "status");
    message.classList.toggle("nlviz-error", isError);
    message.hidden = !text;
    setText(words, text || "");
  }

  function complain(text, isError) {                  // the viewer's own message, withdrawn when its cause is gone
    complaint = text;
    setMessage(text, isError);
  }

  function withdraw() {
    if (complaint && words.textContent === complaint) setMessage("");
    complaint = "";
  }

  return {busy, message, setBusy, setMessage, complain, withdraw};
}
