use std::io::{self, Write};

use super::condense::{Card, Picture, Shape};
use super::layout::{CAPTION, Frame, Layout, NAME, PAD, ROW, Route, Spot};
use super::text::{shorten, xml};

/// Writes a picture as a scalable vector graphic: its own document, or a part
/// of an HTML page.
///
/// Every name is escaped, nothing is loaded from anywhere, and what is drawn
/// is also said: the title and description of the whole, and a title on each
/// line and card.
pub(crate) fn svg(out: &mut dyn Write, picture: &Picture, title: &str) -> io::Result<()> {
    let layout = Layout::of(picture);
    // What bends around the cards of the first column bends out of the layout.
    let (left, height) = (-BEND, layout.height + LEGEND_HEIGHT);
    let width = layout.width.max(LEGEND_WIDTH) + BEND;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fg\" role=\"img\" aria-labelledby=\"fg-title fg-desc\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"{left} 0 {width} {height}\">"
    )?;
    writeln!(out, "<title id=\"fg-title\">{}</title>", xml(title))?;
    writeln!(out, "<desc id=\"fg-desc\">{}</desc>", xml(&describe(picture)))?;
    writeln!(out, "<style>{STYLE}</style>")?;
    writeln!(out, "<defs>")?;
    for (id, class) in [("fg-a", "a"), ("fg-o", "a o"), ("fg-u", "a u")] {
        writeln!(
            out,
            "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto\"><path class=\"{class}\" d=\"M0 0.5L8 4L0 7.5z\"/></marker>"
        )?;
    }
    writeln!(out, "</defs>")?;
    writeln!(out, "<rect class=\"bg\" x=\"{left}\" width=\"{width}\" height=\"{height}\"/>")?;
    for frame in &layout.frames {
        frame_box(out, picture, frame)?;
    }
    for route in &layout.routes {
        line(out, picture, route)?;
    }
    for spot in &layout.spots {
        if let Some(card) = picture.cards.get(spot.card) {
            card_box(out, card, spot)?;
        }
    }
    legend(out, layout.height)?;
    writeln!(out, "</svg>")
}

const BEND: i32 = 16;
const LEGEND_HEIGHT: i32 = 30;
const LEGEND_WIDTH: i32 = 720;

/// What the picture shows, in words.
fn describe(picture: &Picture) -> String {
    let workloads: usize = picture
        .cards
        .iter()
        .filter(|card| card.shape == Shape::Workloads)
        .map(|card| card.members.len())
        .sum();
    let unknown = picture.edges.iter().filter(|edge| edge.label.unknown).count();
    let mut text = format!(
        "{workloads} workloads in {} namespaces, {} lines",
        picture.namespaces.len(),
        picture.edges.len()
    );
    if unknown > 0 {
        text.push_str(&format!(", {unknown} of them not certain"));
    }
    text.push_str(". An arrow ends at the ports it stands for.");
    text
}

fn frame_box(out: &mut dyn Write, picture: &Picture, frame: &Frame) -> io::Result<()> {
    let name = picture.namespaces.get(frame.namespace).map_or("", String::as_str);
    // Letters of this size are about 8 pixels wide.
    let letters = usize::try_from((frame.width - 24) / 8).unwrap_or(0).max(8);
    writeln!(
        out,
        "<g><title>namespace {}</title><rect class=\"ns\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>\
         <text class=\"nst\" x=\"{}\" y=\"{}\">{}</text></g>",
        xml(name),
        frame.x,
        frame.y,
        frame.width,
        frame.height,
        frame.x + 12,
        frame.y + 19,
        xml(&shorten(name, letters))
    )
}

fn line(out: &mut dyn Write, picture: &Picture, route: &Route) -> io::Result<()> {
    let Some(edge) = picture.edges.get(route.edge) else { return Ok(()) };
    let cards = (picture.cards.get(edge.from), picture.cards.get(edge.to));
    let (Some(from), Some(to)) = cards else { return Ok(()) };
    let outside = from.shape == Shape::Outside || to.shape == Shape::Outside;
    let (class, marker) = match (edge.label.unknown, outside) {
        (true, _) => ("e u", "fg-u"),
        (false, true) => ("e o", "fg-o"),
        (false, false) => ("e", "fg-a"),
    };
    writeln!(
        out,
        "<path class=\"{class}\" marker-end=\"url(#{marker})\" d=\"{}\"><title>{} → {}: {}</title></path>",
        path(route),
        xml(&name_of(picture, from)),
        xml(&name_of(picture, to)),
        xml(&edge.label.to_string())
    )
}

/// A card in words.
fn name_of(picture: &Picture, card: &Card) -> String {
    let namespace = card.namespace.and_then(|n| picture.namespaces.get(n));
    let names = card.members.join(", ");
    match (namespace, card.shape) {
        (Some(namespace), Shape::Hub) => format!("every workload of {namespace}"),
        (Some(namespace), _) => format!("{namespace}/{names}"),
        (None, _) => names,
    }
}

/// From the source, where need be through a lane, to the row of the target.
fn path(route: &Route) -> String {
    let bend = |from: (i32, i32), to: (i32, i32), away: (bool, bool)| {
        let reach = ((to.0 - from.0).abs() / 2).max(28);
        let sign = |right: bool| if right { 1 } else { -1 };
        format!(
            "C{} {} {} {} {} {}",
            from.0 + sign(away.0) * reach,
            from.1,
            to.0 - sign(away.1) * reach,
            to.1,
            to.0,
            to.1
        )
    };
    let (right_out, right_in) = route.rightwards;
    let start = format!("M{} {}", route.start.0, route.start.1);
    match route.lane {
        None => format!("{start}{}", bend(route.start, route.end, route.rightwards)),
        Some((enter, leave)) => format!(
            "{start}{}H{}{}",
            bend(route.start, enter, (right_out, right_out)),
            leave.0,
            bend(leave, route.end, (right_in, right_in))
        ),
    }
}

