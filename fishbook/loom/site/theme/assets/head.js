// Runs before anything is drawn: what the theme's script asks for, and the reader's colours.
{
  globalThis.__md_scope = new URL("..", document.currentScript.src); // the edition
  const site = new URL("..", __md_scope).pathname;

  // What a reader chose holds for all editions.
  globalThis.__md_get = (name, storage) => {
    try {
      return JSON.parse((storage ?? localStorage).getItem(`${site}.${name}`));
    } catch {
      return null; // a reader may forbid it
    }
  };
  globalThis.__md_set = (name, value, storage) => {
    try {
      (storage ?? localStorage).setItem(`${site}.${name}`, JSON.stringify(value));
    } catch {}
  };

  // That scripts run is marked at once; the theme would mark it when all is drawn, and each
  // change of the first element's classes has the whole page styled anew.
  const html = document.documentElement;
  html.className = "js";
  html.classList.add = html.classList.remove = () => {};

  // The colours that the reader chose, or else the system's.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const scheme = () => __md_get("scheme") ?? (dark.matches ? "slate" : "default");
  const colour = () => (document.body.dataset.mdColorScheme = scheme());
  dark.addEventListener("change", colour);
  new MutationObserver((_, observer) => {
    if (!document.body) return;
    colour();
    observer.disconnect();
  }).observe(html, { childList: true });
}
