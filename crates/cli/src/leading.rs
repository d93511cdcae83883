//! Options that stand before the command, as kubectl takes them.
//!
//! Clap keeps only the last values of an option that stands on both sides of a
//! command, and a command that knows no such option would take it from there
//! and do nothing with it. Moved behind the command, options are what they are
//! there: gathered, or refused.

use std::ffi::{OsStr, OsString};

use clap::Command;

/// The arguments with the options that stand before a command, or between it
/// and one of its own, behind it. What is no option of `known` stays where it
/// is, and everything after it.
pub(crate) fn moved(args: &[OsString], root: &Command, known: &Command) -> Vec<OsString> {
    let mut command = root;
    let (mut path, mut options): (Vec<OsString>, Vec<OsString>) = (Vec::new(), Vec::new());
    path.extend(args.first().cloned());
    let mut rest = args.get(1..).unwrap_or_default();
    while let Some(first) = rest.first() {
        let taken = match taken(first, known) {
            Some(count) if count <= rest.len() => count,
            _ => match command.find_subcommand(first) {
                Some(found) => {
                    command = found;
                    path.push(first.clone());
                    rest = rest.get(1..).unwrap_or_default();
                    continue;
                }
                None => break,
            },
        };
        let (option, after) = rest.split_at(taken);
        options.extend_from_slice(option);
        rest = after;
    }
    // Without a command, that is what is wrong.
    if path.len() > 1 {
        path.append(&mut options);
    }
    path.extend_from_slice(rest);
    path
}

/// How many arguments an option is, with its value; `None` when it is none of
/// those that are known.
fn taken(arg: &OsStr, known: &Command) -> Option<usize> {
    let text = arg.to_str()?;
    let find = |is: &dyn Fn(&clap::Arg) -> bool| known.get_arguments().find(|arg| is(arg));
    let valued = |arg: &clap::Arg| arg.get_action().takes_values();
    if let Some(long) = text.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v)));
        let option = find(&|arg| arg.get_long() == Some(name))?;
        return Some(if valued(option) && value.is_none() { 2 } else { 1 });
    }
    let mut letters = text.strip_prefix('-')?.chars().peekable();
    letters.peek()?;
    // `-Rf x` is `-R -f x`, and `-fx` is `-f x`.
    while let Some(letter) = letters.next() {
        if valued(find(&|arg| arg.get_short() == Some(letter))?) {
            return Some(if letters.peek().is_none() { 2 } else { 1 });
        }
    }
    Some(1)
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;

    fn moved_text(line: &str) -> String {
        let known = Command::new("known")
            .arg(Arg::new("file").short('f').long("filename"))
            .arg(Arg::new("deep").short('R').action(ArgAction::SetTrue));
        let root = Command::new("root")
            .subcommand(Command::new("map"))
            .subcommand(Command::new("audit").subcommand(Command::new("coverage")));
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let moved = moved(&args, &root, &known);
        moved.iter().map(|arg| arg.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_before_a_command_go_behind_it() {
        for (given, meant) in [
            ("fg map -f x", "fg map -f x"),
            ("fg -f x map --to y", "fg map -f x --to y"),
            ("fg -fx -R map", "fg map -fx -R"),
            ("fg -Rf x map", "fg map -Rf x"),
            ("fg --filename=x map -f y", "fg map --filename=x -f y"),
            ("fg -f x audit -f y coverage -f z", "fg audit coverage -f x -f y -f z"),
            // A value that is the name of a command is still a value.
            ("fg -f map map", "fg map -f map"),
        ] {
            assert_eq!(moved_text(given), meant);
        }
    }

    #[test]
    fn what_is_not_understood_stays_where_it_is() {
        for line in ["fg --help", "fg map --to -f", "fg --no-such map -f x", "fg - map", "fg map"] {
            assert_eq!(moved_text(line), line);
        }
        // What is missing is the command, and not an option.
        assert_eq!(moved_text("fg -f x"), "fg");
        assert_eq!(moved_text("fg -f x frobnicate"), "fg frobnicate");
        assert_eq!(moved_text("fg -f x --help"), "fg --help");
    }
}
