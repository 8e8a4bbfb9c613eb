// What the figures that readers work with share: elements, words, buttons, keys.
window.fishbookControls ??= (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const make = (tag, attributes = {}, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const shape = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

  // The words of a kind of figures, in the page's edition.
  const wordsOf = kind => JSON.parse(document.querySelector(`#${kind}-words`).innerHTML);

  // A row of buttons; `choose` gets the name of the one that is clicked.
  function choices(title, names, label, choose) {
    const group = make("div", { class: "choices", role: "group", "aria-label": title });
    for (const name of names) {
      const button = make("button", { type: "button", "data-name": name }, label(name));
      button.addEventListener("click", () => choose(name));
      group.append(button);
    }
    return group;
  }

  function press(group, name) {
    for (const button of group.children)
      button.setAttribute("aria-pressed", button.dataset.name === String(name));
  }

  // Calls `act` with what `keys` has for a key that is pressed alone.
  function onKeys(element, keys, act) {
    element.addEventListener("keydown", event => {
      if (!(event.key in keys) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      act(keys[event.key]);
    });
  }

  return { make, shape, wordsOf, choices, press, onKeys };
})();
