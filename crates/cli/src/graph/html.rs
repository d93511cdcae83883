use std::collections::BTreeMap;
use std::io::{self, Write};

use super::condense::Picture;
use super::matrix::{Cell, Groups};
use super::svg::svg;
use super::text::{shorten, xml};
use super::{Graph, Link, Place, READABLE_CARDS, READABLE_EDGES};

/// What a page says besides the graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The heading.
    pub(crate) title: String,
    /// What was read and how, one fact each.
    pub(crate) facts: Vec<(String, String)>,
    /// What was not evaluated, or is worth knowing, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// More rows than this are no table that anybody reads.
const MOST_ROWS: usize = 120;

/// More than this and nobody scrolls through the list.
const MOST_LINKS: usize = 20_000;

/// Writes a page of its own: matrices, the picture, and every connection as
/// text. It needs no scripts and loads nothing, and says so to the browser.
pub(crate) fn html(out: &mut dyn Write, graph: &Graph, page: &Page) -> io::Result<()> {
    let title = xml(&page.title);
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    )?;
    writeln!(out, "<dl>")?;
    for (name, value) in &page.facts {
        writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", xml(name), xml(value))?;
    }
    writeln!(out, "</dl>")?;
    if !page.notes.is_empty() {
        writeln!(out, "<section><h2>Not evaluated, or worth knowing</h2>\n<ul class=\"notes\">")?;
        for note in &page.notes {
            writeln!(out, "<li>{}</li>", xml(note))?;
        }
        writeln!(out, "</ul></section>")?;
    }
    key(out)?;
    namespaces(out, graph)?;
    let (rows, columns) = sides(graph);
    if rows.len().max(columns.len()) <= MOST_ROWS {
        matrix(out, graph, &rows, &columns)?;
    } else {
        writeln!(
            out,
            "<p>{} places are too many for one matrix; <code>-n NAMESPACE</code>, <code>--from</code> and \
             <code>--to</code> choose some.</p>",
            graph.places.len()
        )?;
    }
    let picture = Picture::of(graph);
    if picture.edges.len() <= 4 * READABLE_EDGES && picture.cards.len() <= 2 * READABLE_CARDS {
        writeln!(
            out,
            "<section><h2>Picture</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Picture\">"
        )?;
        svg(out, &picture, &page.title)?;
        writeln!(out, "</div></section>")?;
    }
    connections(out, graph)?;
    writeln!(out, "</main>\n</body>\n</html>")
}

fn key(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<p class=\"key\">Rows reach columns. ")?;
    for (cell, text) in [
        (Cell::All, "every port"),
        (Cell::Some, "some ports or some of the pairs"),
        (Cell::Unknown, "not certain"),
        (Cell::None, "nothing"),
    ] {
        write!(out, "<span class=\"{}\">{}</span> {text} ", cell.class(), cell.symbol())?;
    }
    writeln!(out, "</p>")
}

