// The pages above the editions: leads to the reader's edition, and remembers the choice.
{
  const { src, dataset } = document.currentScript;
  const root = new URL(".", src).pathname;
  const key = "fishbook.edition";
  const editions = ["zh", "en", "zh-en"];

  // The edition chosen before, or the first of the reader's languages that the book has.
  function preferred() {
    let chosen = null;
    try {
      chosen = localStorage.getItem(key);
    } catch {} // a reader may forbid it
    if (editions.includes(chosen)) return chosen;
    const languages = (navigator.languages ?? []).map(name => name.slice(0, 2).toLowerCase());
    return languages.find(name => name === "zh" || name === "en") ?? "en";
  }

  // Keeps the words of the edition that a lost address was in.
  function keepWords() {
    const edition = location.pathname.slice(root.length).split("/")[0];
    if (!editions.includes(edition)) return;
    if (edition === "en") document.documentElement.lang = "en";
    for (const part of document.querySelectorAll("[data-for]"))
      part.hidden = !part.dataset.for.split(" ").includes(edition);
    for (const link of document.querySelectorAll("[data-home]")) link.href = `${root}${edition}/`;
  }

  if (dataset.page === "index") location.replace(`${preferred()}/${location.hash}`);
  else addEventListener("DOMContentLoaded", keepWords);
  addEventListener("click", event => {
    const link = event.target.closest("a[data-edition]");
    try {
      if (link) localStorage.setItem(key, link.dataset.edition);
    } catch {}
  });
}
