// Does one thing on the page, in a world of its own beside the page's scripts. Gives whether it could be done now.
((what, selector, value) => {
  const visible = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  if (what === "text") return (document.body ? document.body.innerText : "").includes(value);
  const element = [...document.querySelectorAll(selector)].find(visible);
  if (!element) return false;
  if (what === "element") return true;
  if (element.disabled) return false;
  element.scrollIntoView({ block: "center", inline: "center" });
  const tell = (...names) =>
    names.forEach((name) => element.dispatchEvent(new Event(name, { bubbles: true, composed: true })));
  switch (what) {
    case "click": {
      const point = { bubbles: true, composed: true, cancelable: true, view: window, button: 0 };
      element.dispatchEvent(new PointerEvent("pointerdown", point));
      element.dispatchEvent(new MouseEvent("mousedown", point));
      if (element.focus) element.focus();
      element.dispatchEvent(new PointerEvent("pointerup", point));
      element.dispatchEvent(new MouseEvent("mouseup", point));
      element.click();
      return true;
    }
    case "fill":
      element.focus();
      if (element.isContentEditable) element.textContent = value;
      else element.value = value;
      tell("input", "change");
      return true;
    case "select": {
      const chosen = [...(element.options || [])].find(
        (option) => option.value === value || option.textContent.trim() === value,
      );
      if (!chosen) return false;
      element.value = chosen.value;
      tell("input", "change");
      return true;
    }
    default:
      return false;
  }
})
