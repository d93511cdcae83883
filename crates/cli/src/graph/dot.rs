use std::io::{self, Write};

use super::condense::{Card, Picture, Shape};
use super::text::shorten;
use super::{LONGEST_LIST, LONGEST_TEXT};
use crate::output::clean;

/// Writes a picture in Graphviz' language: namespaces as clusters, what is
/// only possible dashed.
pub(crate) fn dot(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    out.write_all(
        b"digraph fallgate {\n\
        \x20 graph [rankdir=LR, fontname=\"Helvetica\", nodesep=0.25, ranksep=0.9];\n\
        \x20 node [shape=box, style=\"rounded,filled\", fillcolor=white, color=\"#57606a\", fontname=\"Helvetica\", fontsize=11];\n\
        \x20 edge [color=\"#57606a\", fontname=\"Helvetica\", fontsize=9, arrowsize=0.7];\n",
    )?;
    for (at, namespace) in picture.namespaces.iter().enumerate() {
        writeln!(out, "  subgraph cluster_{at} {{")?;
        writeln!(
            out,
            "    label={}; labeljust=l; style=\"rounded,filled\"; color=\"#afb8c1\"; fillcolor=\"#f6f8fa\";",
            quoted(namespace)
        )?;
        for (id, card) in cards(picture, Some(at)) {
            write!(out, "  ")?;
            node(out, id, card)?;
        }
        writeln!(out, "  }}")?;
    }
    for (id, card) in cards(picture, None) {
        node(out, id, card)?;
    }
    for edge in &picture.edges {
        let text = edge.label.to_string();
        let style = if edge.label.unknown { ", style=dashed, color=\"#8250df\"" } else { "" };
        writeln!(
            out,
            "  n{} -> n{} [label={}, tooltip={}{style}];",
            edge.from,
            edge.to,
            quoted(&shorten(&text, LONGEST_TEXT)),
            quoted(&text)
        )?;
    }
    writeln!(out, "}}")
}

fn cards(picture: &Picture, namespace: Option<usize>) -> impl Iterator<Item = (usize, &Card)> {
    picture.cards.iter().enumerate().filter(move |(_, card)| card.namespace == namespace)
}

fn node(out: &mut dyn Write, id: usize, card: &Card) -> io::Result<()> {
    let style = match card.shape {
        Shape::Workloads => "",
        Shape::Entry => ", shape=cds, fillcolor=\"#ddf4ff\"",
        Shape::Nodes => ", shape=box3d, fillcolor=\"#eaeef2\"",
        Shape::Outside => ", style=filled, shape=ellipse, fillcolor=\"#fff1e5\", color=\"#bc4c00\"",
        Shape::Hub => ", shape=hexagon, style=\"filled\", fillcolor=\"#eaeef2\"",
    };
    let lines: Vec<String> = card.lines().iter().map(|line| escaped(line)).collect();
    writeln!(
        out,
        "  n{id} [label=\"{}\", tooltip={}{style}];",
        lines.join("\\n"),
        quoted(&card.members.join(", "))
    )
}

impl Card {
    /// What is written on the card, line by line, where there is no finer
    /// layout.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.members.iter().take(LONGEST_LIST).map(|m| shorten(m, LONGEST_TEXT)).collect();
        if let Some(more) = self.members.len().checked_sub(LONGEST_LIST)
            && more > 0
        {
            lines.push(format!("and {more} more"));
        }
        if !self.caption.is_empty() {
            lines.push(format!("({})", shorten(&self.caption, LONGEST_TEXT)));
        }
        lines.extend(self.among.iter().map(|text| format!("↻ {}", shorten(text, LONGEST_TEXT))));
        lines
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Inside a quoted string, where backslashes start escapes and `&` starts an
/// entity.
fn escaped(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}
