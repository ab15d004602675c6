//! Flags and verbs that are only made when they are asked for.

use std::ops::Deref;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

/// The flags `T` of a verb, or the verbs below it ([`Below`]). `helm template` alone has seventy flags, and each costs a
/// process that does something else more than it takes to render a small manifest.
#[derive(Debug)]
pub struct Later<T>(pub(crate) T);

/// The verbs `V` below a verb.
#[derive(Debug, Args)]
pub struct Below<V: Subcommand> {
    #[command(subcommand)]
    pub(crate) verb: V,
}

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
