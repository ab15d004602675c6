//! Hooks in every phase, their deletion, failures and termination.

use expect_test::{Expect, expect};
use object::ObjectKey;

use crate::world::{Story, World};

fn check(mut story: Story, wanted: &Expect) {
    wanted.assert_eq(&story.run());
}

const WEB: &[(&str, &str)] = &[("Deployment/web", "")];

#[test]
fn hooks_run_around_the_sync() {
    let hooks = [
        ("Job/before", "hook=PreSync"),
        ("Job/among", "hook=Sync wave=1"),
        ("Job/after", "hook=PostSync"),
        ("Job/never", "hook=SyncFail"),
        ("Job/unknown", "hook=Typo"),
        ("Job/around", "hook=PreDelete"),
    ];
    check(
        Story::new(World::default(), WEB, &hooks),
        &expect![[r#"
        1. dry Job/before, dry Deployment/web, dry Job/among + dry Job/after + dry Job/never
            apply Job/before
            Running: waiting for completion of hook batch/Job/before and 3 more resources (pause)
        2. unfinalize Job/before
            apply Deployment/web
            Running: waiting for completion of hook batch/Job/among and 1 more hooks (pause)
        3. apply Job/among
            Running: waiting for completion of hook batch/Job/among and 1 more hooks (pause)
        4. unfinalize Job/among
            apply Job/after
            Running: waiting for completion of hook batch/Job/after
        5. unfinalize Job/after
            Succeeded: successfully synced (no more tasks)
        = Job prod/before PreSync hook: Synced Succeeded: before applied
        = Deployment prod/web Sync: Synced Succeeded: web applied
        = Job prod/among Sync hook: Synced Succeeded: among applied
        = Job prod/after PostSync hook: Synced Succeeded: after applied
    "#]],
    );
}

#[test]
fn one_object_may_be_a_hook_of_several_phases() {
    check(
        Story::new(World::default(), WEB, &[("Job/twice", "hook=PreSync,PostSync")]),
        &expect![[r#"
            1. dry Job/twice, dry Deployment/web, dry Job/twice
                apply Job/twice
                Running: waiting for completion of hook batch/Job/twice and 2 more resources (pause)
            2. unfinalize Job/twice
                apply Deployment/web
                Running: waiting for completion of hook batch/Job/twice (pause)
            3. delete Job/twice (Foreground)
                Running: waiting for deletion of hook batch/Job/twice
            4. apply Job/twice
                Running: waiting for completion of hook batch/Job/twice
            5. unfinalize Job/twice
                Succeeded: successfully synced (no more tasks)
            = Job prod/twice PreSync hook: Synced Succeeded: twice applied
            = Deployment prod/web Sync: Synced Succeeded: web applied
            = Job prod/twice PostSync hook: Synced Succeeded: twice applied
        "#]],
    );
}

#[test]
fn hooks_without_a_name_get_one() {
    let hooks = [("Job/", "generateName=migrate- hook=PreSync policy=HookSucceeded")];
    check(
        Story::new(World::default(), WEB, &hooks),
        &expect![[r#"
        1. dry Job/migrate-0123456-presync-1700000000, dry Deployment/web
            apply Job/migrate-0123456-presync-1700000000
            Running: waiting for completion of hook batch/Job/migrate-0123456-presync-1700000000 and 1 more resources (pause)
        2. unfinalize Job/migrate-0123456-presync-1700000000
            apply Deployment/web
            delete Job/migrate-0123456-presync-1700000000 (Foreground)
            Succeeded: successfully synced (all tasks run)
        = Job prod/migrate-0123456-presync-1700000000 PreSync hook: Synced Succeeded: migrate-0123456-presync-1700000000 applied
        = Deployment prod/web Sync: Synced Running: web applied
    "#]],
    );
}

#[test]
fn an_old_hook_is_deleted_before_it_is_made_again() {
    let world = World::with_live(&[("Job/before", "hook=PreSync")]);
    check(
        Story::new(world, WEB, &[("Job/before", "hook=PreSync")]),
        &expect![[r#"
        1. dry Job/before, dry Deployment/web
            delete Job/before (Foreground)
            Running: waiting for deletion of hook batch/Job/before
        2. dry Job/before, dry Deployment/web
            apply Job/before
            Running: waiting for completion of hook batch/Job/before and 1 more resources (pause)
        3. unfinalize Job/before
            apply Deployment/web
            Succeeded: successfully synced (all tasks run)
        = Job prod/before PreSync hook: Synced Succeeded: before applied
        = Deployment prod/web Sync: Synced Running: web applied
    "#]],
    );
}

#[test]
fn the_deletion_of_an_old_hook_is_waited_for() {
    let mut world = World::with_live(&[("Job/before", "hook=PreSync")]);
    world.slow_deletion.insert("before");
    let mut story = Story::new(world, WEB, &[("Job/before", "hook=PreSync")]);
    expect![[r#"
        dry Job/before, dry Deployment/web
            delete Job/before (Foreground)
            Running: waiting for deletion of hook batch/Job/before
    "#]]
    .assert_eq(&story.step(false).0);
}

#[test]
fn a_failed_hook_starts_the_sync_fail_hooks() {
    let mut world = World::default();
    world.fate.insert("before", "Degraded");
    let hooks = [
        ("Job/before", "hook=PreSync policy=HookFailed"),
        ("Job/rescue", "hook=SyncFail policy=HookSucceeded"),
    ];
    check(
        Story::new(world, WEB, &hooks),
        &expect![[r#"
        1. dry Job/before, dry Deployment/web, dry Job/rescue
            apply Job/before
            Running: waiting for completion of hook batch/Job/before and 1 more resources (pause)
        2. unfinalize Job/before
            delete Job/before (Foreground)
            apply Job/rescue
            Running: waiting for completion of hook batch/Job/rescue
        3. unfinalize Job/rescue
            Failed: one or more synchronization tasks completed unsuccessfully
        = Job prod/before PreSync hook: Synced Failed: before applied
        = Job prod/rescue SyncFail hook: Synced Succeeded: rescue applied
    "#]],
    );
}

#[test]
fn a_failed_apply_starts_the_sync_fail_hooks() {
    let mut world = World::default();
    world.broken.insert("web", "quota exceeded");
    let hooks = [("Job/rescue", "hook=SyncFail"), ("Job/last", "hook=SyncFail wave=2")];
    check(
        Story::new(world, WEB, &hooks),
        &expect![[r#"
        1. dry Deployment/web, dry Job/rescue + dry Job/last
            apply Deployment/web
            apply Job/rescue + apply Job/last
            Running: waiting for completion of hook batch/Job/rescue and 1 more hooks
        2. unfinalize Job/rescue + unfinalize Job/last
            Failed: one or more synchronization tasks completed unsuccessfully, reason: quota exceeded
        = Deployment prod/web Sync: SyncFailed Failed: quota exceeded
        = Job prod/rescue SyncFail hook: Synced Succeeded: rescue applied
        = Job prod/last SyncFail hook: Synced Succeeded: last applied
    "#]],
    );
    let mut world = World::default();
    world.broken.insert("web", "quota exceeded");
    world.broken.insert("rescue", "no rescue");
    check(
        Story::new(world, WEB, &[("Job/rescue", "hook=SyncFail")]),
        &expect![[r#"
        1. dry Deployment/web, dry Job/rescue
            apply Deployment/web
            apply Job/rescue
            Failed: one or more objects failed to apply, reason: quota exceeded
        one or more SyncFail hooks failed, reason: no rescue
        = Deployment prod/web Sync: SyncFailed Failed: quota exceeded
        = Job prod/rescue SyncFail hook: SyncFailed Failed: no rescue
    "#]],
    );
}

#[test]
fn a_failed_apply_waits_for_hooks_that_still_run() {
    let mut world = World::default();
    world.broken.insert("web", "quota exceeded");
    let hooks = [("Job/among", "hook=Sync"), ("Job/rescue", "hook=SyncFail")];
    check(
        Story::new(world, WEB, &hooks),
        &expect![[r#"
        1. dry Deployment/web, dry Job/among + dry Job/rescue
            apply Deployment/web, apply Job/among
            apply Job/rescue
            Running: waiting for completion of hook batch/Job/among and 1 more hooks
        2. unfinalize Job/among + unfinalize Job/rescue
            Failed: one or more synchronization tasks completed unsuccessfully, reason: quota exceeded
        = Deployment prod/web Sync: SyncFailed Failed: quota exceeded
        = Job prod/among Sync hook: Synced Succeeded: among applied
        = Job prod/rescue SyncFail hook: Synced Succeeded: rescue applied
    "#]],
    );
}

#[test]
fn policies_for_success() {
    let hooks = [
        ("Job/kept", "hook=PostSync"),
        ("Job/gone", "hook=PostSync policy=HookSucceeded"),
        ("Job/failed-only", "hook=PostSync policy=HookFailed"),
    ];
    let mut story = Story::new(World::default(), WEB, &hooks);
    story.run();
    let left: Vec<&ObjectKey> = story.world.live.keys().filter(|key| key.kind == "Job").collect();
    assert_eq!(left.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["failed-only", "kept"]);
    assert!(left.iter().all(|key| story.world.live[*key].finalizers().next().is_none()));
}

#[test]
fn terminating_stops_running_hooks_only() {
    let mut story = Story::new(World::default(), WEB, &[("Job/before", "hook=PreSync")]);
    story.step(false);
    let (text, _) = story.step(true);
    expect![[r#"
        unfinalize Job/before, delete Job/before (Foreground)
            Failed: Operation terminated
        = Job prod/before PreSync hook: Synced Failed: Terminated
    "#]]
    .assert_eq(&(text + &story.result_lines()));
    let mut story = Story::new(World::default(), WEB, &[("Job/before", "hook=PreSync")]);
    story.step(false);
    story.world.broken.insert("delete:before", "forbidden");
    let (text, _) = story.step(true);
    expect![[r#"
        unfinalize Job/before, delete Job/before (Foreground)
            Error: Operation termination had errors
        = Job prod/before PreSync hook: Synced Error: Failed to delete: forbidden
    "#]]
    .assert_eq(&(text + &story.result_lines()));
}
