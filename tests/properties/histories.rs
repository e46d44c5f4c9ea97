//! The properties over random histories.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::action::{Action, history};
use super::world::World;

/// How many histories, unless `PROPTEST_CASES` says otherwise; nothing is written beside the
/// sources when one fails: it is printed, and becomes a story.
pub fn config(cases: u32) -> Config {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: wanted.and_then(|n| n.parse().ok()).unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    }
}

fn live(world: &mut World, actions: Vec<Action>) {
    for action in actions {
        world.act(action);
    }
    world.heal();
    world.check_words();
    world.forget_everything();
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_rules_hold_in_every_history(actions in history(300)) {
        live(&mut World::new(false), actions);
    }

    #[test]
    fn a_restart_at_any_point_gives_the_same_future(
        before in history(200),
        after in history(150),
    ) {
        let mut world = World::new(false);
        for action in before {
            world.act(action);
        }
        world.fork();
        world.link_comes(1);
        live(&mut world, after);
    }

    #[test]
    fn what_is_told_twice_counts_once(actions in history(300)) {
        live(&mut World::new(true), actions);
    }
}
