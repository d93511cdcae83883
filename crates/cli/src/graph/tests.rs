//! Pictures of small graphs, of hostile ones and of many random ones.

use std::collections::BTreeSet;

use snapbox::{IntoData, assert_data_eq, str};

use super::condense::{Card, Picture, Shape};
use super::layout::Layout;
use super::matrix::{Cell, Groups};
use super::{Graph, Kind, Link, Page, Place, dot, html, mermaid, svg};

/// Reads a graph: `a/x -> b/y: ports ? unknown`, a link a line. A name that
/// starts with a digit is outside; one with `!` is an Ingress.
fn graph(text: &str) -> Graph {
    let mut graph = Graph::default();
    let place = |graph: &mut Graph, name: &str| {
        let (namespace, bare) = match name.split_once('/') {
            Some((namespace, bare)) if !name.starts_with(|c: char| c.is_ascii_digit()) => {
                (Some(namespace.to_owned()), bare)
            }
            _ => (None, name),
        };
        let kind = match (namespace.is_some(), bare.strip_suffix('!')) {
            (false, _) => Kind::Outside,
            (true, Some(_)) => Kind::Entry("Ingress".to_owned()),
            (true, None) => Kind::Workload("Deployment".to_owned()),
        };
        let name = bare.trim_end_matches('!').to_owned();
        let place = Place { kind, namespace, name, note: String::new() };
        match graph.places.iter().position(|known| *known == place) {
            Some(at) => at,
            None => {
                graph.places.push(place);
                graph.places.len() - 1
            }
        }
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (ends, allowed) = line.split_once(": ").unwrap();
        let (from, to) = ends.split_once(" -> ").unwrap();
        let (ports, unknown) = allowed.split_once('?').unwrap_or((allowed, ""));
        let (from, to) = (place(&mut graph, from), place(&mut graph, to));
        graph.links.push(link(from, to, ports.trim(), unknown.trim()));
    }
    graph
}

fn link(from: usize, to: usize, ports: &str, unknown: &str) -> Link {
    Link {
        from,
        to,
        ports: ports.to_owned(),
        every_port: ports == "all",
        unknown: unknown.to_owned(),
        partial: false,
    }
}

const SHOP: &str = "
    shop/web! -> shop/web: 8080/tcp
    shop/web -> shop/api: 9090/tcp
    shop/api -> shop/db: 5432/tcp ? 9187/tcp
    shop/db -> shop/db: all
    shop/web -> dns/coredns: 53/udp
    shop/api -> dns/coredns: 53/udp
    shop/db -> dns/coredns: 53/udp
    shop/api -> 203.0.113.0/25: 443/tcp
    0.0.0.0/0 -> shop/web: 8080/tcp";

