use std::process::ExitCode;

/// How a command ends.
///
/// When several hold, the most urgent wins: `Failed`, then `No`, then
/// `Incomplete`, then `Yes`. An answer that is `unknown` never ends as `Yes`.
///
/// Input of which something could not be evaluated (a diagnostic of severity
/// `error`) makes what depends on it `unknown`. A command about particular
/// connections (`can`, `explain`, `test`) therefore ends by its answers alone:
/// one that is definite could not have been changed by what was left out. A
/// command that lists what there is (`map`, `exposure`, `blast`, `diff`,
/// `audit`) ends as `Incomplete` where it would have ended as `Yes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The answer is yes: allowed, clean, no difference.
    Yes = 0,
    /// It ran, and the answer is no: denied, findings, differences.
    No = 1,
    /// It could not run: a usage error, input that cannot be read.
    Failed = 2,
    /// The answer is unknown, or something could not be evaluated.
    Incomplete = 3,
}

impl Exit {
    /// Every ending, for documentation.
    pub(crate) const ALL: [(Exit, &'static str); 4] = [
        (Exit::Yes, "yes: allowed, clean, no difference"),
        (Exit::No, "it ran, and the answer is no: denied, findings, differences"),
        (Exit::Failed, "it could not run: a usage error, or input that cannot be read"),
        (Exit::Incomplete, "incomplete: the answer is unknown, or something was not evaluated"),
    ];

    /// Both hold: the more urgent of the two.
    #[must_use]
    pub fn and(self, other: Exit) -> Exit {
        let urgency = |exit| match exit {
            Exit::Failed => 3,
            Exit::No => 2,
            Exit::Incomplete => 1,
            Exit::Yes => 0,
        };
        if urgency(other) > urgency(self) { other } else { self }
    }

    /// The code that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn precedence_is_failed_no_incomplete_yes() {
        let order = [Exit::Yes, Exit::Incomplete, Exit::No, Exit::Failed];
        for (i, a) in order.into_iter().enumerate() {
            for (j, b) in order.into_iter().enumerate() {
                assert_eq!(a.and(b), order[i.max(j)]);
            }
        }
    }
}
