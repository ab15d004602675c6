// Calls to the API server. Neighbors: stream.ts for what stays open, types.ts for the shapes.
import type {
  Application,
  ApplicationList,
  ApplicationResourceResponse,
  ApplicationRollbackRequest,
  ApplicationSyncRequest,
  ApplicationTree,
  GetUserInfoResponse,
  ManagedResources,
  ResourceNode,
  SessionCreateRequest,
  SessionResponse,
  VersionMessage,
} from "./types";

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Told when the server no longer knows who we are, so that the page can ask for a login. */
let onUnauthorized: () => void = () => {};

export function whenUnauthorized(callback: () => void): void {
  onUnauthorized = callback;
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: method === "GET" ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, "The server cannot be reached. The page tries again by itself.");
  }
  if (response.status === 401 && !path.startsWith("/api/v1/session")) {
    onUnauthorized();
  }
  const text = await response.text();
  let answer: unknown;
  try {
    answer = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(response.status, `The server's answer could not be read (status ${response.status}).`);
  }
  if (!response.ok) {
    const message = (answer as { message?: string }).message;
    throw new ApiError(response.status, message || `The server answered with status ${response.status}.`);
  }
  return answer as T;
}

function query(parameters: Record<string, string | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

const applicationPath = (name: string, rest = "") => `/api/v1/applications/${encodeURIComponent(name)}${rest}`;

export const api = {
  userInfo: () => call<GetUserInfoResponse>("GET", "/api/v1/session/userinfo"),
  version: () => call<VersionMessage>("GET", "/api/version"),
  login: (username: string, password: string) => call<SessionResponse>("POST", "/api/v1/session", { username, password } satisfies SessionCreateRequest),
  logout: () => fetch("/auth/logout", { method: "POST", redirect: "manual" }),
  applications: () => call<ApplicationList>("GET", "/api/v1/applications"),
  application: (name: string, namespace: string, refresh?: "normal" | "hard") =>
    call<Application>("GET", applicationPath(name) + query({ appNamespace: namespace, refresh })),
  tree: (name: string, namespace: string) =>
    call<ApplicationTree>("GET", applicationPath(name, "/resource-tree") + query({ appNamespace: namespace })),
  managedResources: (name: string, namespace: string) =>
    call<ManagedResources>("GET", applicationPath(name, "/managed-resources") + query({ appNamespace: namespace })),
  sync: (name: string, namespace: string, options: { prune: boolean; dryRun: boolean; force: boolean; revision?: string }) =>
    call<Application>("POST", applicationPath(name, "/sync"), {
      name,
      appNamespace: namespace,
      prune: options.prune,
      dryRun: options.dryRun,
      revision: options.revision ?? "",
      strategy: { hook: { force: options.force } },
    } satisfies ApplicationSyncRequest),
  terminate: (name: string, namespace: string) =>
    call<unknown>("DELETE", applicationPath(name, "/operation") + query({ appNamespace: namespace })),
  rollback: (name: string, namespace: string, id: number) =>
    call<Application>("POST", applicationPath(name, "/rollback"), { name, appNamespace: namespace, id } satisfies ApplicationRollbackRequest),
  liveResource: (name: string, namespace: string, node: ResourceNode) =>
    call<ApplicationResourceResponse>(
      "GET",
      applicationPath(name, "/resource") +
        query({ appNamespace: namespace, namespace: node.namespace, resourceName: node.name, version: node.version, group: node.group, kind: node.kind }),
    ),
};
