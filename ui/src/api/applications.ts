// The live list of applications, kept by key and updated one at a time.
import { createStore, reconcile } from "solid-js/store";
import { createSignal, onCleanup } from "solid-js";
import { api } from "./client";
import { openStream, type StreamState } from "./stream";
import type { Application, ApplicationEvent } from "./types";

export const keyOf = (application: Application) => `${application.metadata.namespace}/${application.metadata.name}`;

/** Lists all applications and follows their changes for as long as the calling component lives. */
export function followApplications() {
  const [applications, setApplications] = createStore<Record<string, Application>>({});
  const [state, setState] = createSignal<StreamState>("connecting");
  const [error, setError] = createSignal("");

  // The stream goes on where the list ended. Were they asked for side by side, a late list would bring back what a
  // change has removed.
  const listed = async () => {
    try {
      const list = await api.applications();
      const byKey = Object.fromEntries((list.items ?? []).map((application) => [keyOf(application), application]));
      setApplications(reconcile(byKey));
      setError("");
      return `/api/v1/stream/applications?resourceVersion=${list.metadata.resourceVersion}`;
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
      throw failure;
    }
  };
  const close = openStream<ApplicationEvent>(listed, {
    onState: setState,
    onResult: ({ type, application }) => {
      const key = keyOf(application);
      if (type === "DELETED") {
        setApplications(key, undefined as never);
      } else {
        setApplications(key, reconcile(application));
      }
    },
  });
  onCleanup(close);
  return { applications, state, error };
}

export interface Filter {
  text: string;
  sync: string;
  health: string;
}

/** The applications that pass a filter, by name. */
export function filtered(applications: Record<string, Application>, filter: Filter): Application[] {
  const text = filter.text.trim().toLowerCase();
  return Object.values(applications)
    .filter((application) => application !== undefined)
    .filter((application) => !filter.sync || (application.status?.sync?.status ?? "Unknown") === filter.sync)
    .filter((application) => !filter.health || (application.status?.health?.status ?? "Unknown") === filter.health)
    .filter((application) => {
      if (!text) return true;
      const source = application.spec.source ?? application.spec.sources?.[0];
      const words = [application.metadata.name, application.spec.project, source?.repoURL, source?.path, application.spec.destination.namespace];
      return words.some((word) => word?.toLowerCase().includes(text));
    })
    .sort((one, other) => one.metadata.name.localeCompare(other.metadata.name));
}
