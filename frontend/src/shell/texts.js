// The texts of the scripts in the reader's language; the page brings them, unless it is English (ui/script_texts.py).

const place = document.getElementById("texts");
const texts = place ? JSON.parse(place.textContent) : {};
const forms = new Intl.PluralRules(document.documentElement.lang || "en");
// In the order in which gettext numbers the forms.
const categories = ["zero", "one", "two", "few", "many", "other"].filter((one) => forms.resolvedOptions().pluralCategories.includes(one));

function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (found, name) => (name in values ? String(values[name]) : found));
}

export function gettext(text, values = {}) {
  return fill(texts[text] ?? text, values);
}

// Marks a text that is translated where it is shown: a key of a table, or what another library will say.
export function gettext_noop(text) {
  return text;
}

// The text that goes with a number, which stands in it as %(count)s.
export function ngettext(one, many, count, values = {}) {
  const known = texts[one];
  const shown = { count: count.toLocaleString("en"), ...values };
  if (!Array.isArray(known)) return fill(count === 1 ? one : many, shown);
  return fill(known[categories.indexOf(forms.select(count))] ?? known.at(-1), shown);
}
