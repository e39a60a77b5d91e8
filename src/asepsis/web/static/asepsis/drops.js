// Choices that drop down close again: by Escape, by a click beside them, and when another is opened.
// Without this script they open and close by their own heading.
"use strict";
(() => {
  const opened = () => document.querySelectorAll("details.drop[open]");
  document.addEventListener("click", (event) => {
    for (const drop of opened()) if (!drop.contains(event.target)) drop.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const drop of opened()) {
      const inside = drop.contains(document.activeElement);
      drop.open = false;
      if (inside) drop.querySelector("summary").focus();
    }
  });
})();
