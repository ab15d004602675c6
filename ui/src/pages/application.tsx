// One application: how it stands, its resource tree, its differences, its history.
import { useParams } from "@solidjs/router";
import { createMemo, createSignal, For, Match, Show, Switch } from "solid-js";
import { followApplication } from "../api/application";
import { differing } from "../api/difference";
import type { Application, ResourceNode } from "../api/types";
import { ago, shortRevision } from "../api/words";
import { currentTime } from "../components/clock";
import { DiffList } from "../components/diff";
import { HistoryList } from "../components/history";
import { LastSync } from "../components/last-sync";
import { LiveObject } from "../components/live-object";
import { HealthBadge, SyncBadge } from "../components/status";
import { SyncDialog } from "../components/sync-dialog";
import { ResourceTree } from "../tree/tree";

type Tab = "tree" | "diff" | "operation" | "history";

export function ApplicationPage() {
  const parameters = useParams<{ namespace: string; name: string }>();
  const { store, error, gone, load, loadManaged } = followApplication(
    () => parameters.namespace ?? "",
    () => parameters.name ?? "",
  );
  const [tab, setTab] = createSignal<Tab>("tree");
  const [selected, setSelected] = createSignal<ResourceNode>();
  const [refreshing, setRefreshing] = createSignal(false);
  const differences = createMemo(() => differing(store.managed).length);
  const refresh = async (kind: "normal" | "hard") => {
    setRefreshing(true);
    await load(kind);
    await loadManaged();
    setRefreshing(false);
  };
  return (
    <section>
      <Show when={error()}>
        <p class="error" role="alert">
          {error()}
        </p>
      </Show>
      <Show when={gone()}>
        <p class="error">This application was deleted.</p>
      </Show>
      <Show when={store.application} fallback={<p class="muted">Loading {parameters.name}…</p>}>
        {(application) => (
          <>
            <div class="tools">
              <h1>{application().metadata.name}</h1>
              <SyncBadge status={application().status?.sync?.status} />
              <HealthBadge status={application().status?.health?.status} message={application().status?.health?.message} />
              <span class="grow" />
              <button type="button" disabled={refreshing()} onClick={() => refresh("normal")}>
                {refreshing() ? "Refreshing…" : "Refresh"}
              </button>
              <button type="button" class="quiet" disabled={refreshing()} title="Render anew, without any cache" onClick={() => refresh("hard")}>
                Hard refresh
              </button>
              <SyncDialog name={application().metadata.name} namespace={application().metadata.namespace} disabled={application().operation !== undefined} onStarted={() => setTab("operation")} />
            </div>
            <Facts application={application()} />
            <For each={application().status?.conditions ?? []}>
              {(condition) => (
                <p class={condition.type.endsWith("Error") ? "error" : "warning"} role="alert">
                  <strong>{condition.type}</strong> {condition.message}
                </p>
              )}
            </For>
            <div class="tabs" role="tablist">
              <TabButton tab="tree" current={tab()} choose={setTab} text="Resources" />
              <TabButton tab="diff" current={tab()} choose={setTab} text={`Diff${differences() > 0 ? ` (${differences()})` : ""}`} />
              <TabButton tab="operation" current={tab()} choose={setTab} text="Last sync" />
              <TabButton tab="history" current={tab()} choose={setTab} text="History" />
            </div>
            <Switch>
              <Match when={tab() === "tree"}>
                <ResourceTree application={application()} nodes={store.nodes} select={setSelected} />
              </Match>
              <Match when={tab() === "diff"}>
                <DiffList resources={store.managed} />
              </Match>
              <Match when={tab() === "operation"}>
                <LastSync application={application()} />
              </Match>
              <Match when={tab() === "history"}>
                <HistoryList application={application()} />
              </Match>
            </Switch>
            <Show when={selected()}>
              {(node) => <LiveObject application={application()} node={node()} close={() => setSelected(undefined)} />}
            </Show>
          </>
        )}
      </Show>
    </section>
  );
}

function TabButton(props: { tab: Tab; current: Tab; choose: (tab: Tab) => void; text: string }) {
  return (
    <button type="button" role="tab" aria-selected={props.tab === props.current} onClick={() => props.choose(props.tab)}>
      {props.text}
    </button>
  );
}

function Facts(props: { application: Application }) {
  const now = currentTime();
  const source = () => props.application.spec.source ?? props.application.spec.sources?.[0];
  const automated = () => props.application.spec.syncPolicy?.automated;
  return (
    <dl class="facts-list">
      <dt>Source</dt>
      <dd>
        {source()?.repoURL} <span class="muted">{source()?.path ?? source()?.chart}</span>
      </dd>
      <dt>Revision</dt>
      <dd>
        {source()?.targetRevision || "HEAD"} <span class="muted">{shortRevision(props.application.status?.sync?.revision)}</span>
      </dd>
      <dt>Destination</dt>
      <dd>
        {props.application.spec.destination.name ?? props.application.spec.destination.server}{" "}
        <span class="muted">{props.application.spec.destination.namespace}</span>
      </dd>
      <dt>Sync policy</dt>
      <dd>
        {automated() && automated()?.enabled !== false
          ? ["automatic", automated()?.prune && "prune", automated()?.selfHeal && "self-heal"].filter(Boolean).join(", ")
          : "manual"}
      </dd>
      <dt>Compared</dt>
      <dd>{ago(props.application.status?.reconciledAt, now())}</dd>
    </dl>
  );
}
