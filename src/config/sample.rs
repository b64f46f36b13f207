//! The sample file: every setting with its explanation and the value in force. What it prints can be
//! saved as `weft.toml` and means the same.

use super::{Config, Host, Loaded, Section, Setting, Value, declare};

/// The text of the file. A setting that was written somewhere stands as it is in force, with the
/// place; one that was not is a comment with its default. A secret is a comment always.
pub fn sample(loaded: &Loaded) -> String {
    let mut text = format!(
        "# The settings of Weft, with the values in force.\n\
         # Configuration: {}\n\
         #\n\
         # A line that begins with \"#\" is a comment: remove the \"#\" from a setting to change it.\n\
         # Each setting can also be given as an environment variable, which wins over this file.\n",
        loaded.found
    );
    for section in Config::SECTIONS {
        text += &section_text(section, loaded);
    }
    text.extend(loaded.config.hosts.iter().map(host_text));
    text
}

/// A group of hosts with what it has for itself. Its secrets are comments, as all are.
fn host_text(host: &Host) -> String {
    let mut text = format!("\n\n[[host]]\nnames = {}\n", host.names.show());
    for setting in declare::all() {
        let (name, value) = (setting.name, setting.show(&host.config));
        text += &match host.places.get(name) {
            Some(place) if setting.secret => {
                format!("# Set by {place}; secret, so not shown here.\n#{name} = \"\"\n")
            }
            Some(_) => format!("{name} = {value}\n"),
            None => continue,
        };
    }
    text
}

fn section_text(section: &Section, loaded: &Loaded) -> String {
    let mut text = format!("\n\n{}[{}]\n", comment(section.doc), section.name);
    for setting in section.settings {
        text += &format!("\n{}", setting_text(setting, loaded));
    }
    text
}

fn setting_text(setting: &Setting, loaded: &Loaded) -> String {
    let mut text = comment(setting.doc);
    text += &format!("# {}\n", setting.variable());
    let (name, value) = (setting.short_name(), setting.show(&loaded.config));
    text + &match loaded.places.get(setting.name) {
        Some(place) if setting.secret => {
            format!("# Set by {place}; secret, so not shown here.\n#{name} = \"\"\n")
        }
        Some(place) => format!("# Set by {place}:\n{name} = {value}\n"),
        None => format!("#{name} = {value}\n"),
    }
}

fn comment(doc: &[&str]) -> String {
    doc.iter()
        .map(|line| format!("#{}\n", line.trim_end()))
        .collect()
}
