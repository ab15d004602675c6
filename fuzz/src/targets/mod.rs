//! The targets. Each feeds one room and asserts what must hold; that nothing panics, hangs or eats the memory is asserted
//! for all of them by `meter` and libFuzzer.

mod chart;
mod directory;
mod objects;
mod patches;
mod plugin;
mod policy;
mod records;
mod remote;
mod rules;
mod server;
mod template;
mod texts;
mod yaml;

/// One thing to fuzz.
pub struct Target {
    /// Its name: of the corpus folder, too.
    pub name: &'static str,
    /// The file of words in `dictionaries` that inputs are made of.
    pub dictionary: &'static str,
    /// Takes one input.
    pub run: fn(&[u8]),
    /// Bytes of memory that one input may use.
    pub memory: usize,
    /// How many times the time of one run an input may take: it is run by so many.
    pub runs: u32,
}

const MIB: usize = 1 << 20;

const fn target(name: &'static str, dictionary: &'static str, run: fn(&[u8]), mebibytes: usize) -> Target {
    Target { name, dictionary, run, memory: mebibytes * MIB, runs: 1 }
}

/// All targets, the deepest first.
pub const ALL: &[Target] = &[
    target("template", "template.dict", template::text, 128),
    target("template_calls", "template.dict", template::calls, 128),
    target("yaml", "yaml.dict", yaml::text, 64),
    target("yaml_value", "yaml.dict", yaml::value, 64),
    target("chart", "chart.dict", chart::folder, 128),
    target("chart_archive", "chart.dict", chart::archive, 32),
    target("set_values", "names.dict", chart::set_values, 64),
    target("index", "yaml.dict", chart::index, 64),
    target("kustomization", "kustomization.dict", directory::kustomization, 128),
    target("tree", "kustomization.dict", directory::tree, 16),
    target("jsonnet", "jsonnet.dict", directory::jsonnet, 256),
    target("versions", "names.dict", texts::versions, 16),
    target("times", "names.dict", texts::times, 16),
    target("expression", "script.dict", texts::expression, 64),
    target("json", "names.dict", texts::json, 64),
    target("scalars", "names.dict", texts::scalars, 16),
    target("json_patch", "kustomization.dict", patches::documents, 128),
    target("patch_laws", "names.dict", patches::laws, 64),
    target("ownership", "names.dict", patches::ownership, 64),
    target("openapi", "chart.dict", objects::openapi, 64),
    target("comparison", "names.dict", rules::comparison, 64),
    target("diff_rules", "script.dict", rules::rules, 128),
    target("health", "names.dict", objects::health, 64),
    // Health twice, the list of actions and an action, each with a budget of its own.
    Target { runs: 4, ..target("health_script", "script.dict", objects::script, 128) },
    target("globs", "names.dict", policy::globs, 64),
    target("policy", "names.dict", policy::policy, 64),
    target("windows", "names.dict", policy::windows, 16),
    target("settings", "names.dict", records::settings, 64),
    target("secrets", "names.dict", records::secrets, 16),
    target("resources", "names.dict", records::resources, 64),
    target("overrides", "kustomization.dict", directory::overrides, 64),
    target("manifests", "yaml.dict", directory::manifests, 64),
    target("plugin_answer", "wire.dict", plugin::answer, 64),
    target("plugin_status", "wire.dict", plugin::status, 16),
    target("plugin_archive", "kustomization.dict", plugin::archive, 64),
    target("webhook", "web.dict", server::webhook, 64),
    target("grpc", "wire.dict", server::grpc, 64),
    target("rest", "web.dict", server::rest, 64),
    target("selectors", "web.dict", server::selectors, 16),
    target("protobuf", "wire.dict", server::protobuf, 64),
    target("known_hosts", "remote.dict", remote::known_hosts, 16),
    target("urls", "remote.dict", remote::urls, 16),
    target("modules", "remote.dict", remote::modules, 16),
    target("pointers", "remote.dict", remote::pointers, 16),
    target("signatures", "remote.dict", remote::signatures, 64),
];

/// The input as text; `None` ends targets that are about text.
fn text_of(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
