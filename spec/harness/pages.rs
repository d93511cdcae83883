//! The tables of docs/SEMANTICS.md that say what they are backed by.

use std::collections::BTreeSet;

use fallgate_model::Dialect;
use libtest_mimic::{Failed, Trial};

use crate::document::{File, slug};

/// How many traps there are.
const TRAPS: usize = 50;

const PAGE: &str = "docs/SEMANTICS.md";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn() -> Result<(), String>| {
        Trial::test(format!("{PAGE}: {name}"), move || check().map_err(Failed::from))
    };
    vec![
        trial("every trap has a row, and every row a test", traps),
        trial("every dialect has a row", dialects),
    ]
}

/// The rows of a table, each with its line and cells.
fn table<'a>(page: &'a str, head: &'a str) -> impl Iterator<Item = (usize, Vec<&'a str>)> {
    let lines =
        (1..).zip(page.lines()).skip_while(move |(_, line)| !line.starts_with(head)).skip(2);
    lines.take_while(|(_, line)| line.starts_with('|')).map(|(number, line)| {
        let row = line.trim().trim_start_matches('|').trim_end_matches('|');
        (number, row.split('|').map(str::trim).collect())
    })
}

/// Whether a row names a test that is there.
fn tested(cell: &str) -> Result<(), String> {
    let mut any = false;
    for quoted in cell.split('`').skip(1).step_by(2) {
        any = true;
        let Some((file, anchor)) = quoted.split_once('#') else {
            let (file, test) = quoted.split_once("::").ok_or(format!("`{quoted}` is no test"))?;
            let found = crate::read(file)?.contains(&format!("fn {test}("));
            if !found {
                return Err(format!("{file} has no test `{test}`"));
            }
            continue;
        };
        let parsed = File::parse(file, &crate::read(file)?)?;
        if !parsed.sections.iter().any(|section| slug(&section.heading) == anchor) {
            return Err(format!("{file} has no section `{anchor}`"));
        }
    }
    if any || cell.starts_with("none:") { Ok(()) } else { Err("no test and no reason".to_owned()) }
}

fn traps() -> Result<(), String> {
    let page = crate::read(PAGE)?;
    let mut numbers = BTreeSet::new();
    for (line, cells) in table(&page, "| # | trap |") {
        let fail = |what: String| Err(format!("{PAGE}:{line}: {what}"));
        let [number, _, _, _, test] = cells[..] else {
            return fail(format!("{} cells", cells.len()));
        };
        match number.parse::<usize>() {
            Ok(number) if numbers.insert(number) => {}
            _ => return fail(format!("`{number}` is no number, or a second one")),
        }
        if let Err(error) = tested(test) {
            return fail(error);
        }
    }
    if numbers.into_iter().eq(1..=TRAPS) { Ok(()) } else { Err("a trap has no row".to_owned()) }
}

fn dialects() -> Result<(), String> {
    let page = crate::read(PAGE)?;
    let found: Vec<String> = table(&page, "| dialect |")
        .map(|(_, cells)| format!("| {} |", cells.join(" | ")))
        .collect();
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let wanted: Vec<String> = Dialect::presets()
        .map(|(dialect, source)| {
            let (pods, nodes) = (dialect.ipblock_matches_pods, dialect.ipblock_matches_nodes);
            format!("| `{}` | {} | {} | {source} |", dialect.name, yes(pods), yes(nodes))
        })
        .collect();
    if found == wanted {
        return Ok(());
    }
    Err(format!("{PAGE}: the table of dialects must be\n{}", wanted.join("\n")))
}
