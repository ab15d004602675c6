//! What an application that is being deleted still has to do, one finalizer after the other.

use jiff::Timestamp;
use object::ObjectKey;
use types::names::{
    FINALIZER_POST_DELETE, FINALIZER_POST_DELETE_CLEANUP, FINALIZER_PRE_DELETE, FINALIZER_PRE_DELETE_CLEANUP,
    FINALIZER_RESOURCES, FINALIZER_RESOURCES_BACKGROUND, FINALIZER_RESOURCES_FOREGROUND,
};

/// All finalizers that the controller answers for.
const OURS: &[&str] = &[
    FINALIZER_RESOURCES,
    FINALIZER_RESOURCES_FOREGROUND,
    FINALIZER_RESOURCES_BACKGROUND,
    FINALIZER_PRE_DELETE,
    FINALIZER_PRE_DELETE_CLEANUP,
    FINALIZER_POST_DELETE,
    FINALIZER_POST_DELETE_CLEANUP,
];
const CASCADE: &[&str] =
    &[FINALIZER_RESOURCES, FINALIZER_RESOURCES_FOREGROUND, FINALIZER_RESOURCES_BACKGROUND];

/// Which hooks a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteHooks {
    /// Those before the application's objects go.
    PreDelete,
    /// Those after.
    PostDelete,
}

/// The next thing that a deletion has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletionStep {
    /// Run hooks; when they are done, the finalizer goes.
    RunHooks(DeleteHooks, &'static str),
    /// Delete the application's objects; when they are gone, these finalizers go.
    DeleteObjects {
        /// Whether dependents are waited for.
        foreground: bool,
    },
    /// Delete hooks whose policy says so; when they are gone, the finalizer goes.
    CleanUpHooks(DeleteHooks, &'static str),
    /// Nothing is left to do.
    Nothing,
}

/// The next step of a deletion, from the finalizers that are left.
pub fn next_step(finalizers: &[String]) -> DeletionStep {
    let has = |name: &str| finalizers.iter().any(|finalizer| finalizer == name);
    if has(FINALIZER_PRE_DELETE) {
        DeletionStep::RunHooks(DeleteHooks::PreDelete, FINALIZER_PRE_DELETE)
    } else if CASCADE.iter().any(|name| has(name)) {
        DeletionStep::DeleteObjects { foreground: !has(FINALIZER_RESOURCES_BACKGROUND) }
    } else if has(FINALIZER_POST_DELETE) {
        DeletionStep::RunHooks(DeleteHooks::PostDelete, FINALIZER_POST_DELETE)
    } else if has(FINALIZER_PRE_DELETE_CLEANUP) {
        DeletionStep::CleanUpHooks(DeleteHooks::PreDelete, FINALIZER_PRE_DELETE_CLEANUP)
    } else if has(FINALIZER_POST_DELETE_CLEANUP) {
        DeletionStep::CleanUpHooks(DeleteHooks::PostDelete, FINALIZER_POST_DELETE_CLEANUP)
    } else {
        DeletionStep::Nothing
    }
}

/// The finalizers without all of ours.
pub fn without_ours(finalizers: &[String]) -> Vec<String> {
    finalizers.iter().filter(|finalizer| !OURS.contains(&finalizer.as_str())).cloned().collect()
}

/// The finalizers without those of a cascade.
pub fn without_cascade(finalizers: &[String]) -> Vec<String> {
    finalizers.iter().filter(|finalizer| !CASCADE.contains(&finalizer.as_str())).cloned().collect()
}

/// The finalizers without one.
pub fn without(finalizers: &[String], name: &str) -> Vec<String> {
    finalizers.iter().filter(|finalizer| *finalizer != name).cloned().collect()
}

/// The finalizers that an application must have according to the delete hooks among its manifests.
pub fn with_hook_finalizers(finalizers: &[String], pre_delete: bool, post_delete: bool) -> Vec<String> {
    let mut wanted = finalizers.to_vec();
    for (present, names) in [
        (pre_delete, [FINALIZER_PRE_DELETE, FINALIZER_PRE_DELETE_CLEANUP]),
        (post_delete, [FINALIZER_POST_DELETE, FINALIZER_POST_DELETE_CLEANUP]),
    ] {
        for name in names {
            match (present, wanted.iter().any(|finalizer| finalizer == name)) {
                (true, false) => wanted.push(name.to_owned()),
                (false, true) => wanted.retain(|finalizer| finalizer != name),
                _ => {}
            }
        }
    }
    wanted
}

/// A live object of an application that is being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// Which object.
    pub key: ObjectKey,
    /// Its sync wave; higher waves go first.
    pub wave: i64,
    /// Whether it is already going.
    pub deleting: bool,
    /// Whether somebody must confirm its deletion.
    pub requires_confirmation: bool,
}

