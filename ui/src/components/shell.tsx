// The frame around every page: the bar at the top, and the check that somebody is logged in.
import { A, useLocation, useNavigate } from "@solidjs/router";
import { createResource, onMount, type ParentProps, Show } from "solid-js";
import { api, whenUnauthorized } from "../api/client";

export function Shell(props: ParentProps) {
  const navigate = useNavigate();
  const location = useLocation();
  const askForLogin = () => {
    // Several calls fail at once; only the first knows where the person was.
    if (location.pathname === "/login") return;
    navigate(`/login?return_url=${encodeURIComponent(location.pathname + location.search)}`);
  };
  whenUnauthorized(askForLogin);
  const [user] = createResource(() => api.userInfo().catch(() => ({ loggedIn: false, username: undefined })));
  const [version] = createResource(() => api.version().catch(() => ({ Version: undefined })));
  onMount(async () => {
    const info = await api.userInfo().catch(() => undefined);
    if (info && !info.loggedIn) askForLogin();
  });
  const logout = async () => {
    await api.logout().catch(() => undefined);
    navigate("/login");
  };
  return (
    <>
      <header class="bar">
        <A href="/applications" class="brand">
          <img src="/favicon.svg" alt="" width="24" height="24" /> Argosy
        </A>
        <span class="muted">{version()?.Version}</span>
        <span class="grow" />
        <Show when={user()?.loggedIn}>
          <span class="muted">{user()?.username}</span>
          <button type="button" class="quiet" onClick={logout}>
            Log out
          </button>
        </Show>
      </header>
      <main>{props.children}</main>
    </>
  );
}
