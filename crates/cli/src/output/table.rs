use std::io::{self, Read as _, Write};

use super::text::Text;

/// A table as kubectl prints them: aligned columns, no lines.
#[derive(Debug)]
pub(crate) struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<Text>>,
}

/// Columns are this far apart.
const GAP: usize = 3;

impl Table {
    /// A table with these column titles.
    pub(crate) fn new(titles: impl IntoIterator<Item = &'static str>) -> Table {
        Table { titles: titles.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row, a cell for each title.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Text>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// True without rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes it; nothing at all when it has no rows.
    pub(crate) fn write(&self, out: &mut dyn Write, color: bool) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let titles: Vec<Text> = self.titles.iter().map(|t| Text::from(*t)).collect();
        self.write_lines(std::iter::once(&titles).chain(&self.rows), out, color)
    }

    /// Writes its rows without the titles.
    pub(crate) fn write_rows(&self, out: &mut dyn Write, color: bool) -> io::Result<()> {
        self.write_lines(self.rows.iter(), out, color)
    }

    fn write_lines<'t>(
        &self,
        lines: impl Iterator<Item = &'t Vec<Text>>,
        out: &mut dyn Write,
        color: bool,
    ) -> io::Result<()> {
        let mut widths: Vec<usize> = self.titles.iter().map(|t| t.len()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        for row in lines {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                cell.write_inline(out, color)?;
                if at + 1 < row.len() {
                    // A format's width ends at 65,535, which a cell may be longer than.
                    let pad = width + GAP - cell.width();
                    io::copy(&mut io::repeat(b' ').take(pad as u64), out)?;
                }
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
