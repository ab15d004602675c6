//! Waves, kinds, dry runs, namespaces and selections.

use expect_test::{Expect, expect};
use types::{SyncOperationResource, SyncStrategy, SyncStrategyApply};

use crate::world::{Story, World};

fn check(mut story: Story, wanted: &Expect) {
    wanted.assert_eq(&story.run());
}

#[test]
fn a_single_wave_does_not_wait_for_health() {
    let targets = [("Deployment/web", ""), ("Service/web", ""), ("ConfigMap/a", ""), ("Secret/a", "")];
    check(
        Story::new(World::default(), &targets, &[]),
        &expect![[r#"
        1. dry Secret/a, dry ConfigMap/a, dry Service/web, dry Deployment/web
            apply Secret/a, apply ConfigMap/a, apply Service/web, apply Deployment/web
            Succeeded: successfully synced (all tasks run)
        = Secret prod/a Sync: Synced Running: a applied
        = ConfigMap prod/a Sync: Synced Running: a applied
        = Service prod/web Sync: Synced Running: web applied
        = Deployment prod/web Sync: Synced Running: web applied
    "#]],
    );
}

#[test]
fn each_wave_waits_for_the_one_before() {
    let targets = [("Deployment/db", "wave=-1"), ("Deployment/web", ""), ("ConfigMap/a", "wave=3")];
    check(
        Story::new(World::default(), &targets, &[]),
        &expect![[r#"
        1. dry Deployment/db + dry Deployment/web, dry ConfigMap/a
            apply Deployment/db
            Running: waiting for healthy state of apps/Deployment/web and 1 more resources (pause)
        2. apply Deployment/web
            Running: waiting for healthy state of /ConfigMap/a (pause)
        3. apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = Deployment prod/db Sync: Synced Succeeded: db applied
        = Deployment prod/web Sync: Synced Succeeded: web applied
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn a_degraded_wave_fails_the_operation() {
    let mut world = World::default();
    world.fate.insert("db", "Degraded");
    let targets = [("Deployment/db", ""), ("Deployment/web", "wave=1")];
    check(
        Story::new(world, &targets, &[]),
        &expect![[r#"
        1. dry Deployment/db + dry Deployment/web
            apply Deployment/db
            Running: waiting for healthy state of apps/Deployment/web (pause)
        2. Failed: one or more synchronization tasks completed unsuccessfully
        = Deployment prod/db Sync: Synced Failed: db applied
    "#]],
    );
}

#[test]
fn a_suspended_object_holds_a_gated_wave() {
    let mut world = World::default();
    world.fate.insert("db", "Suspended");
    let mut story = Story::new(world, &[("Deployment/db", ""), ("Deployment/web", "wave=1")], &[]);
    story.step(false);
    story.world.pass();
    expect![[r#"
        Running: waiting for healthy state of apps/Deployment/db
    "#]]
    .assert_eq(&story.step(false).0);
}

#[test]
fn an_object_that_vanishes_while_waited_for() {
    let mut story = Story::new(World::default(), &[("Deployment/db", ""), ("Deployment/web", "wave=1")], &[]);
    story.step(false);
    story.world.live.clear();
    check(
        story,
        &expect![[r#"
        1. fetch Deployment/db
            Failed: one or more synchronization tasks completed unsuccessfully, reason: Resource apps/Deployment/db is missing, it might have been deleted
        = Deployment prod/db Sync: SyncFailed Error: Resource apps/Deployment/db is missing, it might have been deleted
    "#]],
    );
}

#[test]
fn the_dry_run_stops_everything() {
    let mut world = World::default();
    world.broken.insert("dry:b", "it is malformed");
    check(
        Story::new(world, &[("ConfigMap/a", ""), ("ConfigMap/b", "")], &[]),
        &expect![[r#"
        1. dry ConfigMap/a + dry ConfigMap/b
            Failed: one or more objects failed to apply (dry run)
        = ConfigMap prod/b Sync: SyncFailed Failed: it is malformed
    "#]],
    );
}

#[test]
fn a_failed_kind_does_not_stop_later_kinds() {
    let mut world = World::default();
    world.broken.insert("a", "quota exceeded");
    let targets =
        [("ConfigMap/a", ""), ("ConfigMap/b", ""), ("Deployment/web", ""), ("ConfigMap/c", "wave=1")];
    check(
        Story::new(world, &targets, &[]),
        &expect![[r#"
        1. dry ConfigMap/a + dry ConfigMap/b, dry Deployment/web, dry ConfigMap/c
            apply ConfigMap/a + apply ConfigMap/b, apply Deployment/web
            Failed: one or more objects failed to apply, reason: quota exceeded
        = ConfigMap prod/a Sync: SyncFailed Failed: quota exceeded
        = ConfigMap prod/b Sync: Synced Running: b applied
        = Deployment prod/web Sync: Synced Running: web applied
    "#]],
    );
}

#[test]
fn a_namespace_goes_before_its_first_dependant() {
    let targets = [("ConfigMap/a", "wave=-3 namespace=other"), ("Namespace/other", ""), ("Service/b", "")];
    check(
        Story::new(World::default(), &targets, &[]),
        &expect![[r#"
        1. dry Namespace/other, dry ConfigMap/a, dry Service/b
            apply Namespace/other, apply ConfigMap/a
            Running: waiting for healthy state of /Service/b (pause)
        2. apply Service/b
            Succeeded: successfully synced (all tasks run)
        = Namespace prod/other Sync: Synced Succeeded: other applied
        = ConfigMap other/a Sync: Synced Succeeded: a applied
        = Service prod/b Sync: Synced Running: b applied
    "#]],
    );
}

#[test]
fn a_definition_goes_before_its_objects_and_spares_them_the_dry_run() {
    let mut world = World::default();
    world.missing_kinds.insert("Widget");
    let targets = [("Widget/one", "wave=-1"), ("CustomResourceDefinition/widgets", "defines=Widget")];
    check(
        Story::new(world, &targets, &[]),
        &expect![[r#"
        1. dry CustomResourceDefinition/widgets
            apply CustomResourceDefinition/widgets, apply Widget/one
            Succeeded: successfully synced (all tasks run)
        = CustomResourceDefinition prod/widgets Sync: Synced Running: widgets applied
        = Widget prod/one Sync: Synced Running: one applied
    "#]],
    );
}

#[test]
fn an_unknown_kind_is_invalid_unless_it_says_otherwise() {
    let mut world = World::default();
    world.missing_kinds.insert("Widget");
    check(
        Story::new(world, &[("Widget/one", ""), ("ConfigMap/a", "")], &[]),
        &expect![[r#"
        1. Failed: one or more synchronization tasks are not valid: the server could not find the requested resource
        = Widget prod/one Sync: SyncFailed : the server could not find the requested resource
    "#]],
    );
    let mut world = World::default();
    world.missing_kinds.insert("Widget");
    let targets = [("Widget/one", "options=SkipDryRunOnMissingResource=true"), ("ConfigMap/a", "")];
    check(
        Story::new(world, &targets, &[]),
        &expect![[r#"
        1. dry ConfigMap/a
            apply ConfigMap/a, apply Widget/one
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/a Sync: Synced Running: a applied
        = Widget prod/one Sync: Synced Running: one applied
    "#]],
    );
}

#[test]
fn what_the_project_forbids_is_invalid() {
    let mut world = World::default();
    world.forbidden.insert("a");
    world.forbidden.insert("b");
    check(
        Story::new(world, &[("ConfigMap/a", ""), ("Secret/b", ""), ("Secret/c", "")], &[]),
        &expect![[r#"
        1. Failed: one or more synchronization tasks are not valid: resource :ConfigMap is not permitted in project default; resource :Secret is not permitted in project default
        = ConfigMap prod/a Sync: SyncFailed : resource :ConfigMap is not permitted in project default
        = Secret prod/b Sync: SyncFailed : resource :Secret is not permitted in project default
    "#]],
    );
}

#[test]
fn the_destination_namespace_is_made_first() {
    let targets = [("ConfigMap/a", "")];
    check(
        Story::new(World::default(), &targets, &[]).options(&["CreateNamespace=true"]),
        &expect![[r#"
        1. apply Namespace/prod
            dry ConfigMap/a
            fetch Namespace/prod
            apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = Namespace prod/prod PreSync: Synced Succeeded: prod applied
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
    let mut world = World::default();
    world.broken.insert("prod", "forbidden");
    check(
        Story::new(world, &targets, &[]).options(&["CreateNamespace=true"]),
        &expect![[r#"
        1. apply Namespace/prod
            Failed: the namespace failed to apply, reason: forbidden
        = Namespace prod/prod PreSync: SyncFailed Failed: forbidden
    "#]],
    );
    let world = World::with_live(&[("Namespace/prod", "")]);
    check(
        Story::new(world, &targets, &[]).options(&["CreateNamespace=true"]),
        &expect![[r#"
        1. dry ConfigMap/a
            apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn a_managed_namespace_is_applied_each_time() {
    let world = World::with_live(&[("Namespace/prod", "")]);
    let mut story = Story::new(world, &[("ConfigMap/a", "")], &[]).options(&["CreateNamespace=true"]);
    story.namespace = Some(Default::default());
    check(
        story,
        &expect![[r#"
        1. dry Namespace/prod, dry ConfigMap/a
            ssa Namespace/prod
            Running: waiting for healthy state of /ConfigMap/a (pause)
        2. apply ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = Namespace prod/prod PreSync: Synced Succeeded: prod applied
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn only_what_is_out_of_sync_is_applied() {
    let world = World::with_live(&[("ConfigMap/a", ""), ("ConfigMap/b", "")]);
    let targets = [("ConfigMap/a", ""), ("ConfigMap/b", ""), ("ConfigMap/c", "")];
    let mut story = Story::new(world, &targets, &[]).options(&["ApplyOutOfSyncOnly=true"]);
    story.unmodified = vec!["a"];
    check(
        story,
        &expect![[r#"
        1. dry ConfigMap/b + dry ConfigMap/c
            apply ConfigMap/b + apply ConfigMap/c
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/b Sync: Synced Running: b applied
        = ConfigMap prod/c Sync: Synced Running: c applied
    "#]],
    );
}

#[test]
fn a_selection_leaves_out_the_rest_and_hooks() {
    let targets = [("ConfigMap/a", ""), ("ConfigMap/b", "namespace=other"), ("Deployment/a", "")];
    let mut story = Story::new(World::default(), &targets, &[("Job/migrate", "hook=PreSync")]);
    let entry = |group: &str, kind: &str, name: &str, namespace: &str| SyncOperationResource {
        group: group.into(),
        kind: kind.into(),
        name: name.into(),
        namespace: namespace.into(),
    };
    story.operation.resources = vec![
        entry("", "ConfigMap", "b", ""),
        entry("apps", "Deployment", "a", ""),
        entry("", "ConfigMap", "a", "elsewhere"),
    ];
    check(
        story,
        &expect![[r#"
        1. dry ConfigMap/b, dry Deployment/a
            apply ConfigMap/b, apply Deployment/a
            Succeeded: successfully synced (all tasks run)
        = ConfigMap other/b Sync: Synced Running: b applied
        = Deployment prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    let world = World::with_live(&[("ConfigMap/old", "")]);
    let targets = [("ConfigMap/a", ""), ("Deployment/web", "wave=1")];
    let mut story = Story::new(world, &targets, &[("Job/migrate", "hook=PreSync")]);
    story.extra = vec!["old"];
    story.operation.dry_run = true;
    check(
        story,
        &expect![[r#"
        1. dry Job/migrate, dry ConfigMap/a, dry Deployment/web
            dry Job/migrate
            Running: waiting for completion of hook batch/Job/migrate and 3 more resources (pause)
        2. dry ConfigMap/a
            Running: waiting for healthy state of apps/Deployment/web (pause)
        3. dry Deployment/web
            Succeeded: successfully synced (all tasks run)
        = Job prod/migrate PreSync hook: Synced Succeeded: 
        = ConfigMap prod/old Sync: Pruned Succeeded: pruned (dry run)
        = ConfigMap prod/a Sync: Synced Succeeded: 
        = Deployment prod/web Sync: Synced Succeeded: 
    "#]],
    );
}

#[test]
fn the_strategy_apply_may_force_and_runs_no_hooks() {
    let mut story = Story::new(World::default(), &[("ConfigMap/a", "")], &[("Job/migrate", "hook=PreSync")]);
    let apply = Some(SyncStrategyApply { force: true });
    story.operation.sync_strategy = Some(SyncStrategy { apply, hook: None });
    check(
        story,
        &expect![[r#"
        1. dry ConfigMap/a
            apply! ConfigMap/a
            Succeeded: successfully synced (all tasks run)
        = ConfigMap prod/a Sync: Synced Running: a applied
    "#]],
    );
}

#[test]
fn nothing_to_do() {
    check(
        Story::new(World::default(), &[], &[]),
        &expect![[r#"
        1. Succeeded: successfully synced (no more tasks)
    "#]],
    );
    check(
        Story::new(World::default(), &[("ConfigMap/a", "hook=Skip")], &[]),
        &expect![[r#"
        1. Succeeded: successfully synced (no more tasks)
    "#]],
    );
}

/// An operation whose process died anywhere between two steps ends as one that did not.
#[test]
fn an_interrupted_operation_ends_the_same() {
    let targets = [("Deployment/db", "wave=-1"), ("Deployment/web", ""), ("ConfigMap/a", "wave=3")];
    let hooks = [("Job/before", "hook=PreSync"), ("Job/after", "hook=PostSync policy=HookSucceeded")];
    let mut straight = Story::new(World::default(), &targets, &hooks);
    straight.run();
    for lost in 0..8 {
        let mut story = Story::new(World::default(), &targets, &hooks);
        for number in 0..24 {
            let before = story.results.clone();
            let (_, over) = story.step(false);
            if over {
                break;
            }
            if number == lost {
                // What the step did is done, but nobody wrote down its results.
                story.results = before;
            }
            story.world.pass();
        }
        assert_eq!(story.result_lines(), straight.result_lines(), "step {lost} lost");
        assert_eq!(
            story.world.live.keys().collect::<Vec<_>>(),
            straight.world.live.keys().collect::<Vec<_>>(),
            "step {lost} lost"
        );
    }
}
