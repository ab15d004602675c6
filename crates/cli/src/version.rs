//! The versions of this program and of the server.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::core::CoreMode;
use crate::error::Error;
use crate::output;
use crate::session::{self, GlobalOptions};

/// What `version` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy version --client\n  argosy version -o json")]
pub struct VersionOptions {
    /// Only this program's version; nothing is connected to.
    #[arg(long)]
    client: bool,
    /// Only the version numbers.
    #[arg(long)]
    short: bool,
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Short,
    Json,
    Yaml,
}

fn client_version() -> Value {
    json!({
        "Version": concat!("v", env!("CARGO_PKG_VERSION")),
        "Platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

pub(crate) async fn version(
    options: &VersionOptions,
    global: &GlobalOptions,
    core: &dyn CoreMode,
) -> Result<(), Error> {
    let client = client_version();
    let server = if options.client {
        None
    } else {
        match session::connect(global, core).await {
            Ok(connection) => Some(connection.get::<Value>("/api/version", &[]).await?),
            // Without any server there is only one version to tell.
            Err(Error::NoServer) => None,
            Err(error) => return Err(error),
        }
    };
    let short = options.short || options.output == Format::Short;
    match options.output {
        Format::Json | Format::Yaml => {
            let pick =
                |value: &Value| if short { json!({"Version": value["Version"]}) } else { value.clone() };
            let mut both = Map::from_iter([("client".to_owned(), pick(&client))]);
            if let Some(server) = &server {
                both.insert("server".to_owned(), pick(server));
            }
            let both = Value::Object(both);
            output::print_value(&both, options.output == Format::Json);
        }
        Format::Wide | Format::Short => {
            print_block("argosy", &client, short);
            if let Some(server) = &server {
                print_block("argosy-server", server, short);
            }
        }
    }
    Ok(())
}

fn print_block(name: &str, version: &Value, short: bool) {
    println!("{name}: {}", version["Version"].as_str().unwrap_or("unknown"));
    if short {
        return;
    }
    for (key, value) in version.as_object().into_iter().flatten().filter(|(key, _)| *key != "Version") {
        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            println!("  {key}: {text}");
        }
    }
}
