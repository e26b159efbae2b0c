// What else a page owes to whoever reads, listens or taps: findings of axe-core, and rules of our own.
// `streamlits`: [rule, selector] of findings in Streamlit's own parts, which no page can change. `onAPhone`: whether it is
// used with a finger, by somebody who asked for less motion.
async ([streamlits, onAPhone]) => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  const serious = found.violations.filter((one) => ["serious", "critical"].includes(one.impact));
  const [ours, used] = [[], new Set()];
  for (const { id, nodes } of serious) {
    for (const { target, html, failureSummary } of nodes) {
      const element = document.querySelector(target[0]);
      const at = streamlits.findIndex(([rule, selector]) => rule === id && element?.matches(selector));
      if (at < 0) ours.push(`${id}: ${html.slice(0, 200)} ${failureSummary}`);
      else used.add(at);
    }
  }
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const named = (one) => one.getAttribute("aria-label")?.trim();
  for (const group of seen("[class*='st-key-stars_'] [role=radiogroup]")) {
    if (!/^Stars for \S/.test(named(group) ?? "")) ours.push(`stars of no movie: ${group.outerHTML.slice(0, 200)}`);
  }
  for (const chart of seen("[data-testid=stPlotlyChart]")) {
    const name = named(chart) ?? named(chart.querySelector("[role=img][aria-label]") ?? chart);
    if (!name) ours.push(`a chart without words: ${chart.outerHTML.slice(0, 300)}`);
  }
  if (onAPhone) {
    const pressed = ":is(.stButton, .stDownloadButton, .stPopover, [data-testid=stButtonGroup]) button";
    for (const one of seen(`[data-testid=stMain] :is(${pressed}, [class*='st-key-stars_'] [data-testid=stRadioOption])`)) {
      const { width, height } = one.getBoundingClientRect();
      if (height < 44 || width < 44) ours.push(`too small for a finger: ${one.innerText}, ${width} x ${height}`);
    }
    // The answers of "Make it yours" are deaf for a moment to the second click of a double one, which moves nothing.
    const longest = (durations) => Math.max(...durations.split(",").map(parseFloat));
    for (const one of document.querySelectorAll("body *")) {
      const { animationName, animationDuration, transitionDuration } = getComputedStyle(one);
      const animated = !["none", "deaf"].includes(animationName) && longest(animationDuration) > 0.01;
      if (animated || longest(transitionDuration) > 0.01) ours.push(`moves: ${one.outerHTML.slice(0, 150)}`);
    }
  }
  return { ours, used: [...used], checked: found.passes.length };
}
