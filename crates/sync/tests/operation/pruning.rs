//! What goes, in which order, and what must be asked first.

use expect_test::{Expect, expect};
use jiff::Timestamp;

use crate::world::{Story, World};

fn pruning(live: &[(&'static str, &str)], targets: &[(&str, &str)]) -> Story {
    let mut story = Story::new(World::with_live(live), targets, &[]);
    story.extra = live.iter().map(|(title, _)| title.split_once('/').unwrap().1).collect();
    story.extra.retain(|name| !targets.iter().any(|(title, _)| title.ends_with(&format!("/{name}"))));
    story
}

fn check(mut story: Story, wanted: &Expect) {
    wanted.assert_eq(&story.run());
}

#[test]
fn pruning_is_only_done_when_wanted() {
    let mut story = pruning(&[("ConfigMap/old", "")], &[("ConfigMap/a", "")]);
    story.operation.prune = false;
    check(
        story,
        &expect![[r#"
        1. dry ConfigMap/a
            apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/old Sync: PruneSkipped Succeeded: ignored (requires pruning)
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
    check(
        pruning(&[("ConfigMap/old", ""), ("ConfigMap/kept", "options=Prune=false")], &[]),
        &expect![[r#"
        1. delete ConfigMap/old (Foreground)
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/kept Sync: PruneSkipped Succeeded: ignored (no prune)
        = ConfigMap prod/old Sync: Pruned Succeeded: pruned
    "#]],
    );
    let live = [("ConfigMap/old", "options=Prune=true"), ("ConfigMap/kept", "")];
    check(
        pruning(&live, &[]).options(&["Prune=false", "PrunePropagationPolicy=background"]),
        &expect![[r#"
        1. delete ConfigMap/old (Background)
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/kept Sync: PruneSkipped Succeeded: ignored (no prune)
        = ConfigMap prod/old Sync: Pruned Succeeded: pruned
    "#]],
    );
}

#[test]
fn waves_are_mirrored_among_what_is_pruned() {
    let live =
        [("ConfigMap/first", "wave=-5"), ("ConfigMap/second", "wave=1"), ("ConfigMap/third", "wave=7")];
    check(
        pruning(&live, &[("ConfigMap/a", "")]),
        &expect![[r#"
        1. dry ConfigMap/a
            delete ConfigMap/third (Foreground)
            Running: waiting for healthy state of /ConfigMap/a and 2 more resources (pause)
        2. delete ConfigMap/second (Foreground)
            Running: waiting for healthy state of /ConfigMap/a and 1 more resources (pause)
        3. delete ConfigMap/first (Foreground)
            Running: waiting for healthy state of /ConfigMap/a (pause)
        4. apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/third Sync: Pruned Succeeded: pruned
        = ConfigMap prod/second Sync: Pruned Succeeded: pruned
        = ConfigMap prod/first Sync: Pruned Succeeded: pruned
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn prune_last_comes_after_everything() {
    let live = [("ConfigMap/old", "wave=-5"), ("ConfigMap/last", "wave=2 options=PruneLast=true")];
    check(
        pruning(&live, &[("Deployment/web", "wave=4")]),
        &expect![[r#"
        1. dry Deployment/web
            delete ConfigMap/old (Foreground)
            Running: waiting for healthy state of apps/Deployment/web and 1 more resources (pause)
        2. apply Deployment/web
            Running: waiting for healthy state of /ConfigMap/last (pause)
        3. delete ConfigMap/last (Foreground)
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/old Sync: Pruned Succeeded: pruned
        = Deployment prod/web Sync: Synced Succeeded: web applied
        = ConfigMap prod/last Sync: Pruned Succeeded: pruned
    "#]],
    );
    check(
        pruning(&live, &[("Deployment/web", "")]).options(&["PruneLast=true"]),
        &expect![[r#"
        1. dry Deployment/web
            apply Deployment/web
            Running: waiting for healthy state of /ConfigMap/last and 1 more resources (pause)
        2. delete ConfigMap/last (Foreground) + delete ConfigMap/old (Foreground)
            Succeeded: successfully synced (all tasks run)
        = Deployment prod/web Sync: Synced Succeeded: web applied
        = ConfigMap prod/last Sync: Pruned Succeeded: pruned
        = ConfigMap prod/old Sync: Pruned Succeeded: pruned
    "#]],
    );
}

#[test]
fn a_slow_deletion_is_waited_for_when_more_follows() {
    let mut story = pruning(&[("ConfigMap/old", "wave=-1")], &[("ConfigMap/a", "")]);
    story.world.slow_deletion.insert("old");
    story.step(false);
    expect![[r#"
        Running: waiting for deletion of /ConfigMap/old
    "#]]
    .assert_eq(&story.step(false).0);
    story.world.pass();
    check(
        story,
        &expect![[r#"
        1. apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/old Sync: Pruned Succeeded: pruned
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn one_missing_confirmation_stops_the_whole_run() {
    let live = [("ConfigMap/old", "options=Prune=confirm"), ("ConfigMap/other", "")];
    let mut story = pruning(&live, &[("ConfigMap/a", "")]);
    expect![[r#"
        Running: waiting for pruning confirmation of /ConfigMap/old
    "#]]
    .assert_eq(&story.step(false).0);
    // A confirmation from before the operation is not for it.
    story.approved = Some(Timestamp::from_second(1_699_999_999).unwrap());
    assert!(!story.step(false).1);
    story.approved = Some(Timestamp::from_second(1_700_000_000).unwrap());
    check(
        story,
        &expect![[r#"
        1. dry ConfigMap/a
            delete ConfigMap/old (Foreground) + delete ConfigMap/other (Foreground)
            apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/old Sync: Pruned Succeeded: pruned
        = ConfigMap prod/other Sync: Pruned Succeeded: pruned
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn a_failed_deletion_stops_before_anything_is_applied() {
    let mut story = pruning(&[("ConfigMap/old", "")], &[("ConfigMap/a", "")]);
    story.world.broken.insert("delete:old", "forbidden");
    check(
        story,
        &expect![[r#"
        1. dry ConfigMap/a
            delete ConfigMap/old (Foreground)
            Failed: one or more objects failed to apply, reason: forbidden
        = ConfigMap prod/old Sync: SyncFailed Failed: forbidden
    "#]],
    );
}
