// Graphs that readers step through, forward and then backward. A figure that holds steps is
// put into the page itself, with buttons under it; without this script it is a picture.
window.fishbookSteps ??= (() => {
  const { make, wordsOf, choices, onKeys } = window.fishbookControls;
  const words = wordsOf("step");
  const KEYS = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" };
  const SIGNS = { first: "⇤", back: "←", next: "→", last: "⇥" };

  // The drawing as a part of the page: its colours come from controls.css.
  async function opened(image) {
    const answer = await fetch(image.src);
    if (!answer.ok) throw new Error(`${answer.status} for ${image.src}`);
    const text = (await answer.text()).replace(/<style>.*?<\/style>/s, "");
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
    const svg = document.importNode(parsed.documentElement, true);
    svg.removeAttribute("id");
    svg.setAttribute("class", [...image.classList].filter(name => name !== "day").join(" "));
    svg.setAttribute("aria-label", image.alt);
    return svg;
  }

  function control(steps) {
    const said = make("p", { "aria-live": "polite" }, words.hint);
    let at = steps.length - 1;

    function show(goal) {
      at = goal;
      steps.forEach((step, i) => {
        step.classList.toggle("later", i > at);
        step.classList.toggle("now", i === at);
      });
      const what = steps[at].querySelector("desc").textContent;
      said.textContent = `${at + 1}/${steps.length} ${what}`;
    }

    const go = {
      first: () => show(0),
      back: () => show(Math.max(at - 1, 0)),
      next: () => show((at + 1) % steps.length), // after the last one, from the start
      last: () => show(steps.length - 1),
    };
    const act = name => go[name]();
    const bar = choices(words.group, Object.keys(SIGNS), name => SIGNS[name], act);
    for (const button of bar.children)
      button.setAttribute("aria-label", words[button.dataset.name]);
    onKeys(bar, KEYS, act);
    return make("div", { class: "steps" }, bar, said);
  }

  async function begin(figure) {
    const svg = await opened(figure.querySelector("img"));
    figure.replaceChildren(svg);
    figure.classList.add("stepping");
    figure.after(control([...svg.querySelectorAll(".step")]));
  }

  // Where the file can't be fetched, its picture stays.
  for (const figure of document.querySelectorAll(".figure.stepped"))
    begin(figure).catch(() => figure.classList.remove("stepped"));
  return true;
})();
