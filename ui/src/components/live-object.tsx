// One live object, as YAML, in a panel at the side.
import { createResource, createEffect, onCleanup, Show } from "solid-js";
import { api } from "../api/client";
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
  createEffect(() => {
    const manifest = live()?.manifest;
    let view: { destroy: () => void } | undefined;
    let destroyed = false;
    if (manifest) {
      void import("./diff-editor").then(({ showText }) => {
        if (place && !destroyed) view = showText(place, manifest);
      });
    }
    onCleanup(() => {
      destroyed = true;
      view?.destroy();
    });
  });
  return (
    <aside class="panel">
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
