//! What wakes the loop: changes of records, changes in clusters, and clusters that become readable.

use std::sync::Arc;
use std::time::{Duration, Instant};

use types::names::ANNOTATION_REFRESH;
use types::{AppKey, Application};

use crate::core::Core;
use crate::decision::automation::in_progress;
use crate::decision::refresh::CompareLevel;
use crate::ports::{LiveEvent, RecordEvent, Target};
use crate::queue::{Priority, Work};

/// Who waits for an application that was changed.
fn urgency(app: &Application) -> Priority {
    let is_asked_for = app.operation.is_some()
        || app.metadata.deletion_timestamp.is_some()
        || app.metadata.annotations.contains_key(ANNOTATION_REFRESH);
    match app.status.reconciled_at {
        _ if is_asked_for => Priority::User,
        // Nothing of it is in its cluster: that is worse than any drift of the others.
        None => Priority::Webhook,
        Some(_) => Priority::Timer,
    }
}

impl Core {
    /// Follows the control plane's records until they end.
    pub(crate) async fn follow_records(self: Arc<Self>) {
        let mut events = self.outside.store.subscribe();
        self.look_at_everything(Priority::Timer);
        while let Some(event) = events.recv().await {
            match event {
                RecordEvent::Application(app) => self.application_changed(&app),
                RecordEvent::ApplicationGone(app) => {
                    let key = app.key();
                    self.metrics.forget(&app);
                    self.memory.changed(&key);
                    self.queue.add(key, Work::LOOK, Priority::Timer);
                    self.finalize_project(app.spec.project_name()).await;
                }
                RecordEvent::Project(name) => {
                    self.finalize_project(&name).await;
                    // Rules may have changed; comparisons are cheap when nothing else has.
                    for app in self.outside.store.applications() {
                        if app.spec.project_name() == name && app.status.reconciled_at.is_some() {
                            self.queue.add(app.key(), Work::compare(CompareLevel::Recent), Priority::Timer);
                        }
                    }
                }
                RecordEvent::Settings | RecordEvent::Lost => self.look_at_everything(Priority::Timer),
            }
        }
    }

    fn look_at_everything(&self, priority: Priority) {
        for app in self.outside.store.applications() {
            let work = match app.status.reconciled_at {
                // After a start nothing is known of the application but its status.
                Some(_) => Work::compare(CompareLevel::Recent),
                None => Work::LOOK,
            };
            self.queue.add(app.key(), work, priority);
        }
    }

    fn application_changed(&self, app: &Application) {
        let priority = urgency(app);
        let automated = |app: &Application| {
            let automated = app.spec.sync_policy.as_ref().and_then(|policy| policy.automated.clone());
            automated.filter(|automated| automated.enabled != Some(false))
        };
        // Whoever turns automation on expects it to act on what is known to differ.
        let acts = automated(app).is_some()
            && app.status.sync.status == "OutOfSync"
            && priority != Priority::User
            && self.policy_is_news(app);
        let work = if acts { Work::compare(CompareLevel::Latest) } else { Work::LOOK };
        self.queue.add(app.key(), work, priority);
    }

    fn policy_is_news(&self, app: &Application) -> bool {
        let known = self.memory.of(&app.key());
        let policy = app.spec.sync_policy.clone();
        let mut known = known.lock();
        let news = known.policy.as_ref().is_none_or(|seen| *seen != policy);
        known.policy = Some(policy);
        news
    }

    /// Follows a cluster's changes from its first use on.
    pub(crate) fn listen_to(&self, target: &Arc<dyn Target>) {
        let mut listening = self.listening.lock();
        let known = listening.get(target.server()).and_then(std::sync::Weak::upgrade);
        if known.is_some_and(|known| Arc::ptr_eq(&known, target)) {
            return;
        }
        listening.insert(target.server().to_owned(), Arc::downgrade(target));
        let mut events = target.subscribe();
        let this = self.this.clone();
        let server = target.server().to_owned();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let Some(core) = this.upgrade() else { return };
                match event {
                    Some(event) => core.live_changed(&event),
                    None => core.cluster_unclear(&server),
                }
            }
        });
    }

    fn live_changed(&self, event: &LiveEvent) {
        // Endpoints change with every Pod and say nothing that the Pods do not.
        if event.key.kind == "Endpoints" && event.key.group.is_empty() {
            return;
        }
        let Some(instance) = event.instance.as_deref() else { return };
        let key = AppKey::from_instance_name(instance, self.outside.store.namespace());
        let Some(app) = self.outside.store.application(&key) else { return };
        let confirms = self.memory.get(&key).is_some_and(|known| known.lock().confirm(event));
        if event.is_root && !confirms {
            let active = in_progress(&app) || app.metadata.deletion_timestamp.is_some();
            let priority = if active { Priority::Webhook } else { Priority::Drift };
            // The operation may be over by the time somebody looks, so that a comparison is asked for in any case.
            let work = Work::compare(CompareLevel::Recent);
            self.queue.add(key, work, priority);
        } else {
            let at = Instant::now() + self.options.tree_delay;
            self.memory.changed(&key);
            self.queue.add_at(key, Work::compare(CompareLevel::Tree), Priority::Drift, at);
        }
    }

    /// Events of a cluster were lost: all applications on it are compared again.
    fn cluster_unclear(&self, server: &str) {
        for app in self.outside.store.applications() {
            let target = self.outside.fleet.resolve(&app.spec.destination);
            if target.is_ok_and(|target| target.server() == server) {
                self.queue.add(app.key(), Work::compare(CompareLevel::Recent), Priority::Timer);
            }
        }
    }

    /// Looks at an application again when its cluster has been read.
    pub(crate) fn when_ready(&self, target: Arc<dyn Target>, key: AppKey) {
        let mut waiting = self.waiting.lock();
        let server = target.server().to_owned();
        let keys = waiting.entry(server.clone()).or_default();
        keys.push(key);
        if keys.len() > 1 {
            // Somebody waits for this cluster already, for all of its applications.
            return;
        }
        let this = self.this.clone();
        tokio::spawn(async move {
            // A cluster that is neither readable nor known to be unreachable is asked about again after a while.
            let _ = tokio::time::timeout(Duration::from_secs(60), target.ready()).await;
            let Some(core) = this.upgrade() else { return };
            let keys = core.waiting.lock().remove(&server).unwrap_or_default();
            for key in keys {
                core.queue.add(key, Work::compare(CompareLevel::Recent), Priority::Timer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_go_before_the_drifted_and_the_asked_for_before_all() {
        let mut app = Application::default();
        assert!(urgency(&app) < Priority::Drift);
        app.status.reconciled_at = Some(types::Time(jiff::Timestamp::UNIX_EPOCH));
        assert_eq!(urgency(&app), Priority::Timer);
        app.metadata.annotations.insert(ANNOTATION_REFRESH.into(), "normal".into());
        assert_eq!(urgency(&app), Priority::User);
    }
}