/// What a pass of a cascade does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cascade {
    /// Objects are going; wait for them.
    Wait(Vec<ObjectKey>),
    /// Somebody must confirm.
    WaitForConfirmation(Vec<ObjectKey>),
    /// Delete these now.
    Delete(Vec<ObjectKey>),
    /// Nothing is left.
    Done,
}

/// Decides a pass over the objects that are to be deleted: only the highest wave, and nothing while others still go.
pub fn cascade(objects: &[Doomed], approved_at: Option<Timestamp>, deleted_at: Timestamp) -> Cascade {
    let keys = |wanted: &dyn Fn(&Doomed) -> bool| -> Vec<ObjectKey> {
        objects.iter().filter(|object| wanted(object)).map(|object| object.key.clone()).collect()
    };
    let going = keys(&|object| object.deleting);
    if !going.is_empty() {
        return Cascade::Wait(going);
    }
    let unconfirmed = keys(&|object| object.requires_confirmation);
    if !unconfirmed.is_empty() && approved_at.is_none_or(|approved| approved < deleted_at) {
        return Cascade::WaitForConfirmation(unconfirmed);
    }
    match objects.iter().map(|object| object.wave).max() {
        None => Cascade::Done,
        Some(highest) => Cascade::Delete(keys(&|object| object.wave == highest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn finalizers_in_their_order() {
        let mut left = texts(&[
            FINALIZER_POST_DELETE_CLEANUP,
            FINALIZER_POST_DELETE,
            "someone/else",
            FINALIZER_RESOURCES,
            FINALIZER_PRE_DELETE_CLEANUP,
            FINALIZER_PRE_DELETE,
        ]);
        let mut steps = Vec::new();
        loop {
            let step = next_step(&left);
            left = match &step {
                DeletionStep::RunHooks(_, name) | DeletionStep::CleanUpHooks(_, name) => without(&left, name),
                DeletionStep::DeleteObjects { .. } => without_cascade(&left),
                DeletionStep::Nothing => break,
            };
            steps.push(step);
        }
        use DeleteHooks::*;
        assert_eq!(
            steps,
            [
                DeletionStep::RunHooks(PreDelete, FINALIZER_PRE_DELETE),
                DeletionStep::DeleteObjects { foreground: true },
                DeletionStep::RunHooks(PostDelete, FINALIZER_POST_DELETE),
                DeletionStep::CleanUpHooks(PreDelete, FINALIZER_PRE_DELETE_CLEANUP),
                DeletionStep::CleanUpHooks(PostDelete, FINALIZER_POST_DELETE_CLEANUP),
            ]
        );
        assert_eq!(left, ["someone/else"]);
        let background = next_step(&texts(&[FINALIZER_RESOURCES_BACKGROUND]));
        assert_eq!(background, DeletionStep::DeleteObjects { foreground: false });
        assert_eq!(without_ours(&texts(&[FINALIZER_RESOURCES, "x"])), ["x"]);
    }

    #[test]
    fn delete_hooks_bring_their_finalizers() {
        let with = with_hook_finalizers(&texts(&["x"]), true, false);
        assert_eq!(with, ["x", FINALIZER_PRE_DELETE, FINALIZER_PRE_DELETE_CLEANUP]);
        assert_eq!(with_hook_finalizers(&with, true, false), with);
        assert_eq!(with_hook_finalizers(&with, false, false), ["x"]);
    }

    #[test]
    fn the_highest_wave_goes_first() {
        let object = |name: &str, wave: i64, deleting: bool, requires_confirmation: bool| Doomed {
            key: ObjectKey::new("", "ConfigMap", "prod", name),
            wave,
            deleting,
            requires_confirmation,
        };
        let names = |pass: &Cascade| match pass {
            Cascade::Wait(keys) => ("wait", keys.iter().map(|key| key.name.clone()).collect::<String>()),
            Cascade::WaitForConfirmation(keys) => {
                ("confirm", keys.iter().map(|key| key.name.clone()).collect())
            }
            Cascade::Delete(keys) => ("delete", keys.iter().map(|key| key.name.clone()).collect()),
            Cascade::Done => ("done", String::new()),
        };
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        for (objects, approved, wanted) in [
            (vec![], None, ("done", "")),
            (
                vec![
                    object("a", 0, false, false),
                    object("b", 2, false, false),
                    object("c", 2, false, false),
                ],
                None,
                ("delete", "bc"),
            ),
            (vec![object("a", 0, false, false), object("b", 2, true, false)], None, ("wait", "b")),
            (vec![object("a", 0, false, true), object("b", 2, false, false)], None, ("confirm", "a")),
            (vec![object("a", 0, false, true)], Some(at(9)), ("confirm", "a")),
            (vec![object("a", 0, false, true)], Some(at(10)), ("delete", "a")),
        ] {
            let pass = cascade(&objects, approved, at(10));
            let (what, keys) = names(&pass);
            assert_eq!((what, keys.as_str()), wanted, "{objects:?}");
        }
    }
}
