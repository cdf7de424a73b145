// What is wrong with the way a page is laid out, as sentences; an empty list where nothing is.
() => {
  const faults = [];
  const name = (element) => `${element.tagName.toLowerCase()} "${element.textContent.trim().slice(0, 40)}"`;
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`the page is ${wide} px wide on a screen of ${innerWidth}`);

  const leaves = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const parent = text.parentElement;
    if (!text.data.trim() || parent.closest("style") || !parent.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    // A box of drawn text is a line high, its digits are not.
    const [above, below] = parent.closest("svg") ? [0.2, 0.25] : [0, 0];
    const boxes = [...range.getClientRects()]
      .filter((box) => box.width && box.height)
      .map(({left, right, top, bottom, height}) => ({left, right, top: top + above * height, bottom: bottom - below * height}));
    const frame = parent.closest("svg, .tiles li, .card, .note, body");
    const edge = frame.getBoundingClientRect();
    for (const box of boxes) {
      if (box.left < edge.left - 1 || box.right > edge.right + 1) faults.push(`${name(parent)} leaves ${name(frame)} at the side`);
      if (box.top < edge.top - 1 || box.bottom > edge.bottom + 1) faults.push(`${name(parent)} leaves ${name(frame)} above or below`);
      leaves.push([parent, box]);
    }
    // Names of domains may break anywhere; a word may not.
    for (const word of parent.closest("h1, a, .ids") ? [] : text.data.matchAll(/[A-Za-z]{2,20}/g)) {
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      if (range.getClientRects().length > 1) faults.push(`${name(parent)} is broken within "${word[0]}"`);
    }
    if (parseFloat(getComputedStyle(parent).fontSize) < 12 && !parent.closest("svg")) faults.push(`${name(parent)} is smaller than 12 px`);
  }
  for (let i = 0; i < leaves.length; i++) {
    for (let j = i + 1; j < leaves.length; j++) {
      const [[one, a], [other, b]] = [leaves[i], leaves[j]];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Boxes of neighbouring lines touch: fonts are taller than what they draw.
      if (one !== other && across > 2 && down > 0.35 * Math.min(a.bottom - a.top, b.bottom - b.top)) faults.push(`${name(one)} lies over ${name(other)}`);
    }
  }

  for (const target of document.querySelectorAll("a, button, input:not([type=hidden])")) {
    if (!target.checkVisibility()) continue;
    const box = target.getBoundingClientRect();
    const inText = target.tagName === "A" && getComputedStyle(target).display === "inline";
    if (!inText && (box.width < 24 || box.height < 24)) faults.push(`${name(target)} is a target of ${box.width} × ${box.height} px`);
  }
  for (const element of document.querySelectorAll("main *, footer *, header div")) {
    const style = getComputedStyle(element);
    const cut = style.overflow !== "visible" && element.scrollWidth > element.clientWidth + 1;
    if (cut && !element.closest("svg")) faults.push(`${name(element)} is cut off`);
  }
  return faults;
}
