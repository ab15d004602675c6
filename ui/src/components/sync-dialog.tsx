// Asks how to sync, and does it.
import { Dialog } from "@kobalte/core/dialog";
import { createSignal, Show } from "solid-js";
import { api } from "../api/client";

export function SyncDialog(props: { name: string; namespace: string; disabled: boolean; onStarted: () => void }) {
  const [open, setOpen] = createSignal(false);
  const [prune, setPrune] = createSignal(false);
  const [dryRun, setDryRun] = createSignal(false);
  const [force, setForce] = createSignal(false);
  const [message, setMessage] = createSignal("");
  const start = async () => {
    setMessage("");
    try {
      await api.sync(props.name, props.namespace, { prune: prune(), dryRun: dryRun(), force: force() });
      setOpen(false);
      props.onStarted();
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog open={open()} onOpenChange={setOpen}>
      <Dialog.Trigger class="primary" disabled={props.disabled}>
        Sync
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay class="overlay" />
        <div class="overlay-place">
          <Dialog.Content class="card dialog">
            <Dialog.Title>Sync {props.name}</Dialog.Title>
            <Dialog.Description class="muted">Makes the cluster equal to Git.</Dialog.Description>
            <Check label="Prune" hint="delete what is no longer in Git" value={prune()} set={setPrune} />
            <Check label="Dry run" hint="only tell what would happen" value={dryRun()} set={setDryRun} />
            <Check label="Force" hint="replace what cannot be changed" value={force()} set={setForce} />
            <Show when={message()}>
              <p class="error" role="alert">
                {message()}
              </p>
            </Show>
            <div class="tools">
              <span class="grow" />
              <Dialog.CloseButton class="quiet">Cancel</Dialog.CloseButton>
              <button type="button" class="primary" onClick={start}>
                Synchronize
              </button>
            </div>
          </Dialog.Content>
        </div>
      </Dialog.Portal>
    </Dialog>
  );
}

function Check(props: { label: string; hint: string; value: boolean; set: (value: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={props.value} onChange={(event) => props.set(event.currentTarget.checked)} />
      {props.label} <span class="muted">{props.hint}</span>
    </label>
  );
}
