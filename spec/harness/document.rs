//! A file of examples: headings, and the blocks under them.

/// One file.
pub(crate) struct File {
    /// As in failures, such as `spec/ports.md`.
    pub(crate) name: String,
    /// The blocks before the first heading, which belong to every section.
    pub(crate) shared: Vec<Block>,
    pub(crate) sections: Vec<Section>,
}

/// A test.
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) line: usize,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block.
pub(crate) struct Block {
    pub(crate) kind: Kind,
    /// The line of its first line, from 1.
    pub(crate) line: usize,
    pub(crate) lines: Vec<String>,
}

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Manifest,
    Options,
    Diagnostics,
    Questions,
    Map,
    Services,
    Exposure,
    Text,
}

impl Kind {
    fn of(info: &str) -> Option<Kind> {
        Some(match info {
            "yaml" | "json" => Kind::Manifest,
            "options" => Kind::Options,
            "diagnostics" => Kind::Diagnostics,
            "questions" => Kind::Questions,
            "map" => Kind::Map,
            "services" => Kind::Services,
            "exposure" => Kind::Exposure,
            "text" => Kind::Text,
            _ => return None,
        })
    }

    /// Whether it says what is expected.
    pub(crate) fn expects(self) -> bool {
        !matches!(self, Kind::Manifest | Kind::Options | Kind::Text)
    }
}

impl Block {
    /// The lines that say something, each with its number.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.lines.iter().zip(self.line..).map(|(line, n)| (n, line.trim()));
        numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    }
}

impl File {
    pub(crate) fn parse(name: &str, text: &str) -> Result<File, String> {
        let mut file = File { name: name.to_owned(), shared: Vec::new(), sections: Vec::new() };
        let mut open: Option<Block> = None;
        for (line, number) in text.lines().zip(1..) {
            let fail = |what: &str| Err(format!("{name}:{number}: {what}"));
            if let Some(block) = &mut open {
                if line.trim_end() != "```" {
                    block.lines.push(line.to_owned());
                } else if let Some(block) = open.take() {
                    match file.sections.last_mut() {
                        Some(section) => section.blocks.push(block),
                        None => file.shared.push(block),
                    }
                }
            } else if let Some(info) = line.strip_prefix("```") {
                let Some(kind) = Kind::of(info.trim()) else {
                    return fail(&format!("no block is called `{}`", info.trim()));
                };
                if file.sections.is_empty() && kind.expects() {
                    return fail("what is expected belongs under a heading");
                }
                open = Some(Block { kind, line: number + 1, lines: Vec::new() });
            } else if let Some(heading) = line.strip_prefix("## ") {
                let heading = heading.trim().to_owned();
                if file.sections.iter().any(|s| slug(&s.heading) == slug(&heading)) {
                    return fail("the file has this heading already");
                }
                file.sections.push(Section { heading, line: number, blocks: Vec::new() });
            }
        }
        match open {
            Some(block) => Err(format!("{name}:{}: the block has no end", block.line - 1)),
            None => Ok(file),
        }
    }
}

/// The anchor that a heading has.
pub(crate) fn slug(heading: &str) -> String {
    let kept = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    };
    heading.to_lowercase().chars().filter_map(kept).collect()
}
