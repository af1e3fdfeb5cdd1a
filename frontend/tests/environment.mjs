// What the scripts find in a page, for tests without a browser.
export class Storage {
  constructor() {
    this.items = new Map();
    this.isFull = false;
  }

  get length() {
    return this.items.size;
  }

  key(index) {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(key) {
    return this.items.get(key) ?? null;
  }

  setItem(key, value) {
    if (this.isFull) throw new Error("QuotaExceededError");
    this.items.set(key, String(value));
  }

  removeItem(key) {
    this.items.delete(key);
  }
}

globalThis.document ??= {
  cookie: "csrftoken=token",
  documentElement: { lang: "en", dir: "ltr" },
  body: { dataset: { user: "7" } },
  getElementById: () => null,
  addEventListener: () => {},
};
globalThis.localStorage ??= new Storage();
globalThis.addEventListener ??= () => {};
// `navigator` and `crypto` come with Node.js, of some versions only.
if (!globalThis.navigator) globalThis.navigator = { platform: "Linux" };
if (!globalThis.crypto) globalThis.crypto = (await import("node:crypto")).webcrypto;

// The Dashboard for these tests: `answers` are [status, body], given one after another; `asked` is what was asked.
export class Dashboard {
  constructor(...answers) {
    this.answers = answers;
    this.asked = [];
    globalThis.fetch = async (address, { method, body, headers }) => {
      this.asked.push({ method, address, headers, json: typeof body === "string" ? JSON.parse(body) : body });
      const [status, content] = this.answers.shift() ?? [500, {}];
      if (status === 0) throw new TypeError("Failed to fetch");
      return { ok: status < 400, status, type: "basic", json: async () => content };
    };
  }
}
