// Asks for a user name and password.
import { useNavigate, useSearchParams } from "@solidjs/router";
import { createSignal, Show } from "solid-js";
import { api } from "../api/client";
import { pathWithin } from "../api/words";

export function LoginPage() {
  const navigate = useNavigate();
  const [parameters] = useSearchParams<{ return_url: string }>();
  const [username, setUsername] = createSignal("admin");
  const [password, setPassword] = createSignal("");
  const [message, setMessage] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setMessage("");
    try {
      await api.login(username(), password());
      navigate(pathWithin(parameters.return_url) ?? "/applications");
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="login">
      <form onSubmit={submit} class="card">
        <h1>
          <img src="/favicon.svg" alt="" width="32" height="32" /> Argosy
        </h1>
        <label>
          User name
          <input name="username" autocomplete="username" value={username()} onInput={(event) => setUsername(event.currentTarget.value)} />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" autofocus value={password()} onInput={(event) => setPassword(event.currentTarget.value)} />
        </label>
        <Show when={message()}>
          <p class="error" role="alert">
            {message()}
          </p>
        </Show>
        <button type="submit" class="primary" disabled={busy()}>
          {busy() ? "Logging in…" : "Log in"}
        </button>
      </form>
    </div>
  );
}