fn card_box(out: &mut dyn Write, card: &Card, spot: &Spot) -> io::Result<()> {
    let class = match card.shape {
        Shape::Workloads => "c",
        Shape::Entry => "c ce",
        Shape::Nodes => "c cn",
        Shape::Outside => "c co",
        Shape::Hub => "c ch",
    };
    let radius = if card.shape == Shape::Hub { 14 } else { 5 };
    writeln!(
        out,
        "<g><title>{}</title><rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{radius}\"/>",
        xml(&card.members.join(", ")),
        spot.x,
        spot.y,
        spot.width,
        spot.height
    )?;
    let x = spot.x + 10;
    let mut y = spot.y + PAD;
    for name in &spot.names {
        writeln!(out, "<text class=\"n\" x=\"{x}\" y=\"{}\">{}</text>", y + 12, xml(name))?;
        y += NAME;
    }
    if !spot.caption.is_empty() {
        writeln!(
            out,
            "<text class=\"k\" x=\"{x}\" y=\"{}\">{}</text>",
            y + 10,
            xml(&spot.caption)
        )?;
        y += CAPTION;
    }
    y += 4;
    let letters = usize::try_from((spot.width - 20) / 6).unwrap_or(0).max(8);
    for label in &spot.doors {
        let class = if label.unknown { "p u" } else { "p" };
        writeln!(
            out,
            "<rect class=\"r{}\" x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\"/><text class=\"{class}\" x=\"{x}\" y=\"{}\">{}</text>",
            if label.unknown { " u" } else { "" },
            spot.x + 4,
            spot.width - 8,
            ROW - 2,
            y + 12,
            xml(&shorten(&label.to_string(), letters))
        )?;
        y += ROW;
    }
    for text in &card.among {
        writeln!(
            out,
            "<text class=\"p l\" x=\"{x}\" y=\"{}\">↻ {}<title>{}</title></text>",
            y + 12,
            xml(&shorten(text, letters - 2)),
            xml(text)
        )?;
        y += ROW;
    }
    writeln!(out, "</g>")
}

fn legend(out: &mut dyn Write, top: i32) -> io::Result<()> {
    let y = top + 8;
    writeln!(
        out,
        "<g class=\"lg\"><path class=\"e\" d=\"M16 {0}h26\"/><text x=\"48\" y=\"{1}\">allowed</text>\
         <path class=\"e o\" d=\"M108 {0}h26\"/><text x=\"140\" y=\"{1}\">from or to outside</text>\
         <path class=\"e u\" d=\"M258 {0}h26\"/><text x=\"290\" y=\"{1}\">? not certain</text>\
         <text x=\"386\" y=\"{1}\">an arrow ends at its ports; ↻ among a card's own</text></g>",
        y,
        y + 4
    )
}

const STYLE: &str = "\
.fg{--ink:#1f2328;--mute:#59636e;--line:#6e7781;--frame:#d1d9e0;--fill:#f6f8fa;--card:#fff;--row:#eef1f4;\
--out:#bc4c00;--outf:#fff4ec;--in:#0969da;--inf:#eaf4ff;--q:#8250df;--qf:#f6efff;\
font:12px system-ui,\"DejaVu Sans\",Helvetica,Arial,sans-serif}\
@media (prefers-color-scheme:dark){.fg{--ink:#f0f6fc;--mute:#9198a1;--line:#8b949e;--frame:#3d444d;--fill:#151b23;\
--card:#212830;--row:#2d343d;--out:#f0883e;--outf:#2b1d10;--in:#58a6ff;--inf:#10233c;--q:#bc8cff;--qf:#261a3b}\
.fg .bg{fill:#0d1117}}\
.fg .bg{fill:#fff}\
@media (prefers-color-scheme:dark){.fg .bg{fill:#0d1117}}\
.fg .ns{fill:var(--fill);stroke:var(--frame)}.fg .nst{font-weight:600;font-size:13px;fill:var(--ink)}\
.fg .c{fill:var(--card);stroke:var(--line)}.fg .ce{fill:var(--inf);stroke:var(--in)}\
.fg .co{fill:var(--outf);stroke:var(--out)}.fg .cn,.fg .ch{fill:var(--row);stroke:var(--mute)}\
.fg .n{font-weight:600;fill:var(--ink)}.fg .k{font-size:10.5px;fill:var(--mute)}\
.fg .r{fill:var(--row)}.fg .r.u{fill:var(--qf)}.fg .p{font-size:11px;fill:var(--ink)}.fg .p.u{fill:var(--q)}\
.fg .p.l{fill:var(--mute)}\
.fg .e{fill:none;stroke:var(--line);stroke-width:1.3}.fg .e.o{stroke:var(--out)}\
.fg .e.u{stroke:var(--q);stroke-dasharray:5 3}.fg .e:hover{stroke-width:3}\
.fg .a{fill:var(--line)}.fg .a.o{fill:var(--out)}.fg .a.u{fill:var(--q)}\
.fg .lg text{font-size:11px;fill:var(--mute)}";
