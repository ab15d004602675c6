// One application, its tree and its differences, live.
import { createEffect, createSignal, onCleanup } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import { api } from "./client";
import { openStream } from "./stream";
import type { Application, ApplicationEvent, ApplicationTree, ManagedResource, ResourceNode } from "./types";

/** Follows one application for as long as the calling component lives. */
export function followApplication(namespace: () => string, name: () => string) {
  const [store, setStore] = createStore<{ application?: Application; nodes: ResourceNode[]; managed: ManagedResource[] }>({
    nodes: [],
    managed: [],
  });
  const [error, setError] = createSignal("");
  const [gone, setGone] = createSignal(false);

  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      setError("");
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  const loadManaged = () =>
    attempt(async () => {
      const answer = await api.managedResources(name(), namespace());
      setStore("managed", reconcile(answer.items ?? [], { key: null }));
    });
  const load = (refresh?: "normal" | "hard") =>
    attempt(async () => {
      setStore("application", reconcile(await api.application(name(), namespace(), refresh)));
      setStore("nodes", reconcile((await api.tree(name(), namespace())).nodes ?? [], { key: "uid" }));
    });

  createEffect(() => {
    const parameters = new URLSearchParams({ name: name(), appNamespace: namespace() });
    const treeParameters = new URLSearchParams({ appNamespace: namespace() });
    const closeApplication = openStream<ApplicationEvent>(`/api/v1/stream/applications?${parameters}`, {
      onResult: ({ type, application }) => {
        setGone(type === "DELETED");
        setStore("application", reconcile(application));
        void loadManaged();
      },
    });
    const closeTree = openStream<ApplicationTree>(
      `/api/v1/stream/applications/${encodeURIComponent(name())}/resource-tree?${treeParameters}`,
      { onResult: (tree) => setStore("nodes", reconcile(tree.nodes ?? [], { key: "uid" })) },
    );
    void load().then(loadManaged);
    onCleanup(() => {
      closeApplication();
      closeTree();
    });
  });
  return { store, error, gone, load, loadManaged };
}
