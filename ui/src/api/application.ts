// One application, its tree and its differences, live.
import { createEffect, createSignal, onCleanup } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import { api } from "./client";
import { isCurrent, questions } from "./order";
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

  const managedQuestions = questions();
  const treeQuestions = questions();

  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      setError("");
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  const take = (application: Application) => {
    const isHere = application.metadata.name === name() && application.metadata.namespace === namespace();
    if (isHere && isCurrent(store.application, application)) setStore("application", reconcile(application));
  };
  const loadManaged = () =>
    attempt(async () => {
      const counts = managedQuestions.ask();
      const answer = await api.managedResources(name(), namespace());
      if (counts()) setStore("managed", reconcile(answer.items ?? [], { key: null }));
    });
  const loadTree = () =>
    attempt(async () => {
      const counts = treeQuestions.ask();
      const answer = await api.tree(name(), namespace());
      if (counts()) setStore("nodes", reconcile(answer.nodes ?? [], { key: "uid" }));
    });
  const load = async (refresh?: "normal" | "hard") => {
    await attempt(async () => take(await api.application(name(), namespace(), refresh)));
    await loadTree();
  };

  createEffect(() => {
    const parameters = new URLSearchParams({ name: name(), appNamespace: namespace() });
    const treeParameters = new URLSearchParams({ appNamespace: namespace() });
    setStore({ application: undefined, nodes: [], managed: [] });
    setGone(false);
    managedQuestions.told();
    treeQuestions.told();
    const closeApplication = openStream<ApplicationEvent>(`/api/v1/stream/applications?${parameters}`, {
      onResult: ({ type, application }) => {
        setGone(type === "DELETED");
        take(application);
        void loadManaged();
      },
    });
    const closeTree = openStream<ApplicationTree>(
      `/api/v1/stream/applications/${encodeURIComponent(name())}/resource-tree?${treeParameters}`,
      {
        // The stream tells of the next change only.
        onOpen: loadTree,
        onResult: (tree) => {
          treeQuestions.told();
          setStore("nodes", reconcile(tree.nodes ?? [], { key: "uid" }));
        },
      },
    );
    void load().then(loadManaged);
    onCleanup(() => {
      closeApplication();
      closeTree();
    });
  });
  return { store, error, gone, load, loadManaged };
}
