// What was deployed before, and the way back to it.
import { createSignal, For, Show } from "solid-js";
import { api } from "../api/client";
import type { Application } from "../api/types";
import { ago, shortRevision } from "../api/words";
import { currentTime } from "./clock";

export function HistoryList(props: { application: Application }) {
  const [message, setMessage] = createSignal("");
  const now = currentTime();
  const newest = () => [...(props.application.status?.history ?? [])].reverse();
  const rollback = async (id: number) => {
    setMessage("");
    try {
      await api.rollback(props.application.metadata.name, props.application.metadata.namespace, id);
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <Show when={message()}>
        <p class="error" role="alert">
          {message()}
        </p>
      </Show>
      <table class="list">
        <thead>
          <tr>
            <th>Id</th>
            <th>Revision</th>
            <th>Deployed</th>
            <th>By</th>
            <th />
          </tr>
        </thead>
        <tbody>
          <For each={newest()} fallback={<tr><td colSpan={5} class="muted">No sync has completed yet.</td></tr>}>
            {(entry, index) => (
              <tr>
                <td>{entry.id}</td>
                <td>{shortRevision(entry.revision ?? entry.revisions?.join(", "))}</td>
                <td title={entry.deployedAt}>{ago(entry.deployedAt, now())}</td>
                <td>{entry.initiatedBy?.automated ? "automatic" : entry.initiatedBy?.username}</td>
                <td>
                  <Show when={index() > 0}>
                    <button type="button" class="quiet" onClick={() => rollback(entry.id)}>
                      Roll back to this
                    </button>
                  </Show>
                </td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </>
  );
}
