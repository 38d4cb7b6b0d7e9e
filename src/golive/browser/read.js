// Runs in a world of its own beside the page's scripts: what they have changed of the built-in functions does not
// count here. Gives the markup as it stands, open shadow roots among it, and what the page keeps.
((most) => {
  const cut = (text, length) => (text.length > length ? text.slice(0, length) : text);
  const kept = (open) => {
    try {
      const store = open();
      const all = [];
      for (let at = 0; at < store.length && at < 100; at += 1) {
        const key = store.key(at);
        const value = store.getItem(key) || "";
        all.push([cut(key, 300), cut(value, 4000), value.length]);
      }
      return all;
    } catch {
      return [];
    }
  };
  const root = document.documentElement;
  let html = root ? root.outerHTML : "";
  try {
    if (Array.prototype.some.call(document.querySelectorAll("*"), (element) => element.shadowRoot)) {
      const inert = document.implementation.createHTMLDocument("");
      const graft = (live) => {
        const copy = inert.importNode(live, false);
        if (live.shadowRoot) live.shadowRoot.childNodes.forEach((child) => copy.appendChild(graft(child)));
        live.childNodes.forEach((child) => copy.appendChild(graft(child)));
        return copy;
      };
      html = graft(root).outerHTML;
    }
  } catch {
    // Too deep: what was there before is as good as it gets.
  }
  return {
    html: (document.doctype ? "<!DOCTYPE " + document.doctype.name + ">\n" : "") + cut(html, most),
    cut: html.length > most,
    local: kept(() => localStorage),
    session: kept(() => sessionStorage),
  };
})
