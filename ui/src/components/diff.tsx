// The difference between an object as it is and as Git says, line by line. The editor is a chunk of its own.
import { createEffect, createSignal, For, onCleanup, Show } from "solid-js";
import { type DiffState, differing, stateOf } from "../api/difference";
import type { ManagedResource } from "../api/types";

const STATE_TEXT: Record<DiffState, string> = {
  same: "equal",
  changed: "differs from Git",
  missing: "in Git, not in the cluster",
  extra: "in the cluster, no longer in Git",
};

export function DiffList(props: { resources: ManagedResource[] }) {
  return (
    <For each={differing(props.resources)} fallback={<p class="muted">Everything in the cluster is as Git says.</p>}>
      {(resource) => (
        <details class="card diff" open data-kind={resource.kind} data-name={resource.name}>
          <summary>
            <span class="kind">{resource.kind}</span> {resource.namespace ? `${resource.namespace}/` : ""}
            {resource.name} <span class="muted">{STATE_TEXT[stateOf(resource)]}</span>
          </summary>
          <DiffView live={resource.normalizedLiveState ?? resource.liveState} desired={resource.predictedLiveState ?? resource.targetState} />
        </details>
      )}
    </For>
  );
}

function DiffView(props: { live?: string; desired?: string }) {
  let place: HTMLDivElement | undefined;
  const [loading, setLoading] = createSignal(true);
  createEffect(() => {
    const { live, desired } = props;
    let destroyed = false;
    let view: { destroy: () => void } | undefined;
    void import("./diff-editor").then(({ showDiff }) => {
      if (destroyed || !place) return;
      view = showDiff(place, live, desired);
      setLoading(false);
    });
    onCleanup(() => {
      destroyed = true;
      view?.destroy();
    });
  });
  return (
    <>
      <Show when={loading()}>
        <p class="muted">Loading…</p>
      </Show>
      <div ref={place} />
    </>
  );
}
