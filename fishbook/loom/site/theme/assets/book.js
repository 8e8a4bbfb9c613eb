// Keeps page and place when the edition changes; light and dark; helps those who use no
// mouse; lets the theme's own script wait.
{
  const key = "fishbook.edition";
  const switcher = document.querySelector("[data-editions]");

  // An anchor of the one page that a chapter was once leads to the page that has it now.
  const moved = Object.entries(JSON.parse(document.querySelector("#moved")?.innerHTML ?? "{}"));
  const goal = moved.find(([label]) => new URL(`#${label}`, location).hash === location.hash);
  if (goal) location.replace(goal[1]);

  // ---- The other editions ----

  // The element that the address names; none where that is no name, as in `#50%`.
  function named() {
    try {
      return document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return null;
    }
  }

  // The anchor to go to: the one in the address while it is in view, else the section read.
  function anchor() {
    const top = named()?.getBoundingClientRect().top;
    if (top > -innerHeight / 3 && top < innerHeight) return location.hash;
    const headings = document.querySelectorAll("article :is(h2, h3, h4)[id]");
    const read = [...headings].filter(h => h.getBoundingClientRect().top < innerHeight / 3);
    return read.length ? "#" + read.at(-1).id : "";
  }

  function pointLinks() {
    if (document.querySelector("[data-lost]")) return;
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

  function closeSwitcher(event) {
    if (!switcher.open || (event.type === "keydown" && event.key !== "Escape")) return;
    if (event.type !== "keydown" && switcher.contains(event.target)) return;
    switcher.open = false;
    if (event.type === "keydown") switcher.firstElementChild.focus();
  }

  if (switcher) {
    switcher.addEventListener("toggle", pointLinks);
    switcher.addEventListener("click", remember, true);
    for (const type of ["click", "focusin", "keydown"]) addEventListener(type, closeSwitcher);
  }

  // ---- Light and dark ----

  const schemes = document.querySelectorAll("[data-scheme]");
  for (const button of schemes)
    button.addEventListener("click", () => {
      const { dataset } = document.body;
      dataset.switching = ""; // at once: no colour fades
      dataset.mdColorScheme = button.dataset.scheme;
      __md_set("scheme", button.dataset.scheme);
      [...schemes].find(other => other !== button).focus();
      requestAnimationFrame(() => setTimeout(() => delete dataset.switching));
    });

  // ---- Without a mouse ----

  // What has to be scrolled sideways can be reached by Tab, once it comes near.
  const wide = ".formula, .figure, .md-typeset__scrollwrap, .highlight code";
  const near = { rootMargin: "100% 0px" };
  const sight = new IntersectionObserver(seen => {
    for (const { target, isIntersecting } of seen)
      if (isIntersecting)
        if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
        else target.removeAttribute("tabindex");
  }, near);

  function watchScrollers() {
    sight.disconnect();
    for (const element of document.querySelectorAll(wide)) sight.observe(element);
  }

  addEventListener("resize", watchScrollers);
  watchScrollers();

  // ---- The theme's own script, once the page has been drawn: it measures much ----

  const theme = document.createElement("script");
  theme.src = document.currentScript.dataset.theme;
  theme.addEventListener("load", () => {
    document.querySelector(".md-dialog")?.setAttribute("role", "status"); // "copied"
    document$.subscribe(watchScrollers);
    // The theme makes each copy button a landmark without a name: it is none.
    component$.subscribe(({ ref }) =>
      ref?.parentElement?.querySelector(":scope > .md-code__nav")?.setAttribute("role", "none"),
    );
    // It waits for an event that came before it did.
    document.dispatchEvent(new Event("DOMContentLoaded"));
  });
  requestAnimationFrame(() => setTimeout(() => document.body.append(theme)));
}
