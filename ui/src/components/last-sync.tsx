// The operation that runs, or the last one: what it did to which object.
import { createSignal, For, Show } from "solid-js";
import { api } from "../api/client";
import type { Application } from "../api/types";
import { ago, shortRevision, took } from "../api/words";
import { currentTime } from "./clock";

export function LastSync(props: { application: Application }) {
  const now = currentTime();
  const [message, setMessage] = createSignal("");
  const state = () => props.application.status?.operationState;
  const by = () => {
    const initiator = state()?.operation.initiatedBy;
    return initiator?.automated ? "automatic" : initiator?.username;
  };
  const terminate = async () => {
    setMessage("");
    try {
      await api.terminate(props.application.metadata.name, props.application.metadata.namespace);
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Show when={state()} fallback={<p class="muted">Nothing has been synced yet.</p>}>
      {(operation) => (
        <>
          <div class="tools">
            <span>
              <strong class={`phase-${operation().phase}`} data-testid="phase">
                {operation().phase}
              </strong>{" "}
              {operation().message}
            </span>
            <span class="grow" />
            <span class="muted" title={operation().startedAt}>
              {[shortRevision(operation().syncResult?.revision), by(), ago(operation().startedAt, now()), `took ${took(operation().startedAt, operation().finishedAt, now())}`]
                .filter(Boolean)
                .join(" · ")}
            </span>
            <Show when={operation().phase === "Running"}>
              <button type="button" onClick={terminate}>
                Terminate
              </button>
            </Show>
          </div>
          <Show when={message()}>
            <p class="error" role="alert">
              {message()}
            </p>
          </Show>
          <table class="list">
            <thead>
              <tr>
                <th>Phase</th>
                <th>Kind</th>
                <th>Name</th>
                <th>Status</th>
                <th>Message</th>
              </tr>
            </thead>
            <tbody>
              <For each={operation().syncResult?.resources ?? []} fallback={<tr><td colSpan={5} class="muted">No object was touched.</td></tr>}>
                {(result) => (
                  <tr>
                    <td>{result.hookType || result.syncPhase}</td>
                    <td>{result.kind}</td>
                    <td>{[result.namespace, result.name].filter(Boolean).join("/")}</td>
                    <td>{result.hookPhase && result.hookType ? result.hookPhase : result.status}</td>
                    <td class="small">{result.message}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </>
      )}
    </Show>
  );
}
