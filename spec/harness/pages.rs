//! The tables of docs/SEMANTICS.md that say what they are backed by.

use fallgate_model::Dialect;
use libtest_mimic::{Failed, Trial};

const PAGE: &str = "docs/SEMANTICS.md";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn() -> Result<(), String>| {
        Trial::test(format!("{PAGE}: {name}"), move || check().map_err(Failed::from))
    };
    vec![trial("every dialect has a row", dialects)]
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
