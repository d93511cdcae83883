use std::fmt::Write as _;
use std::io::{self, Write};

use super::LONGEST_TEXT;
use super::condense::{Card, Picture, Shape};
use super::text::shorten;
use crate::output::clean;

/// How many lines Mermaid draws before it refuses (`maxEdges`).
pub(crate) const MERMAID_EDGES: usize = 500;

/// Writes a picture in Mermaid's language, as GitHub and GitLab show it in
/// Markdown: namespaces as subgraphs, what is only possible dotted.
pub(crate) fn mermaid(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for (at, namespace) in picture.namespaces.iter().enumerate() {
        writeln!(out, "  subgraph g{at}[\"{}\"]", escaped(namespace))?;
        for (id, card) in picture.cards.iter().enumerate() {
            if card.namespace == Some(at) {
                writeln!(out, "    {}", node(id, card))?;
            }
        }
        writeln!(out, "  end")?;
    }
    for (id, card) in picture.cards.iter().enumerate() {
        if card.namespace.is_none() {
            writeln!(out, "  {}", node(id, card))?;
        }
    }
    for edge in &picture.edges {
        let arrow = if edge.label.unknown { "-.->" } else { "-->" };
        let text = escaped(&shorten(&edge.label.to_string(), LONGEST_TEXT));
        writeln!(out, "  n{} {arrow}|\"{text}\"| n{}", edge.from, edge.to)?;
    }
    writeln!(out, "  classDef outside fill:#fff1e5,stroke:#bc4c00,color:#1f2328")?;
    writeln!(out, "  classDef entry fill:#ddf4ff,stroke:#0969da,color:#1f2328")?;
    writeln!(out, "  classDef hub fill:#eaeef2,stroke:#57606a,color:#1f2328")
}

fn node(id: usize, card: &Card) -> String {
    let lines: Vec<String> = card.lines().iter().map(|line| escaped(line)).collect();
    let (open, close, class) = match card.shape {
        Shape::Workloads => ("[", "]", ""),
        Shape::Entry => (">", "]", ":::entry"),
        Shape::Nodes => ("[[", "]]", ""),
        Shape::Outside => ("([", "])", ":::outside"),
        Shape::Hub => ("{{", "}}", ":::hub"),
    };
    format!("n{id}{open}\"{}\"{close}{class}", lines.join("<br/>"))
}

/// Inside a quoted text. Whatever Mermaid or the HTML it makes could read as
/// its own becomes a character code.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if c.is_alphanumeric() || " -_./:,+()?*=↻…·".contains(c) {
            out.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}
