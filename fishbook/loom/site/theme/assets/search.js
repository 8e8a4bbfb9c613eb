// The search field: what it finds, the keyboard, and what is marked on the page. It takes
// the theme's look, and its keys; the index comes when the field is first used.
{
  const box = document.querySelector(".md-search");
  const field = box.querySelector("input");
  const form = box.querySelector("form");
  const said = box.querySelector(".md-search-result__meta");
  const list = box.querySelector("ol");
  const toggle = document.getElementById("__search");
  const initial = said.textContent;
  const here = document.currentScript.src;
  const root = new URL("..", here);
  const { translations } = JSON.parse(document.getElementById("__config").textContent);
  let loading, before;

  const load = () =>
    (loading ??= import(new URL("find.js", here)).then(({ load }) => load(new URL("search.json", root))));

  function element(name, className, ...inside) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...inside);
    return made;
  }

  const marked = parts => parts.map((part, at) => (at % 2 ? element("mark", "", part) : part));

  function item({ address, title, page, excerpt }) {
    const link = element("a", "md-search-result__link");
    const article = element("article", "md-search-result__article md-typeset");
    article.append(element("h2", "", ...marked(title)));
    if (page) article.append(element("p", "md-search-result__page", page));
    article.append(element("p", "", ...marked(excerpt)));
    link.append(article);
    const goal = new URL(address, root);
    goal.searchParams.set("h", field.value.trim());
    link.href = goal;
    link.tabIndex = -1;
    return element("li", "md-search-result__item", link);
  }

  function count(number) {
    const kind = { 0: "none", 1: "one" }[number] ?? "other";
    return translations[`search.result.${kind}`].replaceAll("#", number);
  }

  async function show() {
    const query = field.value;
    if (!query.trim()) {
      said.textContent = initial;
      return list.replaceChildren();
    }
    try {
      const finder = await load();
      if (query !== field.value) return;
      const found = finder.find(query);
      said.textContent = count(found.count);
      list.replaceChildren(...found.hits.map(item));
      list.parentElement.parentElement.scrollTop = 0;
    } catch (error) {
      loading = undefined; // the next letter tries again
      said.textContent = location.protocol === "file:" ? box.dataset.file : box.dataset.failed;
      throw error;
    }
  }

  function open(wanted) {
    if (toggle.checked !== wanted) toggle.click();
  }

  function close() {
    open(false);
    field.blur();
    before?.focus();
  }

  function go(step) {
    const stops = [field, ...list.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement);
    stops[(at + step + stops.length) % stops.length].focus();
  }

  field.addEventListener("focus", ({ relatedTarget }) => {
    if (!box.contains(relatedTarget)) before = relatedTarget;
    open(true);
    load().catch(() => {}); // said when there is something to find
  });
  field.addEventListener("input", event => event.isComposing || show());
  field.addEventListener("compositionend", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => (show(), field.focus())));
  list.addEventListener("click", event => event.target.closest("a") && open(false));
  toggle.addEventListener("change", () => toggle.checked && field.focus());

  const keys = {
    Escape: close,
    Tab: () => open(false),
    ArrowDown: () => go(1),
    ArrowUp: () => go(-1),
    Enter: () => document.activeElement === field && list.querySelector("a")?.click(),
  };
  box.addEventListener("keydown", event => {
    if (event.isComposing || !keys[event.key]) return;
    if (event.key.startsWith("Arrow")) event.preventDefault();
    keys[event.key]();
  });

  // ---- On the page ----

  async function mark() {
    CSS.highlights?.delete("found");
    const query = new URLSearchParams(location.search).get("h");
    if (!query || !CSS.highlights) return;
    const { places } = await import(new URL("words.js", here));
    const ranges = [];
    const texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
    for (let node; (node = texts.nextNode()); )
      for (const [start, end] of places(node.data, query))
        ranges.push(new StaticRange({ startContainer: node, startOffset: start, endContainer: node, endOffset: end }));
    CSS.highlights.set("found", new Highlight(...ranges));
  }

  mark();

  // ---- From anywhere ----

  addEventListener("keydown", event => {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    if (altKey || ctrlKey || metaKey || !["/", "f", "s"].includes(key)) return;
    if (target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    field.focus();
  });

  const query = new URLSearchParams(location.search).get("q");
  if (query) {
    field.value = query;
    field.focus();
    show();
  }
}
