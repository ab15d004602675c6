//! Flags of a verb that are only made when the verb is asked for.

use std::ops::Deref;

use clap::{ArgMatches, Args, Command, FromArgMatches};

/// The flags `T` of a verb. `helm template` alone has seventy of them, and each costs a process that does something else
/// more than it takes to render a small manifest.
#[derive(Debug)]
pub(super) struct Later<T>(T);

impl<T> Deref for Later<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for Later<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            // What the list of verbs says of it, which the documentation of `T` would take the place of.
            let about = command.get_about().cloned();
            let command = T::augment_args(command).long_about(None::<&str>);
            if let Some(about) = about { command.about(about) } else { command }
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for Later<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}
