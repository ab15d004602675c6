// Where the nodes of a resource tree are drawn: columns from left to right, each parent beside the middle of its children.
//
// Objects form a forest below the application, so no general layout of graphs is needed: this takes time in proportion
// to the nodes, and a tree of thousands can be laid out anew at every change.
import type { ResourceNode, ResourceRef } from "../api/types";

export const NODE_WIDTH = 250;
export const NODE_HEIGHT = 58;
const COLUMN = NODE_WIDTH + 60;
const ROW = NODE_HEIGHT + 12;
const MARGIN = 8;

export interface Placed {
  id: string;
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  nodes: Placed[];
  edges: { from: string; to: string; path: string }[];
}

/** The identity of a node: its uid, or what names it as long as it does not exist. */
export function nodeId(node: ResourceRef): string {
  return node.uid || [node.group ?? "", node.kind, node.namespace ?? "", node.name].join("/");
}

const ROOT = "(application)";

/** Lays out the tree below the application, which is the node with the id `rootId`. */
export function layoutTree(nodes: ResourceNode[], rootId: string = ROOT): Layout {
  const known = new Set(nodes.map(nodeId));
  const children = new Map<string, string[]>();
  const edges: { from: string; to: string }[] = [];
  for (const node of [...nodes].sort((one, other) => sortKey(one).localeCompare(sortKey(other)))) {
    const id = nodeId(node);
    const parents = (node.parentRefs ?? []).map(nodeId).filter((parent) => known.has(parent) && parent !== id);
    // A node with several owners stands beside the first and has lines from all.
    const [first = rootId, ...others] = parents;
    const siblings = children.get(first);
    if (siblings) siblings.push(id);
    else children.set(first, [id]);
    edges.push(...[first, ...others].map((from) => ({ from, to: id })));
  }

  const places = new Map<string, Placed>();
  let row = 0;
  let depth = 0;
  const place = (id: string, column: number): Placed => {
    const placed: Placed = { id, x: MARGIN + column * COLUMN, y: MARGIN + row * ROW };
    places.set(id, placed);
    depth = Math.max(depth, column);
    const below = (children.get(id) ?? []).filter((child) => !places.has(child)).map((child) => place(child, column + 1));
    const [top, bottom] = [below[0], below.at(-1)];
    if (top && bottom) {
      placed.y = (top.y + bottom.y) / 2;
    } else {
      row += 1;
    }
    return placed;
  };
  place(rootId, 0);
  // Objects that own each other in a circle hang on nothing; they are shown all the same.
  for (const id of known) {
    if (!places.has(id)) place(id, 1);
  }

  return {
    width: 2 * MARGIN + depth * COLUMN + NODE_WIDTH,
    height: 2 * MARGIN + row * ROW - (ROW - NODE_HEIGHT),
    nodes: [...places.values()],
    edges: edges.flatMap(({ from, to }) => {
      const [start, end] = [places.get(from), places.get(to)];
      return start && end ? [{ from, to, path: curve(start, end) }] : [];
    }),
  };
}

/** An SVG path from a node's right side to another's left side, which leaves and arrives horizontally. */
export function curve(start: Placed, end: Placed): string {
  const [x1, y1] = [start.x + NODE_WIDTH, start.y + NODE_HEIGHT / 2];
  const [x2, y2] = [end.x, end.y + NODE_HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`;
}

function sortKey(node: ResourceNode): string {
  return [node.kind, node.namespace ?? "", node.name].join("/");
}
