//! Reads YAML from standard input and writes each document back as canonical JSON or YAML: a way to compare this
//! crate with another program. `--json` prints JSON, one document a line.

use std::io::{Read as _, Write as _};

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let json = std::env::args().any(|argument| argument == "--json");
    let mut out = std::io::stdout().lock();
    match goyaml::documents(&text) {
        Ok(documents) => {
            for document in documents {
                if json {
                    writeln!(out, "{}", document.value)?;
                } else {
                    write!(out, "---\n{}", goyaml::to_string(&document.value))?;
                }
            }
            Ok(())
        }
        Err(error) => Err(std::io::Error::other(error.to_string())),
    }
}
