// What is in the tree, kept equal to the server's by asking what changed since the last revision seen.
import { get, post } from "../shell/api.js";

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export class Store extends EventTarget {
  constructor({ base, tree }) {
    super();
    this.base = base;
    this.nodes = new Map();
    this.byParent = new Map();
    this.revision = -1;
    this.take(tree);
  }

  // A whole tree or a difference: { revision, nodes, gone }.
  take(tree) {
    if (!tree || tree.revision < this.revision) return;
    const gone = [];
    for (const id of tree.gone ?? []) {
      if (this.nodes.delete(id)) gone.push(id);
    }
    for (const node of tree.nodes) this.nodes.set(node.id, node);
    this.revision = tree.revision;
    this.byParent.clear();
    for (const node of this.nodes.values()) {
      const siblings = this.byParent.get(node.parent) ?? [];
      siblings.push(node);
      this.byParent.set(node.parent, siblings);
    }
    for (const siblings of this.byParent.values()) {
      siblings.sort((a, b) => b.folder - a.folder || collator.compare(a.name, b.name) || (a.name < b.name ? -1 : 1));
    }
    if (tree.nodes.length || gone.length) {
      this.dispatchEvent(new CustomEvent("change", { detail: { changed: tree.nodes, gone } }));
    }
  }

  children(id) {
    return this.byParent.get(id) ?? [];
  }

  node(id) {
    return this.nodes.get(id);
  }

  path(id) {
    const names = [];
    for (let node = this.nodes.get(id); node; node = this.nodes.get(node.parent)) names.unshift(node.name);
    return names.join("/");
  }

  byPath(path) {
    let parent = null;
    let found = null;
    for (const name of path.split("/")) {
      found = this.children(parent).find((node) => node.name === name);
      if (!found) return null;
      parent = found.id;
    }
    return found;
  }

  isUnder(id, ancestor) {
    for (let node = this.nodes.get(id); node; node = this.nodes.get(node.parent)) {
      if (node.id === ancestor) return true;
    }
    return false;
  }

  async sync() {
    const answer = await get(`${this.base}tree?since=${this.revision}`);
    this.take(answer.tree);
  }

  // Every change answers with what it changed in the tree.
  async act(verb, json) {
    const answer = await post(`${this.base}${verb}`, { ...json, since: this.revision });
    this.take(answer.tree);
    return answer;
  }
}
