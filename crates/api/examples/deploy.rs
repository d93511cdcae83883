//! Writes the files of `deploy/` below a directory: `cargo xtask generate`.

use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args_os().nth(1).ok_or("name the directory to write into")?;
    for file in fallgate_api::deploy::files()? {
        let mut text = String::from("# Generated from crates/api by `cargo xtask generate`.\n");
        for object in &file.objects {
            text.push_str("---\n");
            text.push_str(&serde_saphyr::to_string(object)?);
        }
        let path = Path::new(&out).join(&file.path);
        fs::create_dir_all(path.parent().ok_or("a file has no directory")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}
