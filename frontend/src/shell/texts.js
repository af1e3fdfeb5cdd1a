// The texts of the scripts in the reader's language; the page brings them, unless it is English (ui/texts.py).

const place = document.getElementById("texts");
const texts = place ? JSON.parse(place.textContent) : {};
const forms = new Intl.PluralRules(document.documentElement.lang || "en");

function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (found, name) => (name in values ? String(values[name]) : found));
}

export function gettext(text, values = {}) {
  return fill(texts[text] ?? text, values);
}

// The text that goes with a number, which stands in it as %(count)s.
export function ngettext(one, many, count, values = {}) {
  const known = texts[one];
  const shown = { count: count.toLocaleString("en"), ...values };
  if (!Array.isArray(known)) return fill(count === 1 ? one : many, shown);
  const form = { one: 0, two: 1 }[forms.select(count)] ?? known.length - 1;
  return fill(known[Math.min(form, known.length - 1)], shown);
}
