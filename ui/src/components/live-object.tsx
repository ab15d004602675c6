// One live object, as YAML, in a panel at the side.
import { createEffect, createResource, onCleanup, onMount, Show } from "solid-js";
import { api } from "../api/client";
import { withoutManagedFields } from "../api/live";
import type { Application, ResourceNode } from "../api/types";
import { HealthBadge } from "./status";

export function LiveObject(props: { application: Application; node: ResourceNode; close: () => void }) {
  let place: HTMLDivElement | undefined;
  const [live] = createResource(
    () => ({ application: props.application.metadata, node: props.node }),
    async ({ application, node }) => {
      try {
        return { manifest: (await api.liveResource(application.name, application.namespace, node)).manifest };
      } catch (error) {
        return { error: error instanceof Error ? error.message : String(error) };
      }
    },
  );
  const closeOnEscape = (event: KeyboardEvent) => {
    if (event.key === "Escape") props.close();
  };
  onMount(() => window.addEventListener("keydown", closeOnEscape));
  onCleanup(() => window.removeEventListener("keydown", closeOnEscape));
  createEffect(() => {
    const manifest = live()?.manifest;
    let view: { destroy: () => void } | undefined;
    let destroyed = false;
    if (manifest) {
      void import("./diff-editor").then(({ showObject }) => {
        if (place && !destroyed) view = showObject(place, withoutManagedFields(manifest));
      });
    }
    onCleanup(() => {
      destroyed = true;
      view?.destroy();
    });
  });
  return (
    <aside class="panel" aria-label={`${props.node.kind} ${props.node.name}`}>
      <div class="tools">
        <h2>
          <span class="kind">{props.node.kind}</span> {props.node.name}
        </h2>
        <span class="grow" />
        <button type="button" class="quiet" onClick={() => props.close()}>
          Close
        </button>
      </div>
      <Show when={props.node.health?.status}>
        <p>
          <HealthBadge status={props.node.health?.status} /> <span class="muted">{props.node.health?.message}</span>
        </p>
      </Show>
      <Show when={live()?.error}>{(message) => <p class="error">{message()}</p>}</Show>
      <div ref={place} />
    </aside>
  );
}
