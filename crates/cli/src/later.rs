//! Verbs that are only made when they are asked for.

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

/// The verbs `V` below a verb. They and their flags are many, and a process that renders has no time for them.
#[derive(Debug)]
pub struct Later<V>(pub(crate) V);

impl<V: Subcommand> Args for Later<V> {
    fn augment_args(command: Command) -> Command {
        command.subcommand_required(true).arg_required_else_help(true).defer(|command| {
            // What the list of verbs says of it, which the documentation of `V` would take the place of.
            let about = command.get_about().cloned();
            let command = V::augment_subcommands(command).long_about(None::<&str>);
            if let Some(about) = about { command.about(about) } else { command }
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        V::augment_subcommands_for_update(command)
    }
}

impl<V: FromArgMatches> FromArgMatches for Later<V> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        V::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}
