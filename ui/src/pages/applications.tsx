// All applications, live.
import { A } from "@solidjs/router";
import { createMemo, createSignal, For, Show } from "solid-js";
import { filtered, followApplications, keyOf } from "../api/applications";
import { api } from "../api/client";
import type { Application } from "../api/types";
import { shortRevision } from "../api/words";
import { HealthBadge, SyncBadge } from "../components/status";

const SYNC_CODES = ["Synced", "OutOfSync", "Unknown"];
const HEALTH_CODES = ["Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"];

/** How many rows are drawn at first, and more at each wish: browsers are slow with thousands. */
const ROWS = 200;

export function ApplicationsPage() {
  const { applications, state, error } = followApplications();
  const [text, setText] = createSignal("");
  const [sync, setSync] = createSignal("");
  const [health, setHealth] = createSignal("");
  const shown = createMemo(() => filtered(applications, { text: text(), sync: sync(), health: health() }));
  const [limit, setLimit] = createSignal(ROWS);
  const total = createMemo(() => Object.values(applications).filter(Boolean).length);
  return (
    <section>
      <div class="tools">
        <h1>Applications</h1>
        <span class="muted" data-testid="count">
          {shown().length === total() ? total() : `${shown().length} of ${total()}`}
        </span>
        <span class="grow" />
        <input type="search" placeholder="Search name, project, repository…" aria-label="Search" value={text()} onInput={(event) => setText(event.currentTarget.value)} />
        <Choice label="Sync" codes={SYNC_CODES} value={sync()} choose={setSync} />
        <Choice label="Health" codes={HEALTH_CODES} value={health()} choose={setHealth} />
        <span class={`live state-${state()}`} title={state() === "live" ? "Changes appear as they happen" : "Waiting for the server"}>
          {state()}
        </span>
      </div>
      <Show when={error()}>
        <p class="error" role="alert">
          {error()}
        </p>
      </Show>
      <table class="list">
        <thead>
          <tr>
            <th>Name</th>
            <th>Project</th>
            <th>Sync</th>
            <th>Health</th>
            <th>Source</th>
            <th>Destination</th>
            <th />
          </tr>
        </thead>
        <tbody>
          <For each={shown().slice(0, limit())} fallback={<Empty total={total()} />}>
            {(application) => <Row application={application} />}
          </For>
        </tbody>
      </table>
      <Show when={shown().length > limit()}>
        <p>
          <button type="button" onClick={() => setLimit(limit() + ROWS)}>
            Show more ({shown().length - limit()} are hidden)
          </button>
        </p>
      </Show>
    </section>
  );
}

function Choice(props: { label: string; codes: string[]; value: string; choose: (value: string) => void }) {
  return (
    <select aria-label={props.label} value={props.value} onChange={(event) => props.choose(event.currentTarget.value)}>
      <option value="">{props.label}: all</option>
      <For each={props.codes}>{(code) => <option value={code}>{code}</option>}</For>
    </select>
  );
}

function Empty(props: { total: number }) {
  return (
    <tr>
      <td colSpan={7} class="muted">
        {props.total === 0 ? "No applications yet. Apply one: kubectl apply -f application.yaml" : "No application matches the filter."}
      </td>
    </tr>
  );
}

function Row(props: { application: Application }) {
  const application = () => props.application;
  const source = () => application().spec.source ?? application().spec.sources?.[0];
  const condition = () => application().status?.conditions?.find((one) => one.type.endsWith("Error"));
  const refresh = () => api.application(application().metadata.name, application().metadata.namespace, "normal").catch(() => undefined);
  return (
    <tr data-application={application().metadata.name}>
      <td>
        <A href={`/applications/${keyOf(application())}`}>{application().metadata.name}</A>
        <Show when={condition()}>{(one) => <div class="error small">{`${one().type}: ${one().message}`}</div>}</Show>
      </td>
      <td>{application().spec.project}</td>
      <td>
        <SyncBadge status={application().status?.sync?.status} />
      </td>
      <td>
        <HealthBadge status={application().status?.health?.status} message={application().status?.health?.message} />
      </td>
      <td class="small">
        {source()?.repoURL}
        <span class="muted">
          {" "}
          {source()?.path ?? source()?.chart} {shortRevision(application().status?.sync?.revision)}
        </span>
      </td>
      <td class="small">
        {application().spec.destination.name ?? application().spec.destination.server}
        <span class="muted"> {application().spec.destination.namespace}</span>
      </td>
      <td>
        <button type="button" class="quiet" onClick={refresh}>
          Refresh
        </button>
      </td>
    </tr>
  );
}
