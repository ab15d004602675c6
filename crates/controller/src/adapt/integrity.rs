//! Which signatures a project demands of the sources of its applications, and the keys that are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use cluster::ControlPlane;
use parking_lot::Mutex;
use render::Integrity;
use source::integrity::Keyring;
use types::ApplicationSource;

/// The keyring, read anew only when its ConfigMap has changed.
#[derive(Default)]
pub(super) struct Keys {
    known: Mutex<Option<Known>>,
}

struct Known {
    /// The ConfigMap's entries.
    entries: BTreeMap<String, String>,
    keyring: Arc<Keyring>,
}

impl Keys {
    fn keyring(&self, control: &ControlPlane) -> Arc<Keyring> {
        let settings = control.settings();
        let mut known = self.known.lock();
        if let Some(known) = known.as_ref()
            && known.entries == settings.gpg_keys
        {
            return Arc::clone(&known.keyring);
        }
        let entries = settings.gpg_keys.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let (keyring, problems) = Keyring::read(entries);
        problems.iter().for_each(|problem| tracing::warn!("{problem}"));
        let keyring = Arc::new(keyring);
        *known = Some(Known { entries: settings.gpg_keys.clone(), keyring: Arc::clone(&keyring) });
        keyring
    }

    /// What the project of an application demands of these sources. A project that is not there demands nothing here:
    /// its applications are refused for that.
    pub(super) fn integrity(
        &self,
        control: &ControlPlane,
        project: &str,
        sources: &[ApplicationSource],
    ) -> Integrity {
        match control.project(project) {
            Some(project) => Integrity::of(&project.spec, sources, self.keyring(control)),
            None => Integrity::default(),
        }
    }
}

/// What the project of an application demands of one source, with the keys that are known.
pub fn integrity(control: &ControlPlane, project: &str, source: &ApplicationSource) -> Integrity {
    Keys::default().integrity(control, project, std::slice::from_ref(source))
}