fn text(write: impl Fn(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn every_format(graph: &Graph) -> [String; 4] {
    let picture = Picture::of(graph);
    let page = Page {
        title: "Who <reaches> \"whom\"".to_owned(),
        facts: vec![("Read".to_owned(), "a&b.yaml".to_owned())],
        notes: vec!["<img src=x onerror=alert(1)>".to_owned()],
    };
    [
        text(|out| dot(out, &picture)),
        text(|out| mermaid(out, &picture)),
        text(|out| svg(out, &picture, &page.title)),
        text(|out| html(out, graph, &page)),
    ]
}

#[test]
fn graphviz() {
    assert_data_eq!(text(|out| dot(out, &Picture::of(&graph(SHOP)))), str![[r##"
digraph fallgate {
  graph [rankdir=LR, fontname="Helvetica", nodesep=0.25, ranksep=0.9];
  node [shape=box, style="rounded,filled", fillcolor=white, color="#57606a", fontname="Helvetica", fontsize=11];
  edge [color="#57606a", fontname="Helvetica", fontsize=9, arrowsize=0.7];
  subgraph cluster_0 {
    label="dns"; labeljust=l; style="rounded,filled"; color="#afb8c1"; fillcolor="#f6f8fa";
    n4 [label="coredns\n(Deployment)", tooltip="coredns"];
  }
  subgraph cluster_1 {
    label="shop"; labeljust=l; style="rounded,filled"; color="#afb8c1"; fillcolor="#f6f8fa";
    n0 [label="web\n(Ingress)", tooltip="web", shape=cds, fillcolor="#ddf4ff"];
    n1 [label="web\n(Deployment)", tooltip="web"];
    n2 [label="api\n(Deployment)", tooltip="api"];
    n3 [label="db\n(Deployment)\n↻ all", tooltip="db"];
  }
  n5 [label="203.0.113.0/25\n(outside)", tooltip="203.0.113.0/25", style=filled, shape=ellipse, fillcolor="#fff1e5", color="#bc4c00"];
  n6 [label="0.0.0.0/0\n(outside)", tooltip="0.0.0.0/0", style=filled, shape=ellipse, fillcolor="#fff1e5", color="#bc4c00"];
  n7 [label="every workload", tooltip="every workload", shape=hexagon, style="filled", fillcolor="#eaeef2"];
  n0 -> n1 [label="8080/tcp", tooltip="8080/tcp"];
  n1 -> n2 [label="9090/tcp", tooltip="9090/tcp"];
  n2 -> n3 [label="5432/tcp", tooltip="5432/tcp"];
  n2 -> n3 [label="? 9187/tcp", tooltip="? 9187/tcp", style=dashed, color="#8250df"];
  n2 -> n5 [label="443/tcp", tooltip="443/tcp"];
  n6 -> n1 [label="8080/tcp", tooltip="8080/tcp"];
  n7 -> n4 [label="53/udp", tooltip="53/udp"];
}

"##]].raw());
}

#[test]
fn mermaid_flowchart() {
    assert_data_eq!(
        text(|out| mermaid(out, &Picture::of(&graph(SHOP)))),
        str![[r#"
flowchart LR
  subgraph g0["dns"]
    n4["coredns<br/>(Deployment)"]
  end
  subgraph g1["shop"]
    n0>"web<br/>(Ingress)"]:::entry
    n1["web<br/>(Deployment)"]
    n2["api<br/>(Deployment)"]
    n3["db<br/>(Deployment)<br/>↻ all"]
  end
  n5(["203.0.113.0/25<br/>(outside)"]):::outside
  n6(["0.0.0.0/0<br/>(outside)"]):::outside
  n7{{"every workload"}}:::hub
  n0 -->|"8080/tcp"| n1
  n1 -->|"9090/tcp"| n2
  n2 -->|"5432/tcp"| n3
  n2 -.->|"? 9187/tcp"| n3
  n2 -->|"443/tcp"| n5
  n6 -->|"8080/tcp"| n1
  n7 -->|"53/udp"| n4
  classDef outside fill:#fff1e5,stroke:#bc4c00,color:#1f2328
  classDef entry fill:#ddf4ff,stroke:#0969da,color:#1f2328
  classDef hub fill:#eaeef2,stroke:#57606a,color:#1f2328

"#]]
    );
}

#[test]
fn a_picture_as_text() {
    // One line of the shop, so that the paths can be followed by eye.
    let small = graph("a/x -> b/y: 80/tcp ? 443/tcp");
    let svg = text(|out| svg(out, &Picture::of(&small), "two"));
    let drawn: Vec<&str> = svg
        .lines()
        .filter(|l| l.starts_with("<path class=\"e") || l.starts_with("<g><title>"))
        .collect();
    assert_data_eq!(
        drawn.join("\n"),
        str![[r#"
<g><title>namespace a</title><rect class="ns" x="2" y="16" width="146" height="86" rx="8"/><text class="nst" x="14" y="35">a</text></g>
<g><title>namespace b</title><rect class="ns" x="220" y="16" width="146" height="123" rx="8"/><text class="nst" x="232" y="35">b</text></g>
<path class="e" marker-end="url(#fg-a)" d="M134 60C184 60 184 94 234 94"><title>a/x → b/y: 80/tcp</title></path>
<path class="e u" marker-end="url(#fg-u)" d="M134 60C184 60 184 111 234 111"><title>a/x → b/y: ? 443/tcp</title></path>
<g><title>x</title><rect class="c" x="16" y="44" width="118" height="44" rx="5"/>
<g><title>y</title><rect class="c" x="234" y="44" width="118" height="81" rx="5"/>
"#]]
    );
}

#[test]
fn a_page_as_text() {
    let small = graph("a/x -> b/y: 80/tcp ? 443/tcp");
    let page = text(|out| html(out, &small, &Page { title: "two".to_owned(), ..Page::default() }));
    let body = page.split_once("<main>").unwrap().1;
    let tables = body.split_once("<section><h2>Picture").unwrap().0;
    assert_data_eq!(
        tables.to_owned(),
        str![[r#"

<h1>two</h1>
<dl>
</dl>
<p class="key">Rows reach columns. <span class="ca">●</span> every port <span class="cs">◐</span> some ports or some of the pairs <span class="cu">?</span> not certain <span class="c0">·</span> nothing </p>
<section><h2>Namespaces</h2>
<div class="wide" tabindex="0" role="region" aria-label="Namespaces"><table class="m">
<caption>How many pairs of places are connected, by namespace.</caption>
<thead><tr><td></td><th scope="col" title="a"><span>a</span></th><th scope="col" title="b"><span>b</span></th></tr></thead>
<tbody>
<tr><th scope="row" title="a">a</th><td class="c0">·</td><td class="cs" title="a → b, pairs: 1">◐ 1</td></tr>
<tr><th scope="row" title="b">b</th><td class="c0">·</td><td class="c0">·</td></tr>
</tbody></table></div></section>
<section><h2>Workloads</h2>
<div class="wide" tabindex="0" role="region" aria-label="Workloads"><table class="m">
<caption>Who reaches whom; the ports are in each cell's title and in the list below.</caption>
<thead><tr><td></td><th scope="col" title="b/y"><span>b/y</span></th></tr></thead>
<tbody>
<tr><th scope="row" title="a/x">a/x</th><td class="cs" title="a/x → b/y: 80/tcp; not certain: 443/tcp">◐?</td></tr>
</tbody></table></div></section>

"#]]
    );
}

#[test]
fn a_cell_of_namespaces_is_full_only_when_every_pair_is() {
    let cell = |text: &str| {
        let graph = graph(text);
        let cells = Groups::of(&graph).cells(&graph);
        cells.get(&(0, 0)).copied().unwrap()
    };
    assert_eq!(cell("a/x -> a/x: all"), (Cell::All, 1));
    assert_eq!(cell("a/x -> a/y: all\na/y -> a/x: all"), (Cell::All, 2));
    assert_eq!(cell("a/x -> a/y: all"), (Cell::Some, 1));
    assert_eq!(cell("a/x -> a/y: all\na/y -> a/x: 80/tcp"), (Cell::Some, 2));
    assert_eq!(cell("a/x -> a/y: ? 80/tcp"), (Cell::Unknown, 1));
}

#[test]
fn twins_share_a_card_and_everybody_a_hub() {
    let picture = Picture::of(&graph(
        "a/x -> dns/d: 53/udp
         a/y -> dns/d: 53/udp
         a/z -> dns/d: 53/udp
         b/p -> dns/d: 53/udp
         a/x -> a/z: 80/tcp
         a/y -> a/z: 80/tcp
         a/x -> a/y: all
         a/y -> a/x: all",
    ));
    let names: Vec<String> = picture
        .cards
        .iter()
        .map(|card| format!("{} {:?}", card.members.join("+"), card.among))
        .collect();
    assert_eq!(names, ["x+y [\"each other all\"]", "d []", "z []", "p []", "every workload []"]);
    assert_eq!(picture.edges.len(), 2);
}

/// Names that mean something to a terminal, a browser, Graphviz or Mermaid.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><svg onload=alert(1)>",
    "it's \"quoted\"",
    "back\\slash\\",
    "line\nbreak\r",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{202e}live\u{2066}",
    "&lt;&amp;&#60;",
    "`tick` | pipe ]]> --> #quot; end",
    "%{directive}%%",
    "</style><style>*{display:none}",
    "",
    "a-name-that-is-longer-than-anything-that-a-card-has-room-for-and-then-some-more-of-it",
];

fn hostile() -> Graph {
    let mut graph = Graph::default();
    for name in HOSTILE {
        let kind = Kind::Workload((*name).to_owned());
        let namespace = Some((*name).to_owned());
        graph.places.push(Place { kind, namespace, name: (*name).to_owned(), note: String::new() });
    }
    for (at, name) in HOSTILE.iter().enumerate() {
        graph.links.push(link(at, (at + 1) % HOSTILE.len(), name, ""));
        graph.links.push(link(at, (at + 3) % HOSTILE.len(), "", name));
    }
    graph
}

#[test]
fn no_name_leaves_its_place() {
    let [dot, mermaid, svg, html] = every_format(&hostile());
    for text in [&dot, &mermaid, &svg, &html] {
        let hidden =
            |c: char| c != '\n' && c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(hidden), "{text}");
    }
    for markup in [&svg, &html] {
        well_formed(markup);
        for tag in tags(markup) {
            for bad in ["script", "onload", "onerror", "img"] {
                assert!(!tag.contains(bad), "{tag}");
            }
        }
    }
    for line in dot.lines() {
        let unescaped = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(unescaped.matches('"').count() % 2, 0, "{line}");
    }
    for line in mermaid.lines().filter(|line| line.contains('"')) {
        let parts: Vec<&str> = line.split('"').collect();
        assert_eq!(parts.len(), 3, "{line}");
        assert!(
            !parts[1].replace("<br/>", "").contains(['<', '>', '`', '|', '[', ']', '{']),
            "{line}"
        );
    }
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let [.., page] = every_format(&graph(SHOP));
    let links = page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "");
    for bad in ["http:", "https:", "url(http", "@import", "javascript:"] {
        assert!(!links.contains(bad), "{bad}");
    }
    for tag in tags(&page) {
        for bad in ["script", "link", "img", " on"] {
            assert!(!tag.contains(bad), "{tag}");
        }
    }
    assert!(page.contains("default-src 'none'"));
}

/// The tags, without the values of their attributes.
fn tags(markup: &str) -> Vec<String> {
    let tag = |text: &str| {
        let inner = text.split('>').next().unwrap();
        inner.split('"').step_by(2).collect::<Vec<_>>().concat()
    };
    markup.split('<').skip(1).map(tag).collect()
}

/// Every tag that is opened is closed, in order.
fn well_formed(markup: &str) {
    const VOID: [&str; 3] = ["meta", "!doctype", "br"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start + 1..];
        let end = tag.find('>').expect("a tag must end");
        let (tag, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// A graph from a seed: some namespaces, some places, links that are often
/// alike.
fn random(seed: u64) -> Graph {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut graph = Graph::default();
    let namespaces = 1 + next(4);
    let count = 2 + next(11);
    for at in 0..count {
        let outside = next(8) == 0;
        graph.places.push(Place {
            kind: if outside { Kind::Outside } else { Kind::Workload("Deployment".to_owned()) },
            namespace: (!outside).then(|| format!("ns{}", next(namespaces))),
            name: format!("p{at}"),
            note: String::new(),
        });
    }
    let dense = next(4);
    for from in 0..count {
        for to in 0..count {
            let outside = |at: usize| graph.places[at].kind == Kind::Outside;
            if outside(from) && outside(to) || next(4) > dense {
                continue;
            }
            let ports = ["all", "all", "80/tcp", ""][next(4)];
            let unknown = if ports.is_empty() { "443/tcp" } else { "" };
            graph.links.push(link(from, to, ports, unknown));
        }
    }
    graph
}

/// What a picture says about pairs of places, read back from it.
fn said(picture: &Picture) -> BTreeSet<(String, String, String)> {
    let members = |card: &Card| -> Vec<String> {
        match card.shape {
            Shape::Hub => picture
                .cards
                .iter()
                .filter(|c| c.shape == Shape::Workloads)
                .filter(|c| card.namespace.is_none() || c.namespace == card.namespace)
                .flat_map(|c| c.members.clone())
                .collect(),
            _ => card.members.clone(),
        }
    };
    let mut said = BTreeSet::new();
    for edge in &picture.edges {
        for a in members(&picture.cards[edge.from]) {
            for b in members(&picture.cards[edge.to]) {
                if a != b {
                    said.insert((a.clone(), b, edge.label.to_string()));
                }
            }
        }
    }
    for card in &picture.cards {
        for text in &card.among {
            let (own, others, label) =
                match (text.strip_prefix("own replicas "), text.strip_prefix("each other ")) {
                    (Some(label), _) => (true, false, label),
                    (_, Some(label)) => (false, true, label),
                    (None, None) => (true, true, text.as_str()),
                };
            for a in &members(card) {
                for b in &members(card) {
                    if a == b && own || a != b && others {
                        said.insert((a.clone(), b.clone(), label.to_owned()));
                    }
                }
            }
        }
    }
    said
}

#[test]
fn a_picture_says_what_the_graph_says_and_nothing_else() {
    for seed in 0..3000 {
        let graph = random(seed);
        let name = |at: usize| graph.places[at].name.clone();
        let written: BTreeSet<(String, String, String)> = graph
            .links
            .iter()
            .map(|l| {
                let label =
                    if l.ports.is_empty() { format!("? {}", l.unknown) } else { l.ports.clone() };
                (name(l.from), name(l.to), label)
            })
            .collect();
        assert_eq!(said(&Picture::of(&graph)), written, "seed {seed}: {graph:?}");
        assert_eq!(said(&Picture::plain(&graph)), written, "seed {seed}: {graph:?}");
    }
}

#[test]
fn the_order_of_links_is_irrelevant() {
    for seed in 0..100 {
        let graph = random(seed);
        let mut reversed = graph.clone();
        reversed.links.reverse();
        assert_eq!(Picture::of(&graph), Picture::of(&reversed), "seed {seed}");
        let again = every_format(&graph);
        assert_eq!(every_format(&graph), again);
    }
}

#[test]
fn nothing_overlaps_and_everything_is_on_the_picture() {
    for seed in 0..1000 {
        let graph = random(seed);
        let picture = Picture::of(&graph);
        let layout = Layout::of(&picture);
        let boxes: Vec<(i32, i32, i32, i32)> =
            layout.spots.iter().map(|s| (s.x, s.y, s.x + s.width, s.y + s.height)).collect();
        let frames: Vec<(i32, i32, i32, i32)> =
            layout.frames.iter().map(|f| (f.x, f.y, f.x + f.width, f.y + f.height)).collect();
        for rects in [&boxes, &frames] {
            for (i, a) in rects.iter().enumerate() {
                assert!(
                    a.0 >= 0 && a.1 >= 0 && a.2 <= layout.width && a.3 <= layout.height,
                    "seed {seed}"
                );
                for b in &rects[i + 1..] {
                    let apart = a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
                    assert!(apart, "seed {seed}: {a:?} {b:?}");
                }
            }
        }
        for route in &layout.routes {
            let lane = route.lane.map(|(a, b)| [a, b]).into_iter().flatten();
            for (x, y) in [route.start, route.end].into_iter().chain(lane) {
                assert!(x >= 0 && y >= 0 && x <= layout.width && y <= layout.height, "seed {seed}");
            }
        }
    }
}
