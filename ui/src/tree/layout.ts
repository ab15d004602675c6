// Where the nodes of a resource tree are drawn: a layered graph from left to right.
import dagre from "@dagrejs/dagre";
import type { ResourceNode, ResourceRef } from "../api/types";

export const NODE_WIDTH = 250;
export const NODE_HEIGHT = 58;

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
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 12, ranksep: 60, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  graph.setNode(rootId, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const known = new Set(nodes.map(nodeId));
  const sorted = [...nodes].sort((one, other) => sortKey(one).localeCompare(sortKey(other)));
  for (const node of sorted) {
    graph.setNode(nodeId(node), { width: NODE_WIDTH, height: NODE_HEIGHT });
  }
  for (const node of sorted) {
    const parents = (node.parentRefs ?? []).map(nodeId).filter((id) => known.has(id));
    for (const parent of parents.length > 0 ? parents : [rootId]) {
      graph.setEdge(parent, nodeId(node));
    }
  }
  dagre.layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: graph.nodes().map((id) => {
      const { x, y } = graph.node(id) as { x: number; y: number };
      return { id, x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
    }),
    edges: graph.edges().map((edge) => ({
      from: edge.v,
      to: edge.w,
      path: curve([
        side(graph.node(edge.v) as Point, 1),
        // What lies between: the places where an edge passes other columns.
        ...(graph.edge(edge) as { points: Point[] }).points.slice(1, -1).filter((_, index, all) => all.length > 1 && index % 2 === 1),
        side(graph.node(edge.w) as Point, -1),
      ]),
    })),
  };
}

interface Point {
  x: number;
  y: number;
}

/** The middle of a node's right (1) or left (-1) side. */
function side(center: Point, direction: 1 | -1): Point {
  return { x: center.x + (direction * NODE_WIDTH) / 2, y: center.y };
}

/** An SVG path through points that leaves and reaches each horizontally. */
export function curve(points: Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1];
      if (!before) return `M${x},${y}`;
      const middle = (before.x + x) / 2;
      return `C${middle},${before.y} ${middle},${y} ${x},${y}`;
    })
    .join(" ");
}

function sortKey(node: ResourceNode): string {
  return [node.kind, node.namespace ?? "", node.name].join("/");
}
