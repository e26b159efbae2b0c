// The contrast of every text that can be seen on the page, by WCAG 2.1, and the levels of its headings in order.
() => {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = {};
  const parse = (css) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = "#000";
    pixel.fillStyle = css;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const colour = (css) => (known[css] ??= parse(css));
  const over = (top, below, alpha) => below.map((value, i) => top[i] * alpha + value * (1 - alpha));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const upwards = (element) => {
    const found = [];
    for (; element; element = element.parentElement) found.push(element);
    return found;
  };
  // What lies beneath, from the page upwards; an element that the text sticks out of does not lie beneath it.
  const beneath = (element, chain) => {
    const box = element.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    let below = [255, 255, 255];
    for (const one of [...chain].reverse()) {
      const its = one.getBoundingClientRect();
      const root = one === document.body || one === document.documentElement;
      if (!root && (x < its.left || x > its.right || y < its.top || y > its.bottom)) continue;
      if (one instanceof SVGElement) continue;
      const filled = colour(getComputedStyle(one).backgroundColor);
      below = over(filled, below, filled[3]);
    }
    return below;
  };
  const failing = [];
  let texts = 0;
  const check = (element, text, css) => {
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || element.closest(":disabled, [aria-disabled=true], [data-disabled=true]")) return;
    const chain = upwards(element);
    const [r, g, b, alpha] = colour(element instanceof SVGElement ? css.fill : css.color);
    const opacity = chain.reduce((all, one) => all * parseFloat(getComputedStyle(one).opacity), alpha);
    const below = beneath(element, chain);
    const ratio = contrast(over([r, g, b], below, opacity), below);
    const size = parseFloat(css.fontSize);
    const icon = element.closest("[data-testid=stIconMaterial]") !== null;
    const large = size >= 24 || (size >= 18.66 && parseInt(css.fontWeight) >= 700);
    texts += 1;
    if (ratio < (large || icon ? 3 : 4.5)) {
      const where = chain.map((one) => one.dataset.testid).find(Boolean);
      failing.push(`${ratio.toFixed(2)}: "${text.slice(0, 50)}" in ${where}, ${css.color} on rgb(${below.map(Math.round)})`);
    }
  };
  const seen = { opacityProperty: true, visibilityProperty: true };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const [text, element] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
    if (text && !element.closest("script, style, noscript") && element.checkVisibility(seen)) {
      check(element, text, getComputedStyle(element));
    }
  }
  for (const field of document.querySelectorAll("textarea, input:not([type=radio], [type=checkbox], [type=range])")) {
    if (!field.checkVisibility(seen)) continue;
    if (field.value) check(field, field.value, getComputedStyle(field));
    else if (field.placeholder) check(field, field.placeholder, getComputedStyle(field, "::placeholder"));
  }
  // Tables are drawn on a canvas; these are the colours that they are drawn with.
  for (const table of document.querySelectorAll(".stDataFrameGlideDataEditor")) {
    const css = (name) => colour(getComputedStyle(table).getPropertyValue(`--gdg-${name}`));
    const cell = css("bg-cell").slice(0, 3);
    for (const [text, below] of [["text-header", "bg-header"], ["text-dark", "bg-cell"], ["text-bubble", "bg-bubble"]]) {
      const ground = over(css(below), cell, css(below)[3]);
      const ratio = contrast(over(css(text), ground, css(text)[3]), ground);
      texts += 1;
      if (ratio < 4.5) failing.push(`${ratio.toFixed(2)}: ${text} of a table`);
    }
  }
  const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter((one) => one.checkVisibility());
  return { failing, texts, levels: headings.map((one) => Number(one.tagName[1])) };
}
