// The resource tree, drawn: every live object with its kind, name, health and sync.
import { createMemo, For, Show } from "solid-js";
import type { Application, ResourceNode } from "../api/types";
import { HealthBadge, SyncBadge } from "../components/status";
import { layoutTree, NODE_HEIGHT, NODE_WIDTH, nodeId } from "./layout";

const ROOT = "(application)";

export function ResourceTree(props: { application: Application; nodes: ResourceNode[]; select: (node: ResourceNode) => void }) {
  const layout = createMemo(() => layoutTree(props.nodes, ROOT));
  const byId = createMemo(() => new Map(props.nodes.map((node) => [nodeId(node), node])));
  const syncOf = createMemo(() => {
    const codes = new Map<string, string | undefined>();
    for (const resource of props.application.status?.resources ?? []) {
      codes.set([resource.group ?? "", resource.kind, resource.namespace ?? "", resource.name].join("/"), resource.status);
    }
    return (node: ResourceNode) => codes.get([node.group ?? "", node.kind, node.namespace ?? "", node.name].join("/"));
  });
  return (
    <div class="tree" data-testid="tree">
      <div style={{ position: "relative", width: `${layout().width}px`, height: `${layout().height}px` }}>
        <svg width={layout().width} height={layout().height} aria-hidden="true">
          <For each={layout().edges}>
            {(edge) => <path d={edge.path} />}
          </For>
        </svg>
        <For each={layout().nodes}>
          {(place) => (
            <Show when={byId().get(place.id)} fallback={<Root application={props.application} x={place.x} y={place.y} />}>
              {(node) => <Node node={node()} sync={syncOf()(node())} x={place.x} y={place.y} select={props.select} />}
            </Show>
          )}
        </For>
      </div>
    </div>
  );
}

function position(x: number, y: number) {
  return { left: `${x}px`, top: `${y}px`, width: `${NODE_WIDTH}px`, height: `${NODE_HEIGHT}px` };
}

function Root(props: { application: Application; x: number; y: number }) {
  return (
    <div class="node root" style={position(props.x, props.y)}>
      <div class="name">{props.application.metadata.name}</div>
      <div class="facts">
        <SyncBadge status={props.application.status?.sync?.status} />
        <HealthBadge status={props.application.status?.health?.status} />
      </div>
    </div>
  );
}

function Node(props: { node: ResourceNode; sync?: string; x: number; y: number; select: (node: ResourceNode) => void }) {
  return (
    <button type="button" class="node" style={position(props.x, props.y)} data-kind={props.node.kind} data-name={props.node.name} onClick={() => props.select(props.node)}>
      <div class="name" title={`${props.node.kind} ${props.node.namespace ?? ""}/${props.node.name}`}>
        <span class="kind">{props.node.kind}</span> {props.node.name}
      </div>
      <div class="facts">
        <Show when={props.sync}>
          <SyncBadge status={props.sync} />
        </Show>
        <Show when={props.node.health?.status}>
          <HealthBadge status={props.node.health?.status} message={props.node.health?.message} />
        </Show>
        <Show when={props.node.info?.find((info) => info.name === "Containers")}>{(info) => <span class="muted">{info().value}</span>}</Show>
      </div>
    </button>
  );
}
