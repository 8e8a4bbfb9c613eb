// Keeps page and place when the edition changes; helps those who use no mouse.
{
  const key = "fishbook.edition";
  const switcher = document.querySelector("[data-editions]");

  // The anchor to go to: the one in the address while it is in view, else the section read.
  function anchor() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const top = target?.getBoundingClientRect().top;
    if (top > -innerHeight / 3 && top < innerHeight) return location.hash;
    const headings = document.querySelectorAll("article :is(h2, h3, h4)[id]");
    const read = [...headings].filter(h => h.getBoundingClientRect().top < innerHeight / 3);
    return read.length ? "#" + read.at(-1).id : "";
  }

  function pointLinks() {
    if (!switcher || document.querySelector("[data-lost]")) return;
    const page = location.pathname.slice(__md_scope.pathname.length) + anchor();
    for (const link of switcher.querySelectorAll("a[data-edition]"))
      link.href = new URL(`../${link.dataset.edition}/${page}`, __md_scope);
  }

  function remember(event) {
    const link = event.target.closest("a[data-edition]");
    if (!link) return;
    pointLinks();
    try {
      localStorage.setItem(key, link.dataset.edition);
    } catch {} // a reader may forbid it
  }

  function reachScrollers() {
    const wide = ".formula, .figure, .md-typeset__scrollwrap, .highlight code";
    for (const element of document.querySelectorAll(wide))
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
  }

  // A mark in the code has no words: give it a name.
  function nameNote({ ref }) {
    const link = ref?.querySelector?.(":scope > .md-annotation__index");
    const note = document.documentElement.lang === "zh" ? "注释" : "Note";
    const number = link?.firstElementChild?.dataset.mdAnnotationId;
    link?.setAttribute("aria-label", `${note} ${number}`);
  }

  // Chinese that is chosen with the mouse, or pasted, moves no key: let it be searched too.
  document.querySelector(".md-search__input")?.addEventListener("input", event => {
    event.target.dispatchEvent(new KeyboardEvent("keyup"));
  });

  for (const type of ["pointerover", "focusin"]) switcher?.addEventListener(type, pointLinks);
  switcher?.addEventListener("click", remember, true);
  addEventListener("resize", reachScrollers);
  document$.subscribe(() => requestAnimationFrame(reachScrollers));
  component$.subscribe(nameNote);
}
