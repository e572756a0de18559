// Everything that a reader finds in the page, as data. A view is in the page while it is open.

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const words = (element) => (element ? element.textContent.replace(/\s+/g, " ").trim() : null);
const texts = (selector, within) => all(selector, within).map(words);
const value = (selector) => one(selector)?.value ?? null;

const table = (element) =>
  element && {
    caption: words(one("caption", element)),
    columns: texts("thead th", element),
    rows: all("tbody tr", element).map((row) => texts("th, td", row)),
    totals: all("tbody tr", element).map((row) => row.matches(".total")),
  };

const bar = (element) => ({
  label: words(one(".bar-head b", element)),
  summary: words(one(".bar-head span", element)),
  markers: texts(".bar-marker", element),
  parts: all(".key li", element).map((part) => [words(one("span", part)), words(one("b", part))]),
});

const chart = (figure) => ({
  id: figure.id,
  title: words(one("h3", figure)),
  caption: words(one("figcaption p", figure)),
  legend: texts(".legend button", figure),
});

// By the title of the card that they are in.
const tables = () =>
  Object.fromEntries(
    all(".card[aria-labelledby]:has(table)").map((card) => [card.getAttribute("aria-labelledby"), table(one("table", card))]),
  );

const facts = (element) => all("dl.facts > div", element).map((fact) => [words(one("dt", fact)), words(one("dd", fact))]);
const fieldset = (selector) => one(selector)?.closest("fieldset") ?? null;
const notices = (tone) => texts(`.notices[data-tone="${tone}"]:not([hidden]) li`);

const verdict = one(".verdict");
const full = one("form.scenario") && {
  // Of the controls.
  model: value("#model"),
  device: value("#device"),
  count: value("#count"),
  batch: value("#batch"),
  prompt: value("#prompt"),
  output: value("#output"),
  weights: value("#weights"),
  kv: value("#kv"),
  engine: value("#engine"),
  layout: ["tp", "pp", "ep", "dp"].map((id) => value(`#${id}`)),
  modelFacts: facts(fieldset("#model")),
  hardwareFacts: facts(fieldset("#device")),
  // Of the results.
  notices: notices("info"),
  warnings: notices("warning"),
  openView: all('[role="tabpanel"]').filter((panel) => panel.checkVisibility()).map((panel) => panel.id),
  tables: tables(),
  cacheTable: table(one("#kv-cache details[open] table")),
};

return {
  verdict: {
    fit: verdict?.dataset.fit ?? null,
    word: words(one(".word", verdict)),
    sentence: words(one(".sentence", verdict)),
    limit: words(one(".limit", verdict)),
    figures: all(".figures > div", verdict).map((figure) => [
      figure.id,
      words(one("dt", figure)),
      words(one("dd b", figure)),
      words(one("dd span", figure)),
      words(one(".note", figure)),
    ]),
  },
  bars: all(".bar").map(bar),
  charts: all(".figure").map(chart),
  full,
};
