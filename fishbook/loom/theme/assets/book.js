// Keeps page and anchor when the edition changes; lets the keyboard scroll what is wide.
{
  const key = "fishbook.edition";
  const base = document.querySelector("[data-editions]") && __md_scope;

  function pointLinks() {
    if (!base || document.querySelector("[data-lost]")) return;
    const page = location.pathname.slice(base.pathname.length) + location.hash;
    for (const link of document.querySelectorAll("a[data-edition]"))
      link.href = new URL(`../${link.dataset.edition}/${page}`, base);
  }

  function remember(event) {
    const link = event.target.closest?.("a[data-edition]");
    if (!link) return;
    pointLinks();
    try { localStorage.setItem(key, link.dataset.edition); } catch {}
  }

  function reachScrollers() {
    const wide = ".formula, .figure, .md-typeset__scrollwrap, .highlight code";
    for (const element of document.querySelectorAll(wide))
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
  }

  for (const type of ["pointerdown", "focusin"])
    document.addEventListener(type, event => {
      if (event.target.closest?.("[data-editions]")) pointLinks();
    }, true);
  document.addEventListener("click", remember, true);
  addEventListener("resize", reachScrollers);
  document$.subscribe(() => { pointLinks(); requestAnimationFrame(reachScrollers); });
}
