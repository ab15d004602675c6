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
  edges: { from: string; to: string; points: { x: number; y: number }[] }[];
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
      points: (graph.edge(edge) as { points: { x: number; y: number }[] }).points,
    })),
  };
}

function sortKey(node: ResourceNode): string {
  return [node.kind, node.namespace ?? "", node.name].join("/");
}
