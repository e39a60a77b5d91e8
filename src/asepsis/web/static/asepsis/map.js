// Whoever points at a group or a device of the map sees its own lines, and the others step back.
"use strict";
(() => {
  for (const map of document.querySelectorAll("svg.map")) {
    const lines = [...map.querySelectorAll(".line")];
    const show = (key) => {
      map.classList.toggle("chosen", key !== null);
      for (const line of lines) line.classList.toggle("on", line.dataset.one === key || line.dataset.other === key);
    };
    for (const node of map.querySelectorAll(".node")) {
      const target = node.closest("a") || node;
      for (const begin of ["pointerenter", "focus"]) target.addEventListener(begin, () => show(node.dataset.key));
      for (const end of ["pointerleave", "blur"]) target.addEventListener(end, () => show(null));
    }
  }
})();