fn namespaces(out: &mut dyn Write, graph: &Graph) -> io::Result<()> {
    let groups = Groups::of(graph);
    if groups.names.len() < 2 || groups.names.len() > MOST_ROWS {
        return Ok(());
    }
    let cells = groups.cells(graph);
    writeln!(
        out,
        "<section><h2>Namespaces</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Namespaces\">\
         <table class=\"m\">\n<caption>How many pairs of places are connected, by namespace.</caption>"
    )?;
    head(out, groups.names.iter().map(String::as_str))?;
    for (row, name) in groups.names.iter().enumerate() {
        write!(
            out,
            "<tr><th scope=\"row\" title=\"{0}\">{1}</th>",
            xml(name),
            xml(&shorten(name, 40))
        )?;
        for (column, to) in groups.names.iter().enumerate() {
            match cells.get(&(row, column)) {
                None => write!(out, "<td class=\"c0\">·</td>")?,
                Some((cell, pairs)) => write!(
                    out,
                    "<td class=\"{}\" title=\"{} → {}, pairs: {pairs}\">{} {pairs}</td>",
                    cell.class(),
                    xml(name),
                    xml(to),
                    cell.symbol()
                )?,
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

/// The places that reach something, and those that are reached; a matrix with
/// everybody else in it would be mostly empty.
fn sides(graph: &Graph) -> (Vec<usize>, Vec<usize>) {
    let mut from: Vec<usize> = graph.links.iter().map(|link| link.from).collect();
    let mut to: Vec<usize> = graph.links.iter().map(|link| link.to).collect();
    for side in [&mut from, &mut to] {
        side.sort_unstable();
        side.dedup();
    }
    (from, to)
}

fn matrix(out: &mut dyn Write, graph: &Graph, rows: &[usize], columns: &[usize]) -> io::Result<()> {
    let links: BTreeMap<(usize, usize), &Link> =
        graph.links.iter().map(|link| ((link.from, link.to), link)).collect();
    let place = |at: &usize| graph.places.get(*at);
    writeln!(
        out,
        "<section><h2>Workloads</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Workloads\">\
         <table class=\"m\">\n<caption>Who reaches whom; the ports are in each cell's title and in the list below.</caption>"
    )?;
    let names: Vec<String> = columns.iter().filter_map(place).map(Place::full_name).collect();
    head(out, names.iter().map(String::as_str))?;
    let mut last = None;
    for row in rows {
        let Some(from) = place(row) else { continue };
        let class = if last.is_some_and(|n| n != &from.namespace) { " class=\"g\"" } else { "" };
        last = Some(&from.namespace);
        let name = from.full_name();
        write!(
            out,
            "<tr{class}><th scope=\"row\" title=\"{}\">{}</th>",
            xml(&name),
            xml(&shorten(&name, 40))
        )?;
        for (column, to) in columns.iter().zip(&names) {
            match links.get(&(*row, *column)) {
                None => write!(out, "<td class=\"c0\">·</td>")?,
                Some(link) => {
                    let cell = Cell::of(link);
                    write!(
                        out,
                        "<td class=\"{}\" title=\"{} → {}: {}\">{}{}</td>",
                        cell.class(),
                        xml(&name),
                        xml(to),
                        xml(&text(link)),
                        cell.symbol(),
                        if cell != Cell::Unknown && !link.unknown.is_empty() { "?" } else { "" }
                    )?;
                }
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn head<'n>(out: &mut dyn Write, names: impl Iterator<Item = &'n str>) -> io::Result<()> {
    write!(out, "<thead><tr><td></td>")?;
    for name in names {
        write!(
            out,
            "<th scope=\"col\" title=\"{}\"><span>{}</span></th>",
            xml(name),
            xml(&shorten(name, 30))
        )?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")
}

fn connections(out: &mut dyn Write, graph: &Graph) -> io::Result<()> {
    writeln!(out, "<section><h2>Connections</h2>")?;
    if graph.links.len() > MOST_LINKS {
        return writeln!(
            out,
            "<p>{} connections; <code>-o csv</code> lists them all.</p></section>",
            graph.links.len()
        );
    }
    let place = |at: usize| graph.places.get(at).map(Place::full_name).unwrap_or_default();
    let mut open: Option<usize> = None;
    for link in &graph.links {
        if open != Some(link.from) {
            if open.is_some() {
                writeln!(out, "</tbody></table></details>")?;
            }
            let count = graph.links.iter().filter(|l| l.from == link.from).count();
            writeln!(
                out,
                "<details{}><summary>{} <span class=\"q\">reaches {count}</span></summary>\n<table class=\"l\"><thead><tr>\
                 <th scope=\"col\">to</th><th scope=\"col\">ports</th></tr></thead><tbody>",
                if graph.links.len() <= 200 { " open" } else { "" },
                xml(&shorten(&place(link.from), 160))
            )?;
            open = Some(link.from);
        }
        writeln!(
            out,
            "<tr><td>{}</td><td class=\"{}\">{}</td></tr>",
            xml(&place(link.to)),
            Cell::of(link).class(),
            xml(&text(link))
        )?;
    }
    if open.is_some() {
        writeln!(out, "</tbody></table></details>")?;
    } else {
        writeln!(out, "<p>Nothing is allowed.</p>")?;
    }
    writeln!(out, "</section>")
}

/// What a link allows, as text.
fn text(link: &Link) -> String {
    let mut text = link.ports.clone();
    if !link.unknown.is_empty() {
        let sep = if text.is_empty() { "" } else { "; " };
        text = format!("{text}{sep}not certain: {}", link.unknown);
    }
    if link.partial {
        text.push_str(" (partial: replicas or families differ)");
    }
    text
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2328;--mute:#59636e;--bg:#fff;--soft:#f6f8fa;--rule:#d1d9e0;\
--all:#b35900;--allb:#ffd8a8;--some:#0b5cad;--someb:#cfe5fb;--unk:#6639ba;--unkb:#e9dcfb}\
@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--mute:#9198a1;--bg:#0d1117;--soft:#151b23;--rule:#3d444d;\
--all:#ffb77c;--allb:#4d2d00;--some:#9ecbff;--someb:#0c2d6b;--unk:#d2a8ff;--unkb:#3c1e70}}\
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 system-ui,\"DejaVu Sans\",Helvetica,Arial,sans-serif}\
main{max-width:1600px;margin:0 auto;padding:24px}h1{font-size:22px;margin:0 0 12px}h2{font-size:17px;margin:28px 0 8px}\
dl{display:flex;flex-wrap:wrap;gap:6px 28px;margin:0}dl div{display:flex;gap:8px}dt{color:var(--mute)}dd{margin:0;font-weight:600}\
.notes li{margin:2px 0}.key span{display:inline-block;min-width:22px;text-align:center;border-radius:4px;margin-left:10px}\
.wide{overflow:auto;max-height:80vh;border:1px solid var(--rule);border-radius:8px}.wide .fg{max-width:100%;min-width:900px;height:auto}.wide:focus{outline:2px solid var(--some)}\
table{border-collapse:separate;border-spacing:0}caption{text-align:left;white-space:nowrap;color:var(--mute);padding:8px 10px}\
.m th{font-weight:500;white-space:nowrap;background:var(--soft);padding:3px 10px;text-align:left;font-size:13px}\
.m tbody th{position:sticky;left:0;z-index:1;border-right:1px solid var(--rule)}\
.m thead th{position:sticky;top:0;z-index:2;vertical-align:bottom;padding:8px 4px;border-bottom:1px solid var(--rule)}\
.m thead td{position:sticky;top:0;left:0;z-index:3;background:var(--soft);border-bottom:1px solid var(--rule)}\
.m thead span{writing-mode:vertical-rl;transform:rotate(180deg);display:inline-block}\
.m td{text-align:center;min-width:26px;height:24px;padding:0 4px;font-variant-numeric:tabular-nums;white-space:nowrap}\
.m tbody tr:hover td,.m tbody tr:hover th{box-shadow:inset 0 1px var(--mute),inset 0 -1px var(--mute)}\
.m tr.g td,.m tr.g th{border-top:1px solid var(--rule)}\
.c0{color:var(--rule)}.ca{background:var(--allb);color:var(--all)}.cs{background:var(--someb);color:var(--some)}\
.cu{background:var(--unkb);color:var(--unk)}\
details{border:1px solid var(--rule);border-radius:8px;margin:6px 0}summary{padding:6px 12px;cursor:pointer;font-weight:600;overflow-wrap:anywhere}\
.q{color:var(--mute);font-weight:400}.l{width:100%}.l th,.l td{text-align:left;padding:3px 12px;border-top:1px solid var(--rule);overflow-wrap:anywhere}\
.l th{color:var(--mute);font-weight:500}.l td{width:50%}";
